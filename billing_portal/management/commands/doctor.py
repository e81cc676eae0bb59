"""Examine the books: one line per invariant, exit 1 where one is broken."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing_portal.doctor import examine


class Command(BaseCommand):
    help = "Look for broken invariants in the whole database; exits 1 and names the rows."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for a program that watches")

    def handle(self, *args: Any, **options: Any) -> None:
        findings = examine(now=timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps([finding.to_json() for finding in findings], indent=2))
        else:
            for finding in findings:
                self.stdout.write(str(finding))
        if not all(finding.ok for finding in findings):
            sys.exit(1)
