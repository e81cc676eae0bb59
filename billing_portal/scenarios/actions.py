"""Every action that a story knows, with what it takes and the verb behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing_portal.scenarios import actions_money as money
from billing_portal.scenarios import actions_organization as organization
from billing_portal.scenarios import actions_payments as payments
from billing_portal.scenarios import actions_plan as plan
from billing_portal.scenarios import actions_subscribing as subscribing
from billing_portal.scenarios import actions_usage as usage
from billing_portal.scenarios.shapes import (
    Optional,
    Shape,
    day,
    decimal,
    either,
    flag,
    mapping_of,
    number,
    one_of,
    record,
    text,
    true,
    wall_time,
    whole,
)

Perform = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Action:
    """A word of the story: what it takes, and the verb that it calls."""

    name: str
    takes: Shape
    perform: Perform


WINDOW = {"days": Optional(whole), "last_day": Optional(day)}
CHARGE = {"charge": Optional(one_of("card", "invoice", "none"))}
AGENT_AND_ID = {"agent": Optional(text), "id": Optional(text)}
RENTAL = record(item=text, quantity=Optional(whole))
ANSWERS = one_of("ok", "declined", "expired", "needs_action", "lost_answer")

_ACTIONS: tuple[tuple[str, Shape, Perform], ...] = (
    ("sign_up", record(), organization.sign_up),
    ("create", record(plan=Optional(text), auto_renew=Optional(flag)), organization.create),
    (
        "agent",
        record(
            name=text,
            when_exhausted=Optional(one_of("stop", "use_balance")),
            monthly_limit=Optional(decimal),
        ),
        organization.agent,
    ),
    (
        "apply_plan",
        record(plan=text, **WINDOW, credit_unused=Optional(flag), **CHARGE),
        plan.apply_plan,
    ),
    ("renew", record(**WINDOW, **CHARGE), plan.renew),
    ("extend_trial", record(days=whole), plan.extend_trial),
    ("subscribe", record(plan=text), subscribing.subscribe),
    (
        "change_plan",
        record(plan=text, when=either(one_of("now", "period_end"), day)),
        subscribing.change_plan,
    ),
    ("cancel_change", record(), subscribing.cancel_change),
    ("cancel", record(), subscribing.cancel),
    ("undo_cancel", record(), subscribing.undo_cancel),
    ("set_session_limit", record(sessions=whole), subscribing.set_session_limit),
    ("reset_session_limit", record(), subscribing.reset_session_limit),
    ("card", record(name=text, answers=ANSWERS, default=Optional(flag)), payments.card),
    ("card_answers", record(name=text, answers=ANSWERS), payments.card_answers),
    ("remove_card", record(name=text), payments.take_card_away),
    ("default_card", record(name=text), payments.default_card),
    ("top_up", record(amount=decimal, abandon=Optional(true)), payments.top_up),
    ("pay", record(), payments.pay),
    (
        "auto_recharge",
        record(threshold=decimal, amount=decimal, enabled=Optional(flag)),
        payments.auto_recharge,
    ),
    (
        "call",
        record(
            channel=text,
            seconds=number,
            tier=Optional(text),
            connected=Optional(flag),
            started_at=Optional(wall_time),
            **AGENT_AND_ID,
        ),
        usage.call,
    ),
    (
        "message",
        record(direction=one_of("in", "out"), count=Optional(number), **AGENT_AND_ID),
        usage.message,
    ),
    (
        "session",
        record(
            hours=decimal,
            answered=Optional(flag),
            started_at=Optional(wall_time),
            **AGENT_AND_ID,
        ),
        usage.session,
    ),
    ("meter", record(name=text, quantity=decimal, **AGENT_AND_ID), usage.meter),
    ("resources", mapping_of(whole), organization.resources),
    (
        "gate",
        record(
            channel=Optional(text),
            tier=Optional(text),
            agent=Optional(text),
            session=Optional(true),
            resource=Optional(text),
            batch=Optional(text),
        ),
        usage.gate,
    ),
    ("rent", RENTAL, organization.rent),
    ("return", RENTAL, organization.give_back),
    ("adjust", record(credits=decimal, reason=text, expires_on=Optional(day)), money.adjust),
    ("record_payment", record(reference=text, amount=Optional(decimal)), money.record_payment),
    ("refund", record(amount=Optional(decimal)), payments.refund),
    ("suspend", record(reason=Optional(text)), organization.suspend),
    ("unsuspend", record(reason=Optional(text)), organization.unsuspend),
    ("webhook", record(repeat=Optional(whole), of=one_of("last")), payments.webhook),
    (
        "advance",
        record(to=Optional(wall_time), days=Optional(whole), hours=Optional(decimal)),
        organization.advance,
    ),
)
ACTIONS = {name: Action(name, takes, does) for name, takes, does in _ACTIONS}
