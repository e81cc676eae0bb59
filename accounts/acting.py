"""An act of a person is written down with its reason, beside what it changed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from accounts.models import Act, Organization, User
from accounts.refusals import Invalid

LONGEST_REASON = 500


def record_act(
    organization: Organization,
    *,
    verb: str,
    summary: str,
    now: dt.datetime,
    actor: User | None = None,
    reason: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> Act:
    """Add one line to an organization's timeline; ``actor`` none means the product itself."""
    return Act.objects.create(
        organization=organization,
        at=now,
        actor=actor,
        verb=verb,
        summary=summary[:500],
        reason=reason,
        before=before or {},
        after=after or {},
    )


def require_reason(reason: str) -> str:
    """Answer the reason without surrounding space.

    :raises Invalid: empty, or longer than 500 characters.
    """
    reason = reason.strip()
    if not reason:
        raise Invalid("Say why: the reason is kept with the act.", field="reason")
    if len(reason) > LONGEST_REASON:
        raise Invalid(f"A reason has at most {LONGEST_REASON} characters.", field="reason")
    return reason
