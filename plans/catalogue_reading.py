"""A catalogue file is checked whole: every problem in it is found, with its line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from plans.catalogue_shape import Amounts, Catalogue, OfferedPlan, SiteTerms
from plans.catalogue_values import (
    Reader,
    Reading,
    credits,
    decimal,
    exactly_one_of,
    like,
    named,
    period,
    text,
    truth,
    whole,
)
from plans.catalogue_yaml import BadCatalogue, Node, Problem, Wrong, parse
from plans.terms import CALL_MINUTES, CHANNELS, OUTBOUND_CALLS, QUOTAS, RESOURCES, Terms
from wallet.money import LARGEST_MINOR, Money, NotMoney, exponent

KINDS = ("trial", "standard", "enterprise")
MOST_PLANS = 200
PRICE_PLACES, RATE_PLACES = 10, 12
LARGEST_RATE = 10**9
LONGEST_CALL_MINUTES = 7 * 24 * 60
YEAR = 366


def read_catalogue(source_text: str, *, source: str = "catalogue") -> Catalogue:
    """Read and check the text of a catalogue.

    :raises BadCatalogue: with every problem that was found, in the order of the lines.
    """
    problems: list[Problem] = []
    try:
        catalogue = _Reading(problems).catalogue(parse(source_text, problems))
    except BadCatalogue as refused:
        raise BadCatalogue([*problems, *refused.problems], source=source) from refused
    if problems or catalogue is None:
        raise BadCatalogue(problems, source=source)
    return catalogue


class _Reading(Reading):
    """One reading of one catalogue; what its currencies are decides how amounts are read."""

    currency: str = ""
    sold_in: Collection[str] = ()

    def catalogue(self, root: Node) -> Catalogue | None:
        if root.kind != "mapping":
            raise BadCatalogue([Problem(root.line, "", "a catalogue is a mapping of keys.")])
        site_readers: dict[str, Reader[Any]] = {
            "currency": self.site_currency,
            "credit_price": self.credit_price,
            "minimum_top_up": self.bounds,
            "grace_days": whole(0, YEAR),
            "retry_days": self.retry_days,
            "credit_unused_days": truth,
            "auto_recharge_monthly_ceiling": self.bounds,
            "hold_minutes": whole(1, LONGEST_CALL_MINUTES),
            "quota_letters": truth,
            "plans": self.plans,
        }
        values = self.record(root, site_readers, required=("currency", "credit_price", "plans"))
        plans = values.pop("plans", None)
        if self.problems or plans is None:
            return None
        return Catalogue(SiteTerms(**values), tuple(plans))

    def site_currency(self, node: Node) -> str:
        self.currency = _currency(node, text(10)(node))
        return self.currency

    def credit_price(self, node: Node) -> Amounts:
        price = decimal(PRICE_PLACES, most=LARGEST_RATE, above_zero=True)
        prices = self.per_currency(node, lambda part, _: price(part))
        if node.kind == "mapping":
            # What has a price in it, be it a wrong one, may be used below without a second word.
            self.sold_in = node.entries
            if self.currency and self.currency not in node.entries:
                raise Wrong(node, f"the site's currency {self.currency} has no price here.")
        else:
            self.sold_in = (self.currency,)
        return prices

    def bounds(self, node: Node) -> Amounts:
        return self.per_currency(node, self.amount)

    def price(self, node: Node) -> Amounts:
        prices = self.per_currency(node, self.amount)
        return prices if any(prices.values()) else {}

    def per_currency(self, node: Node, read: Callable[[Node, str], Decimal]) -> Amounts:
        """Read an amount in the site's currency, or a mapping of amounts per currency."""
        if node.kind != "mapping":
            return {self.currency: read(node, self.currency)} if self.currency else {}
        values = {}
        for code, entry in node.entries.items():
            value = self.attempt(lambda part, code=code: read(part, _currency(part, code)), entry)  # type: ignore[misc]  # mypy does not see the default of a lambda
            if value is not None:
                values[code] = value
        return values

    def amount(self, node: Node, code: str) -> Decimal:
        if self.sold_in and code not in self.sold_in:
            raise Wrong(node, f"{code} has no credit_price.")
        value = decimal(exponent(code), most=LARGEST_MINOR // 1000)(node)
        return Money.parse(value, code).amount

    def retry_days(self, node: Node) -> tuple[int, ...]:
        return tuple(sorted(self.names(node, whole(1, YEAR))))

    def plans(self, node: Node) -> list[OfferedPlan]:
        plans = self.each(node, self.plan, what="plan code", most=MOST_PLANS)
        if not node.entries:
            raise Wrong(node, "a catalogue has at least one plan.")
        trials = [code for code, plan in node.entries.items() if _is_public_trial(plan)]
        for code in trials[1:]:
            self.refuse(
                node.entries[code],
                f"“{trials[0]}” is a public trial already; there is one at most.",
            )
        return list(plans.values())

    def plan(self, node: Node) -> OfferedPlan | None:
        if node.kind != "mapping":
            raise Wrong(node, "a plan is a mapping of keys.")
        before = len(self.problems)
        readers = {
            "name": text(100),
            "description": text(500, empty=True),
            "audience": text(200, empty=True),
            "public": truth,
            "kind": exactly_one_of(KINDS),
            **self.term_readers(),
        }
        values = self.record(node, readers, required=("name", "kind", "period"))
        self.check_tiers(node)
        if len(self.problems) > before:
            return None
        words = {key: values.pop(key) for key in readers if key in values and key not in TERMS}
        return OfferedPlan(code=node.where.rpartition(".")[2], terms=Terms(**values), **words)

    def term_readers(self) -> dict[str, Reader[Any]]:
        minutes = decimal(6, most=LONGEST_CALL_MINUTES, above_zero=True)
        return {
            "period": period,
            "price": self.price,
            "auto_renew": truth,
            "signup_credits": credits,
            "included_credits": credits,
            "overdraft": credits,
            "pause_when": exactly_one_of(("dry", "negative")),
            "channels": self.channels,
            "max_call_minutes": lambda node: self.each(
                node, minutes, known=CHANNELS, what="channel"
            ),
            "voice_tiers": lambda node: self.names(node, named("voice tier")),
            "limits": lambda node: self.each(
                node, whole(0, 2**31 - 1), known=RESOURCES, what="resource"
            ),
            "quotas": lambda node: self.each(node, whole(1, 2**31 - 1), known=QUOTAS, what="quota"),
            "answered_only": truth,
            "allowances": self.allowances,
            "rates": lambda node: self.each(node, self.rate, what="meter"),
            "call_increment_seconds": whole(1, 3600),
            "rentals": lambda node: self.each(node, self.bounds, what="rentable thing"),
        }

    def channels(self, node: Node) -> tuple[str, ...]:
        read = self.names(node, exactly_one_of(CHANNELS))
        return tuple(channel for channel in CHANNELS if channel in read)

    def allowances(self, node: Node) -> dict[str, Decimal]:
        included = self.each(node, credits, what="meter")
        if OUTBOUND_CALLS in included:
            words = f"{OUTBOUND_CALLS} are counted against a quota, and from no allowance."
            self.refuse(node.entries[OUTBOUND_CALLS], words)
        return included

    def rate(self, node: Node) -> Decimal | dict[str, Any]:
        """Read credits per unit: a number, by channel, or by channel and voice tier."""
        per_unit = decimal(RATE_PLACES, most=LARGEST_RATE)
        if node.kind != "mapping":
            return per_unit(node)
        if not node.where.endswith(f".{CALL_MINUTES}"):
            raise Wrong(node, f"only {CALL_MINUTES} have a rate by channel.")

        def by_tier(part: Node) -> Decimal | dict[str, Decimal]:
            if part.kind != "mapping":
                return per_unit(part)
            return self.each(part, per_unit, what="voice tier")

        return self.each(node, by_tier, known=CHANNELS, what="channel")

    def check_tiers(self, plan: Node) -> None:
        """Refuse a rate for a voice tier that the plan does not allow."""
        listed = plan.entries.get("voice_tiers")
        rates = plan.entries.get("rates")
        minutes = rates.entries.get(CALL_MINUTES) if rates else None
        if listed is None or minutes is None:
            return
        tiers = [item.text for item in listed.items]
        for by_tier in minutes.entries.values():
            for tier, entry in by_tier.entries.items():
                if tier not in tiers:
                    words = f"“{tier[:40]}” is none of the plan's voice_tiers"
                    self.refuse(entry, words + like(tier, tiers))


TERMS = frozenset(Terms.__slots__)


def _is_public_trial(plan: Node) -> bool:
    said = {key: entry.text for key, entry in plan.entries.items()}
    return said.get("kind") == "trial" and said.get("public") != "false"


def _currency(node: Node, code: str) -> str:
    try:
        exponent(code)
    except NotMoney as error:
        raise Wrong(node, str(error)) from error
    return code
