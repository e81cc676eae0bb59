"""Staff suspend an organization, and lift it: everything it does stops and goes on at once."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.acting import record_act, require_reason
from accounts.models import Organization, User


@transaction.atomic
def suspend(
    organization: Organization, *, reason: str, now: dt.datetime, actor: User | None = None
) -> Organization:
    """Stop all work of an organization; doing it again changes nothing."""
    reason = require_reason(reason)
    locked = Organization.objects.select_for_update().get(pk=organization.pk)
    if locked.is_suspended:
        return locked
    locked.suspended_at, locked.suspension_reason = now, reason
    locked.save(update_fields=["suspended_at", "suspension_reason"])
    record_act(locked, verb="suspend", summary="Suspended", reason=reason, now=now, actor=actor)
    return locked


@transaction.atomic
def unsuspend(
    organization: Organization, *, reason: str, now: dt.datetime, actor: User | None = None
) -> Organization:
    """Let an organization work again; doing it again changes nothing."""
    reason = require_reason(reason)
    locked = Organization.objects.select_for_update().get(pk=organization.pk)
    if not locked.is_suspended:
        return locked
    locked.suspended_at, locked.suspension_reason = None, ""
    locked.save(update_fields=["suspended_at", "suspension_reason"])
    record_act(
        locked, verb="unsuspend", summary="Suspension lifted", reason=reason, now=now, actor=actor
    )
    return locked
