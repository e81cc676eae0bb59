"""What an owner reads before confirming a plan: the change-set, and what is lost by it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from plans.changes import ChangeSet, CounterLost
from plans.unused import unused_credit
from wallet.money import Money

UNUSED = "unused_days"


@dataclass(frozen=True, slots=True)
class Review:
    """A change-set before it is confirmed, at the instant of the question."""

    change: ChangeSet
    now: dt.datetime

    @property
    def price(self) -> Money | None:
        """What a period of the new plan costs."""
        return self.change.version.terms.price_in(self.change.organization.currency)

    @property
    def price_before(self) -> Money | None:
        """What a period of the running plan costs now."""
        previous = self.change.previous
        if previous is None:
            return None
        return previous.version.terms.price_in(self.change.organization.currency)

    @property
    def credited(self) -> Money | None:
        """What the new invoice takes off for unused days."""
        lines = (line for line in self.change.lines if line.code == UNUSED)
        return next((-line.amount for line in lines), None)

    @property
    def not_paid_out(self) -> Money | None:
        """What is unused of the running period beyond what the new one costs."""
        if self.credited is None or self.change.previous is None:
            return None
        unused = unused_credit(
            self.change.previous, today=self.change.window.first_day, now=self.now
        )
        rest = unused - self.credited
        return rest if rest.minor > 0 else None

    @property
    def quotas_lost(self) -> list[CounterLost]:
        """What was counted against something included, whose rest is given up."""
        return [lost for lost in self.change.counters_lost if lost.included is not None]

    @property
    def loses(self) -> bool:
        """Answer whether anything is given up at all."""
        change = self.change
        return bool(
            change.days_lost
            or self.quotas_lost
            or change.plan_credits_expired
            or change.over_limits
        )
