"""Acts on what an organization rents: staff begin a rental, and end one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db import transaction
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.acting import record_act
from accounts.models import Organization, User
from accounts.refusals import Invalid
from billing_portal.operating.act_pages import ActPage
from billing_portal.operating.forms import ActForm
from billing_portal.operating.previews import Preview, changes_of
from plans.models import PlanVersion, Rental, Subscription
from plans.pricing import item_name
from plans.refusals import ItemNotInPlan, PreviewOutdated
from plans.renting import MOST_AT_ONCE, give_back, rent, rent_several
from wallet.ledger import lock_wallet
from wallet.money import Money

MOST_OFFERED = 200


class RentForm(ActForm):
    """What is rented, and which one or how many."""

    item = forms.ChoiceField(widget=UnfoldAdminSelectWidget)
    reference = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="Which one: the phone number, the seat. Left empty, we name them ourselves.",
    )
    quantity = forms.IntegerField(
        initial=1, min_value=1, max_value=MOST_AT_ONCE, widget=UnfoldAdminIntegerFieldWidget
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        item = self.fields["item"]
        assert isinstance(item, forms.ChoiceField)
        item.choices = [
            (code, f"{item_name(code)}: {price.display()} per period")
            for code, price in rentable(self.organization).items()
        ]

    def clean(self) -> dict[str, Any]:
        """Take one thing under its own reference, or several under ours."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("reference") and values.get("quantity", 1) != 1:
            self.add_error("quantity", "With a reference it is one.")
        return values


class ReturnForm(ActForm):
    """Which rental ends."""

    rental = forms.ChoiceField(widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        rental = self.fields["rental"]
        assert isinstance(rental, forms.ChoiceField)
        rental.choices = [
            (str(held.pk), f"{item_name(held.item)} {held.reference}")
            for held in held_by(self.organization)[:MOST_OFFERED]
        ]


def rentable(organization: Organization) -> dict[str, Money]:
    """Answer what the organization's plan rents, with its price per period."""
    version = _version(organization)
    if version is None:
        return {}
    prices = {
        item: version.terms.rental_price_in(item, organization.currency)
        for item in sorted(version.terms.rentals)
    }
    return {item: price for item, price in prices.items() if price is not None}


def held_by(organization: Organization) -> Any:
    """Answer what an organization rents now."""
    return Rental.objects.held().filter(organization=organization)


def _version(organization: Organization) -> PlanVersion | None:
    subscription = (
        Subscription.objects.select_related("version").filter(organization=organization).first()
    )
    return subscription.version if subscription else None


def _preview_rent(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    values = form.cleaned_data
    item, reference, quantity = values["item"], values["reference"], values["quantity"]
    price = rentable(organization).get(item)
    if price is None:
        raise ItemNotInPlan(field="item")
    held = held_by(organization).filter(item=item)
    if reference and held.filter(reference=reference).exists():
        raise Invalid(f"{reference} is rented already.", field="reference")
    had = held.count()
    changes = {
        item_name(item): (str(had), str(had + quantity)),
        "Cost per period": ((price * had).display(), (price * (had + quantity)).display()),
    }
    note = "The days from today to the period's last go on the next invoice."
    return Preview(f"{item}:{had}", changes_of(changes), notes=(note,))


@transaction.atomic
def _rent(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    values = form.cleaned_data
    item, reference, quantity = values["item"], values["reference"], values["quantity"]
    lock_wallet(organization.pk)
    if digest != f"{item}:{held_by(organization).filter(item=item).count()}":
        raise PreviewOutdated
    if reference:
        begun = [rent(organization, item=item, reference=reference, now=now)]
    else:
        begun = rent_several(organization, item=item, quantity=quantity, now=now)
    words = f"{len(begun)} {item_name(item)}" if len(begun) > 1 else f"{item_name(item)}"
    named = f"{words}{'' if len(begun) > 1 else ' ' + begun[0].reference} rented"
    _record(organization, "rent", named, form, actor, now)
    return f"{organization}: {named}."


def _preview_return(organization: Organization, form: ActForm, now: dt.datetime) -> Preview:
    rental = _chosen(organization, form)
    had = held_by(organization).filter(item=rental.item).count()
    name = item_name(rental.item)
    changes = {name: (str(had), str(had - 1)), rental.reference: ("rented", "given back")}
    notes = (
        "It is free at once, and nothing comes back for the days that are left.",
        "The gate refuses phone calls where no number is assigned any more.",
    )
    return Preview(str(rental.pk), changes_of(changes), notes=notes[: 1 + _is_number(rental)])


@transaction.atomic
def _return(
    organization: Organization, form: ActForm, digest: str, actor: User, now: dt.datetime
) -> str:
    rental = _chosen(organization, form)
    if not give_back(organization, item=rental.item, reference=rental.reference, now=now):
        raise PreviewOutdated
    words = f"{item_name(rental.item)} {rental.reference} given back"
    _record(organization, "give_back", words, form, actor, now)
    return f"{organization}: {words}."


def _chosen(organization: Organization, form: ActForm) -> Rental:
    rental: Rental | None = held_by(organization).filter(pk=form.cleaned_data["rental"]).first()
    if rental is None:
        raise Invalid("It was given back already.", field="rental")
    return rental


def _is_number(rental: Rental) -> bool:
    return rental.item == Rental.PHONE_NUMBER


def _record(
    organization: Organization, verb: str, words: str, form: ActForm, actor: User, now: dt.datetime
) -> None:
    reason = form.cleaned_data["reason"]
    record_act(organization, verb=verb, summary=words, reason=reason, actor=actor, now=now)


RENT = ActPage(
    "rent",
    "Begin rental",
    "A phone number, a seat, a licence at a fixed cost per period.",
    "add_call",
    RentForm,
    _preview_rent,
    _rent,
)
RETURN = ActPage(
    "return",
    "End rental",
    "What is rented is given back.",
    "phone_disabled",
    ReturnForm,
    _preview_return,
    _return,
    asked=("rental",),
)
