"""The act by which staff say what became of a request to be shown a plan."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import QuerySet
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from accounts.acting import LONGEST_REASON
from accounts.models import Organization, User
from accounts.refusals import Invalid
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.look import day
from billing_portal.operating.previews import Preview, changes_of
from plans.demos import handle_demo
from plans.models import DemoRequest


class DemoForm(ActForm):
    """Which request, and what became of it."""

    request = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label="Note",
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="What became of it: kept with the request and in the timeline, with your name.",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        request = self.fields["request"]
        assert isinstance(request, forms.ChoiceField)
        request.choices = [
            (str(asked.pk), f"{asked.plan}, asked on {day(self.organization.today(asked.at))}")
            for asked in open_demos(self.organization)
        ]


def open_demos(organization: Organization) -> QuerySet[DemoRequest]:
    """Answer the requests of an organization that nobody has handled, the oldest first."""
    asked = DemoRequest.objects.filter(organization=organization, handled_at__isnull=True)
    return asked.select_related("plan__version", "actor").order_by("at", "id")


def _preview(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    asked = _chosen(organization, form)
    changes = {f"Demo of {asked.plan}": (f"asked by {asked.actor or 'nobody known'}", "handled")}
    notes = ("No letter is sent.", "The owner can ask for another one.")
    return Preview(str(asked.pk), changes_of(changes), notes=notes)


def _handle(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    asked = handle_demo(
        _chosen(organization, form), note=form.cleaned_data["reason"], actor=actor, now=now
    )
    return f"{organization}: the request to be shown {asked.plan} is handled."


def _chosen(organization: Organization, form: ActForm) -> DemoRequest:
    asked = open_demos(organization).filter(pk=form.cleaned_data["request"]).first()
    if asked is None:
        raise Invalid("Somebody has handled this request already.", field="request")
    return asked


DEMO = ActPage(
    "demo",
    "Demo handled",
    "The owner asked to be shown a plan; say what became of it.",
    "slideshow",
    DemoForm,
    _preview,
    _handle,
    asked=("request",),
)
