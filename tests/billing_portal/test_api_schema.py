"""The API's description: whole, without warnings, true to what is answered, and offline."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it comes with drf-spectacular
import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.webhook_endpoints import register
from payments.collecting import record_bank_payment
from plans.renting import rent
from tests.api_calls import Platform
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld
from usage.reports import KEYS

METHODS = ("get", "post", "put", "patch", "delete")
CONTRACT = {
    "POST /organizations/",
    "GET /organizations/{external_id}/",
    "PATCH /organizations/{external_id}/",
    "GET /organizations/{external_id}/billing/",
    "PUT /organizations/{external_id}/agents/{agent}/",
    "PUT /organizations/{external_id}/resources/",
    "PUT /organizations/{external_id}/rentals/{item}/{reference}/",
    "DELETE /organizations/{external_id}/rentals/{item}/{reference}/",
    "POST /gate/",
    "POST /usage/",
    "GET /organizations/{external_id}/usage/",
    "GET /organizations/{external_id}/usage/{event}/",
    "GET /organizations/{external_id}/ledger/",
    "GET /organizations/{external_id}/ledger/{entry}/",
    "GET /organizations/{external_id}/payments/",
    "GET /organizations/{external_id}/invoices/",
    "POST /organizations/{external_id}/top-ups/",
    "GET /invoices/{number}/pdf/",
    "GET /webhook-endpoints/",
    "POST /webhook-endpoints/",
    "GET /webhook-endpoints/{endpoint}/",
    "PATCH /webhook-endpoints/{endpoint}/",
    "DELETE /webhook-endpoints/{endpoint}/",
    "POST /webhook-endpoints/{endpoint}/rotate/",
}


@cache
def description() -> dict[str, Any]:
    generator: Any = SchemaGenerator
    return dict(generator().get_schema(request=None, public=True))


def operations() -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": found[method]
        for path, found in description()["paths"].items()
        for method in METHODS
        if method in found
    }


def resolved(shape: Any) -> Any:
    """Put shapes in the place of their names, and null where it may be."""
    if isinstance(shape, list):
        return [resolved(part) for part in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape:
        name = shape["$ref"].rpartition("/")[2]
        return resolved(description()["components"]["schemas"][name])
    whole = {key: resolved(part) for key, part in shape.items()}
    if whole.get("type") == "object" and "properties" in whole:
        whole["additionalProperties"] = False
    if whole.pop("nullable", False):
        return {"anyOf": [whole, {"type": "null"}]}
    return whole


def test_the_description_is_made_without_a_warning(tmp_path: Any) -> None:
    file = str(tmp_path / "schema.yaml")
    call_command("spectacular", "--validate", "--fail-on-warn", "--skip-checks", "--file", file)


def test_every_call_of_the_contract_is_described_and_no_other() -> None:
    assert set(operations()) == CONTRACT


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_an_operation_says_what_it_takes_answers_and_refuses(name: str) -> None:
    operation = operations()[name]
    assert operation["summary"]
    assert operation["description"]
    assert operation["security"] == [{"ApiKey": []}]
    codes = set(operation["responses"])
    assert codes >= {"401", "403", "429"}
    assert codes & {"200", "201", "204"}
    for code in codes - {"200", "201", "204"}:
        content = operation["responses"][code]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/Error"}
        assert content["examples"]
    if "requestBody" in operation:
        assert codes >= {"400", "413", "415"}
        assert operation["requestBody"]["content"]["application/json"]["examples"]


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_examples_are_of_the_shape_that_is_described(name: str) -> None:
    operation = operations()[name]
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        content = body.get("content", {}).get("application/json", {})
        for example in content.get("examples", {}).values():
            jsonschema.validate(example["value"], resolved(content["schema"]))


def test_every_kind_of_event_is_described_as_it_is_read() -> None:
    content = operations()["POST /usage/"]["requestBody"]["content"]["application/json"]
    events = resolved(content["schema"])["properties"]["events"]["items"]["oneOf"]

    described = {
        event["properties"]["kind"]["enum"][0]: set(event["properties"]) for event in events
    }

    assert described == KEYS


@pytest.mark.django_db
def test_answers_are_of_the_shape_that_is_described(settings: Any) -> None:
    build_plan("starter", allowances={"call_minutes": "1"})
    platform = Platform()
    with time_machine.travel(MARCH_1 + dt.timedelta(hours=3), tick=False):
        acme = build_organization(external_id="acme", plan="starter", credits=100)
        rent(acme, item="phone_number", reference="1", now=MARCH_1)
        record_bank_payment(acme, reference="SEPA-1", now=MARCH_1)
        events = [a_call(acme, "one", seconds=90), a_call(acme, "bad", seconds=-1)]
        sent: dict[str, Any] = {"POST /usage/": {"events": events}}
        sent["POST /gate/"] = {"organization": "acme", "kind": "call", "channel": "web"}
        sent["PUT /organizations/{external_id}/resources/"] = {"agents": 1}
        sent["POST /organizations/{external_id}/top-ups/"] = {"amount": "50.00"}
        sent["POST /webhook-endpoints/"] = {"url": "http://127.0.0.1/hooks"}
        hooks = register("http://127.0.0.1/", events=["invoice.paid"], now=MARCH_1)
        settings.STRIPE_TRANSPORT = StripeWorld().fake.transport
        named = {"external_id": "acme", "agent": "main", "event": "one", "item": "phone_number"}
        named |= {"endpoint": str(hooks.token), "entry": str(acme.ledger_entries.latest("id").pk)}
        for name in sorted(CONTRACT, key=lambda name: name != "POST /usage/"):
            method, path = name.split()
            if method == "DELETE" or path in ("/organizations/", "/invoices/{number}/pdf/"):
                continue
            address = path.format(**named, reference="1")
            body = sent.get(name, {})
            answer = (
                platform.get(address)
                if method == "GET"
                else getattr(platform, method.lower())(address, body)
            )
            assert answer.status_code in (200, 201), (name, answer.content)
            answers = operations()[name]["responses"]
            described = answers[str(answer.status_code)]["content"]["application/json"]
            jsonschema.validate(answer.json(), resolved(described["schema"]))


def test_the_page_loads_nothing_from_elsewhere(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert loaded
    assert all(address.startswith(("/static/", "/api/docs/")) for address in loaded)
    script = client.get("/api/docs/?script=").content.decode()
    assert "http://" not in script
    assert "https://" not in script
