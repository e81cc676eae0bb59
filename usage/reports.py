"""What the platform reports: one usage event, read strictly; nothing here knows a price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from accounts.refusals import Invalid
from plans.terms import CALL_MINUTES, CHANNELS

LONGEST_ID = 200
LONGEST_CALL = 7 * 24 * 3600
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
CLOCK_SKEW = dt.timedelta(minutes=5)
KINDS = ("call", "message", "session", "meter")
CALL_KEYS = frozenset(
    {
        *("organization", "id", "agent", "kind", "channel", "voice_tier"),
        *("started_at", "connected", "seconds"),
    }
)


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
    if kind != "call":
        raise Invalid(f"Events of kind {kind} are not taken yet.", field="kind")
    unknown = sorted(str(key) for key in set(raw) - CALL_KEYS)
    if unknown:
        raise Invalid(f"A call has no “{unknown[0][:40]}”.", field=unknown[0][:40])
    return _call(raw, organization=organization, now=now)


def _call(raw: Mapping[str, Any], *, organization: str | None, now: dt.datetime) -> Report:
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


def text_of(raw: Mapping[str, Any], key: str, *, longest: int = LONGEST_ID) -> str:
    """Answer a required text of an event.

    :raises Invalid: missing, empty, too long, no text, or with characters no text has.
    """
    value = raw.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= longest:
        raise Invalid(f"{key} is a text of 1 to {longest} characters.", field=key)
    if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
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
