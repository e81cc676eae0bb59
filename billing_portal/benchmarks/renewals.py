"""Renewals through the product's own sweep: how many a second, and in how much memory."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.utils import timezone

from billing_portal.benchmarks import databases, goals
from billing_portal.benchmarks.due import Due
from billing_portal.benchmarks.loads import Caller
from billing_portal.benchmarks.machine import Work
from billing_portal.benchmarks.renewal_loop import Loop
from billing_portal.benchmarks.rounds import Contender
from plans.renewing import renew_due

if TYPE_CHECKING:
    from billing_portal.benchmarks.stage import Stage

# As long as it takes to sweep once.
AN_INSTANT = 0.001
ALL = dt.timedelta(hours=1)
CHANGED = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_xact_user_tables"


def put_up(stage: Stage, needed: set[str]) -> dict[str, Contender]:
    """Put up the sweep where many are due, the loop beside it, and sweeps of all that is due."""
    made: dict[str, Contender] = {}
    if goals.RENEWALS in needed:
        loop = Loop(stage.database("loop"), stage.sizes.due)
        made[goals.RENEWALS] = _sweep(stage, "renewals", stage.sizes.due)
        made[goals.RENEWAL_LOOP] = Contender(loop.run, loop.before)
    if goals.MANY_DUE in needed:
        made[goals.FEW_DUE] = _sweep(stage, "few_due", stage.sizes.many_due // 10, all_of_it=True)
        made[goals.MANY_DUE] = _sweep(stage, "many_due", stage.sizes.many_due, all_of_it=True)
    return made


def _sweep(stage: Stage, suffix: str, size: int, *, all_of_it: bool = False) -> Contender:
    database = stage.database(suffix, like=stage.main)
    with databases.using(database):
        due = Due(now=stage.now)
    crew = stage.crew(1, database)

    def before() -> None:
        with databases.using(database):
            due.fill_up(size)

    def run(seconds: float) -> Work:
        load = renew_all if all_of_it else partial(renew, seconds=seconds)
        return crew.work(load, AN_INSTANT, patience=ALL.total_seconds())

    return Contender(run, before)


def renew(caller: Caller, seconds: float) -> int:
    """Renew for so long, as the worker does for some minutes."""
    return renew_due(now=timezone.now(), span=dt.timedelta(seconds=seconds))


def renew_all(caller: Caller) -> int:
    """Renew all that is due; a second look finds nothing, and changes no row."""
    begun = renew_due(now=timezone.now(), span=ALL)
    with transaction.atomic():
        before = _rows_changed()
        assert renew_due(now=timezone.now(), span=ALL) == 0
        assert _rows_changed() == before
    return begun


def _rows_changed() -> int:
    with connection.cursor() as cursor:
        cursor.execute(CHANGED)
        return int(cursor.fetchone()[0])
