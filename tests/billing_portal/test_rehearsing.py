"""A rehearsal says what then happens, day by day, and leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import InternalError, connection, transaction
from django.test import override_settings

from accounts.models import Letter, Organization
from accounts.refusals import Invalid
from billing_portal.diary import Diary, Happening, Kind
from billing_portal.passing import Passage, settle
from billing_portal.rehearsing import rehearse
from billing_portal.scenarios.passing import StoryStage
from billing_portal.scenarios.reading import read_scenario
from billing_portal.scenarios.running import SETTINGS, begin_story
from billing_portal.scenarios.world import World
from billing_portal.shadowing import FLOORS, READ_IN_PLACE, shadow_of, shadowed
from plans.models import Counter, Period, Site
from plans.periods import day_starts_at
from tests.billing_portal.staff import address, operator, text_of
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question
from wallet.balances import balances
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
ON_TEAM: list[dict[str, Any]] = [
    {"sign_up": None},
    {"card": {"name": "visa", "answers": "ok"}},
    {"subscribe": {"plan": "team"}},
]
DECLINED = {"card_answers": {"name": "visa", "answers": "declined"}}
# What leads to the rehearsal, and whether the card declines from then on.
STORIES: dict[str, tuple[list[dict[str, Any]], bool]] = {
    "a renewal that is paid": (ON_TEAM, False),
    "a renewal that is declined": ([*ON_TEAM, DECLINED], True),
    "a trial that ends": ([{"sign_up": None}], False),
}


@pytest.fixture(autouse=True)
def _nothing_outside() -> Iterator[None]:
    with override_settings(**SETTINGS):
        yield


def told(steps: list[dict[str, Any]], folder: Path) -> World:
    """Tell a story up to the morning on which staff rehearse what comes."""
    story = {
        "title": "A story",
        "catalogue": "sessions",
        "organization": {"time_zone": "America/Toronto"},
        "starts_at": "2026-05-18 09:00",
        "steps": steps,
    }
    file = folder / "story.yaml"
    file.write_text(yaml.safe_dump(story))
    scenario = read_scenario(file)
    world = begin_story(scenario)
    for step in scenario.steps:
        world.clock.tick()
        assert step.action is not None
        step.action.perform(world, **step.arguments)
        settle(StoryStage(world))
    return world


def lived(world: World, days: int) -> list[Happening]:
    """Let the days really pass, and answer what happened on them."""
    stage, organization = StoryStage(world), world.organization
    diary = Diary(organization, now=world.now)
    last = organization.today(world.now) + DAY * days
    passage = Passage(stage, day_starts_at(last, organization.zone) - dt.timedelta(microseconds=1))
    while passage.reach_next_tick():
        diary.look(now=world.now)
    return diary.happenings


def footprint() -> dict[str, Any]:
    """Answer how many rows each table has, and how far each sequence has counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
            "WHERE schemaname = 'public'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        counts = " UNION ALL ".join(
            f"SELECT '{name}', md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {name} t"
            for name in tables
        )
        cursor.execute(counts)
        rows = dict(cursor.fetchall())
        cursor.execute("SELECT sequencename, last_value FROM pg_sequences")
        return rows | dict(cursor.fetchall())


@pytest.mark.parametrize("story", STORIES)
def test_what_is_rehearsed_is_what_then_happens(story: str, tmp_path: Path) -> None:
    steps, declines = STORIES[story]
    world = told(steps, tmp_path)

    rehearsed = rehearse(world.organization, now=world.now, days=45, card_declines=declines)
    happened = lived(world, days=45)

    assert happened
    assert list(rehearsed.happenings) == happened


def test_a_declined_renewal_is_told_with_retries_letters_and_the_day_on_which_all_stops(
    tmp_path: Path,
) -> None:
    world = told(ON_TEAM, tmp_path)

    found = rehearse(world.organization, now=world.now, card_declines=True).happenings

    days = {kind: [str(one.day) for one in found if one.kind == kind] for kind in Kind}
    assert days[Kind.CHARGE] == ["2026-06-18", "2026-06-19", "2026-06-21", "2026-06-23"]
    assert days[Kind.LETTER] == ["2026-06-18", "2026-06-25"]
    assert days[Kind.GATE][0] == "2026-06-25"
    assert "payment_overdue" in next(one.words for one in found if one.kind == Kind.GATE)


