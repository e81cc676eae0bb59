"""The goals: which ratio of which slices, its floor, and where we want to be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from billing_portal.benchmarks.machine import Work

POSTGRES, WEB, CLIENT = "PostgreSQL", "web", "client"
Figure = Callable[[Work, Work], float]
Counts = Callable[[Work, Work], bool]


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


def memory(ours: Work, base: Work) -> float:
    """The memory that is held in the end, ours to the baseline's."""
    return ours.memory / base.memory


def clean(ours: Work, base: Work) -> bool:
    """Answer whether the hypervisor left both enough of the machine."""
    return ours.is_clean and base.is_clean


def undisturbed(ours: Work, base: Work) -> bool:
    """Answer whether every process of both had a core to itself."""
    return ours.had_its_cores and base.had_its_cores


def _cpu(ours: Work, base: Work, spender: str) -> float:
    return ours.microseconds(spender) / (base.microseconds(spender) or float("nan"))


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio of two slices of one round; without a floor it is printed as information.

    What does not change from round to round is measured ``once``.
    """

    code: str
    what: str
    contender: str
    baseline: str
    figure: Figure = rate
    floor: float | None = None
    goal: float = 0.0
    at_most: bool = False
    counts: Counts = clean
    once: bool = False

    @property
    def takes_what_it_gets(self) -> bool:
        """Whether no round is added for it: nobody can say when a machine will be idle."""
        return self.counts is not clean

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
RENEWALS, RENEWAL_LOOP = "renewals, one process", "12 statements each, one by one"
FEW_DUE, MANY_DUE = "renewals, few due", "renewals, ten times as many due"
PDF, BARE_PDF = "invoice PDF, one process", "bare write_pdf(), same HTML"
PDF_TWICE = "invoice PDF, 2 processes"
FEW_PDFS, MANY_PDFS = "a process's first invoices", "ten times as many later"
LIMITED, LIMITED_BATCH = "charge with limits, 1 process", "the same, batch of 500"
TRANSFER_TO, WITHDRAW = "django-hordak, transfer_to()", "dj-wallet, withdraw()"
BALANCE, GET_BALANCE = "balance of a long book", "django-hordak, get_balance()"
EIGHT, HOT_EIGHT = "charge, 8 processes", "charge, 8 on one organization"
PGLEDGER, HOT_PGLEDGER = "pgledger, 8 processes", "pgledger, 8 on one account"


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
    Goal("P13", "invoice PDF, time", PDF, BARE_PDF, duration, floor=1.3, goal=1.1, at_most=True),
    Goal("P14", "two PDF processes", PDF_TWICE, PDF, floor=1.4, goal=1.7, counts=undisturbed),
    Goal(
        "P14",
        "memory after many invoices",
        MANY_PDFS,
        FEW_PDFS,
        memory,
        floor=1.15,
        goal=1.15,
        at_most=True,
        once=True,
    ),
    Goal("P15", "renewals", RENEWALS, RENEWAL_LOOP, floor=0.5, goal=3),
    Goal(
        "P16",
        "memory of the renewals",
        MANY_DUE,
        FEW_DUE,
        memory,
        floor=1.2,
        goal=1.05,
        at_most=True,
        once=True,
    ),
    Goal("P17", "a charge v django-hordak", LIMITED, TRANSFER_TO, floor=3, goal=5),
    Goal("P17", "a charge v dj-wallet", LIMITED, WITHDRAW, floor=3, goal=5),
    Goal("P17", "a batch's event v django-hordak", LIMITED_BATCH, TRANSFER_TO, goal=5),
    Goal("P18", "a balance v django-hordak", BALANCE, GET_BALANCE, floor=100, goal=500),
    Goal("P19", "a charge v pgledger", EIGHT, PGLEDGER, floor=1, goal=2),
    Goal("P19", "the same, one hot account", HOT_EIGHT, HOT_PGLEDGER, floor=1, goal=2),
)
