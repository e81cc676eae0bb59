"""The plain charge is the same charge: whatever is reported, both ways answer and write alike."""

from __future__ import annotations

import collections
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Agent, Organization
from plans.models import Counter, Period
from tests.builders import MARCH_1, a_call, apply, build_organization, build_plan
from tests.faults.threads import database_changed
from tests.usage.twins import NOON, Twins, books_of
from usage import charging
from usage.charging import Result, charge
from usage.models import UsageEvent
from usage.plain_charging import charge_plainly
from usage.reports import read_report
from wallet.models import CreditGrant, Wallet

pytestmark = pytest.mark.django_db
ENOUGH = 25


class Ways:
    """Charges one twin as the product does, and the other without the plain way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.taken: collections.Counter[str] = collections.Counter()
        self._monkeypatch = monkeypatch

    def charge(self, twins: Twins) -> tuple[Result, Result]:
        told = twins.tell()
        twins.let_in(told["id"])
        one, other = ({**told, "organization": twin.external_id} for twin in twins.both)
        self._monkeypatch.setattr(charging, "charge_plainly", self._watched)
        [first] = charge([one], now=twins.now)
        self._monkeypatch.setattr(charging, "charge_plainly", lambda *_, **__: None)
        [second] = charge([other], now=twins.now)
        return first, second

    def _watched(self, *asked: Any, **named: Any) -> Any:
        trace = charge_plainly(*asked, **named)
        self.taken["longer" if trace is None else "plain"] += 1
        return trace


def compare(ways: Ways, seed: int) -> None:
    """Report something to both of two twins, over and over, and compare all of their books."""
    twins = Twins(seed)
    for turn in range(ENOUGH):
        one, other = ways.charge(twins)
        assert one.to_json() == other.to_json(), (seed, turn)
    mine, theirs = map(books_of, twins.both)
    for name, rows in mine.items():
        assert rows == theirs[name], (seed, name)


def compare_all(ways: Ways, seeds: range) -> None:
    """Compare on one set of terms after another; nothing of it is kept."""
    for seed in seeds:
        with transaction.atomic():
            compare(ways, seed)
            transaction.set_rollback(True)


@pytest.mark.parametrize("batch", range(3))
def test_both_ways_answer_and_write_alike(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = Ways(monkeypatch)

    compare_all(ways, range(batch * 10, batch * 10 + 10))

    assert min(ways.taken["plain"], ways.taken["longer"]) > 30


@pytest.mark.faults
@pytest.mark.parametrize("batch", range(10))
def test_25_000_reports_are_charged_alike_both_ways(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare_all(Ways(monkeypatch), range(1000 + batch * 100, 1100 + batch * 100))


@pytest.mark.parametrize(
    ("words", "others"),
    [
        ("* 2000000 + parts", "* 2000000"),
        ("price * quantity * 2000000", "2000000 * quantity * price"),
        ("(seconds + step - 1) / step * step", "seconds"),
        ("g.kind = 'bonus', g.expires_at", "g.expires_at"),
        ("rates -> on_channel", "rates -> 'web'"),
        ("'quotas' ? 'outbound_calls'", "'quotas' ? 'none'"),
        ("coalesce(voice_tier, ", "coalesce("),
        ("used < included", "true"),
        ("'allowance', trim_scale(taken)", "'allowance', trim_scale(units)"),
        ("ON CONFLICT (organization_id, event_id) DO NOTHING", ""),
    ],
)
def test_a_plain_charge_that_is_made_otherwise_is_found(
    words: str, others: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        database_changed("usage_charge", words, others),
        pytest.raises((AssertionError, DatabaseError)),
    ):
        compare_all(Ways(monkeypatch), range(100))


def plainly(acme: Organization, **facts: Any) -> bool:
    """Answer whether a call is charged plainly; where it is not, nothing is written."""
    before = books_of(acme)
    report = read_report(a_call(acme) | facts, now=NOON)
    if charge_plainly(report, only=None, now=NOON):
        return True
    assert books_of(acme) == before
    return False


def build_acme(credits: int = 100, **terms: Any) -> Organization:
    build_plan(**terms)
    return build_organization(plan="starter", credits=credits)


@pytest.mark.parametrize("price", ["0.0000005", "1.999999"])
def test_the_largest_quantity_is_charged_to_the_last_micro_credit(price: str) -> None:
    acme = build_acme(credits=10**13, rates={"tokens": price})
    most = "999999999999.999999"
    tokens = {"id": "most", "agent": "main", "kind": "meter", "meter": "tokens"}
    told = tokens | {"quantity": most, "at": NOON.isoformat()}
    report = read_report(told, now=NOON, organization=acme.external_id)

    trace = charge_plainly(report, only=None, now=NOON)

    assert trace
    exact = Fraction(most) * Fraction(price) * 10**6
    assert Decimal(trace["credits"]) * 10**6 == floor(exact + Fraction(1, 2))


def test_what_leaves_nothing_in_its_source_is_not_plain() -> None:
    acme = build_acme(credits=12, included_credits="8")

    assert not plainly(acme, seconds=120)
    assert plainly(acme, seconds=105)
    assert not plainly(acme, seconds=60)
    CreditGrant.objects.update(remaining=0)
    assert not plainly(acme, seconds=180)
    assert plainly(acme, seconds=179)


def test_what_leaves_less_than_the_owner_wants_is_not_plain() -> None:
    acme = build_acme(credits=12)
    Wallet.objects.update(recharge_below=4)

    assert not plainly(acme, seconds=121)
    assert plainly(acme, seconds=120)


def test_what_reaches_a_mark_of_its_allowance_or_uses_it_up_is_not_plain() -> None:
    acme = build_acme(allowances={"call_minutes": "10"})

    assert not plainly(acme, seconds=480)
    assert plainly(acme, seconds=479)
    assert not plainly(acme, seconds=1)
    Counter.objects.update(used=8)
    assert not plainly(acme, seconds=120)
    assert plainly(acme, seconds=119)
    Counter.objects.update(used=10)
    assert plainly(acme, seconds=60)


def test_a_call_that_reaches_a_mark_of_the_quota_is_not_plain() -> None:
    acme = build_acme(quotas={"outbound_calls": 2})

    assert plainly(acme, channel="outbound")
    assert not plainly(acme, channel="outbound")
    Counter.objects.update(used=2)
    assert plainly(acme, channel="outbound")


def test_what_the_plan_has_no_rate_for_is_not_plain() -> None:
    acme = build_acme(rates={"call_minutes": {"web": {"premium": "1"}}})

    assert not plainly(acme, channel="web", voice_tier="standard")
    assert not plainly(acme, channel="inbound", voice_tier="premium")
    assert plainly(acme, channel="web", voice_tier="premium")


def test_what_reaches_the_limit_of_its_agent_or_comes_after_it_is_not_plain() -> None:
    acme = build_acme()
    Agent.objects.update(monthly_limit=12)

    assert plainly(acme, seconds=60)
    assert plainly(acme, seconds=60)
    assert not plainly(acme, seconds=60)
    assert plainly(acme, seconds=59)
    assert not plainly(acme, seconds=1)


def test_what_comes_when_its_plan_is_to_be_renewed_is_not_plain() -> None:
    acme = build_acme(auto_renew=True)
    Period.objects.update(ends_at=NOON, renews_until=NOON + dt.timedelta(seconds=1))

    assert not plainly(acme)
    Period.objects.update(renews_until=NOON)
    assert plainly(acme)


def test_what_started_before_the_newest_period_is_not_plain() -> None:
    acme = build_acme()
    Period.objects.update(starts_at=MARCH_1 + dt.timedelta(seconds=1))

    assert not plainly(acme)
    assert plainly(acme, started_at=NOON.isoformat())


@pytest.mark.parametrize("facts", [{"organization": "nobody"}, {"agent": "nobody"}])
def test_what_is_of_nobody_is_not_plain(facts: dict[str, str]) -> None:
    assert not plainly(build_acme(), **facts)


def test_what_is_of_somebody_else_than_the_key_is_not_plain() -> None:
    acme = build_acme()
    report = read_report(a_call(acme), now=NOON)

    assert not charge_plainly(report, only=acme.pk + 1, now=NOON)
    assert charge_plainly(report, only=acme.pk, now=NOON)
    assert not charge_plainly(report, only=acme.pk, now=NOON)
    assert UsageEvent.objects.count() == 1


@pytest.mark.parametrize("quantity", ["4611687", "1000000000000"])
def test_any_quantity_can_be_charged_alone(quantity: str) -> None:
    acme = build_acme(rates={"tokens": "0.000001"})
    meter = {"organization": acme.external_id, "agent": "main", "kind": "meter", "meter": "tokens"}

    [result] = charge(
        [{**meter, "id": "t", "quantity": quantity, "at": MARCH_1.isoformat()}], now=NOON
    )

    assert (result.status, result.credits) == ("charged", Decimal(quantity) / 10**6)


@pytest.mark.parametrize("together", [1, 2])
def test_the_last_period_is_the_newest_also_where_a_clock_was_wrong(together: int) -> None:
    acme = build_acme()
    newest = apply(acme, "starter", now=MARCH_1 - dt.timedelta(seconds=1))

    charge([a_call(acme, started_at=NOON.isoformat()) for _ in range(together)], now=NOON)

    assert set(UsageEvent.objects.values_list("period", flat=True)) == {newest.pk}
