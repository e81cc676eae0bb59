"""The platform says how many of each resource an organization has."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.models import Organization
from accounts.refusals import Invalid
from plans.models import ResourceCount
from plans.terms import PHONE_NUMBERS, RESOURCES

KNOWN = (*RESOURCES, PHONE_NUMBERS)
MOST = 2**31 - 1


@transaction.atomic
def report_resources(
    organization: Organization, *, counts: dict[str, int], now: dt.datetime
) -> None:
    """Take over counts of resources in use; those not named stay as they were.

    :raises Invalid: an unknown resource, or a count that cannot be.
    """
    for resource, used in counts.items():
        if resource not in KNOWN:
            raise Invalid(f"“{resource[:40]}” is none of {', '.join(KNOWN)}.", field=resource[:40])
        if not 0 <= used <= MOST:
            raise Invalid("A count is a whole number from 0 on.", field=resource)
    ResourceCount.objects.bulk_create(
        [
            ResourceCount(organization=organization, resource=resource, used=used, reported_at=now)
            for resource, used in sorted(counts.items())
        ],
        update_conflicts=True,
        unique_fields=["organization", "resource"],
        update_fields=["used", "reported_at"],
    )
