"""The database in which stories run: one of their own, empty before each."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.db import connection

PREFIXES = ("accounts_", "wallet_", "invoices_", "payments_", "plans_", "usage_", "billing_portal_")

# That something was refused is listed for staff, and changes nothing of the business.
LISTS = frozenset({"usage_refusedreport"})


@contextmanager
def own_database() -> Iterator[None]:
    """Make a database for the stories and drop it afterwards; that of the settings is not touched.

    Where ``TEST_DATABASE_TEMPLATE`` names a migrated, empty database, its tables are copied.
    """
    settings, creation = connection.settings_dict, connection.creation
    name = settings["NAME"]
    settings["TEST"]["NAME"] = f"scenarios_{os.getpid()}"
    settings["TEST"]["TEMPLATE"] = os.environ.get("TEST_DATABASE_TEMPLATE")
    connection.close()
    creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        yield
    finally:
        creation.destroy_test_db(name, verbosity=0)


def empty() -> None:
    """Remove every row of the business; ids go on where they were, so that no cache is wrong."""
    filled = [table for table in _tables() if _holds_rows(table)]
    if filled:
        names = ", ".join(connection.ops.quote_name(table) for table in filled)
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {names} CASCADE")


def footprints() -> dict[str, str]:
    """Answer a fingerprint of every table of the business."""
    parts = []
    for table in _tables():
        if table in LISTS:
            continue
        name = connection.ops.quote_name(table)
        rows = f"SELECT t::text AS row FROM {name} t"  # noqa: S608 - names of our own tables
        parts.append(f"SELECT '{table}', md5(string_agg(row, ' ' ORDER BY row)) FROM ({rows}) r")  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return dict(cursor.fetchall())


@cache
def _tables() -> tuple[str, ...]:
    existing = connection.introspection.django_table_names(only_existing=True)
    return tuple(sorted(name for name in existing if name.startswith(PREFIXES)))


def _holds_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT EXISTS (SELECT FROM {connection.ops.quote_name(table)})")  # noqa: S608
        row = cursor.fetchone()
    return bool(row and row[0])
