"""What the console's forms are made of: strict fields, and refusals beside them."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.acting import LONGEST_REASON
from accounts.models import Organization
from accounts.refusals import Refusal
from wallet.credits import NotCredits
from wallet.credits import parse as parse_credits
from wallet.money import Money, NotMoney


class DayField(forms.DateField):
    """A day, chosen with the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        attributes = {"type": "date", "class": " ".join(INPUT_CLASSES)}
        super().__init__(widget=forms.DateInput(attributes, format="%Y-%m-%d"), **options)


class CreditsField(forms.CharField):
    """An exact amount of credits."""

    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return parse_credits(text) if text else None
        except NotCredits as error:
            raise forms.ValidationError(str(error)) from error


class MoneyField(forms.CharField):
    """An amount of money; the form says in which currency."""

    widget = UnfoldAdminTextInputWidget({"inputmode": "decimal", "autocomplete": "off"})
    currency = ""

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return Money.parse(text, self.currency) if text else None
        except NotMoney as error:
            raise forms.ValidationError(str(error)) from error


class RefusableForm(forms.Form):
    """A form that shows what a verb refuses."""

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal beside its field, or above the form where it has none."""
        words = f"{refusal.words} {refusal.remedy}".strip()
        self.add_error(refusal.field if refusal.field in self.fields else None, words)


class ActForm(RefusableForm):
    """Why something is done, and a token by which the same form sent twice is known."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Kept in the organization's timeline, with your name.",
    )
    token = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def __init__(self, *args: Any, organization: Organization, **options: Any) -> None:
        super().__init__(*args, **options)
        self.organization = organization
        # A form that comes back says why; what it asks comes first, the reason last.
        self.order_fields([*(name for name in self.fields if name != "reason"), "reason"])

    def begin_anew(self) -> None:
        """Take another token: what was refused under the old one is not done by trying again."""
        name = self.add_prefix("token")
        self.data = {**{key: self.data[key] for key in self.data}, name: str(uuid.uuid4())}

    @property
    def copies(self) -> list[str]:
        """The fields once more as hidden inputs, for the page on which they are confirmed."""
        return [field.as_hidden() for field in self]
