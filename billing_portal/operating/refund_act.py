"""The act that sends money back: refund a payment, or a part of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models import F, QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.acting import LONGEST_REASON
from accounts.models import Organization, User
from accounts.refusals import Refusal
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.look import day
from billing_portal.operating.previews import Preview, changes_of
from payments.gateway import at_stripe
from payments.models import Payment, Refund
from payments.refunding import quote_refund, refund_payment
from wallet.balances import balances
from wallet.credits import Credits, display
from wallet.money import Money, NotMoney

MOST_OFFERED = 50


class RefundNotMade(Refusal):
    """Stripe refused the refund for good; nothing was refunded."""

    code = "invalid"
    remedy = "Try again, or look at Stripe what is wrong."


class RefundForm(ActForm):
    """Which payment, how much of it, and why."""

    payment = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    amount = forms.CharField(
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"}),
        help_text="Left empty, all that is left of the payment goes back.",
    )
    field_order = ("payment",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        payment, reason = self.fields["payment"], self.fields["reason"]
        assert isinstance(payment, forms.ChoiceField)
        offered = refundable(self.organization)[:MOST_OFFERED]
        payment.choices = [(str(paid.pk), _called(paid)) for paid in offered]
        reason.help_text = f"Printed on the credit note; at most {LONGEST_REASON} characters."

    def clean(self) -> dict[str, Any]:
        """Read the amount in the payment's own currency, which may be an earlier one."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = values.get("payment")
        if chosen:
            values["payment"] = Payment.objects.select_related("organization", "invoice").get(
                pk=chosen
            )
            self._read_amount(values)
        return values

    def _read_amount(self, values: dict[str, Any]) -> None:
        text = values.get("amount")
        try:
            values["amount"] = Money.parse(text, values["payment"].currency) if text else None
        except NotMoney as error:
            self.add_error("amount", str(error))


def refundable(organization: Organization) -> QuerySet[Payment]:
    """Answer the paid payments that are not refunded in full, newest first."""
    paid = Payment.objects.filter(organization=organization, status=Payment.Status.PAID)
    left = paid.filter(refunded_minor__lt=F("amount_minor"))
    return left.select_related("invoice", "organization").order_by("-settled_at", "-id")


def _called(payment: Payment) -> str:
    on = day(payment.organization.today(payment.settled_at or payment.created_at))
    what = " ".join(filter(None, (payment.get_purpose_display(), _number(payment))))
    words = f"{on}: {payment.amount.display()}, {what}, {payment.get_method_display()}"
    if payment.refunded:
        words += f", {payment.refunded.display()} refunded"
    return words


def _number(payment: Payment) -> str:
    return str(payment.invoice) if payment.invoice and payment.credits is None else ""


def _preview(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    payment: Payment = form.cleaned_data["payment"]
    quote = quote_refund(payment, form.cleaned_data["amount"])
    has = balances(organization, now=now)
    after = payment.refunded + quote.amount
    changes = {
        "Refunded of the payment": (payment.refunded.display(), after.display()),
        "Can still be refunded": (quote.left.display(), (quote.left - quote.amount).display()),
        "Wallet": (display(has.wallet), display(has.wallet - quote.credits)),
    }
    if payment.invoice is not None:
        credited = payment.invoice.credited
        changes[f"Credited of {payment.invoice}"] = (
            credited.display(),
            (credited + quote.credited).display(),
        )
    return Preview(
        digest=f"{payment.pk}:{quote.amount}:{quote.left}:{quote.credits}:{quote.credited}",
        changes=changes_of(changes),
        losses=_losses(quote.credits),
        notes=tuple(_notes(payment, quote.amount, quote.credited)),
    )


def _losses(credits: Credits) -> tuple[str, ...]:
    return (f"{display(credits)} credits leave the wallet",) if credits else ()


def _notes(payment: Payment, amount: Money, credited: Money) -> list[str]:
    if payment.method == Payment.Method.BANK:
        way = f"{amount.display()} is recorded as sent back: send it by bank yourself."
    else:
        way = f"{amount.display()} goes back to the card by Stripe."
    notes = [way, f"Payment: {_called(payment)}."]
    if credited:
        notes.append(f"A credit note of {credited.display()} is issued, with the reason on it.")
    elif payment.invoice is not None:
        notes.append("No credit note: one stands already, of a refund that failed.")
    notes.append("The plan goes on as it is.")
    return notes


def _refund(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    payment: Payment = values["payment"]
    refund = refund_payment(
        payment,
        amount=quote_refund(payment, values["amount"]).amount,
        reason=values["reason"],
        key=values["token"].hex,
        gateway=None if payment.method == Payment.Method.BANK else at_stripe(),
        actor=actor,
        now=now,
    )
    match refund.status:
        case Refund.Status.FAILED:
            raise RefundNotMade(f"Nothing was refunded: {refund.failure}")
        case Refund.Status.PENDING:
            return (
                f"Stripe was asked to refund {refund.amount.display()} and has not answered yet; "
                "it shows here when it has."
            )
        case _:
            return f"{refund.amount.display()} is refunded to {organization}."


def chosen_first(organization: Organization) -> Mapping[str, Any]:
    """Begin with the payment that was paid last."""
    newest = refundable(organization).first()
    return {"payment": newest.pk} if newest else {}


REFUND = ActPage(
    "refund",
    "Refund",
    "Money of a payment goes back, in full or in part; the credits it bought leave the wallet.",
    "undo",
    RefundForm,
    _preview,
    _refund,
    chosen_first,
    danger=True,
    asked=("payment",),
)
