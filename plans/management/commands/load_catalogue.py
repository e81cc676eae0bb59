"""Load a catalogue file: check it whole, print what changes, apply it in one transaction."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from plans.catalogue import BadCatalogue, load_catalogue
from plans.catalogue_yaml import read_file


class Command(BaseCommand):
    help = "Load a catalogue file; a bad one is refused with its lines, and nothing is changed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument("--dry-run", action="store_true", help="only print what would change")

    def handle(self, *args: Any, file: str, dry_run: bool, **options: Any) -> None:
        try:
            change = load_catalogue(
                read_file(Path(file)), now=timezone.now(), source=file, dry_run=dry_run
            )
        except BadCatalogue as refused:
            for line in refused.lines:
                self.stderr.write(line)
            sys.exit(1)
        for line in change.lines():
            self.stdout.write(line)
        if dry_run and not change.is_empty:
            self.stdout.write("dry run: nothing was changed")
