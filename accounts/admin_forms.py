"""Forms of the admin pages for people and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils import timezone
from unfold.forms import UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from accounts.acting import LONGEST_REASON
from accounts.models import ApiKey, User

if TYPE_CHECKING:
    from django.contrib.auth.forms import BaseUserCreationForm

    _UserCreation = BaseUserCreationForm[User]
    _KeyForm = forms.ModelForm[ApiKey]
else:
    _UserCreation, _KeyForm = UserCreationForm, forms.ModelForm


class NewUser(_UserCreation):
    """A person with a password, who is told it by whoever makes them."""

    class Meta:
        model = User
        fields = ("email", "name")


class NewApiKey(_KeyForm):
    """A key to be made; two live keys of one organization never have the same name."""

    scopes = forms.MultipleChoiceField(
        choices=ApiKey.Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields: ClassVar = ["name", "organization", "scopes", "expires_at"]

    def clean(self) -> dict[str, Any]:
        """Refuse what would open nothing, or could not be told from another key.

        It is also what makes a form that is sent twice make one key.
        """
        values = super().clean() or self.cleaned_data
        now, name = timezone.now(), values.get("name")
        expires_at = values.get("expires_at")
        if expires_at and expires_at <= now:
            self.add_error("expires_at", "This is in the past.")
        alike = ApiKey.objects.filter(name=name, organization=values.get("organization"))
        if any(key.is_valid(now) for key in alike):
            self.add_error("name", "A live key of this name exists: revoke it, or choose another.")
        return values


class WhyAgain(forms.Form):
    """Why callbacks are sent again."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the act on each organization's timeline.",
    )
