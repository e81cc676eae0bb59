"""What a wallet page offers: amounts to top up by, and how auto-recharge stands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from accounts.models import Organization
from payments.models import AutoRecharge, Card, Payment
from payments.recharging import consent_words, recharged_this_month
from payments.topping_up import NotSold, price_of_credits
from wallet.credits import Credits, bought_with
from wallet.models import CreditPrice
from wallet.money import Money, exponent

TIMES = (1, 2, 5, 10)
WITHOUT_MINIMUM = 10


@dataclass(frozen=True, slots=True)
class Offer:
    """An amount that can be topped up, and the credits it buys."""

    amount: Money
    credits: Credits


@dataclass(frozen=True, slots=True)
class Terms:
    """What buying credits costs an organization."""

    price: CreditPrice

    @property
    def minimum(self) -> Money:
        return Money(self.price.minimum_top_up_minor, self.price.currency)

    @property
    def ceiling(self) -> Money | None:
        """What may be recharged in a calendar month, if the catalogue says."""
        minor = self.price.monthly_recharge_ceiling_minor
        return None if minor is None else Money(minor, self.price.currency)

    @property
    def each(self) -> Offer:
        """The credits that one unit of money buys."""
        one = Money(10 ** exponent(self.price.currency), self.price.currency)
        return Offer(one, bought_with(one, self.price.price))

    @property
    def offers(self) -> list[Offer]:
        """Amounts from the minimum upward."""
        currency = self.price.currency
        least = self.minimum or Money(WITHOUT_MINIMUM * 10 ** exponent(currency), currency)
        amounts = [least * times for times in TIMES]
        return [Offer(amount, bought_with(amount, self.price.price)) for amount in amounts]


def terms_of(organization: Organization) -> Terms | None:
    """Answer what credits cost an organization; none where they are not sold to it."""
    try:
        return Terms(price_of_credits(organization))
    except NotSold:
        return None


@dataclass(frozen=True, slots=True)
class RechargeStanding:
    """Auto-recharge as its owner sees it: the setting, the card, and the last attempt."""

    setting: AutoRecharge | None
    card: Card | None
    last: Payment | None
    ceiling: Money | None
    this_month: Money | None
    now: dt.datetime

    @property
    def is_on(self) -> bool:
        return self.setting is not None and self.setting.enabled

    @property
    def is_paused(self) -> bool:
        return self.is_on and self.setting is not None and self.setting.paused_at is not None

    @property
    def waits_until(self) -> dt.datetime | None:
        """When the next attempt may be made, after one that failed."""
        retry_at = self.setting.retry_at if self.setting and self.is_on else None
        return retry_at if retry_at and retry_at > self.now else None

    @property
    def is_used_up(self) -> bool:
        """Answer whether another recharge would be more than a month may see."""
        if not self.is_on or self.setting is None:
            return False
        if self.ceiling is None or self.this_month is None:
            return False
        return (self.this_month + self.setting.amount).minor > self.ceiling.minor

    @property
    def words(self) -> str:
        """What was agreed to, in the words that were kept."""
        return consent_words(self.setting, self.ceiling) if self.setting else ""

    @property
    def state(self) -> str:
        """On, Paused or Off."""
        return "Paused" if self.is_paused else "On" if self.is_on else "Off"


def recharge_standing(
    organization: Organization, *, terms: Terms | None, now: dt.datetime
) -> RechargeStanding:
    """Answer how auto-recharge stands, in at most four statements."""
    ceiling = terms.ceiling if terms else None
    recharges = Payment.objects.filter(organization=organization, purpose=Payment.Purpose.RECHARGE)
    return RechargeStanding(
        setting=AutoRecharge.objects.filter(organization=organization).first(),
        card=Card.objects.default_of(organization),
        last=recharges.order_by("-id").first(),
        ceiling=ceiling,
        this_month=recharged_this_month(organization, now=now) if ceiling else None,
        now=now,
    )
