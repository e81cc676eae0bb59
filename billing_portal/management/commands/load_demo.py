"""`manage.py load_demo`: fill an empty database with a demo that looks alive."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organization
from billing_portal.devstack.demo_customers import CUSTOMERS
from billing_portal.devstack.demo_story import tell


class Command(BaseCommand):
    """Tell the demo's story into an empty database."""

    help = "Fill an empty database with customers and months of usage, through the real verbs."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the dry run."""
        parser.add_argument("--dry-run", action="store_true", help="only say what would be made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Refuse a database that is in use; else tell the story with its progress."""
        if Organization.objects.exists():
            raise CommandError(
                "There are organizations already; the demo is for an empty database."
            )
        if options["dry_run"]:
            self.stdout.write(f"Would make {len(CUSTOMERS)} organizations with their history.")
            return
        tell(now=timezone.now(), say=lambda words: self.stdout.write(f"  … {words}"))
        self.stdout.write(f"Made {Organization.objects.count()} organizations.")
