"""Usage is charged after it happened: each report once, in a number of statements that is fixed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from zlib import crc32

from django.db import transaction

from accounts.models import Organization
from accounts.refusals import Invalid, Refusal
from plans.refusals import NoSubscription
from plans.renewing import renew_several, worth_a_try
from usage.consequences import Consequences, consequences, follow_up
from usage.holdings import HeldPeriod, Holding, Known, hold
from usage.plain_charging import charge_plainly
from usage.rating import Draw, Rated, Source, draw, rate
from usage.recording import Charge, record
from usage.refusing import Refused
from usage.reports import Report, read_report
from usage.session_charging import charged_before, counts, is_same_session, new_windows
from usage.tracing import measure, nothing, trace_of
from wallet.credits import LARGEST, ZERO, plain

MOST_EVENTS = 1000
PARTED_FROM = 100


class IdConflict(Refusal):
    """The id is known with other facts."""

    code = "id_conflict"
    message = "This id was reported before with other facts."
    remedy = "Report other facts under another id."


class UnknownOrganization(Refusal):
    """There is no such organization, or not for this key."""

    code = "not_found"
    message = "There is no such organization."


class Result(NamedTuple):
    """What became of one report, in the words of the API."""

    id: str | None
    status: str
    code: str = ""
    message: str = ""
    fields: dict[str, list[str]] = {}
    credits: Decimal = ZERO
    allowance: Decimal = ZERO
    plan_credits: Decimal = ZERO
    bonus: Decimal = ZERO
    wallet: Decimal = ZERO

    def to_json(self) -> dict[str, Any]:
        """Write the result object of ``POST /usage/``: decimals as strings."""
        answer: dict[str, Any] = {"id": self.id, "status": self.status}
        if self.code:
            answer |= {"code": self.code, "message": self.message, "fields": self.fields}
        answer["credits"] = plain(self.credits)
        answer["from"] = {
            "allowance": plain(self.allowance),
            "plan_credits": plain(self.plan_credits),
            "bonus": plain(self.bonus),
            "wallet": plain(self.wallet),
        }
        return answer


def charge(
    events: Sequence[object],
    *,
    now: dt.datetime,
    only: Organization | None = None,
    latest: dt.datetime | None = None,
) -> list[Result]:
    """Charge up to a thousand reports; answers one result each, in their order.

    A report that cannot be charged refuses itself alone. ``only`` shuts out every organization
    but one; what is later than ``latest``, or than now, is from the future. When this returns all
    charges are durable; when it raises some may be, and sent again they are duplicates.
    """
    results: list[Result | None] = [None] * len(events)
    reports: list[tuple[int, Report]] = []
    for place, raw in enumerate(events):
        try:
            own = only.external_id if only else None
            reports.append((place, read_report(raw, now=latest or now, organization=own)))
        except Refusal as refusal:
            results[place] = _refused(_id_of(raw), refusal)
    work = Work(reports, results, only.pk if only else None, now)
    for part in _parts(work):
        if not _charge_if_plain(part):
            _charge_in_a_transaction(part)
    return [result for result in results if result is not None]


class Work(NamedTuple):
    """Reports that were read, each with its place among the results, which are filled in."""

    reports: list[tuple[int, Report]]
    results: list[Result | None]
    only: int | None
    now: dt.datetime


def _parts(work: Work) -> Iterator[Work]:
    """Part many reports between two transactions, an organization always in the same one.

    So a second request of the same organizations begins while the first is at its other part. The
    checksum is the same in every process, as ``hash()`` is not; of a few it may part none.
    """
    if len(work.reports) < PARTED_FROM:
        parts = [work.reports]
    else:
        parts = [[], []]
        for placed in work.reports:
            parts[crc32(placed[1].organization.encode()) % 2].append(placed)
    yield from (work._replace(reports=part) for part in parts if part)


def _charge_if_plain(work: Work) -> bool:
    """Charge a report that comes alone in one statement, if it is plain; answers whether it was."""
    if len(work.reports) > 1:
        return False
    [(place, report)] = work.reports
    trace = charge_plainly(report, only=work.only, now=work.now)
    if trace is None:
        return False
    work.results[place] = _result(report.event_id, "charged", [trace])
    return True


@transaction.atomic
def _charge_in_a_transaction(work: Work) -> None:
    holdings = _hold(work)
    due = (holding.organization_id for holding in holdings.values() if holding.renewal_due)
    trying = worth_a_try(due, now=work.now)
    if trying and renew_several(trying, now=work.now):
        holdings = _hold(work)
    charges, reached = _rate_all(work, holdings)
    record(charges, now=work.now)
    follow_up(reached, now=work.now)


def _hold(work: Work) -> dict[str, Holding]:
    return hold([report for _, report in work.reports], only=work.only, now=work.now)


def _rate_all(work: Work, holdings: Mapping[str, Holding]) -> tuple[list[Charge], Consequences]:
    """Fill in what becomes of each report, of organizations that are locked and loaded."""
    before = {name: holding.level() for name, holding in holdings.items()}
    charges: list[Charge] = []
    refused: list[Refused] = []
    for place, report in work.reports:
        holding = holdings.get(report.organization)
        try:
            if holding is None:
                raise UnknownOrganization(field="organization")
            work.results[place] = _charge_one(holding, report, charges)
        except Refusal as refusal:
            work.results[place] = _refused(report.event_id, refusal)
            if holding is not None:
                refused.append(_listed(holding, report, refusal))
    return charges, consequences(charges, refused, holdings, before)


def _listed(holding: Holding, report: Report, refusal: Refusal) -> Refused:
    period = holding.period_at(report.started_at)
    version_id = period.version_id if period else None
    return Refused(holding.organization_id, version_id, report, refusal)


def _charge_one(holding: Holding, report: Report, charges: list[Charge]) -> Result:
    known = holding.known.get(report.event_id)
    if report.kind == "session":
        return _charge_session(holding, report, known, charges)
    if known is not None:
        if known.facts != report.facts:
            raise IdConflict(field="id")
        return _result(report.event_id, "duplicate", [known.trace])
    return _result(report.event_id, "charged", [_write(holding, report, charges)])


def _charge_session(
    holding: Holding, report: Report, known: Known | None, charges: list[Charge]
) -> Result:
    if known is not None and not is_same_session(known, report):
        raise IdConflict(field="id")
    if counts(holding, report):
        traces = [_write(holding, window, charges) for window in new_windows(holding, report)]
    else:
        # It is noted, so that it is known when it is reported again.
        traces = [] if known else [_write(holding, report, charges, costs=False)]
    if traces:
        return _result(report.event_id, "charged", traces)
    before = [window.trace for window in charged_before(holding, report)]
    return _result(report.event_id, "duplicate", before)


def _write(
    holding: Holding, report: Report, charges: list[Charge], *, costs: bool = True
) -> Mapping[str, Any]:
    """Add a charge to those that are to be written; answers its trace."""
    agent = holding.agents.get(report.agent)
    if agent is None:
        raise Invalid(f"There is no agent “{report.agent[:60]}”.", field="agent")
    period = holding.period_at(report.started_at)
    if period is None:
        raise NoSubscription(field="organization")
    day = report.started_at.astimezone(holding.zone).date()
    month = day.isoformat()[:7]
    # Beyond an agent's limit the credits with an end are left to the others.
    sources = [] if agent.is_limited(month) else holding.sources
    if costs and report.connected:
        rated, draws = _rate(holding, period, report, sources)
    else:
        rated, draws = nothing(report), []
    agent.spend(month, rated.credits)
    trace = trace_of(rated, draws, version_id=period.version_id)
    charges.append(
        Charge(
            report=report,
            organization_id=holding.organization_id,
            agent_id=agent.id,
            period_id=period.id,
            day=day,
            rated=rated,
            draws=tuple(draws),
            trace=trace,
            is_awaited=holding.is_awaited,
        )
    )
    holding.known[report.event_id] = Known(report.facts, trace)
    return trace


def _rate(
    holding: Holding, period: HeldPeriod, report: Report, sources: Sequence[Source]
) -> tuple[Rated, list[Draw]]:
    measured = measure(report, period.terms)
    rated = rate(period.terms, measured, allowance_left=period.left(measured.meter))
    if rated.credits and holding.balance - rated.credits < -LARGEST:
        # One that no book can hold must not take the others of its request with it.
        raise Invalid("This costs more than can be booked.")
    draws = draw(rated.credits, sources, balance=holding.balance)
    for drawn in draws:
        if drawn.grant_id is None:
            holding.spend(drawn.credits)
    for quota, units in (measured.counts or {}).items():
        period.count(quota, Decimal(units))
    if rated.allowance and measured.meter not in (measured.counts or {}):
        period.count(measured.meter, rated.allowance)
    return rated, draws


def _result(event_id: str, status: str, traces: Sequence[Mapping[str, Any]]) -> Result:
    drawn: dict[str, Decimal] = dict.fromkeys(("plan", "bonus", "wallet"), ZERO)
    for trace in traces:
        for kind, _, credits in trace["draws"]:
            drawn[kind] += Decimal(credits)
    return Result(
        id=event_id,
        status=status,
        credits=sum((Decimal(trace["credits"]) for trace in traces), ZERO),
        allowance=sum((Decimal(trace["allowance"]) for trace in traces), ZERO),
        plan_credits=drawn["plan"],
        bonus=drawn["bonus"],
        wallet=drawn["wallet"],
    )


def _refused(event_id: str | None, refusal: Refusal) -> Result:
    status = "conflict" if isinstance(refusal, IdConflict) else "refused"
    return Result(
        id=event_id,
        status=status,
        code=refusal.code,
        message=refusal.words,
        fields=refusal.fields,
    )


def _id_of(raw: object) -> str | None:
    found = raw.get("id") if isinstance(raw, dict) else None
    return found[:200] if isinstance(found, str) else None
