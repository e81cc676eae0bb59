"""What every test stands on: a database, a quiet outside world, and quick passwords."""

import os
from functools import partial
from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connections

from billing_portal.devstack.fake_stripe import FakeStripe
from tests.fakes.stripe_transport import checked


def silent(*asked: object) -> NoReturn:
    """Be a Stripe that does not answer: a test that needs one brings its own."""
    raise ConnectionError("no Stripe in this test")


def check_what_the_fake_is_asked() -> None:
    """Hold every request to the fake Stripe, and every answer, against stripe-python's types."""
    unchecked = FakeStripe.transport

    def transport(fake: FakeStripe, *asked: Any) -> Any:
        return checked(partial(unchecked, fake))(*asked)

    FakeStripe.transport = transport  # type: ignore[assignment,method-assign]  # for all tests of this run


def pytest_configure(config: pytest.Config) -> None:
    """Give each process of the tests its own cache and passwords that cost nothing to check."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    settings.STRIPE_TRANSPORT = silent
    check_what_the_fake_is_asked()
    # Listing all files anew for every client would cost more than most tests.
    settings.WHITENOISE_USE_FINDERS = False
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Copy the tables from the database that was migrated once, where there is one."""
    template = os.environ.get("TEST_DATABASE_TEMPLATE")
    if template:
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = template


@pytest.fixture(autouse=True)
def _forget_the_cache() -> None:
    """Start every test with no rate limit used up."""
    cache.clear()
