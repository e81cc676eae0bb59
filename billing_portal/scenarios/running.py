"""A scenario runs: each step is performed, then compared with what it says must hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
from django.conf import settings
from django.core import mail
from django.test import override_settings

from accounts.models import Letter, User
from accounts.refusals import Refusal
from billing_portal.doctor import examine
from billing_portal.scenarios.clock import Clock
from billing_portal.scenarios.comparing import agrees
from billing_portal.scenarios.database import footprints
from billing_portal.scenarios.passing import settle
from billing_portal.scenarios.reading import BadFile, Scenario, Step, read_scenario
from billing_portal.scenarios.shapes import show
from billing_portal.scenarios.states import STATES, View
from billing_portal.scenarios.stripe_side import SECRET, StripeSide
from billing_portal.scenarios.world import Refused, StepFailed, World
from invoices.models import Document
from plans.catalogue import BadCatalogue, load_catalogue, load_catalogue_data
from plans.catalogue_yaml import read_file
from plans.provisioning import NewOrganization

logger = structlog.get_logger(__name__)

CATALOGUES = settings.BASE_DIR / "plans" / "catalogues"
SETTINGS = {
    "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
    "STRIPE_WEBHOOK_SECRETS": [SECRET],
    "QUEUE_HINTS": False,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a file: nothing to say, or the failures in words."""

    file: str
    failures: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        if self.passed:
            return f"ok {self.file}"
        # One line a file, whatever the database has to say.
        return f"FAILED {self.file}: {' '.join('; '.join(self.failures).split())}"


def run_file(file: str, *, keep_going: bool = False) -> Outcome:
    """Run one file in the empty database that is connected; answers in words, never raises.

    ``keep_going`` goes on after a step that failed, and answers all that did.
    """
    failures: list[str] = []
    try:
        scenario = read_scenario(Path(file))
        with override_settings(**SETTINGS):
            mail.outbox = []
            for found in _failures(scenario):
                failures += found
                if failures and not keep_going:
                    break
    except BadFile as error:
        failures.append(str(error))
    except Exception as error:  # whatever is wrong with one file, the others run
        logger.exception("scenario_broke", file=file)
        failures.append(f"{type(error).__name__}: {error}")
    return Outcome(file, tuple(failures))


def _failures(scenario: Scenario) -> Iterator[list[str]]:
    """Perform a scenario, and answer after each step, and after the last, what is wrong."""
    world = begin_story(scenario)
    for step in scenario.steps:
        world.step = step.number
        world.clock.tick()
        yield [f"step {step.number}: {failure}" for failure in _perform(world, step)]
    yield [f"after the last step: {failure}" for failure in _aftermath(world)]


def begin_story(scenario: Scenario) -> World:
    """Answer the world in which a story's first step is performed."""
    clock = Clock.at(scenario.starts_at, scenario.zone)
    _load_catalogue(scenario, clock)
    return World(
        clock=clock,
        stripe=StripeSide(clock),
        details=NewOrganization(
            name=scenario.name,
            time_zone=str(scenario.zone),
            currency=scenario.currency,
            external_id="story",
        ),
        owner=User.objects.create_user("owner@example.com", name="Olive Owner"),
        staff=User.objects.create_superuser("staff@example.com", name="Stan Staff"),
    )


def _load_catalogue(scenario: Scenario, clock: Clock) -> None:
    try:
        if isinstance(scenario.catalogue, str):
            path = CATALOGUES / f"{scenario.catalogue}.yaml"
            load_catalogue(read_file(path), source=path.name, now=clock.now)
        else:
            load_catalogue_data(scenario.catalogue, now=clock.now)
    except BadCatalogue as refused:
        raise BadFile(f"catalogue: {', '.join(refused.lines)}") from refused


def _perform(world: World, step: Step) -> Iterator[str]:
    """Do a step's action, and answer where something else came of it than it says."""
    before = footprints() if step.refused else {}
    try:
        if step.action:
            step.action.perform(world, **step.arguments)
            settle(world)
    except (Refusal, Refused) as refusal:
        yield from _check_refusal(step, refusal, before)
        return
    except StepFailed as failed:
        yield str(failed)
        return
    except Exception as error:  # a defect of the product fails this file, the others run
        logger.exception("step_broke", step=step.number)
        yield f"{type(error).__name__}: {error}"
        return
    if step.refused:
        yield f"{_name(step)}: expected refused: {step.refused}, found that it was done"
    yield from _differences(world, step)


def _check_refusal(step: Step, refusal: Refusal | Refused, before: dict[str, str]) -> Iterator[str]:
    found = f"found refused: {refusal.code} ({refusal.words})"
    if step.refused is None:
        yield f"{_name(step)}: expected that it is done, {found}"
    elif refusal.code != step.refused:
        yield f"{_name(step)}: expected refused: {step.refused}, {found}"
    else:
        after = footprints()
        changed = [table for table in after if after[table] != before[table]]
        if changed:
            expected = f"{_name(step)}: expected that a refusal changes nothing"
            yield f"{expected}, found changes in {', '.join(changed)}"


def _differences(world: World, step: Step) -> Iterator[str]:
    if not step.expected:
        return
    view = View(world)
    for name, expected in step.expected.items():
        try:
            found = STATES[name].read(view)
        except StepFailed as failed:
            yield str(failed)
            continue
        if not agrees(expected, found):
            yield f"{name}: expected {show(expected)}, found {show(found)}"


def _aftermath(world: World) -> Iterator[str]:
    """Answer what is left undone or broken when the story is over."""
    waiting = Letter.objects.filter(status=Letter.Status.WAITING, due_at__lte=world.now)
    for letter in waiting | Letter.objects.exclude(last_error=""):
        yield f"the letter {letter.code} was not sent: {letter.last_error or 'it waits'}"
    for document in Document.objects.exclude(status=Document.Status.RENDERED):
        yield f"{document.number} was not rendered: {document.last_error or 'it waits'}"
    for finding in examine(now=world.now):
        if not finding.ok:
            yield f"the doctor found {finding}"


def _name(step: Step) -> str:
    return step.action.name if step.action else "expect"
