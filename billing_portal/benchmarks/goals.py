"""The goals: which ratio of which slices, its floor, and where we want to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing_portal.benchmarks.machine import Work

POSTGRES, WEB, CLIENT = "PostgreSQL", "web", "client"
Figure = Callable[[Work, Work], float]


def rate(ours: Work, base: Work) -> float:
    """Operations per second, ours to the baseline's."""
    return ours.rate / base.rate


def duration(ours: Work, base: Work) -> float:
    """Time per operation, ours to the baseline's."""
    return base.rate / ours.rate


def postgres_cpu(ours: Work, base: Work) -> float:
    """PostgreSQL's CPU time per operation, ours to the baseline's."""
    return _cpu(ours, base, POSTGRES)


def web_cpu(ours: Work, base: Work) -> float:
    """The web server's CPU time per request, ours to the baseline's."""
    return _cpu(ours, base, WEB)


def median_latency(ours: Work, base: Work) -> float:
    """The median latency, ours to the baseline's."""
    return ours.percentile(0.5) / base.percentile(0.5)


def tail_latency(ours: Work, base: Work) -> float:
    """The 99th percentile of the latency, ours to the baseline's."""
    return ours.percentile(0.99) / base.percentile(0.99)


def _cpu(ours: Work, base: Work, spender: str) -> float:
    return ours.microseconds(spender) / (base.microseconds(spender) or float("nan"))


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two slices of one round; without a floor it is printed as information."""

    code: str
    what: str
    contender: str
    baseline: str
    figure: Figure = rate
    floor: float | None = None
    goal: float = 0.0
    at_most: bool = False

    def is_met_by(self, ratio: float, bound: float) -> bool:
        """Answer whether a ratio is on the good side of a bound."""
        return ratio <= bound if self.at_most else ratio >= bound


TPCB = "pgbench TPC-B, 4 clients"
ONE, HOT = "charge, 4 processes", "charge, one organization"
BATCH, HOT_BATCH = "batch of 500, 4 processes", "batch of 500, one organization"
REPLAY = "the same batch again"
LONE_BATCH, COPY = "batch of 500, one connection", "COPY of the same rows"
GATE, SELECT_1, BY_HAND = "POST /gate/", "DRF view, SELECT 1", "DRF view, the gate's statement"
USAGE = "POST /usage/, one call"


def of_history(what: str, size: str) -> str:
    """Name the slice in which something is done on top of a history."""
    return f"{what}, {size} events"


SMALL, LARGE = "few", "many"


def _flat(what: str, contender: str, figure: Figure) -> Goal:
    large, small = of_history(contender, LARGE), of_history(contender, SMALL)
    return Goal("P9", what, large, small, figure, floor=1.5, goal=1.25, at_most=True)


GOALS = (
    Goal("P1", "single charges", ONE, TPCB, floor=0.35, goal=0.6),
    Goal(
        "P2",
        "PostgreSQL CPU per charge",
        ONE,
        TPCB,
        postgres_cpu,
        floor=1.8,
        goal=1.2,
        at_most=True,
    ),
    Goal("P3", "one hot organization", HOT, ONE, floor=0.4, goal=0.6),
    Goal("P3", "its 99th percentile", HOT, ONE, tail_latency, goal=3, at_most=True),
    Goal("P4", "batches of one organization", HOT_BATCH, BATCH, floor=0.9, goal=1.0),
    Goal("P5", "batches of 500, per event", BATCH, ONE, floor=2.5, goal=4),
    Goal("P6", "a batch beside COPY", LONE_BATCH, COPY, floor=0.05, goal=0.08),
    Goal("P8", "a full replay, time", REPLAY, BATCH, duration, floor=1.2, goal=1.0, at_most=True),
    _flat("PostgreSQL CPU per charge", "charge", postgres_cpu),
    _flat("PostgreSQL CPU per batch event", "batch", postgres_cpu),
    _flat("gate, median", "gate", median_latency),
    _flat("page, median", "page", median_latency),
    Goal("P10", "gate (a)", GATE, SELECT_1, floor=0.55, goal=0.7),
    Goal("P10", "gate (b)", GATE, BY_HAND, floor=0.8, goal=0.9),
    Goal("P10", "gate (a), server CPU", GATE, SELECT_1, web_cpu, goal=1.3, at_most=True),
    Goal("P11", "POST /usage/, one call", USAGE, SELECT_1, floor=0.3, goal=0.45),
)
