"""What the platform does: it reports usage, and asks the gate."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from billing_portal.scenarios.world import Refused, StepFailed, World
from plans.models import Period, Subscription
from plans.provisioning import MAIN_AGENT
from usage.charging import charge
from usage.gate import ask
from usage.questions import Question

SECOND = dt.timedelta(seconds=1)


def call(
    world: World,
    *,
    channel: str,
    seconds: Any,
    id: str | None = None,  # noqa: A002 - the story's own word
    agent: str = MAIN_AGENT,
    tier: str | None = None,
    connected: bool = True,
    started_at: dt.datetime | None = None,
) -> None:
    """Report a finished call."""
    lasted = dt.timedelta(seconds=float(seconds)) if seconds > 0 else dt.timedelta()
    event = {
        "kind": "call",
        "agent": agent,
        "channel": channel,
        "voice_tier": tier,
        "connected": connected,
        "seconds": seconds,
        "started_at": _began(world, lasted, said=started_at, event_id=id).isoformat(),
    }
    report(world, event, event_id=id)


def message(
    world: World,
    *,
    direction: str,
    count: Any = 1,
    agent: str = MAIN_AGENT,
    id: str | None = None,  # noqa: A002 - the story's own word
) -> None:
    """Report messages."""
    event = {
        "kind": "message",
        "agent": agent,
        "direction": direction,
        "count": count,
        "at": _began(world, dt.timedelta(), event_id=id).isoformat(),
    }
    report(world, event, event_id=id)


def session(
    world: World,
    *,
    hours: Decimal,
    answered: bool = True,
    agent: str = MAIN_AGENT,
    id: str | None = None,  # noqa: A002 - the story's own word
    started_at: dt.datetime | None = None,
) -> None:
    """Report a finished conversation."""
    lasted = dt.timedelta(microseconds=int(hours * 3_600_000_000))
    began = _began(world, lasted, said=started_at, event_id=id)
    event = {
        "kind": "session",
        "agent": agent,
        "started_at": began.isoformat(),
        "ended_at": (began + lasted).isoformat(),
        "answered": answered,
    }
    # What cannot have ended by now, because its period has just begun, is reported all the same.
    ended = began + lasted if started_at is None else world.now
    report(world, event, event_id=id, latest=max(world.now, ended))


def meter(
    world: World,
    *,
    name: str,
    quantity: Decimal,
    agent: str = MAIN_AGENT,
    id: str | None = None,  # noqa: A002 - the story's own word
) -> None:
    """Report any other meter."""
    event = {
        "kind": "meter",
        "agent": agent,
        "meter": name,
        "quantity": f"{quantity:f}",
        "at": _began(world, dt.timedelta(), event_id=id).isoformat(),
    }
    report(world, event, event_id=id)


def report(
    world: World,
    event: dict[str, Any],
    *,
    event_id: str | None,
    latest: dt.datetime | None = None,
) -> None:
    """Report one usage event, as the platform does.

    :raises Refused: it was not charged.
    """
    named = {
        "organization": world.organization.external_id,
        "id": event_id or f"step-{world.step}",
    }
    [result] = charge([{**named, **event}], now=world.now, latest=latest)
    if result.code:
        raise Refused(result.code, result.message)
    world.charged = result


def gate(
    world: World,
    *,
    channel: str | None = None,
    tier: str | None = None,
    agent: str | None = None,
    session: bool = False,
    resource: str | None = None,
    batch: str | None = None,
) -> None:
    """Ask whether work may start."""
    if sum((channel is not None, session, resource is not None)) > 1:
        raise StepFailed("a gate asks for a call, a conversation or a resource, for one of them")
    kind = "message"
    if channel is not None:
        kind = "call"
    elif session:
        kind = "session"
    elif resource is not None:
        kind = "resource"
    question = Question(
        organization=world.organization.external_id or "",
        kind=kind,
        channel=channel,
        voice_tier=tier,
        agent=agent if kind == "resource" else agent or MAIN_AGENT,
        resource=resource,
        batch=batch,
    )
    world.answer = ask(question, now=world.now)


def _began(
    world: World,
    lasted: dt.timedelta,
    *,
    said: dt.datetime | None = None,
    event_id: str | None,
) -> dt.datetime:
    """Answer when work began: as said, else it ended just now, but not before the period.

    What is reported again under its id began when it did.
    """
    if said is not None:
        began = _to_the_second(world, world.clock.instant(said))
        return world.began.setdefault(f"{event_id} {said}", began) if event_id else began
    if event_id in world.began:
        return world.began[event_id]
    # To the second, as a platform says it.
    began = world.now.replace(microsecond=0) - lasted
    subscription = (
        Subscription.objects.select_related("period")
        .filter(organization=world.organization)
        .first()
    )
    if subscription:
        began = max(began, subscription.period.starts_at)
    if event_id is not None:
        world.began[event_id] = began
    return began


def _to_the_second(world: World, said: dt.datetime) -> dt.datetime:
    """Answer a time that was said: in a period that began in that second, since it began.

    A step's instant is some microseconds later than what the wall shows.
    """
    began = Period.objects.filter(
        organization=world.organization, starts_at__gt=said, starts_at__lt=said + SECOND
    )
    return began.order_by("-starts_at").values_list("starts_at", flat=True).first() or said
