"""One payment: where a payer comes back to, and where it is told what became of it."""

from __future__ import annotations

import re
import uuid

import structlog
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.choosing import billing_page, choose, person
from accounts.limited_pages import STRIPE, limited
from accounts.models import Organization
from payments.answers import StripeRefused, StripeSilent
from payments.asking import look
from payments.gateway import Gateway, at_stripe
from payments.hosted import leads_to_stripe, off_to
from payments.listing import Listed, told
from payments.models import Payment
from payments.settling import AmountDiffers
from payments.topping_up import come_back

logger = structlog.get_logger(__name__)

SECONDS_BEFORE_THE_NEXT_LOOK = 3
MOST_LOOKS = 20


@require_safe
@leads_to_stripe
@billing_page
def payment(request: HttpRequest, organization: Organization, token: uuid.UUID) -> HttpResponse:
    """Say what became of a payment; one that just came back is asked about and waited for."""
    found = _seen(request, token)
    if found.organization != organization:
        choose(request, found.organization)
        return redirect("payment", token=token)
    if "payment_intent_client_secret" in request.GET:
        # Stripe adds it on the way back from the bank; it is not to stay in the address.
        return redirect("payment", token=found.token)
    looks = _looks(request)
    answered = True
    if looks in (0, MOST_LOOKS) and found.status in MAY_CHANGE:
        answered = _look(found, paid="paid" in request.GET)
        found = _seen(request, token)
    waits = _waits(found, request)
    context = {
        "listed": Listed(found, timezone.now()),
        "payment": found,
        "waits": waits,
        "answered": answered,
        "looks_again": waits and looks < MOST_LOOKS,
    }
    response = render(request, "payments/payment.html", context)
    if context["looks_again"]:
        paid = "&paid=1" if "paid" in request.GET else ""
        response["Refresh"] = f"{SECONDS_BEFORE_THE_NEXT_LOOK}; url=?look={looks + 1}{paid}"
    return response


@require_POST
@billing_page
@limited(STRIPE)
def go_on(request: HttpRequest, organization: Organization, token: uuid.UUID) -> HttpResponse:
    """Go on to the page on which a payment can still be made or confirmed, fetched anew."""
    found = _seen(request, token)
    try:
        url = _open_page(found, at_stripe())
    except StripeSilent as silent:
        messages.error(request, silent.words)
    except StripeRefused:
        url = ""
    else:
        if url:
            return off_to(url)
        messages.info(request, "There is nothing left to do on that page.")
    return redirect("payment", token=found.token)


@require_safe
@billing_page
def receipt(request: HttpRequest, organization: Organization, token: uuid.UUID) -> HttpResponse:
    """Lead to the receipt of a payment; one that was not made has none."""
    found = Listed(_seen(request, token), timezone.now())
    if found.receipt is None or found.payment.invoice is None:
        raise Http404
    return redirect("receipt_pdf", number=found.payment.invoice.number)


MAY_CHANGE = (Payment.Status.CHECKOUT, Payment.Status.PENDING, Payment.Status.FAILED)


def _seen(request: HttpRequest, token: uuid.UUID) -> Payment:
    """Find a payment; who comes back from Stripe knows it by the key of the form."""
    keys = [f"top_up:{token}", f"collect:{token}", f"plan:{token}"]
    payments = told(Payment.objects.visible_to(person(request)))
    return get_object_or_404(payments, Q(token=token) | Q(key__in=keys))


def _looks(request: HttpRequest) -> int:
    looks = request.GET.get("look", "")
    return min(int(looks), MOST_LOOKS) if re.fullmatch("[0-9]{1,4}", looks) else 0


def _waits(found: Payment, request: HttpRequest) -> bool:
    """Answer whether something may still come without anybody doing anything."""
    came_back = "paid" in request.GET and found.status == Payment.Status.CHECKOUT
    return found.status == Payment.Status.PENDING or came_back


def _look(found: Payment, *, paid: bool) -> bool:
    """Ask Stripe about what it knows; what it was never told the sweep asks, not a visit."""
    if not (found.session_id or found.intent_id):
        return not found.is_unknown
    verb = come_back if paid and found.session_id else look
    try:
        found = verb(found, gateway=at_stripe(), now=timezone.now())
    except StripeSilent:
        return False
    except (StripeRefused, AmountDiffers):
        logger.exception("payment_not_read", payment=found.pk)
        return False
    return not (paid and found.status == Payment.Status.PENDING)


def _open_page(found: Payment, gateway: Gateway) -> str:
    if found.session_id:
        return gateway.session(found.session_id).url
    return gateway.intent(found.intent_id).action_url if found.intent_id else ""
