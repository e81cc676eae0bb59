"""What staff fill in before an act: read strictly, refused in words beside the field."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.acting import LONGEST_REASON
from accounts.models import Organization
from accounts.refusals import Refusal
from plans.applying import PlanRequest
from plans.models import Period, Plan
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


class ActForm(forms.Form):
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

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal beside its field, or above the form where it has none."""
        words = f"{refusal.words} {refusal.remedy}".strip()
        self.add_error(refusal.field if refusal.field in self.fields else None, words)

    @property
    def copies(self) -> list[str]:
        """The fields once more as hidden inputs, for the page on which they are confirmed."""
        return [field.as_hidden() for field in self]


class WindowForm(ActForm):
    """How long a period is, and whether it is invoiced."""

    days = forms.IntegerField(
        required=False,
        label="Number of days",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Today is the first. Left empty, the plan's own period.",
    )
    last_day = DayField(required=False, label="Or the last day")
    invoiced = forms.BooleanField(
        required=False,
        initial=True,
        label="Issue an invoice",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Staff record its bank payment later. Off: nothing is asked for.",
    )
    credit_unused = forms.BooleanField(
        required=False,
        label="Credit unused days",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Takes off what was paid for the rest of the running period.",
    )

    def request(self) -> PlanRequest:
        """Answer what is asked for, as the verb reads it."""
        values = self.cleaned_data
        return PlanRequest(
            plan=values.get("plan"),
            days=values["days"],
            last_day=values["last_day"],
            credit_unused=values["credit_unused"],
            invoiced=values["invoiced"],
        )


class ApplyForm(WindowForm):
    """Which plan takes effect today."""

    plan = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    field_order = ("plan",)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        plan = self.fields["plan"]
        assert isinstance(plan, forms.ChoiceField)
        plan.choices = [("", "Choose a plan"), *plan_choices(self.organization)]


class ExtendForm(ActForm):
    """By how many days a trial goes on."""

    days = forms.IntegerField(
        label="Days",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Added to the last day of a running trial; one that is over runs from today.",
    )


class AdjustForm(ActForm):
    """How many credits are given or taken."""

    credits = CreditsField(help_text="Below zero takes from the wallet: -12.5")
    expires_on = DayField(
        required=False,
        label="Last day",
        help_text="With a last day they are a bonus, drawn before the wallet, and then expire.",
    )


class PaymentForm(ActForm):
    """What staff saw on the bank account."""

    reference = forms.CharField(
        max_length=100,
        label="Bank reference",
        widget=UnfoldAdminTextInputWidget,
        help_text="As on the statement; the same reference is recorded once.",
    )
    amount = MoneyField(help_text="A bank payment covers the whole of the oldest open invoice.")
    reason = None  # type: ignore[assignment]  # the bank's reference says why

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        amount = self.fields["amount"]
        assert isinstance(amount, MoneyField)
        amount.currency = self.organization.currency
        amount.label = f"Amount in {self.organization.currency}"


def plan_choices(organization: Organization) -> list[tuple[str, str]]:
    """Answer the plans that can be applied: not retired, sold in the currency, no second trial."""
    tried = organization.periods.filter(source=Period.Source.TRIAL).exists()
    choices = []
    for plan in Plan.objects.filter(retired_at__isnull=True).select_related("version"):
        version = plan.version
        if version is None or (version.is_trial and tried):
            continue
        price = version.terms.price_in(organization.currency)
        if price is not None:
            words = f"{version.name}: {price.display()} for {version.terms.period}"
            choices.append((plan.code, words))
    return choices
