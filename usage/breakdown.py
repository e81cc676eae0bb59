"""Where a period's usage went: by channel, agent, meter, day; from rollups, never from events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from accounts.prepared import ask
from plans.models import Period
from usage.models import UsageDay
from wallet.credits import ZERO

# Which columns a row is not grouped by, as the database's grouping() counts them.
BY_DAY, BY_AGENT, BY_CHANNEL, BY_METER, TOTAL = 0b0111, 0b1011, 0b1100, 0b1110, 0b1111
CUT = """
SELECT GROUPING(d.day, d.agent_id, d.channel, d.meter), d.day, a.name, d.channel, d.meter,
       coalesce(sum(d.events), 0)::bigint, coalesce(sum(d.quantity), 0),
       coalesce(sum(d.allowance), 0), coalesce(sum(d.credits), 0)
FROM usage_usageday d JOIN accounts_agent a ON a.id = d.agent_id
WHERE d.organization_id = %s AND d.period_id = %s
GROUP BY GROUPING SETS ((d.day), (d.agent_id, a.name), (d.channel, d.meter), (d.meter), ())
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A part of a period's usage and its sums; the units of one meter only are a sum."""

    label: str
    events: int
    quantity: Decimal
    allowance: Decimal
    credits: Decimal


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A period's usage, cut four ways; each cut adds up to the total."""

    by_channel: list[Row]
    by_agent: list[Row]
    by_meter: list[Row]
    by_day: list[tuple[dt.date, Row]]
    total: Row

    @property
    def is_one_meter(self) -> bool:
        """Answer whether all units are of one kind, so that they can be added up."""
        return len(self.by_meter) <= 1

    @property
    def in_credits(self) -> bool:
        """Whether a picture shows credits; where nothing was charged it shows events."""
        return self.total.credits > 0

    def shown(self, row: Row) -> Decimal:
        """Answer the figure of a row that a picture shows."""
        return row.credits if self.in_credits else Decimal(row.events)

    @property
    def daily(self) -> list[tuple[dt.date, Decimal]]:
        """Each day and the figure of it that a picture shows."""
        return [(day, self.shown(row)) for day, row in self.by_day]


def breakdown(period: Period) -> Breakdown:
    """Answer a period's usage in one statement, whatever there was."""
    cuts: dict[int, list[tuple[dt.date, Row]]] = {}
    for cut, day, agent, channel, meter, *sums in ask(CUT, [period.organization_id, period.pk]):
        labels = {BY_AGENT: agent, BY_CHANNEL: channel or meter, BY_METER: meter, TOTAL: "Total"}
        row = Row(labels.get(cut) or str(day), *sums)
        cuts.setdefault(cut, []).append((day, row))
    parts = {cut: [row for _, row in found] for cut, found in cuts.items()}
    return Breakdown(
        by_channel=sorted(parts.get(BY_CHANNEL, []), key=_by_label),
        by_agent=sorted(parts.get(BY_AGENT, []), key=_by_credits),
        by_meter=sorted(parts.get(BY_METER, []), key=_by_label),
        by_day=sorted(cuts.get(BY_DAY, []), key=lambda found: found[0]),
        total=next(iter(parts.get(TOTAL, [])), Row("Total", 0, ZERO, ZERO, ZERO)),
    )


def days_of(period: Period) -> Iterator[UsageDay]:
    """Answer each day's usage of each agent on each channel and meter, with the agent."""
    days = UsageDay.objects.filter(period=period, organization_id=period.organization_id)
    order = ("day", "agent__name", "agent_id", "channel", "meter")
    yield from days.select_related("agent").order_by(*order)


def _by_label(row: Row) -> str:
    return row.label


def _by_credits(row: Row) -> tuple[Decimal, int, str]:
    return -row.credits, -row.events, row.label
