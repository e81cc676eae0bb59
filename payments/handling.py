"""The sweep that acts on what Stripe told us: once each, late, twice, and on several workers."""

from __future__ import annotations

import datetime as dt

import structlog
from django.db import transaction

from accounts.sweeping import FIRST_PAUSE, for_a_while, pause_after
from payments.answers import StripeRefused, StripeSilent
from payments.event_kinds import NobodyKnows, look_into
from payments.gateway import Gateway
from payments.models import StripeEvent

logger = structlog.get_logger(__name__)

MOST_ATTEMPTS = 8
# Longer than a whole sweep takes; a worker that died is followed by another one after it.
LEASE = dt.timedelta(minutes=10)


def handle_due(*, gateway: Gateway, now: dt.datetime, limit: int = 200) -> int:
    """Act on the events that wait and are due, in the order they came; answers how many were.

    Nothing is locked while Stripe is asked: an event is claimed by a lease.
    """
    due = StripeEvent.objects.filter(status=StripeEvent.Status.WAITING, due_at__lte=now)
    handled = 0
    ids = list(due.order_by("due_at", "id").values_list("id", flat=True)[:limit])
    for pk in for_a_while(ids, span=LEASE / 2):
        event = _claim(pk, now=now)
        if event is None:
            continue
        try:
            handled += _handle(event, gateway=gateway, now=now)
        except StripeSilent as silent:
            _wait_for_stripe(event, silent, now=now)
            break
    return handled


@transaction.atomic
def _claim(pk: int, *, now: dt.datetime) -> StripeEvent | None:
    """Take one event for this worker; an attempt counts even if it ends the worker."""
    event = (
        StripeEvent.objects.select_for_update(skip_locked=True)
        .filter(pk=pk, status=StripeEvent.Status.WAITING, due_at__lte=now)
        .first()
    )
    if event is None:
        return None
    if event.attempts >= MOST_ATTEMPTS:
        _set_aside(event, event.last_error or "It was begun again and again and never finished.")
        return None
    event.attempts += 1
    event.due_at = now + LEASE
    event.save(update_fields=["attempts", "due_at"])
    return event


def _handle(event: StripeEvent, *, gateway: Gateway, now: dt.datetime) -> bool:
    """Act on one event, and write down that it was done, or why not.

    :raises StripeSilent: Stripe gave no answer.
    """
    try:
        look_into(event, gateway=gateway, now=now)
    except StripeSilent:
        raise
    except NobodyKnows as unknown:
        _set_aside(event, str(unknown))
    except StripeRefused as refused:
        if refused.is_missing:
            _set_aside(event, f"Stripe has no such object (any more): {refused.words}")
        else:
            _try_later(event, refused, now=now)
    except Exception as error:  # a bad event is logged, shown to staff, and stops no other
        logger.exception("event_not_handled", stripe_event=event.stripe_id, kind=event.kind)
        _try_later(event, error, now=now)
    else:
        _finish(event, status=StripeEvent.Status.HANDLED, handled_at=now, last_error="")
        return True
    return False


def _try_later(event: StripeEvent, error: Exception, *, now: dt.datetime) -> None:
    words = f"{type(error).__name__}: {error}"
    if event.attempts >= MOST_ATTEMPTS:
        _set_aside(event, words)
    else:
        _finish(event, due_at=now + pause_after(event.attempts), last_error=words[:500])


def _wait_for_stripe(event: StripeEvent, silent: StripeSilent, *, now: dt.datetime) -> None:
    """Put an event back as if it had not been begun: it is not to blame."""
    _finish(
        event,
        attempts=event.attempts - 1,
        due_at=now + FIRST_PAUSE,
        last_error=f"Stripe did not answer: {silent.__cause__ or silent}"[:500],
    )


def _set_aside(event: StripeEvent, why: str) -> None:
    logger.warning("event_set_aside", stripe_event=event.stripe_id, kind=event.kind, why=why)
    _finish(event, status=StripeEvent.Status.SET_ASIDE, last_error=why[:500])


def _finish(event: StripeEvent, **changes: object) -> None:
    # Not over another worker, who took it when this one's lease had ended.
    StripeEvent.objects.filter(pk=event.pk, status=StripeEvent.Status.WAITING).update(**changes)
