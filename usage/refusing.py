"""Usage that the plan does not know is listed for staff: one row, however often it is reported.

Nothing of it is lost: the platform was told, and reports it again once the plan knows it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from django.db import connection, transaction

from accounts.acting import record_act, require_reason
from accounts.models import User
from accounts.refusals import Invalid, Refusal
from plans.refusals import NoSubscription
from usage.models import RefusedReport
from usage.rating import MeterNotInPlan
from usage.reports import Report
from wallet.ledger import lock_wallet

LISTED = frozenset({MeterNotInPlan.code, NoSubscription.code})
MOST_METERS = 50
# What was listed before and has ended begins anew.
NOTE = """
INSERT INTO usage_refusedreport AS r (
    organization_id, code, meter, message, version_id, times, first_at, last_at, event_id, facts,
    reason)
SELECT organization_id, code, meter, message, version_id, times, %(now)s, %(now)s, event_id, facts,
       ''
FROM jsonb_to_recordset(%(rows)s::jsonb) AS (
    organization_id bigint, code text, meter text, message text, version_id bigint, times bigint,
    event_id text, facts jsonb)
ORDER BY organization_id, meter, code
ON CONFLICT (organization_id, meter, code) DO UPDATE
SET message = excluded.message, version_id = excluded.version_id, last_at = excluded.last_at,
    event_id = excluded.event_id, facts = excluded.facts,
    times = LEAST(CASE WHEN r.ended_at IS NULL THEN r.times::bigint ELSE 0 END + excluded.times,
                  2147483647),
    first_at = CASE WHEN r.ended_at IS NULL THEN r.first_at ELSE excluded.first_at END,
    ended_at = NULL, dismissed_by_id = NULL, reason = ''
"""


class Refused(NamedTuple):
    """A report of a known organization that was not charged, on which version, and why."""

    organization_id: int
    version_id: int | None
    report: Report
    refusal: Refusal


def is_listed(one: Refused) -> bool:
    """Answer whether staff have to know: the plan does not know what was used."""
    return one.refusal.code in LISTED


def note_refused(refused: Sequence[Refused], *, now: dt.datetime) -> None:
    """List what the plan does not know; within the charge's transaction, under its locks.

    An organization has so many rows at most: the meters beyond them share the one without a name.
    """
    if not refused:
        return
    rows: dict[tuple[int, str, str], dict[str, Any]] = {}
    known = _known({one.organization_id for one in refused})
    for one in refused:
        meter = _meter(one, known[one.organization_id])
        key = (one.organization_id, meter, one.refusal.code)
        times = rows[key]["times"] + 1 if key in rows else 1
        rows[key] = _row(one, meter=meter, times=times)
    with connection.cursor() as cursor:
        cursor.execute(NOTE, {"rows": json.dumps(list(rows.values())), "now": now})


def _known(organization_ids: set[int]) -> dict[int, set[str]]:
    """Answer the meters that are listed already, by organization."""
    known: dict[int, set[str]] = {pk: set() for pk in organization_ids}
    rows = RefusedReport.objects.filter(organization__in=organization_ids)
    for pk, meter in rows.values_list("organization_id", "meter"):
        known[pk].add(meter)
    return known


def _meter(one: Refused, known: set[str]) -> str:
    """Answer the meter under which a refusal is listed; nothing where the list is full."""
    meter = one.report.meter if one.report.meter in known or len(known) < MOST_METERS else ""
    known.add(meter)
    return meter


def _row(one: Refused, *, meter: str, times: int) -> dict[str, Any]:
    return {
        "organization_id": one.organization_id,
        "code": one.refusal.code,
        "meter": meter,
        "message": one.refusal.words[:300],
        "version_id": one.version_id,
        "times": times,
        "event_id": one.report.event_id,
        "facts": one.report.facts,
    }


@transaction.atomic
def dismiss(
    refused: RefusedReport, *, reason: str, now: dt.datetime, actor: User | None = None
) -> RefusedReport:
    """Take refused usage off the list; it comes back when it is reported again.

    :raises Invalid: without a reason, or it is off the list already.
    """
    reason = require_reason(reason)
    lock_wallet(refused.organization_id)
    rows = RefusedReport.objects.select_for_update(of=("self",)).select_related("organization")
    refused = rows.get(pk=refused.pk)
    if refused.ended_at is not None:
        raise Invalid("It is off the list already.", field="refused")
    refused.ended_at, refused.dismissed_by, refused.reason = now, actor, reason
    refused.save(update_fields=["ended_at", "dismissed_by", "reason"])
    record_act(
        refused.organization,
        verb="dismiss_refused",
        summary=f"Refused usage dismissed: {refused.meter or 'other meters'}, {refused.times} ×",
        reason=reason,
        actor=actor,
        now=now,
    )
    return refused
