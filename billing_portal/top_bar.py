"""What the top bar of every page shows: where one is, for whom, and how the balance stands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.choosing import choice_of
from accounts.models import Organization
from usage.overview import Overview, overview

SECTIONS = {
    "overview": "Overview",
    "plan_and_usage": "Plan & usage",
    "wallet": "Wallet",
    "payment_methods": "Payment methods",
    "invoices": "Invoices",
    "billing_history": "Billing history",
}
BELONGS_TO = {"invoice": "invoices", "invoice_pdf": "invoices", "receipt_pdf": "invoices"}
BELONGS_TO |= {"usage_event": "wallet", "entry": "wallet", "breakdown": "plan_and_usage"}
BELONGS_TO |= {"top_up": "wallet", "auto_recharge": "wallet"}
BELONGS_TO |= {"pay_invoice": "invoices", "payment": "billing_history"}
BELONGS_TO |= {"remove_card": "payment_methods"}
BELONGS_TO |= dict.fromkeys(
    ("change_plan", "choose_plan", "cancel_subscription", "cancel_upcoming", "agents", "agent"),
    "plan_and_usage",
)
BELONGS_TO |= dict.fromkeys(("rentals", "rent", "give_back"), "plan_and_usage")
SHORT = {"Plan & usage": "Plan", "Payment methods": "Cards", "Billing history": "History"}


@dataclass(frozen=True, slots=True)
class Link:
    """One section of the billing pages."""

    label: str
    url: str
    is_current: bool

    @property
    def short(self) -> str:
        """The label where there is little room."""
        return SHORT.get(self.label, self.label)


class TopBar:
    """Asked for by the template only, so that a page without a top bar pays nothing for it."""

    def __init__(self, request: HttpRequest) -> None:
        """Keep the request."""
        self._request = request

    @property
    def organization(self) -> Organization | None:
        """The organization that is looked at, none for who may see no billing pages."""
        return choice_of(self._request).organization

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """All that this person may look at."""
        return choice_of(self._request).organizations

    @cached_property
    def overview(self) -> Overview | None:
        """How the organization stands now, from a constant number of statements."""
        organization = self.organization
        return overview(organization, now=timezone.now()) if organization else None

    @property
    def links(self) -> list[Link]:
        """The sections, and which of them one is in."""
        match = self._request.resolver_match
        here = (match.url_name or "") if match else ""
        current = BELONGS_TO.get(here, here)
        return [Link(label, reverse(name), name == current) for name, label in SECTIONS.items()]


def top_bar(request: HttpRequest) -> dict[str, TopBar]:
    """Give templates ``top_bar``."""
    return {"top_bar": TopBar(request)}
