"""The plans that an owner is shown: price, what each includes, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Organization
from plans.choosing_plan import is_choosable, plans_on_offer
from plans.models import DemoRequest, PlanVersion
from plans.rate_table import RateTable, rate_table
from plans.reading import amount
from plans.standing import Standing
from plans.terms import CALL_MINUTES, CHANNELS, Terms
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan on offer to one organization; without a price it is not sold in its currency."""

    version: PlanVersion
    price: Money | None
    is_current: bool
    is_choosable: bool
    is_requested: bool
    limited: tuple[str, ...]

    @property
    def code(self) -> str:
        return self.version.plan.code

    @property
    def is_enterprise(self) -> bool:
        return self.version.kind == PlanVersion.Kind.ENTERPRISE

    @property
    def includes(self) -> list[str]:
        """What a period includes, a line for each thing."""
        return [*_included(self.version.terms), *_limited(self.version.terms, self.limited)]

    @property
    def rates(self) -> RateTable:
        return rate_table(self.version.terms)


def offers_to(organization: Organization, *, standing: Standing) -> list[Offer]:
    """Answer the plans on offer in the catalogue's order, in two statements."""
    plans = [plan for plan in plans_on_offer() if plan.version]
    versions = [plan.version for plan in plans if plan.version]
    requests = DemoRequest.objects.filter(organization=organization, handled_at__isnull=True)
    requested = set(requests.values_list("plan_id", flat=True))
    running = standing.version if not standing.is_over else None
    named = {resource: None for version in versions for resource in version.terms.limits}
    offers = []
    for plan, version in zip(plans, versions, strict=True):
        version.plan = plan
        offers.append(
            Offer(
                version=version,
                price=version.terms.price_in(organization.currency),
                is_current=running is not None and running.plan_id == plan.pk,
                is_choosable=is_choosable(version, organization.currency),
                is_requested=plan.pk in requested,
                limited=tuple(named),
            )
        )
    return offers


def _included(terms: Terms) -> Iterator[str]:
    if terms.included_credits:
        yield f"{amount(terms.included_credits)} plan credits"
    for meter, units in terms.allowances.items():
        yield f"{amount(units)} {_name(meter)}"
    for meter, quota in terms.quotas.items():
        yield f"{amount(quota)} {_name(meter)}"
    if terms.answered_only:
        yield "Answered only: sessions without a customer's reply are free"
    if terms.knows(CALL_MINUTES):
        *before, last = [channel for channel in CHANNELS if channel in terms.channels] or ["no"]
        listed = f"{', '.join(before)} and {last}" if before else last
        yield f"{listed.capitalize()} calls"
    if terms.voice_tiers:
        yield f"Voice tiers: {', '.join(terms.voice_tiers)}"


def _limited(terms: Terms, resources: tuple[str, ...]) -> Iterator[str]:
    """Write what is limited; what only other plans limit is unlimited here."""
    for resource in resources:
        limit = terms.limits.get(resource)
        how_many = "Unlimited" if limit is None else amount(limit) if limit else "No"
        yield f"{how_many} {_name(resource)}"


def _name(code: str) -> str:
    return code.replace("_", " ").replace(" gb", " GB")
