"""Write the catalogue that is in force as YAML."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.refusals import Refusal
from plans.catalogue import dump_catalogue


class Command(BaseCommand):
    help = "Write the catalogue that is in force as YAML, ready to be loaded again."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(dump_catalogue(), ending="")
        except Refusal as refusal:
            raise CommandError(refusal.words) from refusal
