"""Measure the product against its goals, on the server that the settings name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organization
from billing_portal.benchmarks import measuring
from billing_portal.benchmarks.stage import Sizes


class Command(BaseCommand):
    help = "Measures charging, gate, pages and renewals in rounds; needs an empty database."

    def add_arguments(self, parser: CommandParser) -> None:
        sizes = Sizes()
        parser.add_argument("--rounds", type=int, default=9, help="that have to count")
        parser.add_argument("--seconds", type=float, default=2.0, help="of each slice")
        parser.add_argument("--only", default="", help="codes of goals, for example P1,P5")
        parser.add_argument("--organizations", type=int, default=sizes.organizations)
        parser.add_argument("--due", type=int, default=sizes.many_due, help="renewals of P16")
        parser.add_argument("--history", type=int, default=sizes.many_events, help="events of P9")
        parser.add_argument("--pgledger", type=Path, help="a checkout of P19's peer")

    def handle(self, *args: Any, **options: Any) -> None:
        if Organization.objects.exists():
            raise CommandError("The bench writes into its database; give it an empty one.")
        sizes = Sizes(
            organizations=options["organizations"],
            many_events=options["history"],
            few_events=min(Sizes().few_events, options["history"]),
            invoices=min(Sizes().invoices, options["organizations"]),
            lines=min(Sizes().lines, options["history"]),
            due=min(Sizes().due, options["due"]),
            many_due=options["due"],
        )
        measuring.measure(
            [code.strip().upper() for code in options["only"].split(",") if code.strip()],
            sizes=sizes,
            rounds=options["rounds"],
            seconds=options["seconds"],
            now=timezone.now(),
            say=self.stdout.write,
            pgledger=options["pgledger"],
        )
