"""Money for an open invoice is collected: from a card, or by bank as staff see it there."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from invoices.models import Invoice
from payments.asking import FOR_THE_DOOR, ask
from payments.cards import NoCard
from payments.gateway import Gateway
from payments.models import Card, Payment
from payments.settling import give_receipt, record_failed
from wallet.ledger import lock_wallet
from wallet.money import Money


class NothingToPay(Refusal):
    """There is no open invoice."""

    code = "nothing_to_pay"
    message = "There is no open invoice to pay."
    remedy = "Nothing is owed."


def collect(
    invoice: Invoice,
    *,
    key: str,
    gateway: Gateway,
    now: dt.datetime,
    present: bool = False,
    return_url: str = "",
    actor: User | None = None,
) -> Payment:
    """Charge the default card for an open invoice; once per business act.

    The payment that comes back is paid, failed with Stripe's reason, or pending: its answer was
    lost, or its owner must confirm. While one is pending no other is begun. Without a card it
    failed, unless the owner is ``present``.

    :raises NothingToPay: the invoice is not open.
    :raises NoCard: the owner is present, and there is no card.
    """
    payment = _intend(invoice, key=key, present=present, now=now, actor=actor)
    if payment.status != Payment.Status.PENDING or payment.asked_at is not None:
        return payment
    return ask(payment, gateway=gateway, now=now, present=present, return_url=return_url)


@transaction.atomic
def _intend(
    invoice: Invoice, *, key: str, present: bool, now: dt.datetime, actor: User | None
) -> Payment:
    organization = invoice.organization
    lock_wallet(organization.pk)
    invoice = Invoice.objects.select_for_update().get(pk=invoice.pk)
    payments = Payment.objects.select_related("organization", "card", "invoice")
    known = payments.filter(organization=organization, key=f"collect:{key}").first()
    if known is None:
        known = payments.filter(invoice=invoice, status=Payment.Status.PENDING).first()
    if known is not None:
        return known
    if invoice.status != Invoice.Status.OPEN:
        raise NothingToPay
    card = Card.objects.default_of(organization)
    if card is None and present:
        raise NoCard
    payment = Payment.objects.create(
        organization=organization,
        invoice=invoice,
        key=f"collect:{key}",
        method=Payment.Method.CARD,
        status=Payment.Status.PENDING,
        currency=invoice.currency,
        amount_minor=invoice.total_minor,
        card=card,
        actor=actor,
        created_at=now,
        look_at=now + FOR_THE_DOOR,
    )
    if card is None:
        words = "There is no card to charge."
        return record_failed(payment, code="no_card", words=words, now=now)
    return payment


@transaction.atomic
def record_bank_payment(
    organization: Organization,
    *,
    reference: str,
    now: dt.datetime,
    amount: Money | None = None,
    expected_invoice: str | None = None,
    actor: User | None = None,
) -> Payment:
    """Settle the oldest open invoice with a bank payment; once per bank reference.

    ``expected_invoice`` is the number that staff saw when they confirmed.

    :raises NothingToPay: no invoice is open.
    :raises Invalid: no reference, or an amount that is not the invoice's.
    """
    reference = reference.strip()
    if not reference or len(reference) > 100:
        raise Invalid("Give the bank's reference, 1 to 100 characters.", field="reference")
    lock_wallet(organization.pk)
    known = Payment.objects.filter(organization=organization, key=f"bank:{reference}").first()
    if known and amount is not None and amount != known.amount:
        raise Invalid(
            f"{reference} is known with {known.amount.display()}; give another reference.",
            field="reference",
        )
    if known:
        return known
    invoice = oldest_open_invoice(organization)
    _require_covers(invoice, amount=amount, expected=expected_invoice)
    payment = _write_payment(invoice, reference=reference, now=now)
    give_receipt(payment, now=now)
    record_act(
        organization,
        verb="record_payment",
        summary=f"Bank payment {reference}: {payment.amount.display()} for {invoice.number}",
        now=now,
        actor=actor,
        before={"invoice": Invoice.Status.OPEN.value},
        after={"invoice": Invoice.Status.PAID.value},
    )
    return payment


def _require_covers(invoice: Invoice, *, amount: Money | None, expected: str | None) -> None:
    if expected is not None and expected != invoice.number:
        raise Invalid(f"The oldest open invoice is {invoice.number} now; look at it first.")
    if amount is not None and amount != invoice.total:
        raise Invalid(
            f"{invoice.number} is open with {invoice.total.display()}; "
            f"a bank payment covers the whole of it.",
            field="amount",
        )
    if invoice.payments.filter(status=Payment.Status.PENDING).exists():
        raise Invalid(f"A card is being charged for {invoice.number}; wait for its answer.")


def oldest_open_invoice(organization: Organization) -> Invoice:
    """Answer the invoice that is paid first: a failed renewal's, then the oldest.

    :raises NothingToPay: none is open.
    """
    invoices = Invoice.objects.unpaid().filter(organization=organization)
    invoice = invoices.order_by("-due_first", "issued_at", "id").first()
    if invoice is None:
        raise NothingToPay
    return invoice


def _write_payment(invoice: Invoice, *, reference: str, now: dt.datetime) -> Payment:
    return Payment.objects.create(
        organization=invoice.organization,
        invoice=invoice,
        key=f"bank:{reference}",
        method=Payment.Method.BANK,
        status=Payment.Status.PAID,
        currency=invoice.currency,
        amount_minor=invoice.total_minor,
        reference=reference,
        created_at=now,
        settled_at=now,
    )
