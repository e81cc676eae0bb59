"""Staff apply or renew a plan: previewed as a change-set, confirmed, done if nothing moved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from accounts.acting import record_act, require_reason
from accounts.letters import owe_letter
from accounts.models import Organization, User
from accounts.refusals import Invalid
from invoices.issuing import issue_invoice, totals_now
from invoices.models import Invoice
from plans.beginning import Beginning, begin_period, lock_subscription
from plans.changes import ChangeSet, CounterLost, OverLimit
from plans.models import Counter, Period, Plan, PlanVersion, Rental, ResourceCount, Subscription
from plans.periods import NoPeriod, Window, last_day_of, window_from, window_until
from plans.pricing import period_lines, rents, with_unused_days
from plans.refusals import NoSubscription, PlanNotAvailable, PreviewOutdated, TrialUsed
from plans.unused import unused_credit
from wallet.credits import ZERO, display
from wallet.ledger import Posting, lock_wallet, post
from wallet.models import CreditGrant, LedgerEntry


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What is asked for: a plan (none renews the current one), a window, an invoice or none.

    ``chosen`` by the owner himself, otherwise staff apply it.
    """

    plan: str | None = None
    days: int | None = None
    last_day: dt.date | None = None
    credit_unused: bool = False
    invoiced: bool = True
    chosen: bool = False


def propose(organization: Organization, request: PlanRequest, *, now: dt.datetime) -> ChangeSet:
    """Answer what would happen if the plan took effect now; nothing is written.

    :raises PlanNotAvailable: no such plan, retired, or not sold in this currency.
    :raises TrialUsed: the trial was used already.
    :raises NoSubscription: there is nothing to renew.
    :raises Invalid: a window in the past, of no days, or given twice.
    """
    subscription = (
        Subscription.objects.select_related("period__version", "version__plan")
        .filter(organization=organization)
        .first()
    )
    version = _version_asked_for(organization, request, subscription)
    window, anchor_day = _window_asked_for(organization, request, version, now)
    rent = rents([organization.pk])[organization.pk]
    lines = period_lines(organization, version, window, rent)
    previous = subscription.period if subscription else None
    if previous and request.credit_unused:
        unused = unused_credit(previous, today=window.first_day, now=now)
        lines = with_unused_days(lines, unused)
    terms = version.terms
    return ChangeSet(
        organization=organization,
        source=_source(request, version),
        version=version,
        window=window,
        anchor_day=anchor_day,
        previous=previous,
        days_lost=max(previous.days_left(now) - 1, 0) if previous else 0,
        counters_lost=_counters_lost(previous),
        plan_credits_expired=_plan_credits(organization, now),
        plan_credits_granted=terms.included_credits,
        wallet_granted=terms.signup_credits if version.is_trial else ZERO,
        over_limits=_over_limits(organization, version),
        lines=tuple(lines),
        totals=totals_now(lines, organization.currency),
        invoiced=request.invoiced,
    )


@transaction.atomic
def apply_plan(
    organization: Organization,
    request: PlanRequest,
    *,
    reason: str,
    now: dt.datetime,
    digest: str | None = None,
    actor: User | None = None,
    announce: bool = True,
) -> Period:
    """Let a plan take effect now; ``digest`` is that of the preview that was confirmed.

    ``announce`` owes the owner a letter with the invoice; a sign-up has none.

    :raises PreviewOutdated: under the lock it is another change than the one confirmed.
    """
    reason = require_reason(reason)
    wallet = lock_wallet(organization.pk)
    subscription = lock_subscription(organization)
    organization = Organization.objects.get(pk=organization.pk)
    change = propose(organization, request, now=now)
    if digest is not None and digest != change.digest:
        raise PreviewOutdated
    beginning = Beginning(
        organization=organization,
        wallet=wallet,
        subscription=subscription,
        version=change.version,
        window=change.window,
        source=change.source,
        anchor_day=change.anchor_day,
    )
    period = begin_period(beginning, now=now)
    _grant_signup_credits(change, now=now)
    invoice = _invoice(change, period, now=now)
    if invoice:
        period.invoice = invoice
        period.save(update_fields=["invoice"])
        Rental.objects.filter(organization=organization).update(prorata_period=None)
    if announce:
        tell_plan_applied(period, invoice, now=now)
    _write_act(change, invoice, reason=reason, actor=actor, now=now)
    return period


def _version_asked_for(
    organization: Organization, request: PlanRequest, subscription: Subscription | None
) -> PlanVersion:
    if request.plan is None:
        if subscription is None:
            raise NoSubscription
        plan = subscription.version.plan
        version = plan.version if plan.version and not plan.retired_at else subscription.version
    else:
        found = Plan.objects.select_related("version").filter(code=request.plan).first()
        if found is None or found.version is None or found.retired_at:
            raise PlanNotAvailable(f"There is no plan “{request.plan[:40]}”.", field="plan")
        version = found.version
    if version.is_trial and organization.periods.filter(source=Period.Source.TRIAL).exists():
        raise TrialUsed(field="plan")
    return version