def test_nothing_of_a_rehearsal_stays(tmp_path: Path) -> None:
    world = told(ON_TEAM, tmp_path)
    asked_before, before, letters = world.stripe.fake.book(), footprint(), len(mail.outbox)
    hints = list(connection.run_on_commit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("socket.socket.connect", _no_network)
        patch.setattr("django.conf.settings.QUEUE_HINTS", True)
        found = rehearse(world.organization, now=world.now, card_declines=False)

    assert Kind.CHARGE in {one.kind for one in found.happenings}
    assert footprint() == before
    assert world.stripe.fake.book() == asked_before
    assert len(mail.outbox) == letters
    assert connection.run_on_commit == hints


def _no_network(*asked: object) -> None:
    raise AssertionError("a rehearsal reached for the network")


def test_only_the_rehearsed_organization_is_seen_and_only_its_copy_can_change() -> None:
    build_plan()
    acme, other = (build_organization(name, plan="starter") for name in ("Acme", "Other"))
    site = Site.objects.get()

    with shadow_of(acme):
        assert list(Organization.objects.all()) == [acme]
        assert [period.organization for period in Period.objects.all()] == [acme]
        apply(acme, "starter", now=MARCH_1 + DAY)
        with pytest.raises(InternalError, match="read-only"), transaction.atomic():
            site.save()

    assert set(Organization.objects.all()) == {acme, other}
    assert Period.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_who_writes_meanwhile_waits_for_nothing() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    written = threading.Event()

    def write() -> None:
        apply(acme, "starter", now=MARCH_1 + DAY)
        connection.close()
        written.set()

    with shadow_of(acme):
        list(Period.objects.select_for_update())
        writer = threading.Thread(target=write)
        writer.start()
        assert written.wait(timeout=20)
        assert Period.objects.count() == 1
    writer.join()

    assert Period.objects.count() == 2


def test_what_the_server_has_planned_before_is_asked_of_the_copies_and_then_of_ours() -> None:
    build_plan()
    acme = build_organization(plan="starter", external_id="acme", credits=100)

    def gate() -> bool:
        return ask(Question("acme", kind="call", channel="web"), now=MARCH_1).allowed

    with connection.cursor() as cursor:
        # A session with temporary tables already: one more changes no search path.
        cursor.execute("CREATE TEMPORARY TABLE other_work (id int)")
    for _ in range(8):
        assert gate()
    with shadow_of(acme):
        Organization.objects.update(suspended_at=MARCH_1)
        assert not gate()
    assert gate()


def test_on_a_site_without_stripe_no_card_is_charged_and_that_is_said(
    tmp_path: Path, settings: Any
) -> None:
    world = told(ON_TEAM, tmp_path)
    settings.STRIPE_SECRET_KEY = ""

    found = rehearse(world.organization, now=world.now)

    assert Kind.CHARGE not in {one.kind for one in found.happenings}
    assert any("no card is charged" in note for note in found.notes)


def test_what_only_stripe_knows_stays_as_it_is_and_that_is_said(tmp_path: Path) -> None:
    lost = {"card_answers": {"name": "visa", "answers": "lost_answer"}}
    world = told([*ON_TEAM, lost, {"top_up": {"amount": "20.00", "abandon": True}}], tmp_path)

    found = rehearse(world.organization, now=world.now)

    assert any("only Stripe knows" in note for note in found.notes)
    assert not any("20.00" in one.words for one in found.happenings)


def test_a_busy_organization_is_copied_without_its_many_charges() -> None:
    build_plan()
    acme = build_organization(plan="starter", credits=100)
    charge([a_call(acme) for _ in range(3)], now=MARCH_1 + DAY)

    with shadow_of(acme):
        assert balances(acme, now=MARCH_1 + DAY).wallet == Decimal(88)
        assert set(LedgerEntry.objects.values_list("kind", flat=True)) == {"adjustment"}


def test_every_table_of_the_business_is_copied_or_said_to_be_everybodys() -> None:
    models = {model for floor in FLOORS for model in apps.get_app_config(floor).get_models()}

    assert set(shadowed()) == models - set(READ_IN_PLACE)
    assert "organization_id" in shadowed()[Letter]
    assert "organization_id" in shadowed()[Counter]


def test_days_without_end_are_refused() -> None:
    acme = build_organization()

    for days in (0, -1, 401):
        with pytest.raises(Invalid):
            rehearse(acme, now=MARCH_1, days=days)


@time_machine.travel(MARCH_1 + 10 * DAY, tick=False)
def test_the_command_lists_the_days_to_come() -> None:
    build_plan()
    build_organization(plan="starter", external_id="acme")
    said = StringIO()

    call_command("rehearse", "acme", "--days", "30", stdout=said)

    assert "2026-03-24 Letter  “Starter ends on 30 March 2026”" in said.getvalue()
    assert "2026-03-31 Gate" in said.getvalue()
    with pytest.raises(CommandError, match="no organization"):
        call_command("rehearse", "nobody")


@time_machine.travel(MARCH_1 + 10 * DAY, tick=False)
def test_staff_see_the_days_to_come_on_a_page_of_the_organization() -> None:
    build_plan()
    acme = build_organization(plan="starter")
    client = operator()

    page = client.get(address(acme, "rehearse"), {"days": "30", "card": "declined"})

    assert "Starter ends on 30 March 2026" in text_of(page)
    assert Period.objects.count() == 1
    assert "between 1 and 400" in text_of(client.get(address(acme, "rehearse"), {"days": "0"}))
    assert address(acme, "rehearse") in client.get(address(acme)).content.decode()
