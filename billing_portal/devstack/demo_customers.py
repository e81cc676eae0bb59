"""The customers of the demo: who they are, and what happened to them how many days ago."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened so many days ago, by the name of a verb of the story."""

    days_ago: int
    verb: str
    facts: Mapping[str, Any]


def step(days_ago: int, verb: str, **facts: Any) -> Step:
    """Write a step."""
    return Step(days_ago, verb, facts)


@dataclass(frozen=True, slots=True)
class Customer:
    """An organization of the demo and its story; ``calls`` is how many it makes a day."""

    external_id: str
    name: str
    time_zone: str
    currency: str
    calls: int
    story: tuple[Step, ...]
    country: str = ""
    address: str = ""
    tax_id: str = ""
    agents: tuple[str, ...] = ()


def paid_every_month(plan: str, *days_ago: int, reference: str) -> tuple[Step, ...]:
    """Write a plan that staff applied and renewed, each paid by bank four days later."""
    steps = []
    for place, day in enumerate(days_ago):
        verb, facts = ("apply", {"plan": plan}) if place == 0 else ("renew", {})
        steps.append(step(day, verb, **facts))
        if day >= 4:
            steps.append(step(day - 4, "pay", reference=f"{reference}-{place + 1}"))
    return tuple(steps)


def topped_up(credits: int, *days_ago: int) -> tuple[Step, ...]:
    """Write credits that staff added after bank transfers."""
    return tuple(step(day, "adjust", credits=credits, reason="Bank top-up") for day in days_ago)


def numbers(days_ago: int, *references: str) -> Step:
    """Write the rental of phone numbers, of those that are kept for stories."""
    return step(days_ago, "rent", item="phone_number", references=references)


CUSTOMERS = (
    Customer(
        "bright-smile",
        "Bright Smile Dental",
        "Europe/Paris",
        "EUR",
        22,
        (
            step(88, "sign_up"),
            *paid_every_month("starter", 70, 40, 10, reference="SEPA-1107"),
            *topped_up(9000, 70, 40, 10),
            numbers(69, "+33199001234", "+33199001235"),
            step(68, "resources", agents=4, leads=2310, knowledge_bases=6, campaigns=3),
            step(9, "adjust", credits=250, reason="Thank you for the case study", expires_in=45),
        ),
        country="FR",
        address="12 rue des Lilas\n75011 Paris",
        tax_id="FR32123456789",
        agents=("Reception", "Reminder calls", "Website"),
    ),
    Customer(
        "bright-smile-lyon",
        "Bright Smile Lyon",
        "Europe/Paris",
        "EUR",
        4,
        (step(6, "sign_up"), step(5, "resources", agents=2, leads=40)),
    ),
    Customer(
        "kolkata-kiosk",
        "Kolkata Kiosk",
        "Asia/Kolkata",
        "INR",
        30,
        (
            step(75, "create"),
            *paid_every_month("scale", 74, 44, reference="NEFT-88"),
            *topped_up(20000, 74, 44, 14),
            step(14, "renew"),
            numbers(74, "+12125550142"),
        ),
        country="IN",
        address="4 Park Street\nKolkata 700016",
        agents=("Sales", "Support"),
    ),
    Customer(
        "rio-turismo",
        "Rio Turismo",
        "America/Sao_Paulo",
        "USD",
        9,
        (
            step(50, "create"),
            *paid_every_month("starter", 49, 19, reference="WIRE-31"),
            *topped_up(2600, 49),
            *topped_up(900, 19),
            step(1, "settle_at", balance=-18),
        ),
        agents=("Concierge",),
    ),
    Customer(
        "harbor-logistics",
        "Harbor Logistics",
        "America/New_York",
        "USD",
        16,
        (
            step(58, "create"),
            *paid_every_month("starter", 57, 27, reference="ACH-7"),
            *topped_up(4000, 57, 27),
            numbers(56, "+12125550143"),
            step(1, "settle_at", balance=-54),
        ),
        country="US",
        address="88 Pier Avenue\nNewark, NJ 07114",
        agents=("Dispatch",),
    ),
    Customer(
        "kiwi-campers",
        "Kiwi Campers",
        "Pacific/Auckland",
        "USD",
        12,
        (
            step(86, "create"),
            *paid_every_month("starter", 85, 55, 25, reference="NZ-204"),
            *topped_up(5200, 85, 55, 25),
            numbers(84, "+12125550144"),
            step(6, "meter", meter="tokens", quantity="18250"),
            step(2, "meter", meter="tokens", quantity="9100"),
        ),
        agents=("Bookings",),
    ),
    Customer(
        "tokyo-tabi",
        "東京旅行株式会社",
        "Asia/Tokyo",
        "USD",
        18,
        (
            step(65, "create"),
            *paid_every_month("scale", 64, 34, 4, reference="JP-15"),
            *topped_up(9000, 64, 34, 4),
            numbers(63, "+12125550145"),
        ),
        country="JP",
        address="東京都千代田区丸の内1-1",
        agents=("予約受付",),
    ),
    Customer(
        "safina",
        "مطاعم السفينة",
        "Asia/Riyadh",
        "USD",
        8,
        (
            step(28, "create"),
            step(26, "apply", plan="starter"),
            *topped_up(3000, 26),
        ),
        country="SA",
        agents=("Orders",),
    ),
    Customer(
        "nordic-fitness",
        "Nordic Fitness",
        "Europe/Warsaw",
        "EUR",
        7,
        (
            step(64, "sign_up"),
            *paid_every_month("starter", 62, 32, reference="PL-9"),
            *topped_up(2500, 62, 32),
        ),
        country="PL",
        agents=("Front desk",),
    ),
    Customer("lumen-yoga", "Lumen Yoga", "America/Los_Angeles", "USD", 3, (step(2, "sign_up"),)),
    Customer(
        "casa-verde",
        "Casa Verde",
        "Europe/Madrid",
        "EUR",
        2,
        (step(26, "sign_up"), step(20, "resources", agents=3, leads=96)),
    ),
    Customer(
        "outback-solar",
        "Outback Solar",
        "Australia/Sydney",
        "USD",
        2,
        (step(40, "sign_up"), step(8, "extend", days=14)),
    ),
    Customer(
        "quickloan",
        "Quickloan Direct",
        "America/Chicago",
        "USD",
        14,
        (
            step(30, "create"),
            *paid_every_month("starter", 29, reference="ACH-91"),
            *topped_up(3000, 29),
            step(5, "suspend", reason="Complaints about robocalls; waiting for their answer"),
        ),
    ),
    Customer(
        "maple-clinics",
        "Maple Clinics",
        "America/Toronto",
        "USD",
        11,
        (
            step(21, "create"),
            step(20, "apply", plan="starter", days=45),
            step(16, "pay", reference="EFT-600"),
            *topped_up(4000, 20),
        ),
        country="CA",
        agents=("Triage",),
    ),
    Customer(
        "northwind", "Northwind Provisioned Ltd", "Europe/London", "USD", 0, (step(1, "create"),)
    ),
)
