"""What staff do with credits and money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from accounts.refusals import Invalid
from billing_portal.scenarios.world import World
from payments.collecting import record_bank_payment
from plans.periods import DAY, day_starts_at
from wallet import credits as credit
from wallet.adjusting import adjust_credits
from wallet.money import Money, NotMoney


def adjust(
    world: World,
    *,
    credits: Decimal,
    reason: str,
    expires_on: dt.date | None = None,
) -> None:
    """Let staff adjust the wallet, or grant a bonus through its last day."""
    try:
        amount = credit.parse(credits)
    except credit.NotCredits as error:
        raise Invalid(str(error), field="credits") from error
    ends = day_starts_at(expires_on + DAY, world.clock.zone) if expires_on else None
    adjust_credits(
        world.organization,
        credits=amount,
        reason=reason,
        key=f"story:{world.step}",
        expires_at=ends,
        actor=world.staff,
        now=world.now,
    )


def record_payment(world: World, *, reference: str, amount: Decimal | None = None) -> None:
    """Let staff record a bank payment of the open invoice."""
    organization = world.organization
    try:
        paid = None if amount is None else Money.parse(amount, organization.currency)
    except NotMoney as error:
        raise Invalid(str(error), field="amount") from error
    record_bank_payment(
        organization, reference=reference, amount=paid, actor=world.staff, now=world.now
    )
