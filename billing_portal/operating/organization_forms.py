"""What staff fill in about an organization itself: its details, and a new one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django_countries import countries
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import Organization, new_external_id
from accounts.time_zones import time_zone_choices
from billing_portal.operating.forms import ActForm, RefusableForm
from plans.models import Plan, Site
from plans.provisioning import NewOrganization
from plans.trials import trial_plan
from wallet.models import CreditPrice

NEW_TRIAL = "trial:new"


def currency_choices() -> list[tuple[str, str]]:
    """Answer the currencies in which credits are sold."""
    return [(code, code) for code in CreditPrice.objects.values_list("currency", flat=True)]


def _site_currency() -> str:
    terms = Site.objects.first()
    return terms.currency if terms else ""


def country_choices() -> list[tuple[str, str]]:
    """Answer the countries by their names."""
    return [("", "Not known"), *((code, name) for code, name in countries)]


def start_choices() -> list[tuple[str, str]]:
    """Answer what a new organization can begin with."""
    plans = Plan.objects.filter(retired_at__isnull=True).select_related("version")
    paid = [(plan.code, str(plan)) for plan in plans if plan.version and not plan.version.is_trial]
    trial = trial_plan()
    return [("", "No plan yet"), *([(NEW_TRIAL, str(trial))] if trial else []), *paid]


class DetailsForm(ActForm):
    """Name, time zone, currency and billing details of an organization."""

    reason = None  # type: ignore[assignment]  # the verb asks for none
    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    time_zone = forms.ChoiceField(
        choices=time_zone_choices,
        widget=UnfoldAdminSelectWidget,
        help_text="For periods that begin from now on.",
    )
    currency = forms.ChoiceField(choices=currency_choices, widget=UnfoldAdminSelectWidget)
    email = forms.EmailField(
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text="Where letters about money go; left empty, to owners and billing members.",
    )
    billing_name = forms.CharField(
        required=False, max_length=200, widget=UnfoldAdminTextInputWidget
    )
    billing_address = forms.CharField(
        required=False, max_length=1000, widget=UnfoldAdminTextareaWidget({"rows": 3})
    )
    country = forms.ChoiceField(
        required=False, choices=country_choices, widget=UnfoldAdminSelectWidget
    )
    tax_id = forms.CharField(required=False, max_length=40, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("time_zone", "currency"):
            _keep_choice(self.fields[name], getattr(self.organization, name))

    def details(self) -> dict[str, str]:
        """Answer the fields by their names; browsers send line breaks in their own way."""
        return {
            name: self.cleaned_data[name].replace("\r\n", "\n")
            for name in self.fields
            if name != "token"
        }


def _keep_choice(field: forms.Field, value: str) -> None:
    """Offer what an organization has, also where nobody else can choose it any more."""
    assert isinstance(field, forms.ChoiceField)
    if not field.valid_value(value):
        field.choices = [(value, value), *cast(Iterable[Any], field.choices)]


class FoundForm(RefusableForm):
    """A new organization; the platform's id makes sure that it is made once."""

    name = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    external_id = forms.CharField(
        max_length=200,
        initial=new_external_id,
        label="Platform's id",
        widget=UnfoldAdminTextInputWidget,
        help_text="As the platform names it; ours where it has none yet.",
    )
    owner_email = forms.EmailField(
        required=False,
        max_length=254,
        widget=UnfoldAdminTextInputWidget,
        help_text="Known people are found; new ones set their password by “Forgot password”.",
    )
    time_zone = forms.ChoiceField(
        choices=time_zone_choices, initial="UTC", widget=UnfoldAdminSelectWidget
    )
    currency = forms.ChoiceField(
        choices=currency_choices, initial=_site_currency, widget=UnfoldAdminSelectWidget
    )
    country = forms.ChoiceField(
        required=False, choices=country_choices, widget=UnfoldAdminSelectWidget
    )
    email = forms.EmailField(
        required=False,
        max_length=254,
        label="Billing email",
        widget=UnfoldAdminTextInputWidget,
        help_text="Where letters about money go; left empty, to the owner.",
    )
    start = forms.ChoiceField(
        required=False,
        label="Starts on",
        choices=start_choices,
        widget=UnfoldAdminSelectWidget,
        help_text="A plan begins, and is invoiced, today.",
    )

    def clean_external_id(self) -> str:
        """Refuse an id that is taken: what exists is not made again."""
        asked: str = self.cleaned_data["external_id"].strip()
        known = Organization.objects.filter(external_id=asked).first()
        if known:
            raise forms.ValidationError(f"{known} has this id.")
        return asked

    def details(self) -> NewOrganization:
        """Answer what the verb needs to know."""
        names = ("name", "external_id", "time_zone", "currency", "country", "email")
        return NewOrganization(**{name: self.cleaned_data[name] for name in names})
