"""django-hordak and dj-wallet, each asked for a slice in the same rounds as our own charge."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Agent, Organization
from billing_portal.benchmarks import databases, goals, loads
from billing_portal.benchmarks.loads import Caller
from billing_portal.benchmarks.machine import Work
from billing_portal.benchmarks.population import PLENTY
from billing_portal.benchmarks.rounds import Contender
from wallet.balances import balances

if TYPE_CHECKING:
    from billing_portal.benchmarks.stage import Stage

PROGRAM = Path(__file__).with_name("peer_program.py")
PYTHON = settings.BASE_DIR / ".venv-bench" / "bin" / "python"
INSTALLED = settings.BASE_DIR / ".venv-bench" / ".installed"
GETTING_READY_SECONDS, PATIENCE_SECONDS = 300, 60
NAMES = {
    goals.LIMITED,
    goals.LIMITED_BATCH,
    goals.TRANSFER_TO,
    goals.WITHDRAW,
    goals.BALANCE,
    goals.GET_BALANCE,
}
LINES = """
INSERT INTO wallet_ledgerentry (
    organization_id, kind, credits, balance_after, key, description, at)
SELECT %(id)s, 'usage', -1, 0, 'line:' || n, 'web call', %(now)s
FROM generate_series(1, %(lines)s) n
"""


class PeerFailedError(RuntimeError):
    """A peer said nothing, or something that is no answer."""


def put_up(stage: Stage, needed: set[str]) -> dict[str, Contender]:
    """Put up the peers, and ourselves with a limit on every agent and a long book."""
    if not NAMES & needed:
        return {}
    if not INSTALLED.exists():
        stage.leave_out(NAMES, "the peers are not installed; `make bench` does that")
        return {}
    database = stage.database("limits", like=stage.main)
    stage.fill(database, stage.sizes.few_events)
    with databases.using(database):
        _limit_and_lengthen(stage)
    crew = stage.crew(1, database)
    stage.say("letting the peers make their tables")
    peer = stage.enter(Peer(stage.database("peers"), lines=stage.sizes.lines))
    return {
        goals.LIMITED: Contender(partial(crew.work, loads.charge_one)),
        goals.LIMITED_BATCH: Contender(partial(crew.work, loads.charge_batch)),
        goals.TRANSFER_TO: Contender(partial(peer.work, "transfer_to")),
        goals.WITHDRAW: Contender(partial(peer.work, "withdraw")),
        goals.BALANCE: Contender(partial(crew.work, read_balance)),
        goals.GET_BALANCE: Contender(partial(peer.work, "get_balance")),
    }


def read_balance(caller: Caller) -> int:
    """Read the balance of the organization with the long book."""
    balances(_organization(caller.names[0]), now=timezone.now())
    return 1


@cache
def _organization(external_id: str) -> Organization:
    return Organization.objects.get(external_id=external_id)


def _limit_and_lengthen(stage: Stage) -> None:
    Agent.objects.update(monthly_limit=PLENTY)
    busy = Organization.objects.get(external_id=stage.names[0])
    with connection.cursor() as cursor:
        cursor.execute(LINES, {"id": busy.pk, "now": stage.now, "lines": stage.sizes.lines})
        cursor.execute("VACUUM ANALYZE wallet_ledgerentry")


class Peer:
    """The peers' process: an order goes in as a line, and its answer comes out as one."""

    def __init__(self, database: str, *, lines: int) -> None:
        self._process = subprocess.Popen(
            [str(PYTHON), "-P", str(PROGRAM)],
            env={**os.environ, "PEER_DATABASE": json.dumps(_address(database))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._ask({"lines": lines}, GETTING_READY_SECONDS)

    def work(self, operation: str, seconds: float) -> Work:
        """Let it do one thing over and over for so long."""
        order = {"operation": operation, "seconds": seconds}
        done = self._ask(order, seconds + PATIENCE_SECONDS)
        cpu = {"client": done["client"]}
        return Work(done["operations"], done["seconds"], done["latencies"], cpu)

    def _ask(self, order: dict[str, Any], patience: float) -> dict[str, Any]:
        ask, answer = self._process.stdin, self._process.stdout
        assert ask
        assert answer
        ask.write(json.dumps(order).encode() + b"\n")
        ask.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(answer, selectors.EVENT_READ)
            line = answer.readline() if selector.select(patience) else b""
        if not line:
            raise PeerFailedError(f"no answer to {order}")
        told: dict[str, Any] = json.loads(line)
        return told

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()


def _address(database: str) -> dict[str, Any]:
    own = connection.settings_dict
    kept = {name: own[name] for name in ("ENGINE", "HOST", "PORT", "USER", "PASSWORD")}
    return kept | {"NAME": database}
