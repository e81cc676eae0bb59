"""Time passes: the timetable's entries run when they fall due, as beat and a worker would.

Ticks at which no row can be due are jumped over. Those that matter come first after a local
midnight, or first after an instant that some row notes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from billing_portal.scenarios.clock import Clock, next_midnight
from billing_portal.scenarios.world import StepFailed
from billing_portal.timetable import TIMETABLE, Entry, Wakes

LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MOST_ROUNDS = 50

WAKING = tuple(entry for entry in TIMETABLE if entry.wakes is not Wakes.NOTHING)
AT_ONCE = tuple(entry for entry in TIMETABLE if entry.wakes is Wakes.WORK)


def settle(now: dt.datetime) -> None:
    """Do the work that was just written, and what it makes, until none is left."""
    _run(AT_ONCE, now=now)


def pass_time(clock: Clock, *, until: dt.datetime) -> None:
    """Move a clock, and run at every tick on the way what falls due there."""
    began = clock.now
    looked = dict.fromkeys((entry.name for entry in WAKING), LONG_AGO)
    while True:
        ticks = {entry: _next_tick(entry, looked, began, clock) for entry in WAKING}
        tick = min((tick for tick in ticks.values() if tick), default=None)
        if tick is None or tick > until:
            break
        clock.now = tick
        due = [entry for entry in WAKING if ticks[entry] == tick]
        looked |= dict.fromkeys((entry.name for entry in due), tick)
        _run(due, now=tick)
    clock.now = until
    settle(until)


def _next_tick(
    entry: Entry, looked: dict[str, dt.datetime], began: dt.datetime, clock: Clock
) -> dt.datetime | None:
    """Answer when an entry rings first after a row may have become due since it last looked.

    A row that was due before time began to pass is found by the next tick.
    """
    since = looked[entry.name]
    instants = [_midnight(entry, max(since, began), clock.zone)]
    if entry.noted:
        instants.append(entry.noted.next_after(since))
    instant = min((instant for instant in instants if instant), default=None)
    return instant and entry.when.next_tick(max(instant, clock.now))


def _midnight(entry: Entry, after: dt.datetime, zone: ZoneInfo) -> dt.datetime | None:
    return next_midnight(after, zone) if entry.wakes is Wakes.DAY else None


def _run(due: Sequence[Entry], *, now: dt.datetime) -> None:
    """Run entries in their order, then these and what they give work to, until all is done.

    :raises StepFailed: an entry finds work again and again.
    """
    for _ in range(MOST_ROUNDS):
        if not _find_work(due, now=now):
            return
        due = [entry for entry in TIMETABLE if entry in due or entry.wakes is Wakes.WORK]
    raise StepFailed(f"{', '.join(entry.name for entry in due)} find the same work for ever")


def _find_work(due: Iterable[Entry], *, now: dt.datetime) -> bool:
    found = [bool(entry.sweep(now=now)) for entry in due]
    return any(found)
