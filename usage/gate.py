"""May this start? The one function that says so, with code, message and remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.refusals import Invalid
from plans.resources import KNOWN as RESOURCES
from plans.terms import CALL_MINUTES, CHANNELS, MESSAGES, PHONE_CHANNELS, SESSIONS
from usage.bell import Bell
from usage.charging import UnknownOrganization
from usage.models import BatchPass
from usage.rating import OUTBOUND_CALLS
from usage.situation import Situation, look
from wallet.credits import ZERO

KINDS = ("call", "session", "message", "resource", "campaign_batch")
METERS = {
    "call": CALL_MINUTES,
    "campaign_batch": CALL_MINUTES,
    "message": MESSAGES,
    "session": SESSIONS,
}
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Question:
    """What wants to start: its kind, and what the kind needs."""

    organization: str
    kind: str = "message"
    channel: str | None = None
    voice_tier: str | None = None
    agent: str | None = None
    resource: str | None = None
    batch: str | None = None

    @property
    def is_call(self) -> bool:
        return self.kind in ("call", "campaign_batch")


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it may start; where not, why, and what lifts it."""

    allowed: bool
    bell: Bell
    code: str | None = None
    message: str | None = None
    remedy: str | None = None
    max_seconds: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Write the answer of ``POST /gate/``."""
        return {
            "allowed": self.allowed,
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "max_seconds": self.max_seconds,
            "bell": self.bell.value,
        }


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason why work may not start, as a question to the situation."""

    code: str
    message: str
    remedy: str
    refuses: Callable[[Situation, Question], bool]


def _over(situation: Situation, question: Question) -> bool:
    return situation.over and not situation.overdue and not _batch_passed(situation, question)


def _overdue(situation: Situation, question: Question) -> bool:
    return situation.overdue and not _batch_passed(situation, question)


def _batch_passed(situation: Situation, question: Question) -> bool:
    return question.batch is not None and situation.batch_passed


def _channel_missing(situation: Situation, question: Question) -> bool:
    terms = situation.terms
    return question.is_call and terms is not None and question.channel not in terms.channels


def _tier_missing(situation: Situation, question: Question) -> bool:
    terms = situation.terms
    return question.is_call and terms is not None and not terms.allows_tier(question.voice_tier)


def _number_missing(situation: Situation, question: Question) -> bool:
    return question.is_call and question.channel in PHONE_CHANNELS and not situation.has_number


def _resource_full(situation: Situation, question: Question) -> bool:
    if question.kind != "resource" or situation.terms is None:
        return False
    limit = situation.terms.limits.get(question.resource or "")
    return limit is not None and situation.resource_used >= limit


def _calls_used(situation: Situation, question: Question) -> bool:
    if not question.is_call or question.channel != "outbound" or situation.terms is None:
        return False
    quota = situation.terms.quotas.get(OUTBOUND_CALLS)
    return quota is not None and situation.calls >= quota


def _sessions_used(situation: Situation, question: Question) -> bool:
    terms = situation.terms
    limit = terms.session_limit(situation.session_limit) if terms else None
    return limit is not None and situation.sessions >= limit


def _agent_limited(situation: Situation, question: Question) -> bool:
    return situation.agent_limited


def _agent_stops(situation: Situation, question: Question) -> bool:
    return situation.agent_stops


def _nothing_to_pay_with(situation: Situation, question: Question) -> bool:
    meter = METERS[question.kind]
    terms = situation.terms
    rate = terms.rate(meter, question.channel, question.voice_tier) if terms else None
    # Beyond its limit an agent leaves the credits with an end to the others.
    credits_left = ZERO if situation.agent_over_limit else situation.credits_left
    if not rate or situation.left(meter) > 0 or credits_left > 0:
        return False
    return situation.wallet_pauses


