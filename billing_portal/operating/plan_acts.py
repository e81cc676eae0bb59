"""Acts on plan and period: apply, renew, extend a trial."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from accounts.models import Organization, User
from accounts.refusals import Refusal
from billing_portal.operating.act_forms import ApplyForm, ExtendForm, PaidBy, WindowForm
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.look import day, days
from billing_portal.operating.previews import Preview, changes_of, preview_of, to_whom
from payments.cards import NoCard
from payments.gateway import at_stripe
from payments.models import Card, Payment
from plans.applying import apply_plan, propose
from plans.applying_by_card import apply_by_card
from plans.models import Counter, Period, Subscription
from plans.refusals import NotOnTrial
from plans.terms import SESSIONS
from plans.trials import extend_trial, extended_last_day, extension_digest
from wallet.credits import plain


class Declined(Refusal):
    """The card of the organization was declined; everything is as it was."""

    code = "card_declined"
    remedy = "Nothing was changed. Choose another way to pay, or ask for another card."


def _preview_plan(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    assert isinstance(form, WindowForm)
    change = propose(organization, form.request(), now=now)
    preview = preview_of(change, now=now)
    if form.paid_by != PaidBy.CARD or change.totals.total.minor <= 0:
        return preview
    card = Card.objects.default_of(organization)
    if card is None:
        raise NoCard(field="charge")
    total = change.totals.total.display()
    return replace(
        preview,
        # Another card is another thing to confirm.
        digest=f"{preview.digest}:{card.pk}",
        notes=(
            f"{total} is charged to {card} when you confirm. Declined, everything stays as it is.",
            *preview.notes,
        ),
        letter=f"“Plan applied” and “Payment received”, with the receipt, to "
        f"{to_whom(organization)}",
    )


def _apply(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    assert isinstance(form, WindowForm)
    reason = form.cleaned_data["reason"]
    if form.paid_by == PaidBy.CARD:
        return _apply_by_card(organization, form, digest.partition(":")[0], actor, now)
    period = apply_plan(
        organization, form.request(), reason=reason, digest=digest, actor=actor, now=now
    )
    return _is_on(organization, period)


def _apply_by_card(
    organization: Organization, form: WindowForm, digest: str, actor: User, now: dt.datetime
) -> str:
    payment = apply_by_card(
        organization,
        form.request(),
        reason=form.cleaned_data["reason"],
        key=form.cleaned_data["token"].hex,
        gateway=at_stripe(),
        digest=digest,
        actor=actor,
        now=now,
    )
    if payment is not None and payment.status == Payment.Status.FAILED:
        raise Declined(f"{payment.card} was declined: {payment.failure}")
    subscription = Subscription.objects.select_related("period__version").filter(
        organization=organization
    )
    if payment is not None and payment.status != Payment.Status.PAID:
        return (
            f"{payment.card} was asked for {payment.amount.display()} and has not answered yet: "
            "the payment is pending, and the plan takes effect as soon as it is paid."
        )
    paid = f"{payment.amount.display()} was charged to {payment.card}. " if payment else ""
    return paid + _is_on(organization, subscription.get().period)


def _is_on(organization: Organization, period: Period) -> str:
    return f"{organization} is on {period.version.name} until {day(period.last_day)}."


def _trial_of(organization: Organization) -> Period:
    subscription = (
        Subscription.objects.select_related("period__organization", "version")
        .filter(organization=organization)
        .first()
    )
    if subscription is None or not subscription.version.is_trial:
        raise NotOnTrial
    return subscription.period


def _preview_extension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    period = _trial_of(organization)
    last_day = extended_last_day(period, days=form.cleaned_data["days"], now=now)
    left = (last_day - organization.today(now)).days + 1
    changes = {
        "Last day": (day(period.last_day), f"{day(last_day)} ({organization.time_zone})"),
        "Days left": (days(period.days_left(now)), days(left)),
    }
    if period.used_up_at:
        counter = Counter.objects.of(period).filter(meter=SESSIONS).first()
        changes["Sessions counted"] = (plain(counter.used) if counter else "0", "0")
    notes = (
        "The same period goes on, with its counters and without new credits.",
        "The letters of the last days and of the end are due again.",
    )
    return Preview(extension_digest(period, last_day), changes_of(changes), notes=notes)


def _extend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    period = extend_trial(
        organization,
        days=values["days"],
        reason=values["reason"],
        digest=digest,
        actor=actor,
        now=now,
    )
    return f"The trial of {organization} runs until {day(period.last_day)}."


APPLY = ActPage(
    "apply",
    "Apply plan",
    "A fresh period begins today. Unused quota and plan credits of the running one are lost.",
    "swap_horiz",
    ApplyForm,
    _preview_plan,
    _apply,
)
RENEW = ActPage(
    "renew",
    "Renew",
    "A fresh period of the same plan begins today, on its newest terms.",
    "autorenew",
    WindowForm,
    _preview_plan,
    _apply,
)
EXTEND = ActPage(
    "extend",
    "Extend trial",
    "The trial goes on, or starts to work again.",
    "more_time",
    ExtendForm,
    _preview_extension,
    _extend,
)
