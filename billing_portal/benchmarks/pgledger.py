"""pgledger, a ledger of SQL functions, called by as many processes of Python as charge with us.

It is in no package registry and we keep no copy: whoever has a checkout says where it lies.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import connection

from accounts.prepared import ask
from billing_portal.benchmarks import databases, goals, loads
from billing_portal.benchmarks.loads import Caller
from billing_portal.benchmarks.rounds import Contender

if TYPE_CHECKING:
    from billing_portal.benchmarks.stage import Stage

PROCESSES, ACCOUNTS = 8, 2000
NAMES = {goals.EIGHT, goals.HOT_EIGHT, goals.PGLEDGER, goals.HOT_PGLEDGER}
TRANSFER = "SELECT id FROM pgledger_create_transfer(%s, %s, %s)"
OPEN = """
SELECT (pgledger_create_account('account ' || n, 'USD')).id FROM generate_series(1, %s) n
"""


def put_up(stage: Stage, needed: set[str]) -> dict[str, Contender]:
    """Put up eight processes that charge, and eight that transfer in a database of their own."""
    if not NAMES & needed:
        return {}
    if stage.pgledger is None:
        stage.leave_out(NAMES, "say with --pgledger where it lies")
        return {}
    database = stage.database("pgledger")
    with databases.using(database):
        accounts = _install(stage.pgledger)
    stage.give_main_a_past()
    ours = stage.crew(PROCESSES, stage.main)
    theirs = stage.crew(PROCESSES, database, names=accounts)
    return {
        goals.EIGHT: Contender(partial(ours.work, loads.charge_one)),
        goals.PGLEDGER: Contender(partial(theirs.work, transfer)),
        goals.HOT_EIGHT: Contender(partial(ours.work, loads.charge_hot)),
        goals.HOT_PGLEDGER: Contender(partial(theirs.work, transfer_hot)),
    }


def transfer(caller: Caller) -> int:
    """Transfer from any account to any other."""
    source, target = caller.dice.sample(caller.names, 2)
    return _transfer(source, target)


def transfer_hot(caller: Caller) -> int:
    """Transfer from one account, always the same, to any other."""
    return _transfer(caller.names[0], caller.dice.choice(caller.names[1:]))


def _transfer(source: str, target: str) -> int:
    assert ask(TRANSFER, [source, target, 1])
    return 1


def _install(checkout: Path) -> Sequence[str]:
    """Run its scripts, what it builds on first, and open accounts."""
    scripts = [*sorted(checkout.glob("vendor/**/*.sql")), checkout / "pgledger.sql"]
    with connection.cursor() as cursor:
        for script in scripts:
            cursor.execute(script.read_text())
        cursor.execute(OPEN, [ACCOUNTS])
        return [account for (account,) in cursor.fetchall()]
