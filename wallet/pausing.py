"""Two fields of a plan say when an empty wallet pauses work."""

from __future__ import annotations

from decimal import Decimal

from wallet.models import Wallet


def pauses(*, balance: Decimal, overdraft: Decimal, pause_when: str, paused: bool) -> bool:
    """Answer whether a wallet pauses work that is charged in credits.

    ``dry`` pauses at the overdraft and resumes above it. ``negative`` pauses below it and
    then, as ``paused`` remembers, until the balance is above zero.
    """
    if pause_when == Wallet.PauseWhen.NEGATIVE:
        return paused or balance < -overdraft
    return balance <= -overdraft


def set_pause_terms(wallet: Wallet, *, overdraft: Decimal, pause_when: str) -> Wallet:
    """Give a locked wallet the terms of the plan that takes effect; what is paused stays so."""
    wallet.overdraft, wallet.pause_when = overdraft, pause_when
    if pause_when == Wallet.PauseWhen.NEGATIVE and wallet.balance < -overdraft:
        wallet.paused = True
    wallet.save(update_fields=["overdraft", "pause_when", "paused"])
    return wallet
