"""Contender and baseline in short slices of the same round, round after round."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from billing_portal.benchmarks.goals import Goal
from billing_portal.benchmarks.machine import Stopwatch, Work

Round = Mapping[str, Work]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contender:
    """What runs in a slice, and what has to be put in order before it."""

    run: Callable[[float], Work]
    before: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """A goal's figure: the median over the rounds that count, and its range."""

    goal: Goal
    ratios: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def verdict(self) -> str:
        """Say in one word how far it got."""
        if not self.ratios:
            return "no round counts"
        if self.goal.floor is None:
            return "information"
        if self.goal.is_met_by(self.median, self.goal.goal):
            return "goal"
        return "floor" if self.goal.is_met_by(self.median, self.goal.floor) else "MISSED"


def run_rounds(
    contenders: Mapping[str, Contender],
    goals: Sequence[Goal],
    *,
    rounds: int,
    seconds: float,
    families: Mapping[str, int],
    say: Say,
) -> list[Round]:
    """Run rounds until so many count for every goal, at most twice as many; Ctrl-C ends them."""
    done: list[Round] = []
    strict = [goal for goal in goals if not goal.takes_what_it_gets]
    while len(done) < 2 * rounds:
        try:
            done.append(_run_round(contenders, seconds=seconds, families=families))
        except KeyboardInterrupt:
            say("interrupted: these are the rounds so far")
            break
        say(_line(len(done), done[-1]))
        if len(done) >= rounds and all(len(ratios(goal, done)) >= rounds for goal in strict):
            break
    return done


def ratios(goal: Goal, rounds: Sequence[Round]) -> list[float]:
    """Answer a goal's ratio in every round that counts for it."""
    pairs = [(slices[goal.contender], slices[goal.baseline]) for slices in rounds]
    return [goal.figure(ours, base) for ours, base in pairs if goal.counts(ours, base)]


def _run_round(
    contenders: Mapping[str, Contender], *, seconds: float, families: Mapping[str, int]
) -> dict[str, Work]:
    slices = {}
    for name, contender in contenders.items():
        if contender.before:
            contender.before()
        watch = Stopwatch(families)
        work = contender.run(seconds)
        slices[name] = replace(work, cpu={**work.cpu, **watch.spent()}, steal=watch.steal())
    return slices


def _line(number: int, slices: Round) -> str:
    worst = max(work.steal for work in slices.values())
    dirty = [name for name, work in slices.items() if not work.is_clean]
    words = f"; not counted: {', '.join(dirty)}" if dirty else ""
    return f"round {number}: steal at most {worst:.0f} %{words}"
