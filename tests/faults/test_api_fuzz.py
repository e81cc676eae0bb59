"""The API under generated requests: never a 500, and every answer as the description says."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
import time_machine
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from plans.renting import rent
from tests.api_calls import Platform
from tests.billing_portal.test_api_schema import CONTRACT, description
from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.fakes.stripe_world import StripeWorld

schemathesis = pytest.importorskip("schemathesis", reason="make test installs it")
checks = pytest.importorskip("schemathesis.checks")
conformance = pytest.importorskip("schemathesis.specs.openapi.checks")

pytestmark = pytest.mark.django_db
NOON = MARCH_1 + dt.timedelta(hours=3)
# What is there: a request that names only strangers gets no further than 404.
KNOWN = {
    "external_id": "acme",
    "agent": "main",
    "event": "one",
    "item": "phone_number",
    "reference": "1",
    "number": "INV-000001",
    "organization": "acme",
}
CHECKS = [
    checks.not_a_server_error,
    conformance.status_code_conformance,
    conformance.content_type_conformance,
    conformance.response_schema_conformance,
    conformance.response_headers_conformance,
]


@pytest.fixture(autouse=True)
def one_connection() -> Any:
    """Keep the test's own connection from request to request, as Django's test client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def acme(settings: Any) -> Any:
    settings.STRIPE_TRANSPORT = StripeWorld().fake.transport
    settings.API_RATES = dict.fromkeys(settings.API_RATES, 10**9)
    build_plan("starter", allowances={"call_minutes": "1"})
    with time_machine.travel(NOON, tick=False):
        acme = build_organization(external_id="acme", plan="starter", credits=100)
        rent(acme, item="phone_number", reference="1", now=MARCH_1)
        Platform().post("/usage/", {"events": [a_call(acme, "one", seconds=90)]})
        yield acme


def fuzz(examples: int, *, number: int, only: str = "") -> int:
    """Send so many generated requests to each call of the API, or to one; answers how many.

    :raises AssertionError: an answer was a 5xx, or not one that the description has.
    """
    schema = schemathesis.openapi.from_dict(description())
    schema.app = get_wsgi_application()
    headers = {"Authorization": f"Api-Key {Platform().text}"}
    sent = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        if not operation.path.endswith(only):
            continue
        modes = schemathesis.GenerationMode
        cases = st.one_of(
            operation.as_strategy(generation_mode=modes.POSITIVE),
            operation.as_strategy(generation_mode=modes.NEGATIVE),
        )

        @seed(number)
        @settings(
            max_examples=examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(case=cases, lot=st.randoms(use_true_random=False))
        def ask(case: Any, lot: random.Random) -> None:
            nonlocal sent
            _name_what_is_there(case, lot)
            # Another host is refused before there is an API.
            case.headers.pop("Host", None)
            answer = case.call(headers=headers)
            case.validate_response(answer, checks=CHECKS)
            sent += 1

        ask()
    return sent


def _name_what_is_there(case: Any, lot: random.Random) -> None:
    for place in (case.path_parameters, case.body):
        if isinstance(place, dict):
            for name in set(KNOWN) & set(place):
                if lot.random() < 0.8:
                    place[name] = KNOWN[name]


def test_a_short_fuzz_finds_neither_a_500_nor_a_mismatch() -> None:
    assert fuzz(20, number=1) >= 20 * len(CONTRACT) * 0.8


@pytest.mark.faults
@pytest.mark.parametrize("batch", range(10))
def test_100_000_requests_find_neither_a_500_nor_a_mismatch(batch: int) -> None:
    assert fuzz(10_000 // len(CONTRACT) + 1, number=100 + batch) >= 10_000 * 0.8


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("usage.gate.Answer.to_json", lambda _: {"allowed": "perhaps"}),
        # Few generated questions are ones that can be answered: each of them finds it.
        ("usage.gate.check", lambda _: 1 // 0),
    ],
    ids=["an answer of another shape", "a question that breaks the gate"],
)
def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch, where: str, fault: Any) -> None:
    monkeypatch.setattr(where, fault)

    with pytest.raises(schemathesis.core.failures.FailureGroup):
        fuzz(200, number=1, only="/gate/")
