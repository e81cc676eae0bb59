"""The PDF: what it shows can be read as text, and what people type into it does nothing."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pikepdf
import pytest
from pypdf import PdfReader
from weasyprint import HTML

from invoices.rendering import Press, own_file
from tests.invoices.frozen import PAID, a_line, frozen_facts


@pytest.fixture(scope="module")
def press() -> Press:
    return Press()


def pages_of(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    return "\n".join(pages_of(pdf))


def needs_a_font(language: str) -> pytest.MarkDecorator:
    listed = ""
    if shutil.which("fc-list"):
        command = ["fc-list", f":lang={language}", "family"]
        listed = subprocess.run(command, capture_output=True, text=True).stdout
    return pytest.mark.skipif(not listed, reason=f"no font for {language}: install fonts-noto")


def test_one_plan_fits_on_one_page_with_everything_an_accountant_asks_for(press: Press) -> None:
    pages = pages_of(press.render(frozen_facts(buyer={"name": "Harbor Dental", "tax_id": "US1"})))

    assert len(pages) == 1
    for shown in (
        "Invoice",
        "INV-000042",
        "3 June 2026",
        "17 June 2026",
        "Intrlume, Inc.",
        "Harbor Dental",
        "Tax ID US1",
        "Starter, 3 Jun 2026 - 2 Jul 2026",
        "Total due $99.00",
        "admin@intrlume.tech",
        "Page 1 of 1",
    ):
        assert shown in pages[0]
    assert "Paid" not in pages[0]


def test_a_receipt_says_so_with_the_payments_day_method_and_reference(press: Press) -> None:
    text = text_of(press.render(frozen_facts(paid=PAID)))

    for shown in ("Receipt", "RCP-000007", "12 June 2026", "Bank transfer", "SEPA-44871"):
        assert shown in text
    assert "Total paid $99.00" in text
    assert "Due" not in text


def test_a_credit_note_names_its_invoice_its_amount_and_its_tax(press: Press) -> None:
    line = a_line("The line was <b>down</b> \u05e9\u05dc\u05d5\u05dd", None, amount_minor=2521)
    named: dict[str, Any] = {"number": "CN-000007", "kind": "credit_note"}

    pages = pages_of(press.render(frozen_facts(line, tax=("VAT", "19", 479), **named)))

    assert len(pages) == 1
    for shown in ("Credit note", "CN-000007", "INV-000042", "<b>down</b>", "VAT 19% $4.79"):
        assert shown in pages[0]
    assert "Total credited $30.00" in pages[0]
    assert "Due" not in pages[0]


def test_many_lines_go_on_with_their_heading_and_lose_none(press: Press) -> None:
    lines = [a_line(f"Phone number +1 415 555 {number:04d}", 150) for number in range(60)]

    pages = pages_of(press.render(frozen_facts(*lines)))

    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert "Description" in page
        assert f"INV-000042 · Page {number} of 3" in page
    assert all(line["description"] in "\n".join(pages) for line in lines)
    assert "Total due $90.00" in pages[-1]


def test_the_same_facts_make_the_same_bytes_and_others_do_not(press: Press) -> None:
    facts = frozen_facts()
    stored = json.loads(json.dumps(facts, sort_keys=True))

    assert press.render(facts) == Press().render(stored)
    assert press.render(facts) != press.render(frozen_facts(paid=PAID))


def test_it_is_made_for_archives_and_for_screen_readers(press: Press) -> None:
    with pikepdf.open(io.BytesIO(press.render(frozen_facts(paid=PAID)))) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert pdf.open_metadata().pdfa_status == "3A"
        assert pdf.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert (str(pdf.Root.Lang), bool(pdf.Root.MarkInfo.Marked)) == ("en", True)
        assert str(pdf.docinfo["/Title"]) == "Receipt RCP-000007"
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20260612")
        descriptors = [one for one in pdf.objects if _type(one) == "/FontDescriptor"]
        assert descriptors
        assert all("/FontFile2" in one or "/FontFile3" in one for one in descriptors)
        names = {
            str(key) for one in pdf.objects if isinstance(one, pikepdf.Dictionary) for key in one
        }
        assert not names & {"/JavaScript", "/JS", "/EmbeddedFiles", "/Launch", "/Encrypt", "/URI"}


def _type(found: Any) -> str:
    return str(found.get("/Type", "")) if isinstance(found, pikepdf.Dictionary) else ""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("株式会社インターループ東京", marks=needs_a_font("ja")),
        pytest.param("臺灣電信有限公司", marks=needs_a_font("zh-tw")),
        pytest.param("אגודת הרופאים", marks=needs_a_font("he")),
        pytest.param("شركة الخليج", marks=needs_a_font("ar")),
        pytest.param("ไทยคอม", marks=needs_a_font("th")),
        "Ångström Ελλάς Україна Việt Nam Łódź",
    ],
)
def test_a_name_in_any_script_can_be_selected_and_searched(press: Press, name: str) -> None:
    assert name in text_of(press.render(frozen_facts(buyer={"name": name})))


def test_the_longest_words_that_fit_into_the_database_are_broken_and_lose_nothing(
    press: Press,
) -> None:
    buyer = {"name": "W" * 200, "address": "X" * 1000}

    text = text_of(press.render(frozen_facts(a_line("Q" * 300, 9900), buyer=buyer)))

    assert [text.count(letter) for letter in "WXQ"] == [200, 1000, 301]
    assert "Total due $99.00" in text


class Watched(HTTPServer):
    """A server that remembers what it was asked for."""

    asked: list[str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Remembering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Watched)
        self.server.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def watched() -> Iterator[Watched]:
    server = Watched(("127.0.0.1", 0), Remembering)
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


PAYLOADS = (
    '<img src="{where}">',
    '"><img src="{where}">',
    "'><svg><image href='{where}'/></svg>",
    '<link rel="stylesheet" href="{where}">',
    '<link rel="attachment" href="{where}">',
    '<object data="{where}"></object>',
    '<embed src="{where}">',
    '<base href="{where}">',
    "</style><style>@import url({where}); *{{background:url({where})}}</style>",
    "</title><style>@font-face{{font-family:x;src:url({where})}}*{{font-family:x}}</style>",
    "url({where})",
    "{{{{ sheet.brand }}}}{{% include '{where}' %}}",
    "<script>fetch('{where}')</script>",
)


@pytest.mark.parametrize("where", ["http", "file:///etc/passwd", "own:fonts/Inter-Bold.ttf"])
def test_what_people_type_is_shown_and_never_fetched(
    press: Press, watched: Watched, where: str
) -> None:
    where = watched.address if where == "http" else where
    evil = [payload.format(where=where) for payload in PAYLOADS]
    facts = frozen_facts(
        *[a_line(one, 100) for one in evil],
        buyer={
            "name": " ".join(evil),
            "address": "\n".join(evil),
            "tax_id": evil[0],
            "email": evil[1],
            "country": evil[2],
        },
        paid={"on": "2026-06-12", "method": evil[3], "reference": " ".join(evil)},
        seller={"name": evil[4], "address": evil, "tax_id": evil[5]},
    )

    pdf = press.render(facts)

    assert watched.asked == []
    assert "root:x:0" not in text_of(pdf)
    assert "<img src=" in text_of(pdf)
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        images = [one for one in opened.objects if _subtype(one) == "/Image"]
        assert images == []
        assert "/EmbeddedFiles" not in opened.Root.get("/Names", {})


def _subtype(found: Any) -> str:
    return str(found.get("/Subtype", "")) if isinstance(found, pikepdf.Stream) else ""


def test_the_watched_server_would_have_noticed(watched: Watched) -> None:
    HTML(string=f'<img src="{watched.address}/seen" alt="">').write_pdf()

    assert watched.asked == ["/seen"]


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "FILE:///etc/passwd",
        "data:text/plain,hello",
        "ftp://127.0.0.1/x",
        "http://169.254.169.254/latest/meta-data/",
        "own:",
        "own:../../../../../../etc/passwd",
        "own:/etc/passwd",
        "own:fonts",
        "own:%2e%2e/%2e%2e/etc/passwd",
        "own:fonts/Inter-Bold.ttf\x00.svg",
        "own:nothing.svg",
    ],
)
def test_the_renderer_opens_nothing_but_our_own_static_files(press: Press, address: str) -> None:
    with pytest.raises((ValueError, OSError)):
        press.fetcher(address)


def test_the_renderer_opens_our_own_static_files(press: Press) -> None:
    with urllib.request.urlopen(f"file://{own_file('intrlume.svg')}") as file:
        assert press.fetcher("own:intrlume.svg").read() == file.read()


@pytest.mark.parametrize("logo", ["", "nothing.svg", "../manage.py", "/etc/passwd"])
def test_a_logo_that_is_no_static_file_is_left_out(press: Press, logo: str) -> None:
    facts = frozen_facts()
    facts["brand"] |= {"logo": logo}

    assert "Intrlume" in text_of(press.render(facts))
