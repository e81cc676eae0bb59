"""Tables that people take away and open in a spreadsheet, in which no cell is ever a formula."""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from io import StringIO

from django.http import HttpResponse

Value = str | int | Decimal | dt.date | None

# What makes a spreadsheet compute a cell, also in the wide letters of East Asian keyboards; and
# what may begin a cell for one that parts them by semicolons, as where numbers have a comma.
FORMULA = re.compile(r"(^|[;\t\r\n])([^\S\t\r\n]*)(?=[=+\-@＝＋－＠])")  # noqa: RUF001 - wide
BREAKS = ("\t", "\r", "\n", "\0")


def csv_file(name: str, heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> HttpResponse:
    """Answer a table as a file to keep; ``name`` is ours, never a customer's words."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow([cell(head) for head in heads])
    writer.writerows([cell(value) for value in row] for row in rows)
    # The mark by which spreadsheets know that it is UTF-8.
    response = HttpResponse(f"\ufeff{text.getvalue()}", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def cell(value: Value) -> str:
    """Write one value: figures as figures, and text so that nothing in it is computed."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return format(value, "f")
    if not isinstance(value, str):
        return str(value)
    text = value.replace("\0", "")
    return FORMULA.sub(r"\1'\2", f"'{text}" if value.startswith(BREAKS) else text)
