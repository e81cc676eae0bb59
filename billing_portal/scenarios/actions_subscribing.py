"""What an owner decides about the plan: subscribe, change, cancel, and take that back."""

from __future__ import annotations

import datetime as dt

from billing_portal.scenarios.actions_payments import OTHER_CARD, URLS, card
from billing_portal.scenarios.stripe_side import DEAF
from billing_portal.scenarios.world import World
from payments.asking import look
from payments.models import Card, Payment
from payments.topping_up import come_back
from plans import canceling, subscribing
from plans.session_limits import set_session_limit as cap_sessions
from plans.subscribing import Chosen, choose_now, preview_choice, schedule_change


def subscribe(world: World, *, plan: str) -> None:
    """Let the owner subscribe through checkout, by the default card or another one."""
    _pay(world, _choose(world, plan, changing=False))


def change_plan(world: World, *, plan: str, when: dt.date | str) -> None:
    """Let the owner change the plan now, at the end of the period, or on a day."""
    organization = world.organization
    if when == "now" or when == organization.today(world.now):
        _pay(world, _choose(world, plan, changing=True))
        return
    schedule_change(
        organization,
        plan=plan,
        starts_on=None if isinstance(when, str) else when,
        actor=world.owner,
        now=world.now,
    )


def cancel_change(world: World) -> None:
    """Let the owner drop the change that is scheduled."""
    subscribing.cancel_change(world.organization, actor=world.owner, now=world.now)


def cancel(world: World) -> None:
    """Let the owner cancel at the end of the period."""
    canceling.cancel(world.organization, actor=world.owner, now=world.now)


def undo_cancel(world: World) -> None:
    """Let the owner take the cancellation back."""
    canceling.undo_cancel(world.organization, actor=world.owner, now=world.now)


def set_session_limit(world: World, *, sessions: int) -> None:
    """Let the owner cap the sessions of the period."""
    cap_sessions(world.organization, sessions=sessions, actor=world.owner, now=world.now)


def reset_session_limit(world: World) -> None:
    """Let the owner go back to the plan's quota."""
    cap_sessions(world.organization, sessions=None, actor=world.owner, now=world.now)


def _choose(world: World, plan: str, *, changing: bool) -> Chosen:
    """Confirm what the page has shown; a card is there before it is asked for."""
    organization = world.organization
    preview = preview_choice(organization, plan=plan, changing=changing, now=world.now)
    priced = preview.totals.total.minor > 0
    if changing and priced and Card.objects.default_of(organization) is None:
        card(world, name=OTHER_CARD, answers="ok")
    return choose_now(
        organization,
        plan=plan,
        changing=changing,
        key=f"story:{world.step}",
        urls=URLS,
        digest=preview.digest,
        gateway=world.gateway,
        actor=world.owner,
        now=world.now,
    )


def _pay(world: World, chosen: Chosen) -> None:
    """Let the owner, who is there, confirm a payment or finish the page that it leads to."""
    payment = chosen.payment
    if payment is None or payment.status not in (Payment.Status.PENDING, Payment.Status.CHECKOUT):
        return
    if payment.session_id is None:
        if payment.intent_id:
            world.stripe.confirm(payment.intent_id)
            look(payment, gateway=world.gateway, now=world.now)
        return
    default = Card.objects.default_of(world.organization)
    heard = world.stripe.pay(payment.session_id, default.stripe_id if default else OTHER_CARD)
    come_back(payment, gateway=world.gateway if heard else DEAF, now=world.now)
