"""The bench's print: every slice with its CPU time per operation, then every goal."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from billing_portal.benchmarks import goals
from billing_portal.benchmarks.machine import Work
from billing_portal.benchmarks.rounds import Reached, Round, Say

HEADER = (
    f"{'what':<34} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8}"
    f" {'PG us':>7} {'web us':>7} {'client':>7} {'clean':>6}"
)


def print_slices(rounds: Sequence[Round], *, say: Say) -> None:
    """Print the medians of every contender over its rounds; CPU time is per operation."""
    say("")
    say(HEADER)
    for name in rounds[0] if rounds else ():
        say(_slice_line(name, [slices[name] for slices in rounds]))


def _slice_line(name: str, works: Sequence[Work]) -> str:
    def median(figures: Sequence[float]) -> float:
        return statistics.median(figures)

    cpu = [
        median([work.microseconds(spender) for work in works])
        for spender in (goals.POSTGRES, goals.WEB, goals.CLIENT)
    ]
    clean = sum(work.is_clean for work in works)
    return (
        f"{name:<34} {median([work.rate for work in works]):>9,.0f}"
        f" {median([work.percentile(0.5) for work in works]):>8.2f}"
        f" {median([work.percentile(0.99) for work in works]):>8.2f}"
        f" {cpu[0]:>7,.0f} {cpu[1]:>7,.0f} {cpu[2]:>7,.0f} {clean:>3}/{len(works)}"
    )


def print_goals(reached: Sequence[Reached], *, say: Say) -> None:
    """Print every ratio: median, range, how many rounds counted, floor, goal, verdict."""
    say("")
    say(
        f"{'':<4} {'ratio of':<34} {'median':>7} {'lowest':>7} {'highest':>7} {'rounds':>6}"
        f" {'floor':>7} {'goal':>7}"
    )
    for one in reached:
        say(_goal_line(one))


def _goal_line(one: Reached) -> str:
    goal = one.goal
    sign = "<=" if goal.at_most else ">="
    figures = (one.median, min(one.ratios), max(one.ratios)) if one.ratios else (float("nan"),) * 3
    floor = f"{sign}{goal.floor:g}" if goal.floor else "-"
    return (
        f"{goal.code:<4} {goal.what:<34} "
        + " ".join(f"{figure:>7.2f}" for figure in figures)
        + f" {len(one.ratios):>6} {floor:>7} {f'{sign}{goal.goal:g}':>7}  {one.verdict}"
    )
