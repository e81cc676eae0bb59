"""Time passes: the timetable's entries run when they fall due, as beat and a worker would.

Ticks at which no row can be due are jumped over. Those that matter come first after a local
midnight, or first after an instant that some row notes.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Sequence

from billing_portal.scenarios.clock import next_midnight
from billing_portal.scenarios.world import StepFailed, World
from billing_portal.timetable import TIMETABLE, Entry, Wakes

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOST_ROUNDS = 50

WAKING = tuple(entry for entry in TIMETABLE if entry.wakes is not Wakes.NOTHING)
AT_ONCE = tuple(entry for entry in TIMETABLE if entry.wakes is Wakes.WORK)


def settle(world: World) -> bool:
    """Do the work that was just written, and what it makes; answers whether there was some."""
    return _run(AT_ONCE, world)


def pass_time(world: World, *, until: dt.datetime) -> None:
    """Move a world's clock, and run at every tick on the way what falls due there."""
    passage = Passage(world, until)
    while passage.reach_next_tick():
        pass
    world.clock.now = until
    settle(world)


class Passage:
    """A stretch of time that passes: who looked when, and which instants the rows note."""

    def __init__(self, world: World, until: dt.datetime) -> None:
        self.world = world
        self.clock = clock = world.clock
        self.until = until
        self.began = clock.now
        # A row that was due before time began to pass is found by the first tick.
        self.looked = {entry.name: LONG_AGO for entry in WAKING}
        self.noted = self._noted()

    def reach_next_tick(self) -> bool:
        """Go on to the next tick that matters and run what is due; none is left: answer false."""
        ticks = {entry: tick for entry in WAKING if (tick := self._next_tick(entry))}
        tick = min(ticks.values(), default=None)
        if tick is None or tick > self.until:
            return False
        self.clock.now = tick
        due = [entry for entry in WAKING if ticks.get(entry) == tick]
        self.looked |= {entry.name: tick for entry in due}
        if _run(due, self.world):
            self.noted = self._noted()
        return True

    def _noted(self) -> dict[str, list[dt.datetime]]:
        return {entry.name: entry.noted.instants(self.until) for entry in WAKING if entry.noted}

    def _next_tick(self, entry: Entry) -> dt.datetime | None:
        """Answer when an entry rings first after a row may have become due."""
        looked, noted = self.looked[entry.name], self.noted.get(entry.name, [])
        instants = noted[bisect_right(noted, looked) :][:1]
        if entry.wakes is Wakes.DAY:
            instants.append(next_midnight(max(looked, self.began), self.clock.zone))
        if not instants:
            return None
        return entry.when.next_tick(max(min(instants), self.clock.now))


def _run(due: Sequence[Entry], world: World) -> bool:
    """Hear what Stripe says and run entries in their order, until nothing gives work to another.

    Answers whether there was any work.

    :raises StepFailed: an entry finds work again and again.
    """
    for done in range(MOST_ROUNDS):
        found = [world.stripe.tell(), *(_sweep(entry, world) for entry in due)]
        if not any(found):
            return done > 0
        due = [entry for entry in TIMETABLE if entry in due or entry.wakes is Wakes.WORK]
    raise StepFailed(f"{', '.join(entry.name for entry in due)} find the same work for ever")


def _sweep(entry: Entry, world: World) -> bool:
    asked = {"gateway": world.gateway} if entry.asks_stripe else {}
    return bool(entry.sweep(now=world.now, **asked))
