"""What Stripe tells us is verified and kept, once per event; it is acted on later."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from typing import Any, NoReturn

import stripe
from django.conf import settings
from django.db.models import QuerySet

from payments.facts import Plain
from payments.models import StripeEvent

# Stripe's own tolerance into the past; its library has none into the future.
TOLERANCE = dt.timedelta(seconds=300)
MOST_BYTES = 1_000_000


class NotFromStripe(Exception):
    """A message that Stripe did not send to this site now; nothing of it is kept."""


def take_in(body: bytes, signature: str, *, now: dt.datetime) -> StripeEvent:
    """Verify a message and keep its event; the same event again answers the one that is kept.

    :raises NotFromStripe: it is forged, stale, another account's, or of the other mode.
    """
    require_signature(body, signature, now=now)
    event = read(body)
    require_ours(event)
    return keep(event, now=now)[0]


def require_signature(body: bytes, signature: str, *, now: dt.datetime) -> None:
    """Refuse a body that none of this site's secrets has signed within five minutes of now.

    :raises NotFromStripe: so it is.
    """
    stamps = [part[2:] for part in signature.split(",") if part.startswith("t=")]
    # One time stamp, or what is checked here might not be what was signed.
    if len(stamps) != 1 or not re.fullmatch("[0-9]{1,12}", stamps[0]):
        raise NotFromStripe("There is no signature.")
    if abs(int(stamps[0]) - now.timestamp()) > TOLERANCE.total_seconds():
        raise NotFromStripe("The signature is not of these minutes.")
    if not any(_is_signed(body, signature, secret) for secret in settings.STRIPE_WEBHOOK_SECRETS):
        raise NotFromStripe("The signature is none of ours.")


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def read(body: bytes) -> Plain:
    """Read one JSON object, strictly: a name that comes twice would mean two things.

    :raises NotFromStripe: it is none.
    """
    try:
        found = json.loads(
            body.decode(),
            object_pairs_hook=_once_each,
            parse_constant=_refuse_constant,
            # No amount is a fraction, and PostgreSQL knows no 1e999.
            parse_float=str,
        )
    except (ValueError, RecursionError) as error:
        raise NotFromStripe("The body is no JSON that can be trusted.") from error
    if not isinstance(found, dict):
        raise NotFromStripe("The body is no event.")
    return found


def _once_each(pairs: list[tuple[str, Any]]) -> Plain:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name comes twice.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number.")


def require_ours(event: Plain) -> None:
    """Refuse what is no event, an event of the other mode, or one of another account.

    An event of another API version is ours: what it is about is read anew, in our version.

    :raises NotFromStripe: so it is.
    """
    texts = [event.get("id"), event.get("type")]
    if event.get("object") != "event" or not all(_is_name(text) for text in texts):
        raise NotFromStripe("The body is no event.")
    created, data = event.get("created"), event.get("data")
    if type(created) is not int or not 0 < created < 10**11:
        raise NotFromStripe("The body is no event.")
    if not isinstance(data, dict) or not isinstance(data.get("object"), dict):
        raise NotFromStripe("The body is no event.")
    if event.get("livemode") is not settings.STRIPE_LIVE_MODE:
        raise NotFromStripe("The event is of the other mode: test, or live.")
    if event.get("account"):
        raise NotFromStripe("The event is of another account.")


def _is_name(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isprintable() and 0 < len(text) <= 60


def keep(event: Plain, *, now: dt.datetime) -> tuple[StripeEvent, bool]:
    """Write an event down, to be acted on at once; answers it, and whether it is new."""
    about = event["data"]["object"]
    return StripeEvent.objects.get_or_create(
        stripe_id=event["id"],
        defaults={
            "kind": event["type"],
            "object_kind": str(about.get("object") or "")[:40],
            "object_id": str(about.get("id") or "")[:100],
            "payload": _storable(event),
            "happened_at": dt.datetime.fromtimestamp(event["created"], dt.UTC),
            "received_at": now,
            "due_at": now,
        },
    )


def _storable(value: Any) -> Any:
    """Answer a value as PostgreSQL keeps it: without the characters that no text of its has."""
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, str):
        return value.replace("\x00", "").encode(errors="replace").decode()
    return value


def replay(events: Iterable[StripeEvent] | QuerySet[StripeEvent], *, now: dt.datetime) -> int:
    """Let events be acted on again, from the beginning; answers how many."""
    return StripeEvent.objects.filter(pk__in=[event.pk for event in events]).update(
        status=StripeEvent.Status.WAITING, attempts=0, last_error="", due_at=now, handled_at=None
    )
