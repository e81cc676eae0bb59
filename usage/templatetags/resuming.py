"""What an owner is told about a balance that pauses work, or soon will."""

from __future__ import annotations

from django import template

from wallet.balances import Balances
from wallet.credits import display
from wallet.models import Wallet
from wallet.pausing import pauses

register = template.Library()


@register.simple_tag
def resume_words(balances: Balances) -> str:
    """Say how many credits let work start again."""
    missing = (0 if balances.paused else -balances.overdraft) - balances.wallet
    if missing <= 0:
        return "Any amount will do."
    return f"That takes more than {display(missing)} credits."


@register.simple_tag
def pause_words(balances: Balances) -> str:
    """Say what work goes on with, and when it would pause."""
    paused = pauses(
        balance=balances.wallet,
        overdraft=balances.overdraft,
        pause_when=balances.pause_when,
        paused=balances.paused,
    )
    if paused:
        return "What the plan includes is used first; work pauses when that is used up."
    edge = display(-balances.overdraft)
    if balances.pause_when == Wallet.PauseWhen.NEGATIVE:
        return f"Work pauses when the balance goes below {edge} credits."
    return f"Work pauses when the balance reaches {edge} credits."
