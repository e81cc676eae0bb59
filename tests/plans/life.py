"""A site that lives by its sweeps: a clock, a Stripe, and what the timetable does for plans."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.models import Organization
from payments.models import Payment
from payments.refunding import resolve_refunds
from payments.resolving import resolve_due
from plans.buying import begin_bought
from plans.dunning import collect_due, follow_payments
from plans.models import Period, Plan, Site, Subscription
from plans.reminding import remind_due
from plans.renewing import renew_due
from tests.builders import MARCH_1, apply, build_organization, build_plan, build_site
from tests.fakes.stripe_world import StripeWorld
from wallet.granting import expire_due

DAY = dt.timedelta(days=1)
URLS = ("https://portal.test/back", "https://portal.test/away")


class Life(StripeWorld):
    """The world of Stripe, the site's terms, and the sweeps that keep plans alive."""

    def __init__(self, now: dt.datetime = MARCH_1, **terms: Any) -> None:
        super().__init__(now)
        build_site()
        Site.objects.update(**{"grace_days": 7, "retry_days": [1, 3, 5], **terms})

    def subscriber(
        self, name: str = "Acme", *, plan: str = "starter", card: str | None = "ok", **details: Any
    ) -> Organization:
        """Make an organization that has just begun a plan, with a card that answers so."""
        organization = build_organization(name, now=self.now, **details)
        apply(organization, plan, now=self.now, invoiced=False)
        if card:
            self.card_for(organization, card)
        return organization

    def at(self, day: str, time: str = "00:05") -> dt.datetime:
        """Move the clock to a time in UTC, and let the sweeps look for what is due."""
        self.now = dt.datetime.fromisoformat(f"{day}T{time}:00+00:00")
        self.sweep()
        return self.now

    def finish_page(self, payment: Payment | None, answer: str = "ok") -> None:
        """Pay on Stripe's page, and let two hours pass in which the sweeps hear of it."""
        assert payment is not None
        self.fake.complete_checkout(str(payment.session_id), answer)
        self.pass_time(hours=2)
        self.sweep()

    def sweep(self, times: int = 2) -> None:
        """Let every sweep look for its rows; more than once, since that must change nothing."""
        for _ in range(times):
            expire_due(now=self.now)
            remind_due(now=self.now)
            renew_due(now=self.now)
            resolve_due(gateway=self.gateway, now=self.now)
            resolve_refunds(gateway=self.gateway, now=self.now)
            collect_due(gateway=self.gateway, now=self.now)
            follow_payments(now=self.now)
            begin_bought(now=self.now)


def build_monthly(code: str = "starter", **terms: Any) -> Plan:
    """Make a plan of 99.00 a month with 100 credits that renews by itself."""
    monthly = {"period": "1 month", "auto_renew": True, "included_credits": "100"}
    return build_plan(code, **{**monthly, **terms})


def unpaid_renewal(answers: str | None = "declined") -> tuple[Life, Organization]:
    """Let an organization's renewal of 1 April fail."""
    build_monthly()
    life = Life()
    organization = life.subscriber(card=answers)
    life.at("2026-04-01")
    return life, organization


def current(organization: Organization) -> Period:
    """Answer the organization's period of now."""
    subscriptions = Subscription.objects.select_related("period__organization", "period__version")
    return subscriptions.get(organization=organization).period


def days_of(period: Period) -> tuple[str, str]:
    """Answer the first and the last day as month and day."""
    return f"{period.first_day:%m-%d}", f"{period.last_day:%m-%d}"
