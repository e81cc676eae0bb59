"""Invoices that wait for their PDF, and what it takes to render them."""

from __future__ import annotations

import datetime as dt
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import Organization
from billing_portal.benchmarks import databases, goals
from billing_portal.benchmarks.loads import Caller, Load
from billing_portal.benchmarks.rounds import Contender
from invoices.documents import render_due
from invoices.issuing import issue_invoice
from invoices.models import Document
from invoices.rendering import page_of, the_press
from invoices.totals import Line
from wallet.money import Money

if TYPE_CHECKING:
    from billing_portal.benchmarks.stage import Stage

LINES = 12
# A slice begins with so many that wait, and renders this many at a time.
WAITING, AT_A_TIME = 100, 10
TWICE = 2
# As long as it takes to render once.
AN_INSTANT = 0.001


def put_up(stage: Stage, needed: set[str]) -> dict[str, Contender]:
    """Put up processes that render, and one for the bare renderer, on invoices of their own."""
    names = {goals.PDF, goals.BARE_PDF, goals.PDF_TWICE, goals.FEW_PDFS, goals.MANY_PDFS}
    if not names & needed:
        return {}
    database = stage.database("papers", like=stage.main)
    issue = partial(_issue_in, database, stage.names[0], stage.now)
    issue(WAITING)

    def slice_of(size: int, load: Load) -> Contender:
        return Contender(partial(stage.crew(size, database).work, load), partial(issue, WAITING))

    few = max(stage.sizes.invoices // 10, 1)
    soaked = stage.crew(1, database)
    return {
        goals.PDF: slice_of(1, render),
        goals.BARE_PDF: slice_of(1, render_bare),
        goals.PDF_TWICE: slice_of(TWICE, render),
        goals.FEW_PDFS: Contender(
            lambda _: soaked.work(partial(render, most=few), AN_INSTANT), partial(issue, few)
        ),
        goals.MANY_PDFS: Contender(
            lambda _: soaked.work(partial(render, most=9 * few), AN_INSTANT),
            partial(issue, 9 * few),
        ),
    }


def render(caller: Caller, most: int = AT_A_TIME) -> int:
    """Render invoices that wait, as the sweep does."""
    return render_due(now=timezone.now(), limit=most)


def render_bare(caller: Caller) -> int:
    """Render the same HTML, written beforehand, with WeasyPrint's own means."""
    press, page = the_press(), _bare_page()
    for _ in range(AT_A_TIME):
        press.html(string=page, url_fetcher=press.fetcher).write_pdf()
    return AT_A_TIME


@cache
def _bare_page() -> str:
    """Write one document with its style in it; one is like another."""
    facts: dict[str, Any] = Document.objects.order_by("id")[0].facts
    style = f"<style>{render_to_string('pdf/document.css')}</style></head>"
    return page_of(facts).replace("</head>", style)


def _issue_in(database: str, name: str, now: dt.datetime, wanted: int) -> None:
    """Issue invoices until so many wait."""
    with databases.using(database):
        organization = Organization.objects.get(external_id=name)
        lines = [Line("usage", f"Voice minutes, {n}", Money(1250, "USD")) for n in range(LINES)]
        waiting = Document.objects.filter(status=Document.Status.WAITING).count()
        first = Document.objects.count()
        for number in range(first, first + wanted - waiting):
            issue_invoice(organization, key=f"paper-{number}", lines=lines, now=now)
