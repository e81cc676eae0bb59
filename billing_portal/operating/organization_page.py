"""The page of an organization, where staff start: how it stands, and what happened."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django_countries import countries

from accounts.admin_base import link_to
from accounts.letters import readers
from accounts.models import Act, Agent, Letter, Membership, Organization
from billing_portal.gate_answers import gate_answers
from billing_portal.operating.look import day, label
from billing_portal.operating.money_tables import money_tables, open_disputes
from billing_portal.operating.previews import unpaid_renewal
from billing_portal.operating.renewal_act import CHOICES, renewal_choice
from billing_portal.operating.tables import Cell, Table, at, list_of
from plans.models import Period, Rental
from plans.rented import rented
from usage.breakdown import Row, breakdown
from usage.models import UsageEvent
from usage.overview import Overview, overview
from wallet.credits import plain
from wallet.models import CreditGrant, LedgerEntry

SHOWN = 8
ACTS_SHOWN = 25
LETTER_COLOURS = {"sent": "green", "waiting": "blue", "parked": "red"}


def facts(organization: Organization, *, now: dt.datetime) -> dict[str, Any]:
    """Answer everything that the page shows, in a constant number of statements."""
    stands = overview(organization, now=now)
    return {
        "organization": organization,
        "now": now,
        "overview": stands,
        "gate": gate_answers(organization, now=now),
        "timeline": Act.objects.filter(organization=organization).select_related("actor")[
            :ACTS_SHOWN
        ],
        "all_acts": list_of("accounts_act", organization__id__exact=organization.pk),
        "tabs": tabs(organization, stands, now=now),
        "details": _details(organization),
        "disputes": open_disputes(organization),
        "renewal": CHOICES[renewal_choice(organization)],
        "rented": rented(organization, stands.standing.version),
        "unpaid": unpaid_renewal(stands.standing.period),
    }


def tabs(
    organization: Organization, stands: Overview, *, now: dt.datetime
) -> list[tuple[str, str, list[Table]]]:
    """Answer the page's tabs: an id, a title, and tables."""
    return [
        (
            "money",
            "Invoices and payments",
            money_tables(organization, now=now),
        ),
        ("ledger", "Ledger", [_entries(organization), _grants(organization, now)]),
        ("usage", "Usage", [*_breakdown(stands), _events(organization)]),
        ("periods", "Periods", [_periods(organization), _rentals(organization)]),
        ("people", "People and agents", [_members(organization), _agents(organization)]),
        ("letters", "Letters", [_letters(organization)]),
    ]


def _entries(organization: Organization) -> Table:
    entries = LedgerEntry.objects.filter(organization=organization).select_related("grant")
    rows = [
        (
            at(entry.at, organization.zone),
            entry.get_kind_display(),
            link_to(entry, entry.description or "entry"),
            entry.grant.get_kind_display() if entry.grant else "Wallet",
            f"{'+' if entry.credits > 0 else ''}{plain(entry.credits)}",
            plain(entry.balance_after),
        )
        for entry in entries[:SHOWN]
    ]
    more = list_of("wallet_ledgerentry", organization__id__exact=organization.pk)
    heads = ("At", "Kind", "Description", "Pot", "#Credits", "#Balance after")
    return Table("Last ledger entries", heads, rows, more, "Nothing has moved yet.")


def _grants(organization: Organization, now: dt.datetime) -> Table:
    grants = CreditGrant.objects.filter(organization=organization).live(now)
    rows = [
        (
            link_to(grant, grant.get_kind_display()),
            plain(grant.credits),
            plain(grant.remaining),
            at(grant.expires_at, organization.zone),
        )
        for grant in grants.order_by("expires_at")[:SHOWN]
    ]
    more = list_of("wallet_creditgrant", organization__id__exact=organization.pk)
    heads = ("Kind", "#Granted", "#Left", "Expires")
    return Table("Live grants", heads, rows, more, "No plan credits and no bonus.")


def _breakdown(stands: Overview) -> list[Table]:
    if stands.standing.period is None:
        return []
    parts = breakdown(stands.standing.period)
    heads = ("#Events", "#Quantity", "#From the allowance", "#Credits")
    return [
        Table(
            f"This period by {name}",
            (name.capitalize(), *heads),
            [_used(row) for row in rows[:SHOWN]],
            empty="Nothing was used in this period.",
        )
        for name, rows in (("channel", parts.by_channel), ("agent", parts.by_agent))
    ]


