"""Money for an open invoice arrives: today by bank, as staff see it on the account."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act
from accounts.letters import owe_letter
from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from invoices.issuing import settle
from invoices.models import Invoice
from payments.models import Payment
from wallet.ledger import lock_wallet
from wallet.money import Money


class NothingToPay(Refusal):
    """There is no open invoice."""

    code = "nothing_to_pay"
    message = "There is no open invoice to pay."
    remedy = "Nothing is owed."


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
    if expected_invoice is not None and expected_invoice != invoice.number:
        raise Invalid(f"The oldest open invoice is {invoice.number} now; look at it first.")
    if amount is not None and amount != invoice.total:
        raise Invalid(
            f"{invoice.number} is open with {invoice.total.display()}; "
            f"a bank payment covers the whole of it.",
            field="amount",
        )
    payment = _write_payment(invoice, reference=reference, now=now)
    _receipt(payment, invoice, now=now)
    record_act(
        organization,
        verb="record_payment",
        summary=f"Bank payment {reference}: {payment.amount.display()} for {invoice.number}",
        now=now,
        actor=actor,
        before={"invoice": Invoice.Status.OPEN.value},
        after={"invoice": invoice.status},
    )
    return payment


def oldest_open_invoice(organization: Organization) -> Invoice:
    """Lock and answer the invoice that is paid first.

    :raises NothingToPay: none is open.
    """
    invoices = Invoice.objects.unpaid().filter(organization=organization)
    invoice = invoices.select_for_update().order_by("issued_at", "id").first()
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


def _receipt(payment: Payment, invoice: Invoice, *, now: dt.datetime) -> None:
    paid_with = {"method": payment.get_method_display(), "reference": payment.reference}
    receipt = settle(invoice, paid_with=paid_with, now=now)
    owe_letter(
        payment.organization,
        code="payment_received",
        key=f"payment_received:{payment.pk}",
        context={
            "amount": payment.amount.display(),
            "invoice_number": invoice.number,
            "receipt_number": receipt.number,
        },
        document_number=receipt.number,
        now=now,
    )
