"""Invoices that wait for their PDF, and what it takes to render them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import Organization
from billing_portal.benchmarks import databases, goals
from billing_portal.benchmarks.loads import Caller
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
    at_a_time = max(stage.sizes.invoices // 20, 2)
    few, many = 2 * at_a_time, 18 * at_a_time
    soaked = stage.crew(1, database)

    def slice_of(size: int, load: Callable[[int, Caller], int]) -> Contender:
        crew, job = stage.crew(size, database), partial(load, at_a_time)
        return Contender(partial(crew.work, job), partial(issue, 10 * at_a_time))

    def soak(invoices: int) -> Contender:
        job = partial(render, invoices)
        return Contender(lambda _: soaked.work(job, AN_INSTANT), partial(issue, invoices))

    return {
        goals.PDF: slice_of(1, render),
        goals.BARE_PDF: slice_of(1, render_bare),
        goals.PDF_TWICE: slice_of(TWICE, render),
        goals.FEW_PDFS: soak(few),
        goals.MANY_PDFS: soak(many),
    }


def render(invoices: int, caller: Caller) -> int:
    """Render so many invoices that wait, as the sweep does."""
    return render_due(now=timezone.now(), limit=invoices)


def render_bare(invoices: int, caller: Caller) -> int:
    """Render the same HTML, written beforehand, with WeasyPrint's own means."""
    press, page = the_press(), _bare_page()
    for _ in range(invoices):
        press.html(string=page, url_fetcher=press.fetcher).write_pdf()
    return invoices


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
