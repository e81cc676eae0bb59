"""The act by which staff take refused usage off the list, with a reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget

from accounts.models import Organization, User
from accounts.refusals import Invalid
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.previews import Preview, changes_of
from usage.models import RefusedReport
from usage.refusing import dismiss


class DismissForm(ActForm):
    """Which refused usage."""

    refused = forms.ChoiceField(label="Refused usage", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        refused = self.fields["refused"]
        assert isinstance(refused, forms.ChoiceField)
        refused.choices = [
            (str(row.pk), f"{row.meter or 'other meters'}, {_how_often(row)}")
            for row in open_refusals(self.organization)
        ]


def open_refusals(organization: Organization) -> QuerySet[RefusedReport]:
    """Answer what is refused of an organization, and neither charged since nor dismissed."""
    return RefusedReport.objects.filter(organization=organization, ended_at__isnull=True)


def _preview(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    row = _chosen(organization, form)
    changes = {row.meter or "Other meters": (f"refused {_how_often(row)}", "off the list")}
    notes = (
        "Nothing is charged: the platform was told that it was refused.",
        "It comes back when it is reported again and the plan still does not know it.",
    )
    return Preview(f"{row.pk}:{row.times}", changes_of(changes), notes=notes)


def _dismiss(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    row = dismiss(
        _chosen(organization, form), reason=form.cleaned_data["reason"], actor=actor, now=now
    )
    return f"{organization}: {row.meter or 'other meters'} is off the list of refused usage."


def _how_often(row: RefusedReport) -> str:
    return "once" if row.times == 1 else f"{row.times} times"


def _chosen(organization: Organization, form: ActForm) -> RefusedReport:
    row = open_refusals(organization).filter(pk=form.cleaned_data["refused"]).first()
    if row is None:
        raise Invalid("It is off the list already.", field="refused")
    return row


DISMISS = ActPage(
    "dismiss",
    "Dismiss refused usage",
    "The platform reports what the plan does not know. Better is a plan that knows it.",
    "playlist_remove",
    DismissForm,
    _preview,
    _dismiss,
    asked=("refused",),
)
