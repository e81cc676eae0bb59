"""Puts up what is measured: databases, organizations, processes and servers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from django.db import connection

from accounts.api_keys import make_key
from accounts.models import ApiKey
from billing_portal.benchmarks import (
    databases,
    goals,
    loads,
    papers,
    peers,
    pgledger,
    renewals,
    web_loads,
)
from billing_portal.benchmarks.copying import Copying
from billing_portal.benchmarks.crew import Crew
from billing_portal.benchmarks.history import remember
from billing_portal.benchmarks.loads import Caller, Load
from billing_portal.benchmarks.population import populate
from billing_portal.benchmarks.rounds import Contender, Say
from billing_portal.benchmarks.tpcb import TpcB
from billing_portal.benchmarks.web_server import serving

PROCESSES = 4
WARM_UP_SECONDS = 0.3
CHARGES: Mapping[str, Load] = {
    goals.ONE: loads.charge_one,
    goals.HOT: loads.charge_hot,
    goals.BATCH: loads.charge_batch,
    goals.REPLAY: Caller.replay,
    goals.HOT_BATCH: loads.charge_hot_batch,
}
ON_HISTORY: Mapping[str, Load] = {
    "charge": loads.charge_one,
    "batch": loads.charge_batch,
    "gate": Caller.ask,
    "page": Caller.open_page,
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is of everything."""

    organizations: int = 1000
    few_events: int = 10_000
    many_events: int = 1_000_000
    tpcb_scale: int = 10
    invoices: int = 200
    lines: int = 300_000
    due: int = 5_000
    many_due: int = 100_000


Entered = TypeVar("Entered")


class Stage:
    """What the contenders stand on; taken down when its block is left."""

    def __init__(
        self, sizes: Sizes, *, now: dt.datetime, say: Say, pgledger: Path | None = None
    ) -> None:
        self.sizes, self.now, self.say, self.pgledger = sizes, now, say, pgledger
        self.main = connection.settings_dict["NAME"]
        self.names: list[str] = []
        self._stack = ExitStack()
        self._main_has_a_past = False
        # Whose CPU time is read: the id of the first process of each family.
        self.families: dict[str, int] = {}
        # Why somebody who is needed does not run.
        self.left_out: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self.say(f"making {self.sizes.organizations} organizations")
        self.names = populate(self.sizes.organizations, now=self.now)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def contenders(self, needed: set[str]) -> dict[str, Contender]:
        """Answer the contenders that are needed, in the order in which they run."""
        put_up = {
            **self._on_history(needed),
            # These copy the main database, which cannot be done once somebody works on it.
            **papers.put_up(self, needed),
            **peers.put_up(self, needed),
            **renewals.put_up(self, needed),
            **self._tpcb(needed),
            **self._charges(needed),
            **self._lone(needed),
            **self._web(needed),
            **pgledger.put_up(self, needed),
        }
        return {name: contender for name, contender in put_up.items() if name in needed}

    def enter(self, what: AbstractContextManager[Entered]) -> Entered:
        """Keep something open until the stage is taken down."""
        return self._stack.enter_context(what)

    def leave_out(self, names: Iterable[str], why: str) -> None:
        """Note why contenders do not run."""
        self.left_out |= dict.fromkeys(names, why)

    def database(self, suffix: str, *, like: str | None = None) -> str:
        """Make a database beside the main one; answers its name."""
        name = f"{self.main}_{suffix}"
        databases.create(name, like=like)
        self._stack.callback(databases.drop, [name])
        return name

    def crew(self, size: int, database: str, *, names: Sequence[str] = ()) -> Crew:
        """Start processes on a database, which report for our organizations or for others."""
        return self.enter(Crew(size, database=database, names=names or self.names))

    def _on_history(self, needed: set[str]) -> dict[str, Contender]:
        """Put up the same work on a short and on a long past, each in a database of its own."""
        kinds = {kind: load for kind, load in ON_HISTORY.items() if _wants(kind, needed)}
        if not kinds:
            return {}
        made: dict[str, Contender] = {}
        for size, events in (
            (goals.SMALL, self.sizes.few_events),
            (goals.LARGE, self.sizes.many_events),
        ):
            database = self.database(size, like=self.main)
            self.say(f"writing a past of {events:,} events")
            fill = partial(self.fill, database, events)
            fill()
            crew = self.crew(1, database)
            for kind, load in kinds.items():
                # What is charged in a slice would make a short past long.
                again = partial(_refill, fill, crew, load) if size == goals.SMALL else None
                made[goals.of_history(kind, size)] = Contender(partial(crew.work, load), again)
        # Side by side in the round: what is compared sees the same neighbours.
        return dict(sorted(made.items(), key=lambda item: list(kinds).index(item[0].split(",")[0])))

    def fill(self, database: str, events: int) -> None:
        """Write a past of so many events into a database."""
        with databases.using(database):
            remember(events, organization=self.names[0], now=self.now)

    def give_main_a_past(self) -> None:
        """Fill the tables and their statistics, as on every server older than an hour.

        A connection plans once; on empty tables it would plan for empty tables.
        """
        if not self._main_has_a_past:
            self.fill(self.main, self.sizes.few_events)
            self._main_has_a_past = True

    def _tpcb(self, needed: set[str]) -> dict[str, Contender]:
        if goals.TPCB not in needed:
            return {}
        pgbench = TpcB(self.database("tpcb"), clients=PROCESSES, scale=self.sizes.tpcb_scale)
        pgbench.prepare()
        return {goals.TPCB: Contender(pgbench.run)}

    def _charges(self, needed: set[str]) -> dict[str, Contender]:
        if not needed & set(CHARGES):
            return {}
        self.give_main_a_past()
        crew = self.crew(PROCESSES, self.main)
        return {name: Contender(partial(crew.work, load)) for name, load in CHARGES.items()}

    def _lone(self, needed: set[str]) -> dict[str, Contender]:
        if goals.COPY not in needed:
            return {}
        self.give_main_a_past()
        crew = self.crew(1, self.main)
        return {
            goals.LONE_BATCH: Contender(partial(crew.work, loads.charge_batch)),
            goals.COPY: Contender(Copying().run),
        }

    def _web(self, needed: set[str]) -> dict[str, Contender]:
        """Put up a web server with the product's API and the baselines beside it."""
        if not needed & {goals.GATE, goals.SELECT_1, goals.BY_HAND, goals.USAGE}:
            return {}
        self.give_main_a_past()
        _, key = make_key("bench", scopes=[ApiKey.Scope.USAGE], now=self.now)
        self.say("starting the web server")
        site, leader = self._stack.enter_context(serving(key))
        self.families[goals.WEB] = leader
        crew = self.crew(PROCESSES, self.main)
        requests: dict[str, Load] = {
            goals.SELECT_1: partial(web_loads.ask, site, web_loads.SELECT_ONE),
            goals.GATE: partial(web_loads.ask, site, web_loads.GATE),
            goals.BY_HAND: partial(web_loads.ask, site, web_loads.BY_HAND),
            goals.USAGE: partial(web_loads.report, site),
        }
        return {name: Contender(partial(crew.work, load)) for name, load in requests.items()}


def _refill(fill: Callable[[], None], crew: Crew, load: Load) -> None:
    """Start anew, and let everybody make their plans again before the clock runs."""
    fill()
    crew.work(load, WARM_UP_SECONDS)


def _wants(kind: str, needed: set[str]) -> bool:
    return goals.of_history(kind, goals.SMALL) in needed
