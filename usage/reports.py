"""What the platform reports: one usage event, read strictly; nothing here knows a price."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from accounts.refusals import Invalid
from plans.terms import CALL_MINUTES, CHANNELS, MESSAGES, SESSIONS
from usage.windows import MARK
from wallet.credits import PLACES, plain
from wallet.money import plain_decimal

LONGEST_ID = 200
# Its later windows are kept under its id, a mark and their number.
LONGEST_SESSION_ID = LONGEST_ID - 3
LONGEST_CALL = 7 * 24 * 3600
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
CLOCK_SKEW = dt.timedelta(minutes=5)
KINDS = ("call", "message", "session", "meter")
LONGEST_SESSION = dt.timedelta(days=60)
MOST_MESSAGES = 1_000_000
LARGEST_QUANTITY = 10**12
METERS = {"call": CALL_MINUTES, "message": MESSAGES, "session": SESSIONS}
OF_OTHER_KINDS = tuple(METERS.values())
# What PostgreSQL has no text for, and the mark of a session's windows.
_IN_NO_TEXT = re.compile(f"[\x00{MARK}\ud800-\udfff]").search

_OF_ALL = frozenset({"organization", "id", "agent", "kind"})
KEYS = {
    "call": _OF_ALL | {"channel", "voice_tier", "started_at", "connected", "seconds"},
    "message": _OF_ALL | {"direction", "count", "at"},
    "session": _OF_ALL | {"started_at", "ended_at", "answered"},
    "meter": _OF_ALL | {"meter", "quantity", "at"},
}


class Report(NamedTuple):
    """One report: who, when, which meter, and the facts that its charge is computed from."""

    organization: str
    event_id: str
    agent: str
    kind: str
    meter: str
    started_at: dt.datetime
    channel: str = ""
    voice_tier: str | None = None
    connected: bool = True
    seconds: int = 0
    quantity: str = "1"
    ended_at: dt.datetime | None = None
    answered: bool = True
    facts: Mapping[str, Any] = {}


def read_report(raw: object, *, now: dt.datetime, organization: str | None = None) -> Report:
    """Read one event of ``POST /usage/``; ``organization`` is meant where it names none.

    :raises Invalid: naming the field that is missing, unknown, or cannot be.
    """
    if not isinstance(raw, Mapping):
        raise Invalid("An event is an object.", field="events")
    kind = raw.get("kind")
    if kind not in KINDS:
        raise Invalid(f"A kind is one of {', '.join(KINDS)}.", field="kind")
    if not KEYS[kind].issuperset(raw):
        unknown = min(str(key) for key in set(raw) - KEYS[kind])[:40]
        raise Invalid(f"A {kind} has no “{unknown}”.", field=unknown)
    return READERS[kind](raw, organization, now)


def _call(raw: Mapping[str, Any], organization: str | None, now: dt.datetime) -> Report:
    channel = raw.get("channel")
    if channel not in CHANNELS:
        raise Invalid(f"A channel is one of {', '.join(CHANNELS)}.", field="channel")
    tier = raw.get("voice_tier")
    if tier is not None:
        tier = text_of(raw, "voice_tier", longest=40)
    connected = raw.get("connected", True)
    if not isinstance(connected, bool):
        raise Invalid("Connected is true or false.", field="connected")
    seconds = raw.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise Invalid("Seconds are a whole number.", field="seconds")
    if not (1 if connected else 0) <= seconds <= LONGEST_CALL:
        raise Invalid("A connected call lasts from one second to seven days.", field="seconds")
    started_at = instant_of(raw, "started_at", now=now)
    facts: dict[str, Any] = {
        "kind": "call",
        "agent": text_of(raw, "agent"),
        "channel": channel,
        "voice_tier": tier,
        "started_at": started_at.isoformat(),
        "connected": connected,
        "seconds": seconds,
    }
    return Report(
        organization=_organization(raw, organization),
        event_id=text_of(raw, "id"),
        agent=facts["agent"],
        kind="call",
        meter=CALL_MINUTES,
        started_at=started_at,
        channel=channel,
        voice_tier=tier,
        connected=connected,
        seconds=seconds,
        facts=facts,
    )


def _message(raw: Mapping[str, Any], organization: str | None, now: dt.datetime) -> Report:
    if raw.get("direction") not in ("in", "out"):
        raise Invalid("A direction is in or out.", field="direction")
    count = raw.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or not 0 < count <= MOST_MESSAGES:
        raise Invalid(f"A count is a whole number from 1 to {MOST_MESSAGES}.", field="count")
    started_at = instant_of(raw, "at", now=now)
    facts: dict[str, Any] = {
        "kind": "message",
        "agent": text_of(raw, "agent"),
        "direction": raw["direction"],
        "started_at": started_at.isoformat(),
        "quantity": str(count),
    }
    return _counted(raw, facts, MESSAGES, started_at, organization)


def _meter(raw: Mapping[str, Any], organization: str | None, now: dt.datetime) -> Report:
    name = text_of(raw, "meter", longest=60)
    if name in OF_OTHER_KINDS:
        raise Invalid(f"{name} has a kind of event of its own.", field="meter")
    started_at = instant_of(raw, "at", now=now)
    facts: dict[str, Any] = {
        "kind": "meter",
        "agent": text_of(raw, "agent"),
        "meter": name,
        "started_at": started_at.isoformat(),
        "quantity": plain(quantity_of(raw, "quantity")),
    }
    return _counted(raw, facts, name, started_at, organization)


def _session(raw: Mapping[str, Any], organization: str | None, now: dt.datetime) -> Report:
    answered = raw.get("answered", True)
    if not isinstance(answered, bool):
        raise Invalid("Answered is true or false.", field="answered")
    started_at = instant_of(raw, "started_at", now=now)
    ended_at = instant_of(raw, "ended_at", now=now)
    if ended_at < started_at:
        raise Invalid("A session does not end before it starts.", field="ended_at")
    if ended_at - started_at > LONGEST_SESSION:
        raise Invalid(f"A session lasts at most {LONGEST_SESSION.days} days.", field="ended_at")
    text_of(raw, "id", longest=LONGEST_SESSION_ID)
    facts: dict[str, Any] = {
        "kind": "session",
        "agent": text_of(raw, "agent"),
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "answered": answered,
    }
    report = _counted(raw, facts, SESSIONS, started_at, organization)
    return report._replace(ended_at=ended_at, answered=answered)


def _counted(
    raw: Mapping[str, Any],
    facts: dict[str, Any],
    meter: str,
    started_at: dt.datetime,
    organization: str | None,
) -> Report:
    return Report(
        organization=_organization(raw, organization),
        event_id=text_of(raw, "id"),
        agent=facts["agent"],
        kind=facts["kind"],
        meter=meter,
        started_at=started_at,
        quantity=facts.get("quantity", "1"),
        facts=facts,
    )


READERS: Mapping[str, Callable[[Mapping[str, Any], str | None, dt.datetime], Report]] = {
    "call": _call,
    "message": _message,
    "session": _session,
    "meter": _meter,
}


def read_facts(facts: Mapping[str, Any], *, event_id: str) -> Report:
    """Read a report again from the facts that are kept of it; it was checked when it came."""
    ended_at = facts.get("ended_at")
    return Report(
        organization="",
        event_id=event_id,
        agent=facts["agent"],
        kind=facts["kind"],
        meter=facts.get("meter") or METERS[facts["kind"]],
        started_at=dt.datetime.fromisoformat(facts["started_at"]),
        channel=facts.get("channel", ""),
        voice_tier=facts.get("voice_tier"),
        connected=facts.get("connected", True),
        seconds=facts.get("seconds", 0),
        quantity=facts.get("quantity", "1"),
        ended_at=dt.datetime.fromisoformat(ended_at) if ended_at else None,
        answered=facts.get("answered", True),
        facts=facts,
    )


def quantity_of(raw: Mapping[str, Any], key: str) -> Decimal:
    """Answer a required quantity: a decimal above zero, of at most 6 places.

    :raises Invalid: no number, none above zero, too large, or with more places.
    """
    value = raw.get(key)
    try:
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise Invalid(f"{key} is a decimal number, as a text.", field=key)
        number = plain_decimal(value)
    except InvalidOperation as error:
        raise Invalid(f"{key} is a decimal number, as a text.", field=key) from error
    if not number.is_finite() or not 0 < number <= LARGEST_QUANTITY:
        raise Invalid(f"{key} is above zero, and at most {LARGEST_QUANTITY:,}.", field=key)
    if number != round(number, PLACES):
        raise Invalid(f"{key} has at most {PLACES} decimals.", field=key)
    return round(number, PLACES)


def text_of(raw: Mapping[str, Any], key: str, *, longest: int = LONGEST_ID) -> str:
    """Answer a required text of an event.

    :raises Invalid: missing, empty, too long, no text, or with characters no text has.
    """
    value = raw.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Invalid(f"{key} is a text of 1 to {longest} characters.", field=key)
    if _IN_NO_TEXT(value):
        raise Invalid(f"{key} has characters that no text has.", field=key)
    return value


def instant_of(raw: Mapping[str, Any], key: str, *, now: dt.datetime) -> dt.datetime:
    """Answer a required time of an event, in UTC.

    :raises Invalid: no ISO 8601 time with an offset, before 2000, or from the future.
    """
    value = raw.get(key)
    try:
        instant = dt.datetime.fromisoformat(value) if isinstance(value, str) else None
        if instant is None or instant.utcoffset() is None:
            raise Invalid(f"{key} is an ISO 8601 time with an offset.", field=key)
        instant = instant.astimezone(dt.UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{key} is an ISO 8601 time with an offset.", field=key) from error
    if instant > now + CLOCK_SKEW:
        raise Invalid(f"{key} is in the future.", field=key)
    if instant < EARLIEST:
        raise Invalid(f"{key} is too long ago.", field=key)
    return instant


def _organization(raw: Mapping[str, Any], fallback: str | None) -> str:
    if fallback is not None and "organization" not in raw:
        return fallback
    return text_of(raw, "organization")
