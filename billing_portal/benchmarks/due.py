"""Organizations whose plan is due to renew, with credits included and two things rented."""

from __future__ import annotations

import datetime as dt
from itertools import count, islice
from typing import Any

from django.db import connection, transaction

from accounts.models import Organization
from accounts.saving import add_each
from plans.models import Period, Plan, PlanVersion, Rental, Subscription
from plans.periods import DAY
from wallet.models import Wallet

ITEMS = ("phone_number", "seat")
TERMS: dict[str, Any] = {
    "period": "1 month",
    "price": {"USD": "99.00"},
    "included_credits": "100",
    "rentals": {item: {"USD": "5.00"} for item in ITEMS},
}
AT_ONCE = 1000
TABLES = "accounts_organization, wallet_wallet, plans_period, plans_subscription, plans_rental"


class Due:
    """Makes organizations on one plan whose period ended this midnight, in UTC."""

    def __init__(self, *, now: dt.datetime) -> None:
        self._midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        plan = Plan.objects.create(code="due")
        self._version = PlanVersion.objects.create(
            plan=plan, number=1, kind="standard", name="Due", terms_json=TERMS, created_at=now
        )
        plan.version = self._version
        plan.save()
        self._numbers = count()

    def fill_up(self, wanted: int) -> None:
        """Make as many as are missing, so that so many are due."""
        waiting = Period.objects.filter(renews_until__isnull=False, replaced_at=None)
        missing = wanted - waiting.filter(ends_at__lte=self._midnight).count()
        while missing > 0:
            self._make(min(missing, AT_ONCE))
            missing -= AT_ONCE
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {TABLES}")

    @transaction.atomic
    def _make(self, size: int) -> None:
        organizations = [self._organization(number) for number in islice(self._numbers, size)]
        add_each(organizations)
        add_each([Wallet(organization=organization) for organization in organizations])
        periods = [self._period(organization) for organization in organizations]
        add_each(periods)
        add_each([self._subscription(period) for period in periods])
        add_each([self._rental(owner, item) for owner in organizations for item in ITEMS])

    def _organization(self, number: int) -> Organization:
        return Organization(
            external_id=f"due-{number}",
            name=f"Due {number}",
            currency="USD",
            billing_address="1 Main Street",
            created_at=self._midnight - 31 * DAY,
        )

    def _period(self, organization: Organization) -> Period:
        today = self._midnight.date()
        return Period(
            organization=organization,
            version=self._version,
            number=1,
            source=Period.Source.APPLIED,
            time_zone=organization.time_zone,
            first_day=today - 31 * DAY,
            last_day=today - DAY,
            starts_at=self._midnight - 31 * DAY,
            ends_at=self._midnight,
            renews_until=self._midnight + 7 * DAY,
        )

    def _subscription(self, period: Period) -> Subscription:
        return Subscription(
            organization=period.organization,
            version=self._version,
            period=period,
            anchor_day=self._midnight.day,
        )

    def _rental(self, organization: Organization, item: str) -> Rental:
        began = self._midnight - 31 * DAY
        return Rental(
            organization=organization,
            item=item,
            reference="1",
            began_at=began,
            began_on=began.date(),
        )
