"""Acts on the organization itself: suspend, lift, change its details."""

from __future__ import annotations

import datetime as dt

from accounts.models import Organization, User
from accounts.refusals import Invalid
from accounts.suspending import suspend, unsuspend
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.organization_forms import DetailsForm
from billing_portal.operating.previews import Preview, changes_of
from plans.amending import AMENDABLE, amend, details_digest


def _preview_suspension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    changes = {
        "Calls, messages, sessions, batches": ("as the plan allows", "none may start"),
        "Creating agents, leads …": ("as the plan allows", "none"),
    }
    notes = ("Calls that are running are not cut.", "No letter is sent.")
    return Preview(f"suspend:{organization.is_suspended}", changes_of(changes), notes=notes)


def _suspend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    suspend(organization, reason=form.cleaned_data["reason"], actor=actor, now=now)
    return f"{organization} is suspended."


def _preview_unsuspension(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    changes = {"All work": ("suspended", "as the plan allows, at once")}
    notes = (f"It was suspended because: {organization.suspension_reason or '-'}",)
    return Preview(f"unsuspend:{organization.is_suspended}", changes_of(changes), notes=notes)


def _unsuspend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    unsuspend(organization, reason=form.cleaned_data["reason"], actor=actor, now=now)
    return f"{organization} may work again."


def _preview_details(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    assert isinstance(form, DetailsForm)
    asked = form.details()
    was = {name: _one_break(getattr(organization, name)) for name in asked}
    changes = {
        name.replace("_", " ").capitalize(): (was[name] or "-", value or "-")
        for name, value in asked.items()
        if value != was[name]
    }
    if not changes:
        raise Invalid("Nothing was changed.")
    note = "What is running and what is printed stays as it is."
    return Preview(details_digest(organization), changes_of(changes), notes=(note,))


def _amend(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    assert isinstance(form, DetailsForm)
    amend(organization, form.details(), digest=digest, actor=actor, now=now)
    return f"The details of {organization} are changed."


def _one_break(text: str) -> str:
    """Write line breaks as the form reads them, whatever wrote the text."""
    return text.replace("\r\n", "\n")


def _details_now(organization: Organization) -> dict[str, str]:
    return {name: getattr(organization, name) for name in AMENDABLE}


SUSPEND = ActPage(
    "suspend",
    "Suspend",
    "Everything the organization does stops at once, whatever its plan.",
    "pause_circle",
    ActForm,
    _preview_suspension,
    _suspend,
    danger=True,
)
UNSUSPEND = ActPage(
    "unsuspend",
    "Lift suspension",
    "The organization works again, as far as its plan and balance let it.",
    "play_circle",
    ActForm,
    _preview_unsuspension,
    _unsuspend,
)
DETAILS = ActPage(
    "details",
    "Edit details",
    "For what is decided and printed from now on.",
    "edit",
    DetailsForm,
    _preview_details,
    _amend,
    _details_now,
)
