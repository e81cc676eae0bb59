"""Details of an organization change: from then on, for what is decided and printed from then on."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from plans.beginning import lock_subscription
from plans.models import Rental
from plans.refusals import PreviewOutdated
from wallet.ledger import lock_wallet
from wallet.models import CreditPrice, LedgerEntry

AMENDABLE = (
    "name",
    "time_zone",
    "currency",
    "email",
    "country",
    "billing_name",
    "billing_address",
    "tax_id",
)
BOUGHT = (LedgerEntry.Kind.TOP_UP, LedgerEntry.Kind.REFUND)


@transaction.atomic
def amend(
    organization: Organization,
    changes: Mapping[str, str],
    *,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
) -> Organization:
    """Change details; what is running and what is printed stays as it is.

    A new time zone decides the days of future periods: the running one keeps its instants.
    Billing details go on documents that are issued from now on.

    ``digest`` is that of the details that were on the page of who changes them.

    :raises Invalid: a currency that is in use, or in which nothing is sold.
    :raises PreviewOutdated: somebody else changed them meanwhile.
    """
    lock_wallet(organization.pk)
    locked = Organization.objects.select_for_update().get(pk=organization.pk)
    if digest is not None and digest != details_digest(locked):
        raise PreviewOutdated
    before = {name: getattr(locked, name) for name in changes if name in AMENDABLE}
    changed = {name: changes[name] for name in before if changes[name] != before[name]}
    if not changed:
        return locked
    if "currency" in changed:
        _check_currency(locked, changed["currency"])
    for name, value in changed.items():
        setattr(locked, name, value)
    locked.save(update_fields=list(changed))
    record_act(
        locked,
        verb="amend",
        summary=f"Changed: {', '.join(changed)}",
        now=now,
        actor=actor,
        before={name: before[name] for name in changed},
        after=changed,
    )
    return locked


def details_digest(organization: Organization) -> str:
    """Answer what an organization's details are known by on a page on which they are changed."""
    details = [getattr(organization, name) for name in AMENDABLE]
    return hashlib.sha256("\0".join(details).encode()).hexdigest()[:32]


def _check_currency(organization: Organization, currency: str) -> None:
    bought = organization.ledger_entries.filter(kind__in=BOUGHT)
    if organization.invoices.exists() or organization.payments.exists() or bought.exists():
        words = f"Money was asked for in {organization.currency}; the currency cannot change."
        raise Invalid(words, field="currency")
    if not CreditPrice.objects.filter(currency=currency).exists():
        raise Invalid(f"Nothing is sold here in “{currency[:10]}”.", field="currency")
    subscription = lock_subscription(organization)
    terms = subscription.version.terms if subscription else None
    if terms is None:
        return
    held = Rental.objects.held().filter(organization=organization)
    items = held.values_list("item", flat=True).distinct()
    prices = [terms.price_in(currency), *(terms.rental_price_in(i, currency) for i in items)]
    if None in prices:
        raise Invalid(f"The plan is not sold in {currency}.", field="currency")
