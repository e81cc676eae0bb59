"""Time passes in a story, as everywhere, with its Stripe and its clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from billing_portal import passing
from billing_portal.entries import Entry
from billing_portal.passing import NeverDone
from billing_portal.scenarios.world import StepFailed, World


class StoryStage:
    """A story's world, as what time passes on."""

    def __init__(self, world: World) -> None:
        self.world = world

    @property
    def now(self) -> dt.datetime:
        return self.world.clock.now

    @now.setter
    def now(self, instant: dt.datetime) -> None:
        self.world.clock.now = instant

    @property
    def zone(self) -> ZoneInfo:
        return self.world.clock.zone

    def hear(self) -> bool:
        """Take in what the story's Stripe says."""
        return self.world.stripe.tell()

    def ring(self, entry: Entry) -> bool:
        """Let an entry look for its rows, and ask the story's Stripe."""
        asked = {"gateway": self.world.gateway} if entry.asks_stripe else {}
        return bool(entry.sweep(now=self.world.now, **asked))


def settle(world: World) -> bool:
    """Do the work that was just written, and what it makes; answers whether there was some."""
    with _told_as_failure():
        return passing.settle(StoryStage(world))


def pass_time(world: World, *, until: dt.datetime) -> None:
    """Move a world's clock, and run at every tick on the way what falls due there."""
    with _told_as_failure():
        passing.pass_time(StoryStage(world), until=until)


@contextmanager
def _told_as_failure() -> Iterator[None]:
    try:
        yield
    except NeverDone as failed:
        raise StepFailed(str(failed)) from failed
