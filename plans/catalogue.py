"""The site's commercial terms are loaded from a catalogue file, and written back to one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from plans.catalogue_diff import CatalogueDiff, KeyChange, PlanChange
from plans.catalogue_reading import read_catalogue
from plans.catalogue_shape import (
    NONE,
    Catalogue,
    OfferedPlan,
    SiteTerms,
    flat_plan,
    flat_site,
    written,
)
from plans.catalogue_yaml import BadCatalogue, Problem, write
from plans.models import Plan, PlanVersion, Site
from plans.provisioning import site as loaded_site
from plans.refusals import PreviewOutdated
from wallet.credits import plain
from wallet.models import CreditPrice
from wallet.money import Money

__all__ = ["BadCatalogue", "CatalogueDiff", "dump_catalogue", "load_catalogue"]


def load_catalogue(
    text: str,
    *,
    now: dt.datetime,
    source: str = "catalogue",
    dry_run: bool = False,
    digest: str | None = None,
) -> CatalogueDiff:
    """Load the text of a catalogue as a whole; answers what changed, or would change.

    A plan whose words or terms differ gets a new version, one that is missing is retired. Loaded
    twice, the second time changes nothing. ``digest`` is that of the change that was confirmed.

    :raises BadCatalogue: something is wrong with it; it lists every problem, nothing changed.
    :raises PreviewOutdated: under the lock it is another change than the one confirmed.
    """
    wanted = read_catalogue(text, source=source)
    if dry_run:
        return _compare(wanted)
    with transaction.atomic():
        _lock_catalogue()
        change = _compare(wanted)
        if digest is not None and digest != change.digest:
            raise PreviewOutdated
        if not change.is_empty:
            _apply(wanted, change, now=now)
    return change


def load_catalogue_data(data: Mapping[str, Any], *, now: dt.datetime) -> CatalogueDiff:
    """Load a catalogue that is at hand as a mapping, as its YAML file would be.

    :raises BadCatalogue: without lines, which a mapping does not have.
    """
    try:
        return load_catalogue(write(_with_texts(data)), now=now)
    except BadCatalogue as refused:
        problems = [Problem(0, problem.where, problem.words) for problem in refused.problems]
        raise BadCatalogue(problems, source=refused.source) from refused


def dump_catalogue() -> str:
    """Write the catalogue that is in force as the YAML file that changes nothing when loaded.

    :raises Invalid: none has been loaded yet.
    """
    plans = Plan.objects.filter(retired_at__isnull=True, version__isnull=False)
    offered = tuple(_offered(plan) for plan in plans.select_related("version"))
    return write(written(Catalogue(_site_terms(loaded_site()), offered)))


def _lock_catalogue() -> None:
    # A table can be locked also while it is empty; readers and foreign keys are not held up.
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE plans_plan IN SHARE ROW EXCLUSIVE MODE")


def _compare(wanted: Catalogue) -> CatalogueDiff:
    site = Site.objects.first()
    known = {plan.code: plan for plan in Plan.objects.select_related("version")}
    codes = {plan.code for plan in wanted.plans}
    offered = [
        _compare_plan(known.get(plan.code), plan, place)
        for place, plan in enumerate(wanted.plans, start=1)
    ]
    gone = [
        PlanChange(plan.code, _number(plan), is_retired=True)
        for plan in known.values()
        if plan.code not in codes and plan.retired_at is None
    ]
    return CatalogueDiff(
        site=_changes(flat_site(_site_terms(site)) if site else {}, flat_site(wanted.site)),
        plans=(*offered, *gone),
    )


def _compare_plan(plan: Plan | None, wanted: OfferedPlan, place: int) -> PlanChange:
    if plan is None:
        return PlanChange(wanted.code, 1, is_new=True)
    moved = KeyChange("place", str(plan.position), str(place)) if plan.position != place else None
    old = flat_plan(_offered(plan)) if plan.version else {}
    changes = _changes(old, flat_plan(wanted))
    return PlanChange(
        wanted.code,
        _number(plan) + bool(changes),
        is_offered_again=plan.retired_at is not None,
        changes=changes,
        place=moved,
    )


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[KeyChange, ...]:
    keys = dict.fromkeys([*new, *old])
    pairs = [KeyChange(key, old.get(key, NONE), new.get(key, NONE)) for key in keys]
    return tuple(change for change in pairs if change.old != change.new)


def _number(plan: Plan) -> int:
    return plan.version.number if plan.version else 0


def _apply(wanted: Catalogue, change: CatalogueDiff, *, now: dt.datetime) -> None:
    if change.site:
        _apply_site(wanted.site)
    offered = {plan.code: plan for plan in wanted.plans}
    places = {plan.code: place for place, plan in enumerate(wanted.plans, start=1)}
    for planned in change.plans:
        if planned.is_retired:
            Plan.objects.filter(code=planned.code).update(retired_at=now)
        elif not planned.is_empty:
            _apply_plan(offered[planned.code], planned, places[planned.code], now=now)


def _apply_plan(offered: OfferedPlan, change: PlanChange, place: int, *, now: dt.datetime) -> None:
    plan, _ = Plan.objects.update_or_create(
        code=offered.code, defaults={"position": place, "retired_at": None}
    )
    if not (change.is_new or change.changes):
        return
    plan.version = PlanVersion.objects.create(
        plan=plan,
        number=change.version,
        kind=offered.kind,
        name=offered.name,
        description=offered.description,
        audience=offered.audience,
        public=offered.public,
        terms_json=offered.terms.to_json(),
        created_at=now,
    )
    plan.save(update_fields=["version"])


def _apply_site(terms: SiteTerms) -> None:
    Site.objects.update_or_create(
        id=1,
        defaults={
            "currency": terms.currency,
            "grace_days": terms.grace_days,
            "retry_days": list(terms.retry_days),
            "credit_unused_days": terms.credit_unused_days,
            "hold_minutes": terms.hold_minutes,
            "quota_letters": terms.quota_letters,
        },
    )
    CreditPrice.objects.exclude(currency__in=terms.credit_price).delete()
    for currency, price in terms.credit_price.items():
        ceiling = terms.auto_recharge_monthly_ceiling.get(currency)
        least = terms.minimum_top_up.get(currency, Decimal(0))
        CreditPrice.objects.update_or_create(
            currency=currency,
            defaults={
                "price": price,
                "minimum_top_up_minor": Money.parse(least, currency).minor,
                "monthly_recharge_ceiling_minor": None
                if ceiling is None
                else Money.parse(ceiling, currency).minor,
            },
        )


def _site_terms(site: Site) -> SiteTerms:
    prices = list(CreditPrice.objects.all())
    return SiteTerms(
        currency=site.currency,
        credit_price={row.currency: Decimal(plain(row.price)) for row in prices},
        minimum_top_up={
            row.currency: Money(row.minimum_top_up_minor, row.currency).amount
            for row in prices
            if row.minimum_top_up_minor
        },
        grace_days=site.grace_days,
        retry_days=tuple(site.retry_days),
        credit_unused_days=site.credit_unused_days,
        auto_recharge_monthly_ceiling={
            row.currency: Money(row.monthly_recharge_ceiling_minor, row.currency).amount
            for row in prices
            if row.monthly_recharge_ceiling_minor is not None
        },
        hold_minutes=site.hold_minutes,
        quota_letters=site.quota_letters,
    )


def _offered(plan: Plan) -> OfferedPlan:
    version = plan.version
    assert version is not None
    return OfferedPlan(
        code=plan.code,
        name=version.name,
        kind=version.kind,
        terms=version.terms,
        description=version.description,
        audience=version.audience,
        public=version.public,
    )


def _with_texts(data: Any) -> Any:
    """Answer the same data with decimals and tuples in the forms that YAML has."""
    if isinstance(data, Mapping):
        return {key: _with_texts(part) for key, part in data.items()}
    if isinstance(data, list | tuple):
        return [_with_texts(part) for part in data]
    return str(data) if isinstance(data, Decimal) else data
