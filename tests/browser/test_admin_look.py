"""The admin works under the policy that browsers are told to enforce."""

import pytest

pytest.importorskip("playwright", reason="playwright is not installed: make browser")

from playwright.sync_api import ConsoleMessage, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User


@pytest.mark.django_db(transaction=True)
def test_staff_log_in_and_nothing_is_blocked(page: Page, live_server: LiveServer) -> None:
    User.objects.create_superuser("staff@example.com", "look-around")
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", note)
    page.goto(f"{live_server.url}/admin/")
    page.get_by_label("Email").fill("staff@example.com")
    page.get_by_label("Password").first.fill("look-around")
    page.locator("button[type=submit]").first.click()

    expect(page).to_have_url(f"{live_server.url}/admin/")
    assert complaints == []
