"""The gate: every check that needs no test to run, then the tests."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from billing_portal.devstack import postgres, processes, servers, surroundings, system_packages
from billing_portal.devstack.places import PROJECT

BIN = Path(sys.executable).parent
MANAGE = [sys.executable, "manage.py"]
MIGRATE = [*MANAGE, "migrate", "--verbosity", "0"]


@dataclass(frozen=True)
class Check:
    """One command of the gate and what it needs in its environment."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)


CHECKS = (
    Check("ruff check", [str(BIN / "ruff"), "check", "."]),
    Check("ruff format", [str(BIN / "ruff"), "format", "--check", "."]),
    Check("lint-imports", [str(BIN / "lint-imports")]),
    Check("djlint", [str(BIN / "djlint"), "--lint", "--quiet", "templates"]),
    Check("mypy", [str(BIN / "mypy"), "."]),
    Check("makemigrations", [*MANAGE, "makemigrations", "--check", "--dry-run"]),
    Check(
        "check --deploy",
        [*MANAGE, "check", "--deploy", "--fail-level", "WARNING"],
        surroundings.PRODUCTION,
    ),
)


def lint() -> int:
    """Run every check on servers of its own, and return the exit code."""
    with servers.throwaway(surroundings.of_tests(), servers.FORGETFUL_TUNING) as lent:
        return 0 if _pass_all(lent.environment) else 1


def test(arguments: Sequence[str]) -> int:
    """Run the checks and the tests, and return the exit code."""
    system_packages.install(system_packages.FOR_PDF, purpose="PDF tests")
    system_packages.install(system_packages.FOR_BROWSER_TESTS, purpose="Browser tests")
    with servers.throwaway(surroundings.of_tests(), servers.FORGETFUL_TUNING) as lent:
        passed = _pass_all(lent.environment)
        return max(_pytest(lent, arguments), 0 if passed else 1)


def run(command: Sequence[str], *, durable: bool, migrate: bool) -> int:
    """Run a command that finds throw-away servers in its environment; return its exit code."""
    environment = surroundings.of_tests()
    environment["PATH"] = f"{BIN}{os.pathsep}{environment.get('PATH', '')}"
    tuning = servers.DURABLE_TUNING if durable else servers.FORGETFUL_TUNING
    with servers.throwaway(environment, tuning) as lent:
        code = _migrate(lent) if migrate else 0
        program = shutil.which(command[0], path=environment["PATH"]) or command[0]
        return code or processes.run(lent.home, [program, *command[1:]], lent.environment)


def _pass_all(environment: Mapping[str, str]) -> bool:
    """Run all checks, also after a failure, and say whether all passed."""
    results = [_passes(check, environment) for check in CHECKS]
    return all(results)


def _passes(check: Check, environment: Mapping[str, str]) -> bool:
    began = time.monotonic()
    result = subprocess.run(
        check.command,
        env={**environment, **check.environment},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = result.returncode == 0
    word = "ok    " if passed else "FAILED"
    print(f"{word} {check.name} ({time.monotonic() - began:.1f} s)", flush=True)
    if not passed:
        print(result.stdout, flush=True)
    return passed


def _migrate(lent: servers.Lent) -> int:
    """Migrate our own empty database once, for every process of the tests to copy."""
    if "DATABASE_URL" in os.environ:
        # The caller's database is not ours to change, and what is in it not ours to copy.
        return 0
    lent.environment["TEST_DATABASE_TEMPLATE"] = postgres.DATABASE
    return processes.run(lent.home, MIGRATE, lent.environment)


def _pytest(lent: servers.Lent, arguments: Sequence[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-n", "2", *arguments]
    return _migrate(lent) or processes.run(lent.home, command, lent.environment)
