"""`manage.py reconcile_stripe`: hold Stripe's last days against ours; exit 1 where they differ."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from payments.answers import StripeSilent
from payments.gateway import at_stripe
from payments.reconciling import DAYS, reconcile

# Stripe lists its events for thirty days.
MOST_DAYS = 30


class Command(BaseCommand):
    help = (
        "Lists what Stripe said and what was paid there in the last days, takes in what never came "
        "here, voids forgotten holds, and detaches cards that are off file. Exits 1 where somebody "
        "has to look."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=DAYS, help=f"1 to {MOST_DAYS}")
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument(
            "--again", action="store_true", help="act again also on the events that came"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not 1 <= options["days"] <= MOST_DAYS:
            raise CommandError(f"Choose 1 to {MOST_DAYS} days.")
        try:
            gateway = at_stripe()
        except StripeSilent as silent:
            raise CommandError(silent.words) from silent
        report = reconcile(
            gateway=gateway,
            now=timezone.now(),
            days=options["days"],
            dry_run=options["dry_run"],
            again=options["again"],
            say=lambda words: self.stdout.write(f"… {words}"),
        )
        for line in report.lines():
            self.stdout.write(line)
        if not report.agrees:
            sys.exit(1)
