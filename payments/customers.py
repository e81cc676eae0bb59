"""An organization becomes a customer at Stripe, the first time it is needed."""

from __future__ import annotations

import datetime as dt
import hashlib

from accounts.models import Organization
from payments.gateway import Gateway
from payments.models import Customer


def customer_of(organization: Organization, *, gateway: Gateway, now: dt.datetime) -> str:
    """Answer the organization's id at Stripe, and ask for one if it has none.

    :raises StripeSilent: Stripe gave no answer.
    """
    known = Customer.objects.filter(organization=organization).first()
    if known:
        return known.stripe_id
    made = gateway.make_customer(
        organization.external_id,
        name=organization.name,
        email=organization.email,
        key=_key(organization),
    )
    customer, _ = Customer.objects.get_or_create(
        organization=organization, defaults={"stripe_id": made, "created_at": now}
    )
    return customer.stripe_id


def _key(organization: Organization) -> str:
    """Answer the key of the question: another one once what is asked for has changed."""
    asked = f"{organization.name}\0{organization.email}\0{organization.created_at.isoformat()}"
    digest = hashlib.sha256(asked.encode()).hexdigest()[:16]
    return f"customer:{organization.external_id}:{digest}"