SUSPENDED = Rule(
    "organization_suspended",
    "This organization is suspended.",
    "Only our staff can lift the suspension; please contact us.",
    lambda situation, _: situation.suspended,
)
RESOURCE = Rule(
    "resource_limit_reached",
    "Your plan's limit for this is reached.",
    "Remove one that is not needed, or move to a plan with a higher limit.",
    _resource_full,
)
RULES = (
    SUSPENDED,
    Rule(
        "subscription_ended",
        "Your subscription has ended. Please upgrade your plan to continue.",
        "An owner subscribes again, or our staff renew the plan.",
        _over,
    ),
    Rule(
        "payment_overdue",
        "Your payment is overdue and the grace period has expired.",
        "An owner pays the open invoice; everything resumes on the same day.",
        _overdue,
    ),
    Rule(
        "channel_not_in_plan",
        "Your plan does not include this channel.",
        "Move to a plan that includes it.",
        _channel_missing,
    ),
    Rule(
        "voice_tier_not_in_plan",
        "Your plan does not include this voice tier.",
        "Choose another voice, or move to a plan that includes it.",
        _tier_missing,
    ),
    Rule(
        "no_phone_number",
        "No phone number is assigned to your organization.",
        "Rent a phone number, or have one assigned.",
        _number_missing,
    ),
    Rule(
        "call_quota_reached",
        "All outbound calls of this period are used.",
        "The quota starts afresh with the next period or plan.",
        _calls_used,
    ),
    Rule(
        "session_limit_reached",
        "The session limit of this period has been reached.",
        "Raise the limit, or wait for the next period.",
        _sessions_used,
    ),
    Rule(
        "agent_limit_reached",
        "This agent has reached its monthly limit.",
        "Raise the agent's limit, top up, or wait for the next month.",
        _agent_limited,
    ),
    Rule(
        "plan_credits_exhausted",
        "The plan credits are used up, and this agent stops then.",
        "Top up, let the agent use the balance, or wait for the next period.",
        _agent_stops,
    ),
    Rule(
        "balance_exhausted",
        "Your balance is used up.",
        "Add credits: an owner tops up, or our staff adjust the wallet.",
        _nothing_to_pay_with,
    ),
)
RULES_OF_RESOURCES = (SUSPENDED, RESOURCE)


def ask(question: Question, *, now: dt.datetime, only: int | None = None) -> Answer:
    """Answer whether work may start now; one statement, and one more to let a batch through.

    ``only`` is the id of the one organization that may be asked for.

    :raises UnknownOrganization: there is no such organization, or ``only`` shuts it out.
    :raises Invalid: the question is none: a call without channel, an unknown agent.
    """
    check(question)
    situation = look(
        question.organization,
        now=now,
        resource=question.resource,
        batch=question.batch,
        agent=question.agent,
        only=only,
    )
    if situation is None:
        raise UnknownOrganization(field="organization")
    if question.agent is not None and not situation.agent_known:
        raise Invalid(f"There is no agent “{question.agent[:60]}”.", field="agent")
    answer = decide(situation, question)
    if answer.allowed and question.batch is not None and not situation.batch_passed:
        BatchPass.objects.bulk_create(
            [
                BatchPass(
                    organization_id=situation.organization_id, batch=question.batch, passed_at=now
                )
            ],
            ignore_conflicts=True,
        )
    return answer


def check(question: Question) -> None:
    """Refuse a question that has no answer.

    :raises Invalid: naming the field.
    """
    if question.kind not in KINDS:
        raise Invalid(f"A kind is one of {', '.join(KINDS)}.", field="kind")
    if question.is_call and question.channel not in CHANNELS:
        raise Invalid(f"A channel is one of {', '.join(CHANNELS)}.", field="channel")
    if question.batch is not None and not question.is_call:
        raise Invalid("Only calls come in batches.", field="batch")
    if question.kind == "resource" and question.resource not in RESOURCES:
        raise Invalid(f"A resource is one of {', '.join(RESOURCES)}.", field="resource")
    for name in ("organization", "agent", "batch", "voice_tier"):
        value = getattr(question, name)
        if value is not None and not 0 < len(value) <= LONGEST_TEXT:
            raise Invalid(f"{name} is a text of 1 to {LONGEST_TEXT} characters.", field=name)


def decide(situation: Situation, question: Question) -> Answer:
    """Answer a question from a situation: the first rule that refuses, or how long it may last."""
    rules = RULES_OF_RESOURCES if question.kind == "resource" else RULES
    for rule in rules:
        if rule.refuses(situation, question):
            return Answer(False, situation.bell, rule.code, rule.message, rule.remedy)
    longest = None
    if question.is_call and situation.terms and question.channel:
        longest = situation.terms.max_seconds(question.channel)
    return Answer(True, situation.bell, max_seconds=longest)
