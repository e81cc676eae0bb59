"""What a catalogue says: the site's terms and its plans, as values that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from plans.periods import Interval
from plans.terms import CHANNELS, QUOTAS, RESOURCES, Terms

NONE = "none"
Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class SiteTerms:
    """The site keys of a catalogue; amounts are in major units per currency."""

    currency: str
    credit_price: Amounts
    minimum_top_up: Amounts = field(default_factory=dict)
    grace_days: int = 7
    retry_days: tuple[int, ...] = ()
    credit_unused_days: bool = True
    auto_recharge_monthly_ceiling: Amounts = field(default_factory=dict)
    hold_minutes: int | None = None
    quota_letters: bool = False


@dataclass(frozen=True, slots=True)
class OfferedPlan:
    """The words and terms of one plan of a catalogue."""

    code: str
    name: str
    kind: str
    terms: Terms
    description: str = ""
    audience: str = ""
    public: bool = True


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A whole catalogue; the order of its plans is the one in which customers see them."""

    site: SiteTerms
    plans: tuple[OfferedPlan, ...]


def flat_site(site: SiteTerms) -> dict[str, str]:
    """Write the site keys one by one, as a reader compares them."""
    return _flat({part.name: getattr(site, part.name) for part in fields(site)})


def flat_plan(plan: OfferedPlan) -> dict[str, str]:
    """Write the words and terms of a plan one by one: ``rates.call_minutes.web`` is ``"4"``."""
    words = {name: getattr(plan, name) for name in ("name", "description", "audience")}
    terms = {part.name: getattr(plan.terms, part.name) for part in fields(plan.terms)}
    return _flat({**words, "public": plan.public, "kind": plan.kind, **terms})


def written(catalogue: Catalogue) -> dict[str, Any]:
    """Write a catalogue as the plain mapping that its file holds, without what is default."""
    site = catalogue.site
    result: dict[str, Any] = {"currency": site.currency}
    for part in fields(site):
        value = getattr(site, part.name)
        if value not in ({}, (), None):
            result[part.name] = _plain(value)
    result["plans"] = {plan.code: _written_plan(plan, site.currency) for plan in catalogue.plans}
    return result


def _written_plan(plan: OfferedPlan, currency: str) -> dict[str, Any]:
    result: dict[str, Any] = {"name": plan.name}
    for name in ("description", "audience"):
        if getattr(plan, name):
            result[name] = getattr(plan, name)
    if not plan.public:
        result["public"] = False
    result["kind"] = plan.kind
    default = Terms(period=plan.terms.period)
    for part in fields(Terms):
        value = getattr(plan.terms, part.name)
        if part.name == "period" or value != getattr(default, part.name):
            result[part.name] = _plain(_in_order(value, plan.terms, currency))
    return result


def _in_order(value: Any, terms: Terms, currency: str) -> Any:
    """Put keys into the order in which people know them; the database does not keep it."""
    if not isinstance(value, Mapping):
        return value
    known = [*CHANNELS, *RESOURCES, *QUOTAS, *terms.voice_tiers, currency]
    ranks = {name: rank for rank, name in enumerate(known)}
    names = sorted(value, key=lambda name: (ranks.get(name, len(known)), name))
    return {name: _in_order(value[name], terms, currency) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Decimal):
        text = f"{value:f}"
        return text if "." in text else int(text)
    return str(value) if isinstance(value, Interval) else value


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, Mapping):
        return {
            key: text
            for name, part in value.items()
            for key, text in _flat(part, f"{path}.{name}" if path else name).items()
        }
    return {path: _shown(value)}


def _shown(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or NONE
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:f}" if isinstance(value, Decimal) else str(value) or NONE
