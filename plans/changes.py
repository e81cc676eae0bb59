"""The change-set of a plan that is to take effect: what is confirmed is what is done."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import Organization
from invoices.totals import Line, Totals
from plans.models import Period, PlanVersion
from plans.periods import Window
from wallet.credits import plain


@dataclass(frozen=True, slots=True)
class OverLimit:
    """A resource of which an organization has more than the new plan allows."""

    resource: str
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class CounterLost:
    """Units counted in the running period, which begin again at zero."""

    meter: str
    used: Decimal
    included: Decimal | int | None


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Everything that happens when a plan takes effect, before it happens."""

    organization: Organization
    source: Period.Source
    version: PlanVersion
    window: Window
    anchor_day: int
    previous: Period | None
    days_lost: int
    counters_lost: tuple[CounterLost, ...]
    plan_credits_expired: Decimal
    plan_credits_granted: Decimal
    wallet_granted: Decimal
    over_limits: tuple[OverLimit, ...]
    lines: tuple[Line, ...]
    totals: Totals
    invoiced: bool

    @property
    def digest(self) -> str:
        """A fingerprint of what is decided: days, plan, price, lines, limits, running period.

        The exact instant is no part of it, nor are counters and plan credits that run on by
        themselves with every call: on a busy organization no preview could ever be confirmed.
        Where they change the money (unused days) the lines differ, and so does the digest.
        """
        text = json.dumps(self._facts(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def issues_invoice(self) -> bool:
        return self.invoiced and self.totals.total.minor > 0

    def _facts(self) -> dict[str, Any]:
        return {
            "organization": self.organization.pk,
            "currency": self.organization.currency,
            "zone": self.organization.time_zone,
            "source": self.source,
            "version": self.version.pk,
            "days": [_iso(self.window.first_day), _iso(self.window.last_day), self.anchor_day],
            "previous": self.previous.pk if self.previous else None,
            "previous_state": [self.days_lost, str(self.previous.over_at)]
            if self.previous
            else None,
            "granted": [plain(self.plan_credits_granted), plain(self.wallet_granted)],
            "over": [[over.resource, over.used, over.limit] for over in self.over_limits],
            "lines": [[line.code, line.quantity, line.amount.minor] for line in self.lines],
            "total": self.totals.total.minor,
            "invoiced": self.invoiced,
        }


def _iso(day: dt.date) -> str:
    return day.isoformat()
