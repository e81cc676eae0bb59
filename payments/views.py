"""Billing history: every payment, whatever became of it; on a page, and as a file."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.csv_files import Value, csv_file
from accounts.limited_pages import FILE, limited
from accounts.models import Organization
from payments.hosted import leads_to_stripe
from payments.listing import Listed, list_payments, told
from payments.models import Payment
from wallet.credits import plain


@require_safe
@leads_to_stripe
@billing_page
def billing_history(request: HttpRequest, organization: Organization) -> HttpResponse:
    """List every payment, newest first."""
    listing = list_payments(organization, asked=request.GET, now=timezone.now())
    return render(request, "payments/history.html", {"listing": listing})


HEADS = (
    "Date",
    "Payment",
    "Status",
    "What it means",
    "Amount",
    "Refunded",
    "Currency",
    "Credits",
    "Paid by",
    "Invoice",
    "Receipt",
)


@require_safe
@billing_page
@limited(FILE)
def history_csv(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Answer every payment as a file, newest first, by days of the organization's zone."""
    now = timezone.now()
    payments = told(Payment.objects.filter(organization=organization))
    rows = [_cells(Listed(payment, now), organization) for payment in payments]
    return csv_file(f"payments-{organization.today(now)}", HEADS, rows)


def _cells(listed: Listed, organization: Organization) -> tuple[Value, ...]:
    payment, receipt = listed.payment, listed.receipt
    return (
        organization.today(payment.created_at),
        payment.get_purpose_display(),
        payment.get_status_display(),
        listed.detail,
        payment.amount.amount,
        payment.refunded.amount,
        payment.currency,
        Decimal(plain(payment.credits)) if payment.credits else None,
        listed.source,
        payment.invoice.number if payment.invoice else None,
        receipt.number if receipt else None,
    )
