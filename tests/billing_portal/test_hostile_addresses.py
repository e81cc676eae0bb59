"""What nobody would write into an address leads nowhere, and breaks nothing."""

from __future__ import annotations

import re

import pytest

from tests.billing_portal.test_walls import ADMIN, addresses
from tests.billing_portal.worlds import build_world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("text", ["%00", "a%00b", "%1f", "%0A", "%F0%9F%92%A3" * 60, "9" * 30])
def test_an_address_with_something_else_in_it_is_nowhere(text: str) -> None:
    world = build_world()
    broken = []
    for route in addresses():
        if "<" not in route or "^" in route:
            continue
        address = "/" + re.sub(r"<[^>]+>", text, route)
        caller = "platform" if route.startswith("api/") else "owner"
        client = world.client("staff" if route.startswith(ADMIN) else caller)
        client.raise_request_exception = False
        status = client.get(address).status_code
        if status >= 500:
            broken.append((route, status))

    assert broken == []
