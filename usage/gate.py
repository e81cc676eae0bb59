"""May this start? The one function that says so, with code, message and remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from accounts.refusals import Invalid
from plans.renewing import renew_now, worth_a_try
from plans.terms import OUTBOUND_CALLS, PHONE_CHANNELS
from usage import figures
from usage.charging import UnknownOrganization
from usage.figures import Figures
from usage.holds import hold
from usage.models import BatchPass
from usage.questions import METERS, Answer, Question, check
from usage.situation import Situation, look
from wallet.credits import ZERO
from wallet.ledger import lock_wallet


@dataclass(frozen=True, slots=True)
class Rule:
    """One reason why work may not start, as a question to the situation; and its figures."""

    code: str
    message: str
    remedy: str
    refuses: Callable[[Situation, Question], bool]
    figures: Figures


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


def _rest_reserved(situation: Situation, question: Question) -> bool:
    """Answer whether the calls that run leave nothing; a batch that was let through finishes."""
    if not situation.reserved or _batch_passed(situation, question):
        return False
    then = situation.once_charged()
    return then.agent_stops or _nothing_to_pay_with(then, question)


SUSPENDED = Rule(
    "organization_suspended",
    "This organization is suspended.",
    "Only our staff can lift the suspension; please contact us.",
    lambda situation, _: situation.suspended,
    figures.of_suspension,
)
RESOURCE = Rule(
    "resource_limit_reached",
    "Your plan's limit for this is reached.",
    "Remove one that is not needed, or move to a plan with a higher limit.",
    _resource_full,
    figures.of_resource,
)
RESERVED = Rule(
    "balance_exhausted",
    "What is left of your credit is reserved for calls that are running.",
    "Wait until one of them ends, or add credits: an owner tops up, or our staff do.",
    _rest_reserved,
    figures.of_reserved,
)
RULES = (
    SUSPENDED,
    Rule(
        "subscription_ended",
        "Your subscription has ended. Please upgrade your plan to continue.",
        "An owner subscribes again, or our staff renew the plan.",
        _over,
        figures.of_end,
    ),
    Rule(
        "payment_overdue",
        "Your payment is overdue and the grace period has expired.",
        "An owner pays the open invoice; everything resumes on the same day.",
        _overdue,
        figures.of_grace,
    ),
    Rule(
        "channel_not_in_plan",
        "Your plan does not include this channel.",
        "Move to a plan that includes it.",
        _channel_missing,
        figures.of_channel,
    ),
    Rule(
        "voice_tier_not_in_plan",
        "Your plan does not include this voice tier.",
        "Choose another voice, or move to a plan that includes it.",
        _tier_missing,
        figures.of_tier,
    ),
    Rule(
        "no_phone_number",
        "No phone number is assigned to your organization.",
        "Rent a phone number, or have one assigned.",
        _number_missing,
        figures.of_number,
    ),
    Rule(
        "call_quota_reached",
        "All outbound calls of this period are used.",
        "The quota starts afresh with the next period or plan.",
        _calls_used,
        figures.of_calls,
    ),
    Rule(
        "session_limit_reached",
        "The session limit of this period has been reached.",
        "Raise the limit, or wait for the next period.",
        _sessions_used,
        figures.of_sessions,
    ),
    Rule(
        "agent_limit_reached",
        "This agent has reached its monthly limit.",
        "Raise the agent's limit, top up, or wait for the next month.",
        _agent_limited,
        figures.of_agent_limit,
    ),
    Rule(
        "plan_credits_exhausted",
        "The plan credits are used up, and this agent stops then.",
        "Top up, let the agent use the balance, or wait for the next period.",
        _agent_stops,
        figures.of_agent_credits,
    ),
    Rule(
        "balance_exhausted",
        "Your balance is used up.",
        "Add credits: an owner tops up, or our staff adjust the wallet.",
        _nothing_to_pay_with,
        figures.of_balance,
    ),
    RESERVED,
)
RULES_OF_RESOURCES = (SUSPENDED, RESOURCE)


def ask(question: Question, *, now: dt.datetime, only: int | None = None) -> Answer:
    """Answer whether work may start now; one statement, and one more to let a batch through.

    Where the site reserves credit, a call is let in under the wallet's lock, with its hold.
    Between a midnight and the sweep that renews, the plan is renewed first.
    ``only`` is the id of the one organization that may be asked for.

    :raises UnknownOrganization: there is no such organization, or ``only`` shuts it out.
    :raises Invalid: the question is none: a call without channel, an unknown agent.
    """
    check(question)
    situation = see(question, now=now, only=only)
    if situation.renewal_due and worth_a_try([situation.organization_id], now=now):
        renew_now(situation.organization_id, now=now)
        situation = see(question, now=now, only=only)
    answer = decide(situation, question)
    if answer.allowed and question.kind == "call" and situation.reserves:
        answer = _let_in(question, situation.organization_id, now=now)
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


def see(question: Question, *, now: dt.datetime, only: int | None = None) -> Situation:
    """Answer the situation in which a question is asked; looking reserves nothing.

    :raises UnknownOrganization: there is no such organization, or ``only`` shuts it out.
    :raises Invalid: there is no such agent.
    """
    situation = look(
        question.organization,
        now=now,
        resource=question.resource,
        batch=question.batch,
        agent=question.agent,
        call=question.call,
        only=only,
    )
    if situation is None:
        raise UnknownOrganization(field="organization")
    if question.agent is not None and not situation.agent_known:
        raise Invalid(f"There is no agent “{question.agent[:60]}”.", field="agent")
    return situation


@transaction.atomic
def _let_in(question: Question, organization_id: int, *, now: dt.datetime) -> Answer:
    """Look again while nobody else can take or reserve credit, and reserve what it may cost."""
    lock_wallet(organization_id)
    situation = see(question, now=now, only=organization_id)
    answer = decide(situation, question)
    if answer.allowed:
        hold(situation, question, now=now)
    return answer


def rules_for(question: Question) -> tuple[Rule, ...]:
    """Answer the rules that a question is asked, in their order."""
    return RULES_OF_RESOURCES if question.kind == "resource" else RULES


def decide(situation: Situation, question: Question) -> Answer:
    """Answer a question from a situation: the first rule that refuses, or how long it may last."""
    for rule in rules_for(question):
        if rule.refuses(situation, question):
            return Answer(False, situation.bell, rule.code, rule.message, rule.remedy)
    longest = None
    if question.is_call and situation.terms and question.channel:
        longest = situation.terms.max_seconds(question.channel)
    return Answer(True, situation.bell, max_seconds=longest)
