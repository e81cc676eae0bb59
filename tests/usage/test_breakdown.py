"""A period's usage in four cuts, each of which adds up to what the ledger says."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client

from accounts.agents import put_agent
from accounts.models import Organization
from tests.accounts.test_csv_files import HOSTILE
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan, build_user
from tests.pages import browser_of, looking, see, statements
from usage.breakdown import breakdown, days_of
from usage.charging import charge
from wallet.models import LedgerEntry

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
DAY = dt.timedelta(days=1)
PAGE, FILE = "/billing/breakdown/", "/billing/breakdown/csv/"


@pytest.fixture(autouse=True)
def acme() -> Iterator[Organization]:
    build_plan(
        rates={
            "call_minutes": {"web": "4", "outbound": "8", "inbound": "6"},
            "messages": "0.5",
        },
        voice_tiers=["standard"],
        allowances={"messages": "1"},
    )
    with time_machine.travel(NOON + 3 * DAY, tick=False):
        yield build_organization("Acme", plan="starter", time_zone="Asia/Kolkata", credits=1000)


def use(acme: Organization, **facts: Any) -> None:
    charged = charge([a_call(acme, **facts)], now=NOON + 3 * DAY)
    assert [result.status for result in charged] == ["charged"]


def write(acme: Organization, count: int, agent: str = "main", at: dt.datetime = NOON) -> None:
    message = {
        "organization": acme.external_id,
        "id": f"m-{agent}-{count}-{at}",
        "agent": agent,
        "kind": "message",
        "direction": "out",
        "count": count,
        "at": at.isoformat(),
    }
    assert charge([message], now=NOON + 3 * DAY)[0].status == "charged"


def some_days(acme: Organization) -> None:
    """Let two agents work on three days: calls on all channels, and messages."""
    put_agent(acme, external_id="sales", name="Sales", now=MARCH_1)
    for day in range(3):
        at = (NOON + DAY * day).isoformat()
        use(acme, channel="outbound", seconds=61 + day, started_at=at)
        use(acme, channel="web", seconds=7, agent="sales", started_at=at)
        use(acme, channel="inbound", seconds=60, connected=False, started_at=at)
        write(acme, 3 + day, "sales", NOON + DAY * day)


def booked(acme: Organization) -> Decimal:
    entries = LedgerEntry.objects.filter(organization=acme, kind="usage")
    return -(entries.aggregate(sum=Sum("credits"))["sum"] or Decimal(0))


def file_of(client: Client, **asked: str) -> list[dict[str, str]]:
    response = client.get(FILE, asked)
    assert response.status_code == 200
    return list(csv.DictReader(StringIO(response.content.decode("utf-8-sig"), newline="")))


def test_each_cut_adds_up_to_the_entries_of_the_ledger(acme: Organization) -> None:
    some_days(acme)

    parts = breakdown(acme.periods.get())

    cuts = (parts.by_channel, parts.by_agent, parts.by_meter, [row for _, row in parts.by_day])
    assert [len(cut) for cut in cuts] == [4, 2, 2, 3]
    assert booked(acme) > 0
    for cut in cuts:
        assert sum(row.credits for row in cut) == parts.total.credits == booked(acme)
        assert sum(row.events for row in cut) == parts.total.events == 12
        assert sum(row.allowance for row in cut) == parts.total.allowance == 1
    assert sum(day.credits for day in days_of(acme.periods.get())) == booked(acme)


def test_what_was_not_used_has_no_parts_and_a_total_of_nothing(acme: Organization) -> None:
    parts = breakdown(acme.periods.get())

    assert (parts.by_channel, parts.by_agent, parts.by_meter, parts.by_day) == ([], [], [], [])
    assert (parts.total.events, parts.total.credits) == (0, 0)


def test_days_are_those_of_the_organization(acme: Organization) -> None:
    late = dt.datetime(2026, 3, 1, 18, 29, tzinfo=dt.UTC)
    for minutes in (0, 1):
        use(acme, started_at=(late + dt.timedelta(minutes=minutes)).isoformat())

    parts = breakdown(acme.periods.get())

    assert [day for day, _ in parts.by_day] == [dt.date(2026, 3, 1), dt.date(2026, 3, 2)]


def test_two_agents_of_one_name_stay_two(acme: Organization) -> None:
    put_agent(acme, external_id="twin", name="Main", now=MARCH_1)
    use(acme)
    use(acme, agent="twin", seconds=120)

    assert [row.credits for row in breakdown(acme.periods.get()).by_agent] == [8, 4]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("day", "Sun 1 Mar 2026 4 9.60 Mon 2 Mar 2026 4 10.73 Tue 3 Mar 2026 4 11.37 Total 12"),
        ("channel", "Outbound 3 3.10 0.00 24.80 Web 3 0.35 0.00 1.40 Total 12 31.70"),
        ("agent", "Main 6 24.80 Sales 6 6.90 Total 12 31.70"),
        ("meter", "Call minutes 9 3.45 0.00 26.20 Messages 3 12.00 1.00 5.50 Total 12 31.70"),
    ],
)
def test_every_cut_has_its_picture_and_its_table(acme: Organization, by: str, said: str) -> None:
    some_days(acme)

    seen = see(browser_of(acme), f"{PAGE}?by={by}")

    assert seen.startswith(f"Breakdown by {by}")
    assert said in seen
    assert "31.70 credits in all" in seen


def test_shares_lie_under_each_other_the_largest_first(acme: Organization) -> None:
    some_days(acme)

    page = browser_of(acme).get(f"{PAGE}?by=agent").content.decode()

    figure = page.partition('<figure class="bars"')[2].partition("</figure>")[0]
    assert figure.index("Main") < figure.index("Sales")
    assert figure.count("<rect") == 2
    assert '<rect width="100.0"' in figure
    assert "78 %" in figure


def test_any_period_of_the_organization_can_be_chosen(acme: Organization) -> None:
    use(acme, seconds=60)
    with time_machine.travel(NOON + 9 * DAY, tick=False):
        apply(acme, "starter", now=NOON + 9 * DAY, invoiced=False)
        client = browser_of(acme)

        now, then = see(client, PAGE), see(client, f"{PAGE}?period=1")

    assert "Nothing was used in this period." in now
    assert "4.00 credits in all" in then
    for wrong in ("3", "x", "-1", "\N{SUPERSCRIPT TWO}", "9" * 30):
        assert client.get(PAGE, {"period": wrong}).status_code == 404
        assert client.get(FILE, {"period": wrong}).status_code == 404


def test_before_the_first_plan_there_is_nothing_to_break_down() -> None:
    client = browser_of(build_organization("New"))

    assert "Counting begins with the first plan." in see(client, PAGE)
    assert client.get(FILE).status_code == 404


def test_plan_and_usage_leads_here(acme: Organization) -> None:
    page = browser_of(acme).get("/billing/usage/").content.decode()

    assert f'href="{PAGE}"' in page


def test_a_file_of_every_cut_says_what_the_page_says(acme: Organization) -> None:
    some_days(acme)
    client = browser_of(acme)

    for by in ("day", "channel", "agent", "meter"):
        rows = file_of(client, by=by)
        assert sum(Decimal(row["Credits"]) for row in rows) == booked(acme)
    assert file_of(client, by="agent")[0] == {
        "Agent": "Main",
        "Events": "6",
        "Units": "",
        "From the allowance": "",
        "Credits": "24.8",
    }
    assert file_of(client, by="meter")[1]["From the allowance"] == "1"


def test_a_file_of_all_days_has_each_agent_s_channels_and_meters(acme: Organization) -> None:
    some_days(acme)

    rows = file_of(browser_of(acme))

    assert len(rows) == 12
    assert rows[0] == {
        "Day": "2026-03-01",
        "Agent": "Main",
        "Agent id": "main",
        "Channel": "inbound",
        "Meter": "call_minutes",
        "Events": "1",
        "Units": "0",
        "From the allowance": "0",
        "Credits": "0",
    }
    assert sum(Decimal(row["Credits"]) for row in rows) == booked(acme)
    client = browser_of(acme)
    assert client.get(FILE, {"by": "colour"}).status_code == 404


@pytest.mark.parametrize("name", HOSTILE[:4])
def test_no_agent_s_name_is_a_formula_in_a_file(acme: Organization, name: str) -> None:
    put_agent(acme, external_id=f"{name}!", name=name, now=MARCH_1)
    use(acme, agent=f"{name}!")
    client = browser_of(acme)

    row = file_of(client)[0]

    assert (row["Agent"], row["Agent id"]) == (f"'{name}", f"'{name}!")
    assert file_of(client, by="agent")[0]["Agent"] == f"'{name}"


def test_no_single_event_is_touched_and_statements_stay_as_many(acme: Organization) -> None:
    client = browser_of(acme)
    addresses = [f"{PAGE}?by={by}" for by in ("day", "channel", "agent", "meter")]
    addresses += [FILE, f"{FILE}?by=agent"]

    def sent(address: str) -> list[str]:
        with statements() as found:
            client.get(address)
        return found

    use(acme)
    few = [len(sent(address)) for address in addresses]
    for n in range(20):
        put_agent(acme, external_id=f"{n}", name=f"Agent {n}", now=MARCH_1)
        use(acme, agent=f"{n}", channel="outbound")
    some_days(acme)
    many = [sent(address) for address in addresses]

    assert [len(found) for found in many] == few
    assert max(few) <= 13
    assert not [one for found in many for one in found if "usage_usageevent" in one]


def test_a_member_and_a_stranger_see_nothing_of_it(acme: Organization) -> None:
    use(acme)
    member = looking(build_user("member", acme))
    stranger = browser_of(build_organization("Other", plan="starter"))

    for address in (PAGE, FILE):
        assert member.get(address).status_code == 404
        assert "Main" not in stranger.get(address).content.decode()
