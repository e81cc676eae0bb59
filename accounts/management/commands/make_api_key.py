"""`manage.py make_api_key`: make a key of a program, and show it this once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.api_keys import make_key
from accounts.models import ApiKey, Organization
from accounts.refusals import Refusal

LONGEST_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API key and print it, this once; nobody can read it again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the key is for")
        parser.add_argument(
            "--organization",
            metavar="EXTERNAL_ID",
            help="the one it acts for; left out, it is a platform key and acts for all",
        )
        parser.add_argument(
            "--scopes",
            default=",".join(ApiKey.Scope.values),
            help="of read, usage, provision; with commas (default: all)",
        )
        parser.add_argument(
            "--days", type=int, help="how long it is valid (default: until revoked)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now, days = timezone.now(), options["days"]
        if days is not None and not 0 < days <= LONGEST_DAYS:
            raise CommandError(f"A key is valid for 1 to {LONGEST_DAYS} days.")
        try:
            _, text = make_key(
                options["name"],
                scopes=[scope.strip() for scope in options["scopes"].split(",")],
                organization=_organization(options["organization"]),
                expires_at=None if days is None else now + dt.timedelta(days=days),
                now=now,
            )
        except Refusal as refusal:
            raise CommandError(refusal.words) from refusal
        self.stdout.write(text)


def _organization(external_id: str | None) -> Organization | None:
    if external_id is None:
        return None
    found = Organization.objects.filter(external_id=external_id).first()
    if found is None:
        raise CommandError(f"There is no organization “{external_id}”.")
    return found
