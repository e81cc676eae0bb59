"""An owner buys credits through Stripe's checkout; they come when Stripe says paid."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.db import transaction

from accounts.arrows import WrongState
from accounts.models import Organization, User
from accounts.refusals import Invalid, Refusal
from invoices.issuing import totals_now
from invoices.totals import Line, Totals
from payments.answers import StripeRefused, StripeSilent
from payments.asking import look
from payments.customers import customer_of
from payments.facts import Charge, Session
from payments.gateway import Gateway
from payments.models import Payment
from wallet.credits import Credits, bought_with
from wallet.models import CreditPrice
from wallet.money import Money, exponent

# Stripe takes at most eight digits.
LARGEST_MINOR = 99_999_999


class BelowMinimum(Refusal):
    """Less than one may buy at once."""

    code = "below_minimum"
    message = "This is less than the smallest top-up."
    remedy = "Choose a larger amount."


class NotSold(Refusal):
    """Credits are not sold in this currency (any more)."""

    code = "plan_not_available"
    message = "Credits are not sold in your currency."


class OtherAmount(Refusal):
    """The key is known, with another amount."""

    code = "id_conflict"
    message = "This form was used for another amount already; please open it anew."


def price_of_credits(organization: Organization) -> CreditPrice:
    """Answer what a credit costs an organization, and the bounds of buying.

    :raises NotSold: there is no price in its currency.
    """
    price = CreditPrice.objects.filter(currency=organization.currency).first()
    if price is None:
        raise NotSold
    return price


def quote(organization: Organization, amount: Money) -> tuple[Credits, Totals]:
    """Answer the credits that an amount buys, and what is to pay for it with tax.

    :raises BelowMinimum: it is below the catalogue's minimum.
    :raises Invalid: it is not above zero, or more than can be paid at once.
    """
    price = price_of_credits(organization)
    if amount.minor <= 0:
        raise Invalid("The amount must be above zero.", field="amount")
    minimum = Money(price.minimum_top_up_minor, organization.currency)
    if amount.minor < minimum.minor:
        words = f"The smallest top-up is {minimum.display()}."
        raise BelowMinimum(words, field="amount")
    credits = bought_with(amount, price.price)
    totals = totals_now([Line("top_up", "Top-up", amount)], organization.currency)
    if totals.total.minor > LARGEST_MINOR or not credits:
        raise Invalid("This amount cannot be paid at once.", field="amount")
    if exponent(amount.currency) == 3 and totals.total.minor % 10:
        # Stripe's rule for currencies of three decimals: the last one is zero.
        raise Invalid("Cards pay this currency in steps of 0.010.", field="amount")
    return credits, totals


def begin_top_up(
    organization: Organization,
    *,
    amount: Money,
    key: str,
    urls: tuple[str, str],
    gateway: Gateway,
    now: dt.datetime,
    actor: User | None = None,
) -> Session:
    """Open a checkout for credits; the same key again answers the same checkout.

    ``urls`` are where the payer comes back to, after paying and after walking away.

    :raises BelowMinimum: it is below the catalogue's minimum.
    :raises Invalid: Stripe does not take such an amount.
    :raises OtherAmount: the key was used for another one.
    :raises StripeSilent: Stripe gave no answer; nothing can be paid yet.
    """
    payment = _intend(organization, amount=amount, key=key, now=now, actor=actor)
    if payment.session_id:
        return gateway.session(payment.session_id)
    try:
        charge = Charge(
            amount=payment.amount,
            customer=customer_of(organization, gateway=gateway, now=now),
            card="",
            payment=str(payment.token),
            description="Top-up",
            present=True,
        )
        session = gateway.open_checkout(charge, urls=urls, keep=False, key=str(payment.token))
    except StripeSilent:
        # The same form sent twice at once: the other request has the answer.
        opened = Payment.objects.get(pk=payment.pk).session_id
        if not opened:
            raise
        return gateway.session(opened)
    except StripeRefused as refused:
        # Less than Stripe takes in this currency, for one.
        raise Invalid(refused.words or "This amount cannot be paid.", field="amount") from refused
    payment.session_id, payment.look_at = session.id, payment.next_look(now)
    payment.save(update_fields=["session_id", "look_at"])
    return session


def come_back(payment: Payment, *, gateway: Gateway, now: dt.datetime) -> Payment:
    """Look at a payment whose payer comes back from its checkout as one who has paid.

    Where Stripe does not answer it is pending: it may have been paid.
    """
    try:
        return look(payment, gateway=gateway, now=now)
    except StripeSilent:
        with suppress(WrongState):
            if payment.status == Payment.Status.CHECKOUT:
                payment.move(Payment.Status.PENDING)
        return Payment.objects.select_related("organization", "invoice").get(pk=payment.pk)


@transaction.atomic
def _intend(
    organization: Organization,
    *,
    amount: Money,
    key: str,
    now: dt.datetime,
    actor: User | None,
) -> Payment:
    credits, totals = quote(organization, amount)
    payment, _ = Payment.objects.get_or_create(
        organization=organization,
        key=f"top_up:{key}",
        defaults={
            "purpose": Payment.Purpose.TOP_UP,
            "method": Payment.Method.CARD,
            "status": Payment.Status.CHECKOUT,
            "currency": amount.currency,
            "amount_minor": totals.total.minor,
            "net_minor": totals.net.minor,
            "credits": credits,
            "actor": actor,
            "created_at": now,
        },
    )
    if payment.net_minor != amount.minor:
        raise OtherAmount(field="amount")
    return payment
