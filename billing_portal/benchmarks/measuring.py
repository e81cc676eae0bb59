"""From the goals that are asked for to their printed figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from billing_portal.benchmarks import databases
from billing_portal.benchmarks.goals import GOALS, POSTGRES
from billing_portal.benchmarks.report import print_goals, print_slices
from billing_portal.benchmarks.rounds import Reached, Say, ratios, run_rounds
from billing_portal.benchmarks.stage import WARM_UP_SECONDS, Sizes, Stage


def measure(
    codes: Sequence[str],
    *,
    sizes: Sizes,
    rounds: int,
    seconds: float,
    now: dt.datetime,
    say: Say,
) -> list[Reached]:
    """Measure the goals with these codes, or all, print and answer them."""
    wanted = [goal for goal in GOALS if not codes or goal.code in codes]
    _print_server(say)
    server = databases.server_process()
    families = {POSTGRES: server} if server else {}
    with Stage(sizes, now=now, say=say) as stage:
        needed = {name for goal in wanted for name in (goal.contender, goal.baseline)}
        contenders = stage.contenders(needed)
        for goal in wanted:
            if not {goal.contender, goal.baseline} <= contenders.keys():
                say(f"{goal.code} {goal.what}: not measured, nobody runs for it yet")
        wanted = [g for g in wanted if {g.contender, g.baseline} <= contenders.keys()]
        for contender in contenders.values():
            contender.run(WARM_UP_SECONDS)
        done = run_rounds(
            contenders,
            wanted,
            rounds=rounds,
            seconds=seconds,
            families=families | stage.families,
            say=say,
        )
    reached = [Reached(goal, ratios(goal, done)) for goal in wanted]
    print_slices(done, say=say)
    print_goals(reached, say=say)
    return reached


def _print_server(say: Say) -> None:
    settings = databases.server_settings()
    say("PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in settings.items()))
    if not databases.is_durable(settings):
        say("Commits are not durable on this server: these figures count for nothing.")
