"""WeasyPrint turns the facts of a document into a PDF; it can read our own files and no other."""

from __future__ import annotations

import atexit
import hashlib
import json
import threading
from collections.abc import Mapping
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.request import BaseHandler, Request
from urllib.response import addinfourl

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.template.loader import render_to_string

from invoices.sheet import sheet_of

# For archives (fonts embedded, nothing from outside), and tagged for screen readers.
VARIANT = "pdf/a-3a"
OWN_FILES = "own"
_own = threading.local()


def the_press() -> Press:
    """Answer this thread's press; each new one would keep a quarter of a megabyte for ever."""
    if not hasattr(_own, "press"):
        _own.press = Press()
        # Later WeasyPrint would miss the modules that it cleans up with.
        atexit.register(vars(_own).clear)
    press: Press = _own.press
    return press


class Press:
    """WeasyPrint with our style and fonts, which are read once."""

    def __init__(self) -> None:
        # It takes a second and 100 MB, which only the workers that render should spend.
        from weasyprint import CSS, HTML  # noqa: PLC0415
        from weasyprint.text.fonts import FontConfiguration  # noqa: PLC0415
        from weasyprint.urls import URLFetcher  # noqa: PLC0415

        # Every other scheme is refused before anything is opened.
        fetcher, fonts = URLFetcher(allowed_protocols={OWN_FILES}), FontConfiguration()
        fetcher.add_handler(OwnFiles())
        text = render_to_string("pdf/document.css")
        style = CSS(string=text, url_fetcher=fetcher, font_config=fonts)
        self.html, self.fetcher = HTML, fetcher
        self._fonts, self._style = fonts, style

    def render(self, facts: Mapping[str, Any]) -> bytes:
        """Render the facts of a document; the same facts and libraries give the same bytes."""
        pdf: bytes = self.html(string=page_of(facts), url_fetcher=self.fetcher).write_pdf(
            stylesheets=[self._style],
            font_config=self._fonts,
            pdf_variant=VARIANT,
            pdf_identifier=_identifier(facts),
        )
        return pdf


def page_of(facts: Mapping[str, Any]) -> str:
    """Write the facts of a document as HTML, to be read with our style."""
    sheet = sheet_of(facts)
    logo = sheet.brand["logo"] if own_file(sheet.brand["logo"]) else ""
    return render_to_string("pdf/document.html", {"sheet": sheet, "logo": logo})


class OwnFiles(BaseHandler):
    """Answers addresses such as ``own:fonts/Inter-Bold.ttf`` with our own static files."""

    def own_open(self, request: Request) -> addinfourl:
        """Open one static file.

        :raises FileNotFoundError: there is none of that name.
        """
        path = own_file(request.full_url.removeprefix(f"{OWN_FILES}:"))
        if path is None:
            raise FileNotFoundError(request.full_url)
        return addinfourl(path.open("rb"), Message(), request.full_url, 200)


def own_file(name: str) -> Path | None:
    """Find a static file by its name; a name that leads out of the static folders finds none."""
    try:
        found = finders.find(name) if name else None
    except SuspiciousFileOperation:
        return None
    return Path(found) if found and Path(found).is_file() else None


def _identifier(facts: Mapping[str, Any]) -> bytes:
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32].encode()