def _used(row: Row) -> tuple[Cell, ...]:
    figures = (row.quantity, row.allowance, row.credits)
    return (row.label, row.events, *(plain(figure) for figure in figures))


def _events(organization: Organization) -> Table:
    events = UsageEvent.objects.filter(organization=organization).select_related("agent")
    rows = [
        (
            at(event.started_at, organization.zone),
            link_to(event, event.event_id),
            event.channel or event.meter,
            event.agent.name,
            plain(event.credits),
        )
        for event in events.order_by("-started_at")[:SHOWN]
    ]
    more = list_of("usage_usageevent", organization__id__exact=organization.pk)
    heads = ("Started", "Event", "Channel", "Agent", "#Credits")
    return Table("Last events", heads, rows, more, "Nothing was reported yet.")


def _periods(organization: Organization) -> Table:
    periods = Period.objects.filter(organization=organization).select_related("version")
    rows = [
        (
            link_to(period, f"{period.number}"),
            str(period.version),
            period.get_source_display(),
            f"{day(period.first_day)} - {day(period.last_day)}",
            "replaced" if period.replaced_at else "",
        )
        for period in periods[:SHOWN]
    ]
    more = list_of("plans_period", organization__id__exact=organization.pk)
    heads = ("Period", "Plan", "How", "Days", "State")
    return Table("Periods", heads, rows, more, "No plan has been applied yet.")


def _rentals(organization: Organization) -> Table:
    rentals = Rental.objects.filter(organization=organization)
    rows = [
        (
            link_to(rental, rental.reference),
            rental.item.replace("_", " "),
            day(rental.began_on),
            at(rental.ended_at, organization.zone) or label("held", "green"),
        )
        for rental in rentals.order_by("-began_at", "-id")[:SHOWN]
    ]
    more = list_of("plans_rental", organization__id__exact=organization.pk)
    return Table("Rentals", ("Reference", "Item", "Since", "Given back"), rows, more)


def _details(organization: Organization) -> list[tuple[str, str]]:
    return [
        ("Billing email", organization.email),
        ("Letters go to", ", ".join(readers(organization)) or "nobody"),
        ("Billing name", organization.billing_name),
        ("Address", organization.billing_address),
        ("Country", str(countries.name(organization.country))),
        ("Tax id", organization.tax_id),
    ]


def _members(organization: Organization) -> Table:
    memberships = Membership.objects.filter(organization=organization).select_related("user")
    rows = [
        (
            link_to(membership.user, membership.user.email),
            membership.user.name,
            link_to(membership, membership.get_role_display()),
            at(membership.user.last_login, organization.zone) or "never",
        )
        for membership in memberships.order_by("id")[:SHOWN]
    ]
    more = list_of("accounts_membership", organization__id__exact=organization.pk)
    heads = ("Email", "Name", "Role", "Last log-in")
    return Table("Members", heads, rows, more, "Nobody: letters reach no one.")


def _agents(organization: Organization) -> Table:
    agents = Agent.objects.filter(organization=organization)
    rows = [
        (
            link_to(agent),
            agent.external_id,
            agent.get_when_exhausted_display(),
            plain(agent.monthly_limit) if agent.monthly_limit else "none",
        )
        for agent in agents[:SHOWN]
    ]
    more = list_of("accounts_agent", organization__id__exact=organization.pk)
    heads = ("Agent", "Platform's id", "When plan credits run out", "#Monthly limit")
    return Table("Agents", heads, rows, more, "No agent yet.")


def _letters(organization: Organization) -> Table:
    letters = Letter.objects.filter(organization=organization).order_by("-id")
    rows = [
        (
            at(letter.created_at, organization.zone),
            link_to(letter, letter.code.replace("_", " ").capitalize()),
            label(letter.get_status_display(), LETTER_COLOURS[letter.status]),
            letter.document_number,
            letter.last_error[:80],
        )
        for letter in letters[:SHOWN]
    ]
    more = list_of("accounts_letter", organization__id__exact=organization.pk)
    heads = ("Owed at", "Letter", "Status", "Document", "Last error")
    return Table("Letters", heads, rows, more, "No letter yet.")
