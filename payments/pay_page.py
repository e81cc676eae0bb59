"""Paying an open invoice by the default card, with its owner there to confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.choosing import billing_page, choose, person
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from accounts.refusals import Refusal
from invoices.models import Invoice
from payments.answers import StripeRefused, StripeSilent
from payments.collecting import collect
from payments.forms import key_in, new_key
from payments.gateway import Gateway, at_stripe
from payments.hosted import absolute, leads_to_stripe, off_to
from payments.models import Card, Payment


@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_stripe
@billing_page
@limited(STRIPE, "POST")
def pay_invoice(request: HttpRequest, organization: Organization, number: str) -> HttpResponse:
    """Show what will be charged to which card; posted, charge it once and tell what came of it."""
    seen = Invoice.objects.visible_to(person(request)).select_related("organization")
    invoice = get_object_or_404(seen, number=number)
    if invoice.organization != organization:
        choose(request, invoice.organization)
        return redirect("pay_invoice", number=number)
    if invoice.status != Invoice.Status.OPEN:
        return redirect("invoice", number=number)
    key = key_in(request.POST)
    if request.method != "POST" or key is None:
        return render(request, "payments/pay.html", _context(invoice, new_key()))
    try:
        gateway = at_stripe()
        payment = collect(
            invoice,
            key=key,
            gateway=gateway,
            now=timezone.now(),
            present=True,
            return_url=absolute("payment", key),
            actor=person(request),
        )
    except Refusal as refused:
        context = _context(invoice, key) | {"refused": refused}
        silent = isinstance(refused, StripeSilent)
        return render(request, "payments/pay.html", context, status=503 if silent else 200)
    return onward(request, payment, gateway)


def _context(invoice: Invoice, key: str) -> dict[str, Any]:
    payments = Payment.objects.filter(invoice=invoice).select_related("card")
    return {
        "invoice": invoice,
        "key": key,
        "card": Card.objects.default_of(invoice.organization),
        "last": payments.order_by("-id").first(),
    }


def onward(request: HttpRequest, payment: Payment, gateway: Gateway) -> HttpResponse:
    """Go where the bank asks its card's owner to confirm, or to what came of it."""
    if payment.status == Payment.Status.PENDING and payment.intent_id:
        try:
            action = gateway.intent(payment.intent_id).action_url
        except (StripeSilent, StripeRefused):
            action = ""
        if action:
            return off_to(action)
    if payment.status == Payment.Status.PAID:
        messages.success(request, f"{payment.amount.display()} paid. Thank you.")
    return redirect("payment", token=payment.token)
