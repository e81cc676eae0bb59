"""Callbacks are sent, in order, until they are delivered or have failed for three days."""

from __future__ import annotations

import datetime as dt
import zlib
from collections import deque
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import structlog
from django.db import transaction
from django.db.models import F, Q

from accounts.calling_out import Answer, NoAnswer, NotAllowed, post
from accounts.models import Callback, WebhookEndpoint
from accounts.standard_webhooks import signed_headers
from accounts.sweeping import for_a_while
from accounts.webhook_endpoints import disable

logger = structlog.get_logger(__name__)

# Between one attempt and the next, as Standard Webhooks proposes: ten attempts within three days.
PAUSES = (
    dt.timedelta(seconds=5),
    dt.timedelta(minutes=5),
    dt.timedelta(minutes=30),
    dt.timedelta(hours=2),
    dt.timedelta(hours=5),
    dt.timedelta(hours=10),
    dt.timedelta(hours=14),
    dt.timedelta(hours=20),
    dt.timedelta(hours=24),
)
MOST_ATTEMPTS = len(PAUSES) + 1
# Receivers refuse what was signed minutes ago, and all of a sweep is signed with its instant.
SPAN = dt.timedelta(minutes=1)
# Longer than a sweep and the slowest receiver together.
CLAIM = dt.timedelta(minutes=5)
MOST_HEADS = 1000
GONE = 410
AGENT = "Billing-Portal-Callbacks/1"


