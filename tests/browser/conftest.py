"""A real browser: Debian's chromium, driven by playwright; without either, a skip that says so."""

import importlib
import importlib.util
import os
import shutil
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PLAYWRIGHT = importlib.util.find_spec("pytest_playwright")

# Playwright runs a loop in the test's own thread, which Django would take for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def _missing() -> str | None:
    if PLAYWRIGHT is None:
        return "playwright is not installed: make browser"
    if CHROMIUM is None:
        return "chromium is not installed: apt-get install chromium"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, and skip them where there is nothing to drive."""
    missing = _missing()
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            if missing:
                item.add_marker(pytest.mark.skip(reason=missing))
            else:
                # What the browser does not survive on a busy machine is tried again; a page that
                # says the wrong thing is an AssertionError, and never is.
                item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=[_playwright().Error]))


def _playwright() -> Any:
    return importlib.import_module("playwright.sync_api")


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Start the system's chromium; it cannot build its sandbox inside a container."""
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}


@pytest.fixture(autouse=True, scope="session")
def patience() -> None:
    """Wait longer than playwright's five seconds: two cores, and a server beside the browser."""
    if PLAYWRIGHT is not None:
        _playwright().expect.set_options(timeout=15_000)
