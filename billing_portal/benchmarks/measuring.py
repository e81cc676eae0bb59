"""From the goals that are asked for to their printed figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from billing_portal.benchmarks import databases
from billing_portal.benchmarks.goals import GOALS, POSTGRES, Goal
from billing_portal.benchmarks.report import print_goals, print_slices
from billing_portal.benchmarks.rounds import Contender, Reached, Say, ratios, run_rounds
from billing_portal.benchmarks.stage import WARM_UP_SECONDS, Sizes, Stage


def measure(
    codes: Sequence[str],
    *,
    sizes: Sizes,
    rounds: int,
    seconds: float,
    now: dt.datetime,
    say: Say,
    pgledger: Path | None = None,
) -> list[Reached]:
    """Measure the goals with these codes, or all, print and answer them."""
    wanted = [goal for goal in GOALS if not codes or goal.code in codes]
    _print_server(say)
    server = databases.server_process()
    with Stage(sizes, now=now, say=say, pgledger=pgledger) as stage:
        contenders = stage.contenders(_runners(wanted))
        wanted = _measurable(wanted, stage, contenders)
        run = partial(
            _run,
            contenders,
            seconds=seconds,
            families=stage.families | ({POSTGRES: server} if server else {}),
            say=say,
        )
        once = run([goal for goal in wanted if goal.once], rounds=1)
        repeated = [goal for goal in wanted if not goal.once]
        _warm_up(contenders, _runners(repeated))
        reached = run(repeated, rounds=rounds) + once
    reached.sort(key=lambda one: wanted.index(one.goal))
    print_goals(reached, say=say)
    return reached


def _runners(goals: Sequence[Goal]) -> set[str]:
    return {name for goal in goals for name in (goal.contender, goal.baseline)}


def _measurable(
    wanted: Sequence[Goal], stage: Stage, contenders: Mapping[str, Contender]
) -> list[Goal]:
    """Answer the goals for which everybody is there, and say why others are not measured."""
    for goal in wanted:
        for name in sorted(_runners([goal]) - contenders.keys())[:1]:
            stage.say(f"{goal.code} {goal.what}: not measured, {stage.left_out[name]}")
    return [goal for goal in wanted if _runners([goal]) <= contenders.keys()]


def _warm_up(contenders: Mapping[str, Contender], names: set[str]) -> None:
    for name, contender in contenders.items():
        if name in names:
            contender.run(WARM_UP_SECONDS)


def _run(
    contenders: Mapping[str, Contender],
    goals: Sequence[Goal],
    *,
    rounds: int,
    seconds: float,
    families: Mapping[str, int],
    say: Say,
) -> list[Reached]:
    needed = _runners(goals)
    if not needed:
        return []
    done = run_rounds(
        {name: contender for name, contender in contenders.items() if name in needed},
        goals,
        rounds=rounds,
        seconds=seconds,
        families=families,
        say=say,
    )
    print_slices(done, say=say)
    return [Reached(goal, ratios(goal, done)) for goal in goals]


def _print_server(say: Say) -> None:
    settings = databases.server_settings()
    say("PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in settings.items()))
    if not databases.is_durable(settings):
        say("Commits are not durable on this server: these figures count for nothing.")
