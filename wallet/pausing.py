"""Two fields of a plan say when an empty wallet pauses work."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from accounts.saving import save_each
from wallet.models import Wallet


def pauses(*, balance: Decimal, overdraft: Decimal, pause_when: str, paused: bool) -> bool:
    """Answer whether a wallet pauses work that is charged in credits.

    ``dry`` pauses at the overdraft and resumes above it. ``negative`` pauses below it and
    then, as ``paused`` remembers, until the balance is above zero.
    """
    if pause_when == Wallet.PauseWhen.NEGATIVE:
        return paused or balance < -overdraft
    return balance <= -overdraft


class PauseTerms(NamedTuple):
    """What a plan says about an empty wallet."""

    overdraft: Decimal
    pause_when: str


def set_pause_terms(changes: Iterable[tuple[Wallet, PauseTerms]]) -> None:
    """Give locked wallets the terms of plans that take effect; what is paused stays so."""
    changed = []
    for wallet, terms in changes:
        if terms != (wallet.overdraft, wallet.pause_when):
            wallet.overdraft, wallet.pause_when = terms
            below = wallet.balance < -terms.overdraft
            if terms.pause_when == Wallet.PauseWhen.NEGATIVE and below:
                wallet.paused = True
            changed.append(wallet)
    save_each(changed, ["overdraft", "pause_when", "paused"])
