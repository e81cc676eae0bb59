"""A session is charged as it goes on: reported again, only its new windows count."""

from __future__ import annotations

from collections.abc import Iterator

from plans.refusals import NoSubscription
from usage.holdings import Holding, Known
from usage.reports import Report
from usage.windows import count_windows, opens_at, window_id


def is_same_session(known: Known, report: Report) -> bool:
    """Answer whether a report goes on with what was reported under its id before."""
    names = ("kind", "agent", "started_at")
    return all(known.facts.get(name) == report.facts[name] for name in names)


def counts(holding: Holding, report: Report) -> bool:
    """Answer whether a session counts at all: answered, or on a plan that counts every one.

    :raises NoSubscription: there is no plan yet.
    """
    period = holding.period_at(report.started_at)
    if period is None:
        raise NoSubscription(field="organization")
    return report.answered or not period.terms.answered_only


def new_windows(holding: Holding, report: Report) -> Iterator[Report]:
    """Answer one report per window that was not charged yet, each at its opening.

    The first window is charged under the session's own id, unless that notes a session that did
    not count when it was reported first.
    """
    ended_at = report.ended_at or report.started_at
    base = holding.known.get(report.event_id)
    marker = base is not None and base.trace["quantity"][0] == 0
    for window in range(count_windows(report.started_at, ended_at)):
        own = window == 0 and not marker
        event_id = report.event_id if own else window_id(report.event_id, window)
        if event_id not in holding.known:
            opening = opens_at(report.started_at, window)
            yield report._replace(event_id=event_id, started_at=opening)


def charged_before(holding: Holding, report: Report) -> list[Known]:
    """Answer every window of a session that was charged before."""
    mark = window_id(report.event_id, 0)[: len(report.event_id) + 1]
    return [
        known
        for event_id, known in holding.known.items()
        if event_id == report.event_id or event_id.startswith(mark)
    ]
