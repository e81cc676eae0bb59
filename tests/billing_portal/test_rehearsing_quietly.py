"""Nobody is called back out of a rehearsal, and what waits is not sent because of one."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.callbacks import Event, owe_callback
from accounts.models import Callback
from accounts.webhook_endpoints import register
from billing_portal.diary import Kind
from billing_portal.rehearsing import rehearse
from tests.builders import MARCH_1, build_organization, build_plan
from tests.fakes.receiver import listening

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)


def test_a_rehearsed_renewal_and_end_call_nobody_and_leave_what_waits_as_it_was() -> None:
    build_plan("starter")
    acme = build_organization(plan="starter")
    with listening() as receiver:
        register(receiver.url, events=[], now=MARCH_1)
        register(receiver.url, events=[], organization=acme, now=MARCH_1)
        owe_callback(acme, event=Event.INVOICE_PAID, key="waits", data={}, now=MARCH_1)
        before = list(Callback.objects.order_by("id").values())

        rehearsal = rehearse(acme, now=MARCH_1 + DAY)

        assert any(one.kind == Kind.LETTER for one in rehearsal.happenings)
        assert receiver.heard == []
    assert list(Callback.objects.order_by("id").values()) == before
