"""What follows from charges at once: used-up credits, limits, recharges, and who is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from accounts.hints import hint
from accounts.models import Agent
from payments.recharging import want_recharges
from plans.session_marks import note_sessions
from usage.alerting import note_crossing
from usage.bell import Level
from usage.holdings import Holding
from usage.quota_alerts import note_quotas
from usage.recording import Charge
from wallet.models import Wallet


def follow_up(
    charges: Sequence[Charge],
    holdings: Mapping[str, Holding],
    before: Mapping[str, Level],
    *,
    now: dt.datetime,
) -> None:
    """Act on what charges have reached; within their transaction, and rarely with a statement."""
    for period_id in {made.period_id for made in charges if made.report.kind == "session"}:
        note_sessions(period_id, now=now)
    _note_used_up(list(holdings.values()), now=now)
    note_quotas(charges, holdings, now=now)
    low = [holding.organization_id for holding in holdings.values() if holding.wants_recharge]
    recharging = want_recharges(low, now=now) if low else set()
    if recharging:
        # At once: the balance that is left may not last until the sweep looks.
        hint("recharge")
    last = {made.report.organization: made.report.event_id for made in charges}
    for name, event_id in last.items():
        holding = holdings[name]
        note_crossing(
            holding.organization_id,
            before[name],
            holding.level(),
            event_id=event_id,
            recharging=holding.organization_id in recharging,
            now=now,
        )


def _note_used_up(holdings: Sequence[Holding], *, now: dt.datetime) -> None:
    """Note when credits were used up and limits crossed: from then on an agent may have to stop."""
    gone = [holding.organization_id for holding in holdings if holding.used_up_credits]
    if gone:
        Wallet.objects.filter(organization_id__in=gone).update(credits_gone_at=now)
    agents = [agent for holding in holdings for agent in holding.agents.values()]
    crossed = [agent.id for agent in agents if agent.crossed]
    if crossed:
        Agent.objects.filter(pk__in=crossed).update(limit_reached_at=now)
