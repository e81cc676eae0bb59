"""The act by which staff decide whether an organization's plans renew by themselves."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.db import transaction
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.look import day
from billing_portal.operating.previews import Preview, changes_of
from plans.following import choose_renewal
from plans.models import RenewalChoice, Subscription
from plans.periods import DAY
from plans.refusals import PreviewOutdated
from wallet.ledger import lock_wallet

CHOICES = {"plan": "As the plan says", "yes": "Yes", "no": "No"}
MEANS = {"plan": None, "yes": True, "no": False}


class RenewalForm(ActForm):
    """Whether plans renew by themselves."""

    auto_renew = forms.ChoiceField(
        choices=tuple(CHOICES.items()),
        label="Renews by itself",
        widget=UnfoldAdminSelectWidget,
        help_text="Outlasts every change of plan. A trial never renews.",
    )


def renewal_choice(organization: Organization) -> str:
    """Answer what staff have chosen for an organization: yes, no, or as the plan says."""
    choice = RenewalChoice.objects.filter(organization=organization).first()
    if choice is None:
        return "plan"
    return "yes" if choice.auto_renew else "no"


def _preview(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    was, wanted = renewal_choice(organization), form.cleaned_data["auto_renew"]
    if was == wanted:
        raise Invalid("That is how it is already.", field="auto_renew")
    before, after = (_effect(organization, choice) for choice in (was, wanted))
    changes = {
        "Renews by itself": (CHOICES[was], CHOICES[wanted]),
        "After its last day": (before, after),
    }
    notes = ("The running period stays as it is. No letter is sent.",)
    return Preview(f"{was}:{wanted}:{before}:{after}", changes_of(changes), notes=notes)


def _effect(organization: Organization, choice: str) -> str:
    """Say what follows the running period under a choice."""
    subscription = (
        Subscription.objects.select_related("version", "period")
        .filter(organization=organization)
        .first()
    )
    if subscription is None:
        return "there is no plan yet"
    if subscription.version.is_trial:
        return "the trial ends"
    if subscription.canceled_at is not None:
        return "it ends, because its owner cancelled it"
    chosen = MEANS[choice]
    if subscription.version.terms.auto_renew if chosen is None else chosen:
        return f"renews on {day(subscription.period.last_day + DAY)}"
    return f"ends after {day(subscription.period.last_day)}"


@transaction.atomic
def _choose(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    lock_wallet(organization.pk)
    was, wanted = renewal_choice(organization), form.cleaned_data["auto_renew"]
    if digest.partition(":")[0] != was:
        raise PreviewOutdated
    choose_renewal(organization, auto_renew=MEANS[wanted], now=now)
    record_act(
        organization,
        verb="choose_renewal",
        summary=f"Renews by itself: {CHOICES[wanted].lower()}",
        reason=form.cleaned_data["reason"],
        before={"auto_renew": was},
        after={"auto_renew": wanted},
        actor=actor,
        now=now,
    )
    return f"{organization}: after its last day the plan {_effect(organization, wanted)}."


RENEWAL = ActPage(
    "renewal",
    "Automatic renewal",
    "Whether the period after the last one begins, and is charged, without anybody's doing.",
    "event_repeat",
    RenewalForm,
    _preview,
    _choose,
    lambda organization: {"auto_renew": renewal_choice(organization)},
)