def _window_asked_for(
    organization: Organization, request: PlanRequest, version: PlanVersion, now: dt.datetime
) -> tuple[Window, int]:
    zone, today = organization.zone, organization.today(now)
    if request.days is not None and request.last_day is not None:
        raise Invalid("Give a number of days or a last day, not both.", field="last_day")
    try:
        if request.days is not None:
            window = window_until(now, zone, last_day_of(today, request.days))
        elif request.last_day is not None:
            window = window_until(now, zone, request.last_day)
        else:
            return window_from(now, zone, version.terms.period), today.day
    except (NoPeriod, OverflowError) as error:
        field = "days" if request.days is not None else "last_day"
        raise Invalid(str(error), field=field) from error
    return window, (window.last_day + dt.timedelta(days=1)).day


def _source(request: PlanRequest, version: PlanVersion) -> Period.Source:
    if version.is_trial:
        return Period.Source.TRIAL
    if request.chosen:
        return Period.Source.CHOSEN
    return Period.Source.RENEWED if request.plan is None else Period.Source.APPLIED


def _counters_lost(previous: Period | None) -> tuple[CounterLost, ...]:
    if previous is None:
        return ()
    terms = previous.version.terms
    included: dict[str, Decimal | int] = {**terms.allowances, **terms.quotas}
    counters = Counter.objects.of(previous).filter(used__gt=0).order_by("meter")
    return tuple(
        CounterLost(counter.meter, counter.used, included.get(counter.meter))
        for counter in counters
    )


def _plan_credits(organization: Organization, now: dt.datetime) -> Decimal:
    grants = CreditGrant.objects.filter(organization=organization, kind=CreditGrant.Kind.PLAN)
    return grants.live(now).aggregate(left=Sum("remaining"))["left"] or ZERO


def _over_limits(organization: Organization, version: PlanVersion) -> tuple[OverLimit, ...]:
    limits = version.terms.limits
    counts = ResourceCount.objects.filter(organization=organization).order_by("resource")
    return tuple(
        OverLimit(count.resource, count.used, limits[count.resource])
        for count in counts
        if count.resource in limits and count.used > limits[count.resource]
    )


def _grant_signup_credits(change: ChangeSet, *, now: dt.datetime) -> None:
    if change.wallet_granted:
        organization_id = change.organization.pk
        words = f"Sign-up credits of the {change.version.name}"
        entry = Posting(
            organization_id, LedgerEntry.Kind.SIGNUP, change.wallet_granted, "signup", words
        )
        post([entry], now=now)


def _invoice(change: ChangeSet, period: Period, *, now: dt.datetime) -> Invoice | None:
    if not change.issues_invoice:
        return None
    return issue_invoice(
        change.organization,
        key=f"period:{period.pk}",
        lines=list(change.lines),
        service=(period.first_day, period.last_day),
        now=now,
    )


def tell_plan_applied(period: Period, invoice: Invoice | None, *, now: dt.datetime) -> None:
    """Owe the letter that staff applied a plan, with the invoice if there is an open one."""
    owe_letter(
        period.organization,
        code="plan_applied",
        key=f"plan_applied:{period.pk}",
        context={
            "plan": period.version.name,
            "first_day": f"{period.first_day:%-d %B %Y}",
            "last_day": f"{period.last_day:%-d %B %Y}",
            "invoice_number": invoice.number if invoice else "",
            "total": invoice.total.display() if invoice else "",
            "due_on": f"{invoice.due_on:%-d %B %Y}" if invoice and invoice.due_on else "",
        },
        document_number=(invoice.number or "") if invoice else "",
        now=now,
    )


def _write_act(
    change: ChangeSet,
    invoice: Invoice | None,
    *,
    reason: str,
    actor: User | None,
    now: dt.datetime,
) -> None:
    verbs = {Period.Source.RENEWED: "renew", Period.Source.TRIAL: "start_trial"}
    words = {Period.Source.RENEWED: "renewed", Period.Source.TRIAL: "started"}
    window = change.window
    summary = (
        f"{change.version.name} {words.get(change.source, 'applied')}: "
        f"{window.first_day:%-d %b %Y} - {window.last_day:%-d %b %Y}"
    )
    if change.plan_credits_expired:
        summary += f", {display(change.plan_credits_expired)} plan credits expired"
    record_act(
        change.organization,
        verb=verbs.get(change.source, "apply_plan"),
        summary=summary,
        reason=reason,
        now=now,
        actor=actor,
        before=_state(change.previous),
        after={
            "plan": change.version.name,
            "first_day": window.first_day.isoformat(),
            "last_day": window.last_day.isoformat(),
            "invoice": invoice.number if invoice else None,
        },
    )


def _state(period: Period | None) -> dict[str, str]:
    if period is None:
        return {}
    return {
        "plan": period.version.name,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
    }
