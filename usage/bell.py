"""The bell in the top bar: amber at zero, red where the balance pauses work."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from plans.terms import CALL_MINUTES, MESSAGES, SESSIONS, Terms

GATED_METERS = (CALL_MINUTES, MESSAGES, SESSIONS)


class Bell(StrEnum):
    """What the balance means for work, in one colour."""

    NONE = "none"
    AMBER = "amber"
    RED = "red"

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    Bell.NONE: "Balance is fine",
    Bell.AMBER: "Balance is used up; work goes on for now",
    Bell.RED: "Work is paused until credits are added",
}


def bell_of(
    terms: Terms | None,
    *,
    balance: Decimal,
    wallet_pauses: bool,
    credits_left: Decimal,
    allowance_left: Mapping[str, Decimal],
) -> Bell:
    """Answer the bell's colour.

    ``credits_left`` are those of live grants; while there are some, or units of an allowance
    that lets work start, the balance pauses nothing.
    """
    if terms is None or not terms.charges_credits:
        return Bell.NONE
    if wallet_pauses and credits_left <= 0 and _asks_balance(terms, allowance_left):
        return Bell.RED
    return Bell.AMBER if balance <= 0 else Bell.NONE


def _asks_balance(terms: Terms, allowance_left: Mapping[str, Decimal]) -> bool:
    return any(terms.charges(meter) and allowance_left.get(meter, 0) <= 0 for meter in GATED_METERS)


class Level(NamedTuple):
    """How full a wallet is: its balance, how far it may go, and what the bell says to that."""

    balance: Decimal
    overdraft: Decimal
    bell: Bell


def crossed(before: Level, after: Level) -> str:
    """Answer the letter that is due for a change of level, or nothing."""
    if after.bell == Bell.RED and before.bell != Bell.RED:
        return "balance_blocked"
    if after.bell == Bell.AMBER and before.balance > 0 >= after.balance:
        return "low_balance"
    return ""
