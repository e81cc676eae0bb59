"""The ledger doctor: asks of the whole database whether what is always true still is."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any

import structlog

from accounts import invariants as accounts
from accounts.invariants import Broken, Invariant
from billing_portal.tenancy import one_tenant
from invoices import invariants as invoices
from payments import invariants as payments
from plans import invariants as plans
from usage import invariants as usage
from wallet import invariants as wallet

logger = structlog.get_logger(__name__)

FLOORS = (wallet, usage, payments, invoices, plans, accounts)


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one invariant: nothing, or the rows that break it."""

    code: str
    sentence: str
    broken: tuple[Broken, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.broken

    def __str__(self) -> str:
        if self.ok:
            return f"ok {self.code} {self.sentence}"
        rows = "; ".join(str(row) for row in self.broken)
        return f"BROKEN {self.code} {self.sentence}: {rows}"

    def to_json(self) -> dict[str, Any]:
        """Write the finding for a program that watches."""
        return {
            "code": self.code,
            "sentence": self.sentence,
            "ok": self.ok,
            "broken": [{"what": row.what, "where": row.where} for row in self.broken],
            "seconds": round(self.seconds, 3),
        }


def all_invariants() -> list[Invariant]:
    """Answer the invariants of every floor, in the order of their codes."""
    found = [invariant for floor in FLOORS for invariant in floor.INVARIANTS]
    return sorted([*found, one_tenant()], key=_by_code)


def examine(*, now: dt.datetime) -> list[Finding]:
    """Look at every invariant, at the whole database; one finding each, the broken ones logged."""
    findings = [_look(invariant, now=now) for invariant in all_invariants()]
    for finding in findings:
        if not finding.ok:
            rows, first = len(finding.broken), str(finding.broken[0])
            logger.error("invariant_broken", code=finding.code, rows=rows, first=first)
    return findings


def _look(invariant: Invariant, *, now: dt.datetime) -> Finding:
    began = time.monotonic()
    broken = tuple(invariant.broken(now=now))
    return Finding(invariant.code, invariant.sentence, broken, time.monotonic() - began)


def _by_code(invariant: Invariant) -> tuple[int, str]:
    digits = "".join(char for char in invariant.code if char.isdigit())
    return int(digits), invariant.code
