"""What an owner does about paying, and what Stripe and the cards answer."""

from __future__ import annotations

from decimal import Decimal

from accounts.refusals import Invalid
from billing_portal.scenarios.stripe_side import DEAF
from billing_portal.scenarios.world import StepFailed, World
from payments.asking import look
from payments.cards import CardDeclined, add_card, begin_adding, choose_default, remove_card
from payments.collecting import collect, oldest_open_invoice
from payments.models import Card, Payment
from payments.recharging import save_auto_recharge
from payments.refunding import latest_paid, refund_payment
from payments.topping_up import begin_top_up, come_back
from wallet import credits as credit
from wallet.money import Money, NotMoney

URLS = ("https://story.invalid/done", "https://story.invalid/back")
OTHER_CARD = "ok"


def card(world: World, *, name: str, answers: str, default: bool = False) -> None:
    """Let the owner add a card; one whose hold is declined is not added."""
    session = begin_adding(
        world.organization,
        key=f"story:{world.step}",
        urls=URLS,
        gateway=world.gateway,
        now=world.now,
    )
    brand = name if name in Card.BRANDS else "visa"
    done = world.stripe.complete_checkout(session.id, answers, brand=brand)
    stripe_id = world.stripe.card_of(done)
    world.cards[name] = stripe_id
    try:
        added = add_card(
            world.organization,
            card=stripe_id,
            make_default=default,
            gateway=world.gateway,
            now=world.now,
        )
    except CardDeclined:
        return
    if default:
        choose_default(world.organization, card_id=added.pk, now=world.now)


def card_answers(world: World, *, name: str, answers: str) -> None:
    """Let a card answer differently from now on."""
    world.stripe.answers(_named(world, name), answers)


def take_card_away(world: World, *, name: str) -> None:
    """Let the owner remove a card."""
    remove_card(
        world.organization,
        card_id=_on_file(world, name).pk,
        renews=False,
        gateway=world.gateway,
        now=world.now,
    )


def default_card(world: World, *, name: str) -> None:
    """Let the owner choose another default card."""
    choose_default(world.organization, card_id=_on_file(world, name).pk, now=world.now)


def top_up(world: World, *, amount: Decimal, abandon: bool = False) -> None:
    """Let the owner buy credits through checkout, by the default card or another one."""
    session = begin_top_up(
        world.organization,
        amount=_money(world, amount),
        key=f"story:{world.step}",
        urls=URLS,
        gateway=world.gateway,
        now=world.now,
        actor=world.owner,
    )
    if abandon:
        return
    default = Card.objects.default_of(world.organization)
    payment = Payment.objects.get(session_id=session.id)
    if world.stripe.pay(session.id, default.stripe_id if default else OTHER_CARD):
        come_back(payment, gateway=world.gateway, now=world.now)
    else:
        # The browser that paid heard nothing, and neither do we.
        come_back(payment, gateway=DEAF, now=world.now)


def pay(world: World) -> None:
    """Let the owner pay the open invoice by the default card, or by another one that is kept."""
    invoice = oldest_open_invoice(world.organization)
    if Card.objects.default_of(world.organization) is None:
        card(world, name=OTHER_CARD, answers="ok")
    payment = collect(
        invoice,
        key=f"story:{world.step}",
        present=True,
        return_url=URLS[0],
        gateway=world.gateway,
        now=world.now,
        actor=world.owner,
    )
    if payment.intent_id and payment.status == Payment.Status.PENDING:
        # The owner is there, and confirms.
        world.stripe.confirm(payment.intent_id)
        look(payment, gateway=world.gateway, now=world.now)


def auto_recharge(
    world: World, *, threshold: Decimal, amount: Decimal, enabled: bool = True
) -> None:
    """Let the owner set auto-recharge."""
    try:
        below = credit.parse(threshold)
    except credit.NotCredits as error:
        raise Invalid(str(error), field="threshold") from error
    save_auto_recharge(
        world.organization,
        enabled=enabled,
        threshold=below,
        amount=_money(world, amount),
        actor=world.owner,
        now=world.now,
    )


def refund(world: World, *, amount: Decimal | None = None) -> None:
    """Let staff refund the latest paid payment."""
    refund_payment(
        latest_paid(world.organization),
        amount=None if amount is None else _money(world, amount),
        reason="As the story says",
        key=f"story:{world.step}",
        gateway=world.gateway,
        actor=world.staff,
        now=world.now,
    )


def webhook(world: World, *, of: str, repeat: int = 1) -> None:
    """Let Stripe deliver its last event again."""
    world.stripe.say_again(repeat)


def _money(world: World, amount: Decimal) -> Money:
    try:
        return Money.parse(amount, world.organization.currency)
    except NotMoney as error:
        raise Invalid(str(error), field="amount") from error


def _named(world: World, name: str) -> str:
    if name == OTHER_CARD and name not in world.cards:
        # The one that a checkout has kept.
        kept = Card.objects.on_file().filter(organization=world.organization)
        unnamed = kept.exclude(stripe_id__in=world.cards.values()).first()
        if unnamed is not None:
            world.cards[name] = unnamed.stripe_id
    if name not in world.cards:
        raise StepFailed(f"there is no card “{name}” in this story")
    return world.cards[name]


def _on_file(world: World, name: str) -> Card:
    found = Card.objects.filter(stripe_id=_named(world, name)).first()
    if found is None:
        raise StepFailed(f"the card “{name}” was not added")
    return found
