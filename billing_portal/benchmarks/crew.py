"""Processes that work side by side, each with a connection of its own."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from django.db import connection

from billing_portal.benchmarks.databases import using
from billing_portal.benchmarks.loads import Caller, Load
from billing_portal.benchmarks.machine import Work, together, work_for
from billing_portal.garbage import leave_the_past_alone

PATIENCE_SECONDS = 120
STOP_SECONDS = 5


class CrewFailedError(RuntimeError):
    """A process of the crew could not do what it was asked."""


@dataclass(frozen=True, slots=True)
class Order:
    """What a process is to do, and for how long."""

    load: Load
    seconds: float


class Crew:
    """Some processes on one database; they start with nothing of their parent's connection."""

    def __init__(self, size: int, *, database: str, names: Sequence[str]) -> None:
        connection.close()
        context = multiprocessing.get_context("fork")
        pipes = [context.Pipe() for _ in range(size)]
        self._pipes = [ours for ours, _ in pipes]
        self._processes = [
            context.Process(target=_serve, args=(theirs, database, names, seed), daemon=True)
            for seed, (_, theirs) in enumerate(pipes)
        ]
        for process in self._processes:
            process.start()

    def work(self, load: Load, seconds: float, *, patience: float = PATIENCE_SECONDS) -> Work:
        """Let all do the same for so long, and answer what they did together."""
        for pipe in self._pipes:
            pipe.send(Order(load, seconds))
        return together([_answer(pipe, seconds + patience) for pipe in self._pipes])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            with suppress(OSError):
                pipe.send(None)
            process.join(STOP_SECONDS)
            process.kill()


def _answer(pipe: Connection, seconds: float) -> Work:
    if not pipe.poll(seconds):
        raise CrewFailedError("no answer from a process of the crew")
    answer = pipe.recv()
    if isinstance(answer, Work):
        return answer
    raise CrewFailedError(answer)


def _serve(pipe: Connection, database: str, names: Sequence[str], seed: int) -> None:
    """Do what comes through the pipe until there is no more, as settled as a web server."""
    with using(database):
        caller = Caller(names, seed)
        leave_the_past_alone()
        while order := pipe.recv():
            try:
                pipe.send(work_for(order.seconds, partial(order.load, caller)))
            except Exception as error:  # noqa: BLE001  whatever it is, the parent must hear of it
                pipe.send(f"{type(error).__name__}: {error}")
    # What the parent registered to be done at its end is not this process's business.
    os._exit(0)
