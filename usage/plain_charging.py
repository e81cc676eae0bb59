"""The plain charge: one report from which nothing follows but its charge, in one statement.

Most reports are: of the newest period, paid from one source that is not used up by it, past no
mark, no limit and no threshold. Two statements would hold the wallet's lock across a round trip.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import orjson

from accounts.prepared import ask_alone
from usage.reports import Report

CHARGE = f"SELECT usage_charge({', '.join(['%s'] * 14)})"


def charge_plainly(
    report: Report, *, only: int | None, now: dt.datetime
) -> Mapping[str, Any] | None:
    """Charge a report if it is plain, and answer its trace.

    None means that nothing was written: known already, to be refused, or something follows. A
    session never is plain: it is reported again as it goes on.
    """
    if report.kind == "session":
        return None
    trace = ask_alone(
        CHARGE,
        (
            report.organization,
            str(only) if only else None,
            report.event_id,
            report.kind,
            report.agent,
            report.meter,
            report.channel,
            report.voice_tier,
            report.facts["started_at"],
            "true" if report.connected else "false",
            str(report.seconds),
            report.quantity,
            orjson.dumps(report.facts).decode(),
            now.isoformat(),
        ),
    )
    return orjson.loads(trace) if trace else None
