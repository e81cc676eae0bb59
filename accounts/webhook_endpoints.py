"""Addresses to be called back are registered, changed, given another secret, and let go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet

from accounts.calling_out import NotAllowed, check
from accounts.models import Callback, Organization, WebhookEndpoint
from accounts.refusals import Invalid
from accounts.standard_webhooks import new_secret

MOST_ENDPOINTS = 10
# So long a receiver may take to learn its new secret.
OVERLAP = dt.timedelta(hours=24)
SWITCHED_OFF = "It was switched off."


def endpoints_of(organization: Organization | None) -> QuerySet[WebhookEndpoint]:
    """Answer an organization's endpoints, or the platform's own."""
    return WebhookEndpoint.objects.filter(organization=organization, deleted_at__isnull=True)


def register(
    url: str,
    *,
    events: Sequence[str],
    now: dt.datetime,
    organization: Organization | None = None,
) -> WebhookEndpoint:
    """Register an address, with a secret of its own; no event named means all of them.

    What happened before is not told.

    :raises Invalid: an address that is not called or is known, an unknown event, or too many.
    """
    events = _known(events)
    _require_callable(url)
    try:
        with transaction.atomic():
            _require_room(organization)
            return WebhookEndpoint.objects.create(
                organization=organization,
                url=url,
                events=events,
                secret=new_secret(),
                created_at=now,
            )
    except IntegrityError as error:
        raise _known_address() from error


def change(
    endpoint: WebhookEndpoint,
    *,
    url: str,
    events: Sequence[str],
    enabled: bool,
    now: dt.datetime,
) -> WebhookEndpoint:
    """Change where and of what somebody is told, or stop and resume it.

    :raises Invalid: as :func:`register`.
    """
    endpoint.events = _known(events)
    if url != endpoint.url:
        _require_callable(url)
        endpoint.url = url
    try:
        with transaction.atomic():
            endpoint.save(update_fields=["url", "events"])
    except IntegrityError as error:
        raise _known_address() from error
    if enabled and not endpoint.is_enabled:
        enable(endpoint)
    elif not enabled and endpoint.is_enabled:
        disable(endpoint, because=SWITCHED_OFF, now=now)
    return endpoint


@transaction.atomic
def rotate(endpoint: WebhookEndpoint, *, now: dt.datetime) -> WebhookEndpoint:
    """Give an endpoint another secret; the one before signs as well for a day.

    Rotated again within that day, it is the new one that goes: its receiver may never have seen
    it, and surely still knows the old one.
    """
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    if locked.old_secret_until is None or locked.old_secret_until <= now:
        locked.old_secret, locked.old_secret_until = locked.secret, now + OVERLAP
    locked.secret = new_secret()
    locked.save(update_fields=["secret", "old_secret", "old_secret_until"])
    return locked


@transaction.atomic
def disable(endpoint: WebhookEndpoint, *, because: str, now: dt.datetime) -> None:
    """Call an endpoint no more; what waited for it is given up, and staff may send it again."""
    endpoint.disabled_at, endpoint.disabled_because = now, because[:200]
    endpoint.save(update_fields=["disabled_at", "disabled_because"])
    _give_up(endpoint)


def enable(endpoint: WebhookEndpoint) -> None:
    """Call an endpoint again, of what happens from now on."""
    endpoint.disabled_at, endpoint.disabled_because, endpoint.failing_since = None, "", None
    endpoint.save(update_fields=["disabled_at", "disabled_because", "failing_since"])


@transaction.atomic
def delete(endpoint: WebhookEndpoint, *, now: dt.datetime) -> None:
    """Let an endpoint go; what was sent to it stays on record."""
    endpoint.deleted_at = now
    endpoint.save(update_fields=["deleted_at"])
    _give_up(endpoint)


def _give_up(endpoint: WebhookEndpoint) -> None:
    waiting = Callback.objects.filter(endpoint=endpoint, status=Callback.Status.WAITING)
    waiting.update(status=Callback.Status.DEAD)


def _known(events: Sequence[str]) -> list[str]:
    if set(events) - set(WebhookEndpoint.Event.values):
        words = f"Choose among {', '.join(WebhookEndpoint.Event.values)}."
        raise Invalid(words, field="events")
    return [event for event in WebhookEndpoint.Event.values if event in events]


def _require_callable(url: str) -> None:
    try:
        check(url)
    except NotAllowed as refused:
        raise Invalid(str(refused), field="url") from refused


def _require_room(organization: Organization | None) -> None:
    """Count under a lock, or two that come at once are both the last one."""
    with connection.cursor() as cursor:
        # The platform has no row of its own to lock; who only reads is not held up.
        cursor.execute("LOCK TABLE accounts_webhookendpoint IN SHARE ROW EXCLUSIVE MODE")
    if endpoints_of(organization).count() >= MOST_ENDPOINTS:
        raise Invalid(f"There are {MOST_ENDPOINTS} already; delete one first.", field="url")


def _known_address() -> Invalid:
    words = "This address is registered already; if its secret was lost, rotate it."
    return Invalid(words, field="url")
