"""The demo's platform takes what was signed for it, over a restart too, and nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.api_keys import make_key
from accounts.calling_out import post
from accounts.models import WebhookEndpoint
from accounts.standard_webhooks import new_secret, signed_headers
from billing_portal.devstack.platform_server import NotAskedError, Platform, ask_to_be_called

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b'{"type": "invoice.paid"}'


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform(0) as platform:
        thread = threading.Thread(target=platform.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield platform
        platform.shutdown()
        thread.join()


@pytest.fixture
def key() -> str:
    return make_key("The platform", scopes=("provision", "read"), now=timezone.now())[1]


def told(platform: Platform, body: bytes, *, signed_with: str) -> int:
    headers = signed_headers("msg_1", BODY, at=timezone.now(), signed_with=[signed_with])
    return post(platform.url, body, headers).status


def test_it_registers_once_and_hears_what_is_signed(
    platform: Platform, live_server: LiveServer, key: str
) -> None:
    first = ask_to_be_called(live_server.url, platform.url, key=key)
    platform.secret = ask_to_be_called(live_server.url, platform.url, key=key)

    assert first != platform.secret == WebhookEndpoint.objects.get().secret
    assert told(platform, BODY, signed_with=platform.secret) == 204


def test_what_somebody_else_signed_or_changed_on_the_way_is_refused(platform: Platform) -> None:
    platform.secret = new_secret()

    assert told(platform, BODY, signed_with=new_secret()) == 401
    assert told(platform, BODY + b" ", signed_with=platform.secret) == 401
    assert post(platform.url, BODY, {}).status == 401


def test_where_its_key_is_none_it_says_so(platform: Platform, live_server: LiveServer) -> None:
    with pytest.raises(NotAskedError, match="This key is unknown"):
        ask_to_be_called(live_server.url, platform.url, key="no.key")
