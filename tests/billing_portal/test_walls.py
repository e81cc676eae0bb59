"""Tenants are walls: every address × method × caller; an address without a row fails."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Organization
from tests.billing_portal.worlds import World, build_world
from tests.undoing import undone as taken_back

pytestmark = pytest.mark.django_db

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PEOPLE = ("anonymous", "member", "billing", "owner", "stranger", "staff", "clerk")
KEYS = ("platform", "reader", "reporter", "provisioner", "own", "other", "revoked", "expired")
CALLERS = PEOPLE + KEYS

EVERYBODY = frozenset(PEOPLE)
LOGGED_IN = EVERYBODY - {"anonymous"}
PAYERS = frozenset({"owner", "billing"})
NOBODY: frozenset[str] = frozenset()
READ = frozenset({"platform", "reader", "own"})
USAGE = frozenset({"platform", "reporter", "own"})
PROVISION = frozenset({"platform", "provisioner", "own"})
PLATFORM_ONLY = PROVISION - {"own"}
OWN = frozenset({"own"})


@dataclass(frozen=True)
class Row:
    """Who may call an address, by method; what is not named nobody may."""

    get: frozenset[str] = NOBODY
    post: frozenset[str] = NOBODY
    put: frozenset[str] = NOBODY
    patch: frozenset[str] = NOBODY
    delete: frozenset[str] = NOBODY

    def may(self, caller: str, method: str) -> bool:
        """Answer whether a caller may; HEAD is a GET, OPTIONS tells nothing."""
        name = "get" if method in ("HEAD", "OPTIONS") else method.lower()
        return caller in getattr(self, name)


ANYBODY = EVERYBODY | frozenset(KEYS)
ORGANIZATION = "api/v1/organizations/<str:external_id>/"
ENDPOINT = "api/v1/webhook-endpoints/<uuid:endpoint>/"
# Pages that show what the caller's own organization has, and nothing by an id in the address.
OWN_PAGE = Row(get=PAYERS | {"stranger"})
OWN_ACT = Row(post=PAYERS | {"stranger"})
OWN_FORM = Row(get=PAYERS | {"stranger"}, post=PAYERS | {"stranger"})

ROWS: dict[str, Row] = {
    "": Row(get=LOGGED_IN),
    "brand.css": Row(get=ANYBODY),
    "healthz/": Row(get=ANYBODY),
    # Who is not Stripe is answered 400, whoever it is: see the door's own tests.
    "stripe/webhook/": Row(post=ANYBODY),
    "signup/": Row(get=ANYBODY, post=ANYBODY),
    # Without the id of an organization of one's own there is nothing to switch to; with one, see
    # the pages' own tests.
    "organization/": Row(),
    "billing/": OWN_PAGE,
    "billing/wallet/": OWN_PAGE,
    "billing/wallet/top-up/": OWN_FORM,
    "billing/wallet/auto-recharge/": OWN_FORM,
    "billing/wallet/auto-recharge/off/": OWN_ACT,
    "billing/agents/": OWN_PAGE,
    "billing/agents/<int:agent_id>/": Row(get=PAYERS, post=PAYERS),
    "billing/change-plan/": OWN_PAGE,
    "billing/change-plan/<slug:plan>/": OWN_FORM,
    "billing/change-plan/<slug:plan>/demo/": OWN_ACT,
    "billing/upcoming-plan/cancel/": OWN_FORM,
    "billing/cancel/": OWN_FORM,
    "billing/cancel/undo/": OWN_ACT,
    "billing/session-limit/": OWN_ACT,
    "billing/rentals/": OWN_PAGE,
    # What cannot be rented leads back to the list, in words.
    "billing/rentals/<slug:item>/": OWN_FORM,
    "billing/rentals/<int:rental>/return/": Row(get=PAYERS, post=PAYERS),
    "billing/payment-methods/": OWN_PAGE,
    "billing/payment-methods/add/": OWN_ACT,
    "billing/payment-methods/added/": OWN_PAGE,
    "billing/payment-methods/manage/": OWN_ACT,
    # Another organization's card is no card of one's own: told in words, nothing done.
    "billing/payment-methods/<int:card>/default/": OWN_ACT,
    "billing/payment-methods/<int:card>/remove/": Row(get=PAYERS, post=PAYERS),
    "billing/payments/<uuid:token>/": Row(get=PAYERS),
    "billing/payments/<uuid:token>/continue/": Row(post=PAYERS),
    "billing/payments/<uuid:token>/receipt/": Row(get=PAYERS),
    "billing/invoices/": OWN_PAGE,
    "billing/wallet/entries/<int:entry_id>/": Row(get=PAYERS),
    "billing/history/": OWN_PAGE,
    "billing/history/csv/": OWN_PAGE,
    "billing/breakdown/": OWN_PAGE,
    "billing/breakdown/csv/": OWN_PAGE,
    "billing/usage/": OWN_PAGE,
    "billing/usage/<event_id:event_id>/": Row(get=PAYERS),
    "billing/invoices/<slug:number>/": Row(get=PAYERS),
    "billing/invoices/<slug:number>/pay/": Row(get=PAYERS, post=PAYERS),
    "billing/invoices/<slug:number>/pdf/": Row(get=PAYERS),
    "billing/invoices/<slug:number>/receipt/pdf/": Row(get=PAYERS),
    "billing/credit-notes/<slug:number>/pdf/": Row(get=PAYERS),
    "api/v1/organizations/": Row(post=PLATFORM_ONLY),
    ORGANIZATION: Row(get=READ, patch=PROVISION),
    ORGANIZATION + "billing/": Row(get=READ),
    ORGANIZATION + "usage/": Row(get=READ),
    ORGANIZATION + "usage/<event_id:event>/": Row(get=READ),
    ORGANIZATION + "ledger/": Row(get=READ),
    ORGANIZATION + "ledger/<int:entry>/": Row(get=READ),
    ORGANIZATION + "payments/": Row(get=READ),
    ORGANIZATION + "invoices/": Row(get=READ),
    ORGANIZATION + "top-ups/": Row(post=PROVISION),
    ORGANIZATION + "resources/": Row(put=PROVISION),
    ORGANIZATION + "agents/<str:agent>/": Row(put=PROVISION),
    ORGANIZATION + "rentals/<str:item>/<str:reference>/": Row(put=PROVISION, delete=PROVISION),
    "api/v1/invoices/<str:number>/pdf/": Row(get=READ),
    # Each key has a list of its own, and what is on it is the key's owner's alone.
    "api/v1/webhook-endpoints/": Row(get=READ | {"other"}, post=PROVISION | {"other"}),
    ENDPOINT: Row(get=OWN, patch=OWN, delete=OWN),
    ENDPOINT + "rotate/": Row(post=OWN),
    "api/v1/gate/": Row(post=USAGE),
    # Results are per event: whose event it is decides there, see the API's own tests.
    "api/v1/usage/": Row(post=USAGE | {"other"}),
    "api/v1/": Row(),
    "api/schema/": Row(get=ANYBODY),
    "api/docs/": Row(get=ANYBODY),
}
# The library's own log-in pages: nothing of an organization is on them.
LIBRARY = ("accounts/",)
ADMIN = "admin/"


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Answer every address of the product as the resolver writes it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, path)
        elif isinstance(pattern, URLPattern):
            yield path


@pytest.fixture
def world() -> World:
    return build_world()


BODIES: dict[str, Any] = {
    "api/v1/organizations/": {
        "external_id": "new",
        "name": "New",
        "time_zone": "UTC",
        "currency": "USD",
        "owner": {"email": "new@example.com", "name": "New"},
    },
    ORGANIZATION: {"name": "Renamed"},
    ORGANIZATION + "resources/": {"agents": 1},
    ORGANIZATION + "agents/<str:agent>/": {"name": "Main"},
    ORGANIZATION + "rentals/<str:item>/<str:reference>/": {},
    "api/v1/webhook-endpoints/": {"url": "http://127.0.0.1/walls"},
    "api/v1/gate/": {"organization": "home", "kind": "message"},
    "api/v1/usage/": {"events": []},
}


TO_LOG_IN = -1
NO_TOKEN = "00000000-0000-4000-8000-000000000000"


def undone(world: World, caller: str, method: str, route: str) -> int:
    """Call an address, undo what that did, and answer the status."""
    with taken_back():
        answer = call(world, caller, method, route)
    if answer.status_code in (301, 302) and "/login/" in answer["Location"]:
        return TO_LOG_IN
    return int(answer.status_code)


def call(world: World, caller: str, method: str, route: str) -> Any:
    cache.clear()  # so that no rate limit answers for the wall
    body = json.dumps(BODIES.get(route, {}))
    client = world.client(caller)
    return client.generic(method, world.address(route), data=body, content_type="application/json")


def is_refusal(status: int) -> bool:
    """Answer whether a caller was turned away: refused, not found, or sent to log in."""
    return status in (401, 403, 404, 405, TO_LOG_IN)


def test_every_address_has_a_row() -> None:
    known = set(ROWS)
    missing = [
        route
        for route in addresses()
        if route not in known and not route.startswith((*LIBRARY, ADMIN))
    ]

    assert missing == []
    assert known - set(addresses()) == set()


def test_only_those_may_who_may(world: World) -> None:
    for caller in CALLERS:
        world.client(caller)
    wrong = []
    for route, row in ROWS.items():
        for method, caller in itertools.product(METHODS, CALLERS):
            status = undone(world, caller, method, route)
            if status >= 500 or (
                method != "OPTIONS" and row.may(caller, method) == is_refusal(status)
            ):
                wrong.append((route, method, caller, status))

    assert wrong == []


def test_a_thing_of_another_tenant_and_one_that_never_was_look_the_same(world: World) -> None:
    for route in ROWS:
        if "<" not in route:
            continue
        there, nowhere = world.address(route), world.address(route).replace("home", "nowhere")
        nowhere = nowhere.replace("-000001", "-999999").replace("call-1", "call-999")
        nowhere = nowhere.replace(world.token, NO_TOKEN).replace(f"/{world.card}/", "/999999/")
        nowhere = nowhere.replace(world.endpoint, NO_TOKEN)
        nowhere = nowhere.replace(f"/agents/{world.agent}/", "/agents/999999/")
        nowhere = nowhere.replace(f"/{world.entry}/", "/999999/")
        nowhere = nowhere.replace(f"/rentals/{world.rental}/", "/rentals/999999/")
        for caller in ("stranger", "other"):
            if caller == "stranger" and route.startswith("api/"):
                continue
            client = world.client(caller)
            assert client.get(there).status_code == client.get(nowhere).status_code, route


def test_admin_is_closed_to_everybody_but_staff(world: World) -> None:
    wrong = []
    for route in addresses():
        if not route.startswith(ADMIN) or "^" in route:
            continue
        for caller in ("anonymous", "member", "owner", "stranger", "platform"):
            for method in ("GET", "POST"):
                status = undone(world, caller, method, route)
                if not is_refusal(status) and "login" not in route and "logout" not in route:
                    wrong.append((route, method, caller, status))

    assert wrong == []


def test_staff_without_the_permission_act_for_nobody(world: World) -> None:
    before = Organization.objects.values_list("pk", "name", "suspended_at")
    wrong = []
    for route in addresses():
        if not route.startswith("admin/accounts/organization/") or "^" in route:
            continue
        for method in ("GET", "POST"):
            answer = call(world, "clerk", method, route)
            onward = answer.status_code == 302 and answer["Location"].endswith("/change/")
            if not onward and not is_refusal(answer.status_code):
                wrong.append((route, method, answer.status_code))

    assert wrong == []
    assert list(before) == list(Organization.objects.values_list("pk", "name", "suspended_at"))


def test_every_change_wants_a_token_that_only_our_pages_give(world: World) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(world.people["owner"])

    answers = {
        route: strict.post(world.address(route)).status_code
        for route in addresses()
        if not route.startswith("api/") and "^" not in route
    }

    # The one exemption: a signature lets in there, and nothing else.
    assert answers.pop("stripe/webhook/") == 400
    assert set(answers.values()) <= {403, 404, 405}


def test_every_answer_carries_its_headers(world: World) -> None:
    for caller, path in (("owner", "/billing/"), ("anonymous", "/nowhere/"), ("own", "/api/v1/")):
        answer = world.client(caller).get(path)

        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "object-src 'none'" in answer["Content-Security-Policy"]
        assert "base-uri 'none'" in answer["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["Referrer-Policy"] == "same-origin"
