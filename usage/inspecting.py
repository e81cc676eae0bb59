"""Why can't they call? Every rule of the gate in its order, with its figures and its remedy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Agent, Organization
from accounts.refusals import Invalid
from usage.gate import RESERVED, Rule, decide, rules_for, see
from usage.questions import Answer, Question, check
from usage.rewinding import look_back
from usage.situation import Situation

WHAT = {
    "message": "A message",
    "session": "A session",
    "campaign_batch": "A batch of {} calls",
    "resource": "One more of the {}",
}


class Outcome(StrEnum):
    """What a rule said; after the first that refuses no other is asked."""

    PASSES = "passes"
    REFUSES = "refuses"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, what it said, the figures it looked at, and what of them is not known."""

    rule: Rule
    outcome: Outcome
    figures: str
    untold: str
    would_refuse: bool

    @property
    def name(self) -> str:
        """The rule's code, but for the second rule that has the same one."""
        return _name(self.rule)

    @property
    def refuses_too(self) -> bool:
        """Answer whether it would refuse as well, once what refuses before it is lifted."""
        return self.outcome == Outcome.NOT_ASKED and self.would_refuse


@dataclass(frozen=True, slots=True)
class Inspection:
    """The gate's answer to a question, as one plain sentence and rule by rule."""

    question: Question
    at: dt.datetime
    is_past: bool
    answer: Answer
    sentence: str
    checks: tuple[Check, ...]

    @property
    def anything_to_lift(self) -> bool:
        """Answer whether any rule refuses, or would."""
        return any(check.would_refuse for check in self.checks)


def inspect(
    organization: Organization, question: Question, *, now: dt.datetime, at: dt.datetime | None
) -> Inspection:
    """Ask every rule, now or of the situation at a past instant; nothing is reserved by that.

    :raises Invalid: the question is none, there is no such agent, or the instant is to come.
    """
    check(question)
    is_past = at is not None and at < now
    if at is not None and at > now:
        raise Invalid("That is to come: a rehearsal tells what will be.", field="at")
    untold: Mapping[str, str] = {}
    if at is not None and is_past:
        then = look_back(organization, question, at=at)
        situation, untold = then.situation, then.untold
        if question.agent is not None and not situation.agent_known:
            raise Invalid("There was no such agent yet.", field="agent")
    else:
        situation = see(question, now=now, only=organization.pk)
    answer = decide(situation, question)
    return Inspection(
        question=question,
        at=at or now,
        is_past=is_past,
        answer=answer,
        sentence=_sentence(organization, question, answer, at if is_past else None),
        checks=_checks(organization, situation, question, untold),
    )


def _checks(
    organization: Organization,
    situation: Situation,
    question: Question,
    untold: Mapping[str, str],
) -> tuple[Check, ...]:
    checks: list[Check] = []
    refused = False
    for rule in rules_for(question):
        refuses = rule.refuses(situation, question)
        said = Outcome.REFUSES if refuses else Outcome.PASSES
        checks.append(
            Check(
                rule=rule,
                outcome=Outcome.NOT_ASKED if refused else said,
                figures=rule.figures(situation, question, organization.zone),
                untold=untold.get(_name(rule), ""),
                would_refuse=refuses,
            )
        )
        refused = refused or refuses
    return tuple(checks)


def _name(rule: Rule) -> str:
    return "balance_reserved" if rule is RESERVED else rule.code


def _sentence(
    organization: Organization, question: Question, answer: Answer, then: dt.datetime | None
) -> str:
    what = _what(question)
    if question.agent is not None:
        what += f" by {_agent_name(organization, question.agent)}"
    when = f"on {then.astimezone(organization.zone):%-d %b %Y, %H:%M}" if then else "now"
    if not answer.allowed:
        may = "could not start" if then else "may not start"
        return f"{what} {may} {when}: {answer.message}"
    longest = f", for at most {_minutes(answer.max_seconds)}" if answer.max_seconds else ""
    return f"{what} {'could' if then else 'may'} start {when}{longest}."


def _agent_name(organization: Organization, external_id: str) -> str:
    names = Agent.objects.filter(organization=organization, external_id=external_id)
    return names.values_list("name", flat=True).get()


def _what(question: Question) -> str:
    if question.kind == "call":
        return f"{'An' if question.channel != 'web' else 'A'} {question.channel} call"
    named = question.resource or question.channel or ""
    return WHAT[question.kind].format(named.replace("_", " "))


def _minutes(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min" if not rest else f"{minutes} min {rest} s"
