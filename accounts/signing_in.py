"""How people log in: allauth's own sign-up is closed, for ours starts an organization."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """What allauth asks the product."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Answer no: a person without an organization could do nothing here."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """Say whose mail it is, by our name and not by the server's."""
        return f"{settings.BRAND['name']}: {subject}"
