"""The figures beside the gate's rules, in words: computed only where somebody asks to see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from plans.terms import OUTBOUND_CALLS, PHONE_CHANNELS
from usage.questions import METERS, Question
from usage.situation import Situation
from wallet.credits import display, plain
from wallet.models import Wallet

Figures = Callable[[Situation, Question, ZoneInfo], str]

NO_PLAN = "no plan yet"
NO_AGENT = "asked of an agent only"


def of_suspension(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say whether it is suspended."""
    return "suspended" if situation.suspended else "not suspended"


def of_end(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say until when the plan runs, or since when it is over."""
    if situation.over_at is None:
        return NO_PLAN
    ends = "ended" if situation.over else "runs until"
    return f"{ends} {_instant(situation.over_at, zone)}{_batch(situation, question)}"


def of_grace(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say when the grace of an unpaid renewal ends, or ended."""
    if situation.grace_ends_at is None:
        return "nothing is unpaid"
    ends = "ended" if situation.overdue else "ends"
    return f"grace {ends} {_instant(situation.grace_ends_at, zone)}{_batch(situation, question)}"


def of_channel(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Name the channel that is asked for, and those of the plan."""
    if not question.is_call:
        return "asked of calls only"
    if situation.terms is None:
        return NO_PLAN
    return f"{question.channel} of {_list(situation.terms.channels)}"


def of_tier(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Name the voice tier that is meant, and those of the plan."""
    if not question.is_call:
        return "asked of calls only"
    if situation.terms is None:
        return NO_PLAN
    tiers, meant = situation.terms.voice_tiers, situation.terms.tier(question.voice_tier)
    return f"{meant} of {_list(tiers)}" if tiers else f"{meant}; the plan names no tiers"


def of_number(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say whether a phone number is assigned."""
    if not question.is_call or question.channel not in PHONE_CHANNELS:
        return "asked of phone calls only"
    return "a number is assigned" if situation.has_number else "no number is assigned"


def of_resource(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say how many of a resource there are, and how many there may be."""
    if question.kind != "resource":
        return "asked of resources only"
    limits = situation.terms.limits if situation.terms else {}
    limit = limits.get(question.resource or "")
    return _of(question.resource or "", Decimal(situation.resource_used), limit)


def of_calls(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say how many outbound calls are used of the plan's quota."""
    if not question.is_call or question.channel != "outbound":
        return "asked of outbound calls only"
    quotas = situation.terms.quotas if situation.terms else {}
    return _of("outbound calls", situation.calls, quotas.get(OUTBOUND_CALLS))


def of_sessions(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say how many sessions are used of the plan's quota, or of the owner's own limit."""
    terms = situation.terms
    limit = terms.session_limit(situation.session_limit) if terms else None
    whose = ", the owner's own limit" if situation.session_limit is not None else ""
    return f"{_of('sessions', situation.sessions, limit)}{whose}"


def of_agent_limit(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say what was charged for the agent this month, of its limit, and how it is set."""
    if question.agent is None:
        return NO_AGENT
    if situation.agent_limit is None:
        return "no monthly limit"
    spent = f"{display(situation.agent_spent)} of {display(situation.agent_limit)} credits"
    lifted = situation.agent_over_limit and situation.agent_is_set_to_stop
    lifted = lifted and not situation.agent_limited
    filled = "; the wallet was filled since" if lifted else ""
    return f"{spent} this month, set to {_setting(situation)}{filled}"


def of_agent_credits(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say what is left of plan credits, and how the agent is set for when there is nothing."""
    if question.agent is None:
        return NO_AGENT
    left = f"{display(situation.credits_left)} plan credits and bonus left"
    return f"{left}, set to {_setting(situation)}"


def of_balance(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say what there is to pay with, and at which balance work pauses."""
    meter, terms = METERS[question.kind], situation.terms
    rate = terms.rate(meter, question.channel, question.voice_tier) if terms else None
    if not rate:
        return "not charged in credits on this plan"
    pots = f"balance {display(situation.balance)}, {_pausing(situation)}"
    if situation.credits_left > 0:
        kept = ", kept for other agents" if situation.agent_over_limit else ""
        pots += f"; {display(situation.credits_left)} plan credits and bonus left{kept}"
    if situation.left(meter) > 0:
        pots += f"; {plain(situation.left(meter))} {meter.replace('_', ' ')} included"
    return pots


def of_reserved(situation: Situation, question: Question, zone: ZoneInfo) -> str:
    """Say what calls that run may come to cost."""
    if not situation.reserved:
        return "nothing is reserved"
    then, credits = situation.once_charged(), display(situation.reserved.credits)
    units = plain(situation.reserved.units)
    words = f"{credits} credits and {units} included minutes reserved, balance then"
    return f"{words} {display(then.balance)}{_batch(situation, question)}"


def _pausing(situation: Situation) -> str:
    edge = display(-situation.overdraft)
    if situation.pause_when != Wallet.PauseWhen.NEGATIVE:
        return f"pauses at {edge}"
    return "paused until above 0.00" if situation.paused else f"pauses below {edge}"


def _setting(situation: Situation) -> str:
    return "stop" if situation.agent_is_set_to_stop else "use the balance"


def _of(what: str, used: Decimal, limit: int | None) -> str:
    counted = f"{what.replace('_', ' ')} {plain(used)}"
    return f"{counted}, no limit" if limit is None else f"{counted} of {limit}"


def _batch(situation: Situation, question: Question) -> str:
    passed = question.batch is not None and situation.batch_passed
    return "; this batch was let through before" if passed else ""


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _instant(instant: dt.datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%-d %b %Y, %H:%M}"
