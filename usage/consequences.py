"""What follows from charges at once: used-up credits, limits, recharges, and who is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from accounts.hints import hint
from accounts.models import Agent
from payments.recharging import want_recharges
from plans.session_marks import note_sessions
from usage.alerting import note_crossing
from usage.bell import Level, crossed
from usage.holdings import Holding
from usage.quota_alerts import Passed, note_quotas, passed_marks
from usage.recording import Charge
from usage.refusing import Refused, is_listed, note_refused
from wallet.models import Wallet


class Crossed(NamedTuple):
    """An organization whose charges have crossed a level, and the last report that did."""

    organization_id: int
    before: Level
    after: Level
    event_id: str


class Consequences(NamedTuple):
    """What charges have reached: periods with sessions, organizations and agents, by their ids.

    And what could not be charged, where staff have to know.
    """

    with_sessions: Sequence[int]
    used_up: Sequence[int]
    over_limit: Sequence[int]
    passed: Sequence[Passed]
    low: Sequence[int]
    crossed: Sequence[Crossed]
    refused: Sequence[Refused]


def consequences(
    charges: Sequence[Charge],
    refused: Sequence[Refused],
    holdings: Mapping[str, Holding],
    before: Mapping[str, Level],
) -> Consequences:
    """Answer what charges have reached, most often nothing."""
    held = holdings.values()
    last = {made.report.organization: made.report.event_id for made in charges}
    levels = [
        Crossed(holdings[name].organization_id, before[name], holdings[name].level(), event_id)
        for name, event_id in last.items()
    ]
    return Consequences(
        with_sessions=[made.period_id for made in charges if made.report.kind == "session"],
        used_up=[holding.organization_id for holding in held if holding.used_up_credits],
        over_limit=[a.id for holding in held for a in holding.agents.values() if a.crossed],
        passed=passed_marks(charges, holdings),
        low=[holding.organization_id for holding in held if holding.wants_recharge],
        crossed=[level for level in levels if crossed(level.before, level.after)],
        refused=[one for one in refused if is_listed(one)],
    )


def follow_up(reached: Consequences, *, now: dt.datetime) -> None:
    """Act on what charges have reached; within their transaction."""
    for period_id in set(reached.with_sessions):
        note_sessions(period_id, now=now)
    # From then on an agent may have to stop.
    if reached.used_up:
        Wallet.objects.filter(organization_id__in=reached.used_up).update(credits_gone_at=now)
    if reached.over_limit:
        Agent.objects.filter(pk__in=reached.over_limit).update(limit_reached_at=now)
    note_quotas(reached.passed, now=now)
    note_refused(reached.refused, now=now)
    recharging = want_recharges(reached.low, now=now) if reached.low else set()
    if recharging:
        # At once: the balance that is left may not last until the sweep looks.
        hint("recharge")
    for level in reached.crossed:
        note_crossing(
            level.organization_id,
            level.before,
            level.after,
            event_id=level.event_id,
            recharging=level.organization_id in recharging,
            now=now,
        )
