"""The page on which staff see why something may not start: the gate's rules, one by one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from unfold.widgets import INPUT_CLASSES, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.models import Agent, Organization
from accounts.refusals import Refusal
from accounts.templatetags.wording import words
from billing_portal.operating.doctoring import MAY_LOOK
from billing_portal.operating.forms import RefusableForm
from plans.resources import KNOWN as RESOURCES
from plans.terms import CHANNELS
from usage.inspecting import Inspection, inspect
from usage.questions import KINDS, LONGEST_TEXT, Question

MOST_AGENTS = 500
CALLS = ("call", "campaign_batch")


class WhyForm(RefusableForm):
    """What wants to start, and when; all of it may be left as it is."""

    kind = forms.ChoiceField(
        choices=[(kind, words(kind)) for kind in KINDS],
        initial="call",
        # The page hides what the chosen kind does not have.
        widget=UnfoldAdminSelectWidget({"x-model": "kind"}),
    )
    channel = forms.ChoiceField(
        choices=[(channel, words(channel)) for channel in CHANNELS],
        initial="web",
        widget=UnfoldAdminSelectWidget,
        required=False,
    )
    agent = forms.ChoiceField(widget=UnfoldAdminSelectWidget, required=False)
    voice_tier = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextInputWidget,
        required=False,
        help_text="Left empty, the plan's first.",
    )
    batch = forms.CharField(
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextInputWidget,
        required=False,
        help_text="The platform's id of it. What was let through goes on after the plan's end.",
    )
    resource = forms.ChoiceField(
        choices=[(resource, words(resource)) for resource in RESOURCES],
        initial="agents",
        widget=UnfoldAdminSelectWidget,
        required=False,
        help_text="One more of them.",
    )
    at = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(
            {"type": "datetime-local", "step": "1", "class": " ".join(INPUT_CLASSES)},
            format="%Y-%m-%dT%H:%M:%S",
        ),
        input_formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"],
        help_text="Left empty, now.",
    )

    def __init__(self, *args: Any, organization: Organization, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organization = organization
        agents = Agent.objects.filter(organization=organization)[:MOST_AGENTS]
        named = [(agent.external_id, f"{agent.name} ({agent.external_id})") for agent in agents]
        choices = self.fields["agent"]
        if isinstance(choices, forms.ChoiceField):
            choices.choices = [("", "No agent"), *named]
        self.fields["at"].label = f"At ({organization.time_zone})"

    @property
    def of_calls(self) -> list[forms.BoundField]:
        """The fields that only a call or a batch of calls has."""
        return [self["channel"], self["voice_tier"], self["batch"]]

    def question(self) -> Question:
        """Answer the question that is asked, without what its kind does not have."""
        asked = self.cleaned_data
        kind = asked["kind"]
        return Question(
            self.organization.external_id,
            kind=kind,
            channel=(asked["channel"] or "web") if kind in CALLS else None,
            voice_tier=(asked["voice_tier"] or None) if kind in CALLS else None,
            batch=(asked["batch"] or None) if kind in CALLS else None,
            agent=asked["agent"] or None,
            resource=(asked["resource"] or "agents") if kind == "resource" else None,
        )


@never_cache
@require_safe
def page(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask what wants to start, and tell of every rule whether it would let it."""
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    organization = get_object_or_404(Organization, pk=pk)
    with timezone.override(organization.zone):
        form = WhyForm(request.GET or {"kind": "call"}, organization=organization)
        context = {
            **admin.site.each_context(request),
            "title": "Why can't they call?",
            "opts": Organization._meta,
            "original": organization,
            "organization": organization,
            "back": reverse("admin:accounts_organization_change", args=[pk]),
            "form": form,
            "inspection": _inspect(organization, form) if form.is_valid() else None,
        }
        return TemplateResponse(request, "admin/operating/why.html", context).render()


def _inspect(organization: Organization, form: WhyForm) -> Inspection | None:
    try:
        return inspect(
            organization, form.question(), now=timezone.now(), at=form.cleaned_data["at"]
        )
    except Refusal as refusal:
        form.refuse(refusal)
        return None
