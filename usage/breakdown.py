"""Where a period's usage went: by channel, by agent, by day; from rollups, never from events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from plans.models import Period
from usage.models import UsageDay
from wallet.credits import ZERO


@dataclass(slots=True)
class Row:
    """A part of a period's usage and its sums."""

    label: str
    events: int = 0
    quantity: Decimal = ZERO
    allowance: Decimal = ZERO
    credits: Decimal = ZERO

    def add(self, day: UsageDay) -> None:
        """Add one daily rollup."""
        self.events += day.events
        self.quantity += day.quantity
        self.allowance += day.allowance
        self.credits += day.credits


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A period's usage, cut three ways; each cut adds up to the total."""

    by_channel: list[Row]
    by_agent: list[Row]
    by_day: list[tuple[dt.date, Row]]
    total: Row


def breakdown(period: Period) -> Breakdown:
    """Answer a period's usage in one statement."""
    days = list(
        UsageDay.objects.filter(period=period, organization_id=period.organization_id)
        .select_related("agent")
        .order_by("day", "id")
    )
    total = Row("Total")
    for day in days:
        total.add(day)
    by_day = _cut(days, lambda day: day.day.isoformat())
    return Breakdown(
        by_channel=sorted(
            _cut(days, lambda day: day.channel or day.meter).values(), key=lambda row: row.label
        ),
        by_agent=sorted(
            _cut(days, lambda day: str(day.agent_id), lambda day: day.agent.name).values(),
            key=lambda row: (-row.credits, row.label),
        ),
        by_day=[(dt.date.fromisoformat(key), row) for key, row in sorted(by_day.items())],
        total=total,
    )


def _cut(
    days: list[UsageDay],
    key: Callable[[UsageDay], str],
    label: Callable[[UsageDay], str] | None = None,
) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for day in days:
        rows.setdefault(key(day), Row((label or key)(day))).add(day)
    return rows
