"""What staff fill in before an act."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.acting import LONGEST_REASON
from accounts.models import Organization
from billing_portal.operating.forms import (
    ActForm,
    CreditsField,
    DayField,
    MoneyField,
    RefusableForm,
)
from plans.applying import PlanRequest
from plans.models import Period, Plan


class PaidBy(StrEnum):
    """How a plan that staff apply is paid."""

    INVOICE = "invoice"
    CARD = "card"
    NONE = "none"


PAID_BY = (
    (PaidBy.INVOICE.value, "By invoice: it takes effect now, its bank payment comes later"),
    (PaidBy.CARD.value, "By card: charged now, it takes effect once that is paid"),
    (PaidBy.NONE.value, "Not at all: nothing is asked for"),
)


class WindowForm(ActForm):
    """How long a period is, and how it is paid."""

    days = forms.IntegerField(
        required=False,
        label="Number of days",
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Today is the first. Left empty, the plan's own period.",
    )
    last_day = DayField(required=False, label="Or the last day")
    charge = forms.ChoiceField(
        choices=PAID_BY,
        required=False,
        initial=PaidBy.INVOICE.value,
        label="How it is paid",
        widget=UnfoldAdminSelectWidget,
    )
    credit_unused = forms.BooleanField(
        required=False,
        label="Credit unused days",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Takes off what was paid for the rest of the running period.",
    )

    @property
    def paid_by(self) -> PaidBy:
        return PaidBy(self.cleaned_data["charge"] or PaidBy.INVOICE)

    def request(self) -> PlanRequest:
        """Answer what is asked for, as the verb reads it."""
        values = self.cleaned_data
        return PlanRequest(
            plan=values.get("plan"),
            days=values["days"],
            last_day=values["last_day"],
            credit_unused=values["credit_unused"],
            invoiced=self.paid_by != PaidBy.NONE,
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


class BulkRenewForm(RefusableForm):
    """One reason, and whether invoices go out, for several renewals."""

    reason = forms.CharField(
        max_length=LONGEST_REASON, widget=UnfoldAdminTextareaWidget({"rows": 2})
    )
    charge = forms.ChoiceField(
        choices=PAID_BY,
        required=False,
        initial=PaidBy.INVOICE.value,
        label="How they are paid",
        widget=UnfoldAdminSelectWidget,
    )
    token = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid.uuid4)

    @property
    def paid_by(self) -> PaidBy:
        return PaidBy(self.cleaned_data["charge"] or PaidBy.INVOICE)

    @property
    def key(self) -> str:
        """The business key of this run: the same form sent twice charges each card once."""
        return (self.cleaned_data["token"] or uuid.uuid4()).hex

    def request(self) -> PlanRequest:
        """Answer what is asked for of each."""
        return PlanRequest(invoiced=self.paid_by != PaidBy.NONE)


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