class Outcome(Enum):
    """What became of one attempt."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    SILENT = "silent"
    LEFT = "left"


class Head(NamedTuple):
    """The callback that comes next in a queue: of an organization, to an endpoint, again or not."""

    pk: int
    endpoint_id: int
    organization_id: int
    first_time: bool


def call_back(*, now: dt.datetime) -> int:
    """Send what is due, of each organization and endpoint one thing after the other.

    Answers how many were delivered. An endpoint that is silent is left alone until the next
    sweep, and one that was failing before comes last: neither keeps the others waiting.
    """
    heads, silent, delivered = deque(_heads(now=now)), set[int](), 0
    for head in for_a_while(_taken(heads), span=SPAN):
        if head.endpoint_id in silent:
            continue
        outcome = _attempt(head, now=now)
        if outcome is Outcome.SILENT:
            silent.add(head.endpoint_id)
        if outcome is Outcome.DELIVERED:
            delivered += 1
            heads.extend(_behind(head))
    return delivered


def _heads(*, now: dt.datetime) -> list[Head]:
    """Answer what is due and has nothing before it; what staff send again waits for nothing else.

    A head that waits for its next attempt, or is being sent, holds back what is behind it.
    """
    waiting = Callback.objects.filter(status=Callback.Status.WAITING)
    queue = ("endpoint_id", "organization_id")
    firsts = [
        waiting.filter(replayed_at__isnull=first_time).order_by(*queue, "id").distinct(*queue)
        for first_time in (True, False)
    ]
    is_first = Q(pk__in=firsts[0].values("pk")) | Q(pk__in=firsts[1].values("pk"))
    healthy_first = F("endpoint__failing_since").asc(nulls_first=True)
    due = Callback.objects.filter(is_first, due_at__lte=now).order_by(healthy_first, "id")
    return [_head(callback) for callback in due.defer("body")[:MOST_HEADS]]


def _behind(head: Head) -> list[Head]:
    """Answer what comes next in a queue, if anything does."""
    queue = Callback.objects.filter(
        endpoint=head.endpoint_id,
        organization=head.organization_id,
        status=Callback.Status.WAITING,
        replayed_at__isnull=head.first_time,
    )
    return [_head(callback) for callback in queue.order_by("id").defer("body")[:1]]


def _head(callback: Callback) -> Head:
    return Head(
        callback.pk, callback.endpoint_id, callback.organization_id, callback.replayed_at is None
    )


def _taken(heads: deque[Head]) -> Iterator[Head]:
    while heads:
        yield heads.popleft()


def _attempt(head: Head, *, now: dt.datetime) -> Outcome:
    """Claim a callback, send it, and write down what came of it; nothing is locked meanwhile.

    A worker that dies after sending leaves the claim to run out; it is sent again under its id.
    """
    callback = None
    try:
        callback = _claim(head.pk, now=now)
        if callback is None:
            return Outcome.LEFT
        return _note(callback, _send(callback, now=now), now=now)
    except (NoAnswer, NotAllowed) as silence:
        if callback is not None:
            _note_failure(callback, words=str(silence), now=now)
        return Outcome.SILENT
    except Exception:  # a bad row is logged and tried again, the others go on
        logger.exception("callback_not_sent", callback=head.pk)
        return Outcome.LEFT


@transaction.atomic
def _claim(pk: int, *, now: dt.datetime) -> Callback | None:
    """Take a callback for one attempt, so that no other sweep sends it, or what is behind it.

    The attempt counts before it is made: one that kills its worker each time dies in the end.
    """
    rows = Callback.objects.select_for_update(skip_locked=True, of=("self",))
    waiting = rows.select_related("endpoint").filter(status=Callback.Status.WAITING)
    callback = waiting.filter(pk=pk, due_at__lte=now).first()
    if callback is None:
        return None
    if not callback.endpoint.is_enabled or callback.attempts >= MOST_ATTEMPTS:
        # It was being owed while the endpoint was switched off; or its workers died at it.
        rows.filter(pk=pk).update(status=Callback.Status.DEAD)
        return None
    callback.attempts += 1
    callback.due_at = now + CLAIM
    callback.save(update_fields=["attempts", "due_at"])
    return callback


def _send(callback: Callback, *, now: dt.datetime) -> Answer:
    endpoint, body = callback.endpoint, callback.body.encode()
    headers = signed_headers(
        callback.message_id, body, at=now, signed_with=endpoint.secrets_at(now)
    )
    sent = {"Content-Type": "application/json", "User-Agent": AGENT, **headers}
    return post(endpoint.url, body, sent)


def _note(callback: Callback, answer: Answer, *, now: dt.datetime) -> Outcome:
    if 200 <= answer.status < 300:
        _note_delivery(callback, answer, now=now)
        return Outcome.DELIVERED
    _note_failure(
        callback,
        words=answer.excerpt,
        status=answer.status,
        pause=dt.timedelta(seconds=answer.retry_after or 0),
        now=now,
    )
    if answer.status == GONE:
        disable(callback.endpoint, because="It answered 410 Gone.", now=now)
    return Outcome.REFUSED


@transaction.atomic
def _note_delivery(callback: Callback, answer: Answer, *, now: dt.datetime) -> None:
    # The endpoint before its callbacks, as whoever switches it off locks them.
    endpoints = WebhookEndpoint.objects.filter(pk=callback.endpoint_id)
    endpoints.filter(failing_since__isnull=False).update(failing_since=None)
    Callback.objects.filter(pk=callback.pk).update(
        status=Callback.Status.DELIVERED,
        delivered_at=now,
        last_status=answer.status,
        last_answer=answer.excerpt,
    )


@transaction.atomic
def _note_failure(
    callback: Callback,
    *,
    words: str,
    now: dt.datetime,
    status: int | None = None,
    pause: dt.timedelta = dt.timedelta(0),
) -> None:
    endpoints = WebhookEndpoint.objects.filter(pk=callback.endpoint_id)
    endpoints.filter(failing_since__isnull=True).update(failing_since=now)
    dead = callback.attempts >= MOST_ATTEMPTS
    due_at = now if dead else now + max(pause, _pause(callback))
    Callback.objects.filter(pk=callback.pk, status=Callback.Status.WAITING).update(
        status=Callback.Status.DEAD if dead else Callback.Status.WAITING,
        due_at=due_at,
        last_status=status,
        last_answer=words,
    )
    logger.warning("callback_failed", callback=callback.pk, status=status, dead=dead)


def _pause(callback: Callback) -> dt.timedelta:
    """Answer how long to wait, up to a tenth longer: what failed together comes back apart."""
    stretch = zlib.crc32(f"{callback.message_id}:{callback.attempts}".encode()) % 100 / 1000
    return PAUSES[callback.attempts - 1] * (1 + stretch)
