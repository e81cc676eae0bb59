"""A period's usage, cut by channel, agent, meter or day: as a chart, as a table, as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.choosing import billing_page
from accounts.csv_files import Value, csv_file
from accounts.limited_pages import FILE, limited
from accounts.models import Organization
from accounts.templatetags.wording import words
from plans.models import Period
from usage.breakdown import Breakdown, Row, breakdown, days_of
from usage.charting import chart_of, shares_of
from wallet.credits import plain

CUTS = {"day": "Day", "channel": "Channel", "agent": "Agent", "meter": "Meter"}
ALL = "all"
# In these cuts each row is of one meter, whatever the others are of.
OF_ONE_METER = ("channel", "meter")
FIGURES = ("Events", "Units", "From the allowance", "Credits")
ALL_HEADS = ("Day", "Agent", "Agent id", "Channel", "Meter", *FIGURES)
MOST_PERIODS = 200


@require_safe
@billing_page
def breakdown_page(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Show one cut of a period as a chart with its table."""
    period = _period(organization, request.GET.get("period", ""))
    by = request.GET.get("by", "")
    by = by if by in CUTS else "day"
    context: dict[str, object] = {"cuts": CUTS, "by": by, "head": CUTS[by]}
    if period is not None:
        parts = breakdown(period)
        rows = _rows(parts, by)
        context |= {
            "period": period,
            "periods": organization.periods.select_related("version")[:MOST_PERIODS],
            "breakdown": parts,
            "terms": period.version.terms,
            "rows": rows,
            "units": parts.is_one_meter or by in OF_ONE_METER,
        }
        if by == "day":
            context["chart"] = chart_of(
                parts.daily, first_day=period.first_day, last_day=period.last_day
            )
        else:
            context["shares"] = shares_of([(row.label, parts.shown(row)) for row in rows])
    return render(request, "usage/breakdown.html", context)


@require_safe
@billing_page
@limited(FILE)
def breakdown_csv(request: HttpRequest, organization: Organization) -> HttpResponse:
    """Answer one cut of a period, or every day of it in full, as a file."""
    period = _period(organization, request.GET.get("period", ""))
    by = request.GET.get("by", ALL)
    if period is None or by not in (*CUTS, ALL):
        raise Http404
    name = f"usage-by-{by}-{period.first_day}-{period.last_day}"
    if by == ALL:
        return csv_file(name, ALL_HEADS, _in_full(period))
    parts = breakdown(period)
    units = parts.is_one_meter or by in OF_ONE_METER
    rows = [_cells(row, by, units) for row in _rows(parts, by)]
    return csv_file(name, (CUTS[by], *FIGURES), rows)


def _period(organization: Organization, number: str) -> Period | None:
    """Answer the period with a number, else the newest, none before the first.

    :raises Http404: there is no such period.
    """
    periods = organization.periods.select_related("version")
    if not number:
        return periods.first()
    found = periods.filter(number=number).first() if _is_number(number) else None
    if found is None:
        raise Http404
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _rows(parts: Breakdown, by: str) -> Sequence[Row]:
    cuts = {
        "day": [row for _, row in parts.by_day],
        "channel": parts.by_channel,
        "agent": parts.by_agent,
        "meter": parts.by_meter,
    }
    return cuts[by]


def _cells(row: Row, by: str, units: bool) -> tuple[Value, ...]:
    """Answer a row for a file; units of several meters are no sum, so there are none."""
    label = words(row.label) if by in OF_ONE_METER else row.label
    exact = [Decimal(plain(figure)) for figure in (row.quantity, row.allowance, row.credits)]
    quantity, allowance, credits = exact
    return (
        label,
        row.events,
        quantity if units else None,
        allowance if units else None,
        credits,
    )


def _in_full(period: Period) -> Iterator[tuple[Value, ...]]:
    for day in days_of(period):
        yield (
            day.day,
            day.agent.name,
            day.agent.external_id,
            day.channel,
            day.meter,
            day.events,
            *(Decimal(plain(figure)) for figure in (day.quantity, day.allowance, day.credits)),
        )
