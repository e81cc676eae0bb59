"""The forms of sign-up, of a change of plan, and of the session limit."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password

from accounts.models import User
from accounts.time_zones import time_zone_choices
from payments.forms import RefusableForm
from plans.provisioning import NewOrganization, site
from plans.self_renting import MOST_AT_ONCE
from plans.signing_up import EmailTaken, NewPerson
from wallet.models import CreditPrice


class ChangeForm(RefusableForm):
    """When another plan takes effect."""

    NOW, PERIOD_END, ON_DATE = "now", "period_end", "date"

    when = forms.ChoiceField(
        label="When",
        choices=[
            (NOW, "Immediately"),
            (PERIOD_END, "End of the current period"),
            (ON_DATE, "On custom date"),
        ],
    )
    date = forms.DateField(
        label="Date", required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any = None, *, today: dt.date) -> None:
        """Read dates as days of the organization, of which one is today."""
        super().__init__(data)
        self.today = today

    def clean(self) -> dict[str, Any]:
        """Ask for the date where one is meant."""
        picked = self.cleaned_data.get("date", ...)
        if self.cleaned_data.get("when") == self.ON_DATE and picked is None:
            self.add_error("date", "Pick the date.")
        return self.cleaned_data

    @property
    def is_now(self) -> bool:
        """Whether it takes effect at once; today is now."""
        return self.cleaned_data["when"] == self.NOW or self.starts_on == self.today

    @property
    def starts_on(self) -> dt.date | None:
        """The day that was picked; none is the day after the period's last."""
        picked: dt.date | None = self.cleaned_data.get("date")
        return picked if self.cleaned_data["when"] == self.ON_DATE else None


class RentForm(RefusableForm):
    """How many of a thing to rent."""

    quantity = forms.IntegerField(
        label="How many", min_value=1, max_value=MOST_AT_ONCE, initial=1, step_size=1
    )


class SessionLimitForm(RefusableForm):
    """How many sessions may start in the running period."""

    sessions = forms.IntegerField(
        label="Session limit", min_value=1, max_value=2_000_000_000, step_size=1
    )


class SignUpForm(RefusableForm):
    """What a person types to get an organization on the trial."""

    organization = forms.CharField(
        label="Organization",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "organization"}),
    )
    name = forms.CharField(
        label="Your name", max_length=200, widget=forms.TextInput({"autocomplete": "name"})
    )
    email = forms.EmailField(
        label="Email", max_length=254, widget=forms.EmailInput({"autocomplete": "username"})
    )
    password = forms.CharField(
        label="Password",
        strip=False,
        max_length=200,
        help_text="At least 8 characters; long is better than complicated.",
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zone_choices,
        initial="UTC",
        help_text="Your days, and so your billing periods, begin at midnight here.",
    )
    currency = forms.ChoiceField(label="Currency", help_text="Your invoices are in this currency.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the currencies in which credits are sold, the site's own first."""
        super().__init__(*args, **kwargs)
        sold = list(CreditPrice.objects.values_list("currency", flat=True))
        own = site().currency
        currency = self.fields["currency"]
        assert isinstance(currency, forms.ChoiceField)
        currency.choices = [(code, code) for code in sorted(sold, key=lambda code: code != own)]

    def clean_password(self) -> str:
        """Refuse a password that is too short, too common or too much like the person."""
        password: str = self.cleaned_data["password"]
        email, name = self.cleaned_data.get("email", ""), self.cleaned_data.get("name", "")
        validate_password(password, User(email=email, name=name))
        return password

    @property
    def email_is_taken(self) -> bool:
        """Whether the page should offer to log in instead."""
        return self.has_error("email", EmailTaken.code)

    def details(self) -> NewOrganization:
        """Answer the organization that is asked for; letters about money go to its owner."""
        return NewOrganization(
            name=self.cleaned_data["organization"],
            time_zone=self.cleaned_data["time_zone"],
            currency=self.cleaned_data["currency"],
        )

    def person(self) -> NewPerson:
        """Answer who signs up."""
        given = self.cleaned_data
        return NewPerson(email=given["email"], name=given["name"], password=given["password"])
