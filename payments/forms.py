"""The forms of payments: amounts are read in the organization's currency, exactly."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Organization
from accounts.refusals import Refusal
from invoices.totals import Totals
from payments.models import AutoRecharge
from payments.recharging import ceiling_of, require_fit
from payments.topping_up import quote
from wallet import credits as credit
from wallet.credits import Credits
from wallet.money import Money, NotMoney

DECIMAL = {"inputmode": "decimal", "autocomplete": "off"}


class MoneyField(forms.CharField):
    """An amount of money in one currency."""

    def __init__(self, currency: str, **options: Any) -> None:
        """Name the currency in the label; nothing that is typed can be in another."""
        label = f"{options.pop('label')} in {currency}"
        super().__init__(
            label=label, max_length=30, widget=forms.TextInput(DECIMAL | {"size": "10"}), **options
        )
        self.currency = currency

    def clean(self, value: Any) -> Money:
        """Answer the money."""
        try:
            return Money.parse(super().clean(value), self.currency)
        except NotMoney as error:
            raise ValidationError(f"{error} Write it like {self._example()}.") from error

    def _example(self) -> Money:
        return Money.parse("25", self.currency)


class CreditsField(forms.CharField):
    """An amount of credits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=30, widget=forms.TextInput(DECIMAL | {"size": "10"}), **options)

    def clean(self, value: Any) -> Credits | None:
        """Answer the credits; none where nothing is typed and nothing need be."""
        typed = super().clean(value)
        try:
            return credit.parse(typed) if typed or self.required else None
        except credit.NotCredits as error:
            raise ValidationError(str(error)) from error


class RefusableForm(forms.Form):
    """A form that shows a refusal at the field it names."""

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, ValidationError(refusal.words, code=refusal.code))


class TopUpForm(RefusableForm):
    """How much to top up by; valid once it can be bought, with what that costs."""

    credits: Credits
    totals: Totals

    def __init__(self, organization: Organization, data: Any = None) -> None:
        """Read amounts in the organization's currency."""
        super().__init__(data)
        self.organization = organization
        self.fields["amount"] = MoneyField(organization.currency, label="Amount")

    def clean(self) -> dict[str, Any]:
        """Ask what the amount buys and costs."""
        if amount := self.cleaned_data.get("amount"):
            try:
                self.credits, self.totals = quote(self.organization, amount)
            except Refusal as refusal:
                self.refuse(refusal)
        elif amount is not None:
            self.add_error("amount", "The amount must be above zero.")
        return self.cleaned_data


class AutoRechargeForm(RefusableForm):
    """When to recharge and by how much; valid once it can be agreed to."""

    def __init__(self, organization: Organization, data: Any = None, **options: Any) -> None:
        """Read amounts in the organization's currency."""
        # Beside the form for a top-up, whose field has the same name.
        super().__init__(data, auto_id="recharge_%s", **options)
        self.organization = organization
        self.fields["threshold"] = CreditsField(label="When the wallet falls below, in credits")
        self.fields["amount"] = MoneyField(organization.currency, label="Amount to add")

    def clean(self) -> dict[str, Any]:
        """Ask whether it could be recharged so."""
        if {"threshold", "amount"} <= set(self.cleaned_data):
            try:
                require_fit(
                    self.organization,
                    threshold=self.cleaned_data["threshold"],
                    amount=self.cleaned_data["amount"],
                )
                self._warn_of_ceiling(self.cleaned_data["amount"])
            except Refusal as refusal:
                self.refuse(refusal)
        return self.cleaned_data

    def _warn_of_ceiling(self, amount: Money) -> None:
        """Keep its owner from agreeing to what could never be made."""
        ceiling = ceiling_of(self.organization)
        if ceiling is not None and amount.minor > ceiling.minor:
            self.add_error("amount", f"Recharges of a month stay within {ceiling.display()}.")

    def proposed(self) -> AutoRecharge:
        """Answer what would be agreed to, nothing written."""
        amount: Money = self.cleaned_data["amount"]
        return AutoRecharge(
            organization=self.organization,
            enabled=True,
            threshold=self.cleaned_data["threshold"],
            currency=amount.currency,
            amount_minor=amount.minor,
        )


def new_key() -> str:
    """Make what lets a form act once, however often it is sent."""
    return str(uuid.uuid4())


def key_in(posted: Any) -> str | None:
    """Answer the key that a form of ours carried."""
    try:
        return str(uuid.UUID(posted.get("key", "")))
    except ValueError:
        return None
