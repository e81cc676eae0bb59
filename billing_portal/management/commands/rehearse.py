"""Say what the timetable would do to an organization in its next weeks; nothing of it stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organization
from accounts.refusals import Refusal
from billing_portal.rehearsing import DAYS, rehearse


class Command(BaseCommand):
    help = "List what would happen to an organization: charges, letters, periods, refusals."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organization", help="its external id")
        parser.add_argument("--days", type=int, default=DAYS, help="today is the first")
        parser.add_argument("--card", choices=("paid", "declined"), default="paid")

    def handle(self, *args: Any, **options: Any) -> None:
        asked = options["organization"]
        organization = Organization.objects.filter(external_id=asked).first()
        if organization is None:
            raise CommandError(f"There is no organization “{asked}”.")
        declines = options["card"] == "declined"
        try:
            found = rehearse(
                organization, now=timezone.now(), days=options["days"], card_declines=declines
            )
        except Refusal as refusal:
            raise CommandError(refusal.words) from refusal
        self.stdout.write(f"{organization}, {found.first_day} - {found.last_day}")
        for happening in found.happenings:
            self.stdout.write(str(happening))
        for note in found.notes:
            self.stdout.write(f"  {note}")
