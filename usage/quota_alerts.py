"""Owners are mailed when 80 % and 100 % of what a period includes are used, where the site does.

The page shows both at every moment; sessions have a limit and letters of their own.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from accounts.letters import owe_letter
from accounts.models import Organization
from plans.models import Site
from plans.terms import SESSIONS
from usage.holdings import HeldPeriod, Holding
from usage.recording import Charge
from wallet.credits import plain

# The database's `usage_passes_mark` knows the same, so that a plain charge never passes one.
MARKS = (100, 80)


class Passed(NamedTuple):
    """A mark of a quota or an allowance that charges have passed."""

    organization_id: int
    period_id: int
    meter: str
    mark: int
    used: Decimal
    included: Decimal


def note_quotas(passed: Sequence[Passed], *, now: dt.datetime) -> None:
    """Owe the letters of marks that charges have passed; within their transaction.

    Each once per period.
    """
    if passed and (site := Site.objects.first()) and site.quota_letters:
        for mark in passed:
            _owe(mark, now=now)


def passed_marks(charges: Sequence[Charge], holdings: Mapping[str, Holding]) -> list[Passed]:
    """Answer the marks that charges have passed; of two passed at once only the higher."""
    grown: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for made in charges:
        name = made.report.organization
        # What is reported late counts in a period that is over: nobody needs to be told.
        if made.period_id == holdings[name].periods[0].id:
            for meter, units in _counted(made):
                grown[name, meter] += units
    passed = []
    for (name, meter), units in grown.items():
        holding = holdings[name]
        period = holding.periods[0]
        used, included = period.counters.get(meter, Decimal(0)), _included(period, meter)
        mark = _mark(used - units, used, included)
        if mark and included:
            one = Passed(holding.organization_id, period.id, meter, mark, used, included)
            passed.append(one)
    return passed


def _counted(made: Charge) -> Iterator[tuple[str, Decimal]]:
    counts = made.rated.measured.counts or {}
    for quota, units in counts.items():
        if quota != SESSIONS:
            yield quota, Decimal(units)
    meter = made.rated.measured.meter
    if made.rated.allowance and meter not in counts:
        yield meter, made.rated.allowance


def _included(period: HeldPeriod, meter: str) -> Decimal | None:
    terms = period.terms
    quota = terms.quotas.get(meter)
    return terms.allowances.get(meter) if quota is None else Decimal(quota)


def _mark(before: Decimal, after: Decimal, included: Decimal | None) -> int:
    """Answer the highest mark between two figures, or nothing."""
    if not included:
        return 0
    return next((mark for mark in MARKS if before * 100 < included * mark <= after * 100), 0)


def _owe(passed: Passed, *, now: dt.datetime) -> None:
    code = f"quota_{passed.mark}"
    owe_letter(
        Organization.objects.get(pk=passed.organization_id),
        code=code,
        key=f"{code}:{passed.period_id}:{passed.meter}",
        context={
            "meter": passed.meter,
            "used": plain(passed.used),
            "included": plain(passed.included),
        },
        now=now,
    )
