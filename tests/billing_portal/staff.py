"""Members of staff for the tests of the console, and what their pages say."""

from __future__ import annotations

import html
import re
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import Organization, User
from tests.builders import build_user


def build_staff(*permissions: str, superuser: bool = False) -> User:
    """Make a member of staff; a permission is a codename such as ``view_organization``."""
    user = build_user()
    user.is_staff, user.is_superuser = True, superuser
    user.save()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def operator() -> Client:
    """Log in somebody who may look at organizations and act for them."""
    return logged_in(build_staff("view_organization", "operate"))


def logged_in(user: User) -> Client:
    """Answer a browser in which this person is logged in."""
    client = Client()
    client.force_login(user)
    return client


def text_of(response: Any) -> str:
    """Answer what a page says, without its tags and superfluous space."""
    words = re.sub(r"<[^>]*>", " ", response.content.decode())
    return html.unescape(re.sub(r"\s+", " ", words))


def address(organization: Organization, act: str = "change") -> str:
    """Answer the address of an organization's page, or of an act."""
    return f"/admin/accounts/organization/{organization.pk}/{act}/"


def hidden(response: Any, name: str) -> str:
    """Answer the value of an input of a page."""
    page = response.content.decode()
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, f"there is no input {name}"
    return found[1]
