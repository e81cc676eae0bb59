"""`manage.py run_scenarios FILES…`: run billing stories, and fail where one is not true."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from glob import glob, has_magic
from typing import Any

from django.core.management.base import BaseCommand

from billing_portal.scenarios.database import empty, own_database
from billing_portal.scenarios.running import Outcome, run_file


class Command(BaseCommand):
    help = "Run billing stories, each in an empty database of its own; exits 1 where one fails."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="*", metavar="FILE", help="or a pattern: stories/*.yaml")
        parser.add_argument(
            "--keep-going", action="store_true", help="go on with a file after a step that failed"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        files = list(_expanded(options["files"]))
        outcomes = list(self._run(files, keep_going=options["keep_going"])) if files else []
        passed = sum(outcome.passed for outcome in outcomes)
        failed = len(outcomes) - passed
        if not files:
            self.stderr.write("No file was named.")
        self.stdout.write(f"{passed} passed, {failed} failed")
        if failed or not passed:
            sys.exit(1)

    def _run(self, files: list[str], *, keep_going: bool) -> Iterator[Outcome]:
        with own_database():
            for file in files:
                empty()
                outcome = run_file(file, keep_going=keep_going)
                self.stdout.write(str(outcome))
                self.stdout.flush()
                yield outcome


def _expanded(names: list[str]) -> Iterator[str]:
    """Answer the files of patterns that no shell has expanded; a pattern of none stays as it is."""
    for name in names:
        found = sorted(glob(name, recursive=True)) if has_magic(name) else []  # noqa: PTH207 - absolute too
        yield from found or [name]
