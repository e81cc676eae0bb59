"""The steps to Citus that docs/growing.md writes down, as far as one PostgreSQL can prove them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection

from tests.builders import MARCH_1, a_call, build_organization, build_plan
from tests.house.sources import PROJECT
from usage.charging import charge

pytestmark = pytest.mark.django_db
PAGE = (PROJECT / "docs" / "growing.md").read_text()
KEYS, CALLS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
COLUMN = "organization_id"
DISTRIBUTED = set(re.findall(rf"create_distributed_table\('(\w+)', '{COLUMN}'", CALLS))
REFERENCES = set(re.findall(r"create_reference_table\('(\w+)'", CALLS))
# Columns of every unique index, primary keys among them, and of every exclusion constraint.
UNIQUE = """
SELECT i.indrelid::regclass::text, i.indexrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey))
FROM pg_index i WHERE (i.indisunique OR i.indisexclusion) AND i.indrelid::regclass::text = ANY(%s)
"""
FOREIGN = """
SELECT f.conrelid::regclass::text, f.confrelid::regclass::text,
       ARRAY(SELECT a.attname::text FROM pg_attribute a
             WHERE a.attrelid = f.conrelid AND a.attnum = ANY(f.conkey))
FROM pg_constraint f WHERE f.contype = 'f'
"""
WRITERS = """
SELECT prosrc FROM pg_proc WHERE proname IN ('usage_charge', 'usage_record', 'wallet_move')
"""
LINK = """
ALTER TABLE wallet_ledgerentry ADD FOREIGN KEY (grant_id) REFERENCES wallet_creditgrant (id)
"""


def run(steps: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(steps)


def rows(question: str, *parameters: list[str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters or None)
        return list(cursor.fetchall())


def unfit_keys() -> list[str]:
    found = rows(UNIQUE, sorted(DISTRIBUTED))
    return [index for _, index, columns in found if COLUMN not in columns]


def unfit_links() -> list[str]:
    """Answer the foreign keys that no distributed table may have, or no other may have to it."""
    return [
        f"{child} {columns} -> {parent}"
        for child, parent, columns in rows(FOREIGN)
        if (parent in DISTRIBUTED and not (child in DISTRIBUTED and COLUMN in columns))
        or (child in DISTRIBUTED and parent not in DISTRIBUTED | REFERENCES)
    ]


def test_the_steps_leave_what_citus_can_distribute_and_a_charge_works_on_the_new_keys() -> None:
    build_plan(included_credits="5")
    acme = build_organization(plan="starter", credits=100)
    connection.check_constraints()

    run(KEYS)
    [result] = charge([a_call(acme, channel="outbound", seconds=60)], now=MARCH_1)
    assert (result.status, result.plan_credits, result.wallet) == ("charged", 5, 3)
    [plain] = charge([a_call(acme, channel="outbound", seconds=60)], now=MARCH_1)
    assert (plain.status, plain.wallet) == ("charged", 8)
    connection.check_constraints()

    assert unfit_keys() == []
    assert unfit_links() == []


def test_without_the_steps_the_check_finds_what_is_unfit() -> None:
    assert {"usage_usageevent_pkey", "plans_counter_pkey"} <= set(unfit_keys())
    assert unfit_links() == []
    run(LINK)
    assert unfit_links() == ["wallet_ledgerentry ['grant_id'] -> wallet_creditgrant"]


def test_every_table_that_a_charge_writes_is_distributed() -> None:
    written = {
        table
        for (source, *_) in rows(WRITERS)
        for table in re.findall(r"(?:INSERT INTO|UPDATE) ((?:usage|wallet|plans)_\w+)", source)
    }

    assert len(written) == 6
    assert written <= DISTRIBUTED
