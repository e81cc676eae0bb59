"""What the machine spends: CPU seconds of processes, and what the hypervisor took meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
MOST_STEAL = 25.0
# Of the time that a busy process is given where nobody else wants the core.
LEAST_SHARE = 0.9
_PROC = Path("/proc")
# Places in /proc/PID/stat after the name of the program.
_PARENT, _OWN, _BURIED = 1, slice(11, 13), slice(13, 15)


@dataclass(frozen=True, slots=True)
class Work:
    """What was done in a slice: how much, how long it took, and who spent CPU time on it.

    ``memory`` is in MiB, at the end.
    """

    operations: int
    seconds: float
    latencies: Sequence[float] = ()
    cpu: Mapping[str, float] = field(default_factory=dict)
    steal: float = 0.0
    memory: float = 0.0
    processes: int = 1

    @property
    def rate(self) -> float:
        """Operations per second."""
        return self.operations / self.seconds

    @property
    def is_clean(self) -> bool:
        """Whether the hypervisor left enough of the machine for the slice to count."""
        return self.steal <= MOST_STEAL

    @property
    def had_its_cores(self) -> bool:
        """Whether its processes, which never wait for long, were hardly kept from running."""
        wanted = self.seconds * self.processes
        return self.is_clean and self.cpu.get("client", 0.0) >= LEAST_SHARE * wanted

    def percentile(self, share: float) -> float:
        """Answer the latency in ms that this share of the operations kept to."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0

    def microseconds(self, spender: str) -> float:
        """Answer the CPU time that a kind of process spent on one operation."""
        return 1e6 * self.cpu.get(spender, 0.0) / max(self.operations, 1)


class Stopwatch:
    """Reads the clocks of a slice: CPU time by process family, and the hypervisor's share."""

    def __init__(self, families: Mapping[str, int]) -> None:
        self.families = families
        self._began = self._read()
        self._machine = _machine_ticks()

    def _read(self) -> dict[str, float]:
        return {name: family_seconds(leader) for name, leader in self.families.items()}

    def spent(self) -> dict[str, float]:
        """Answer the CPU seconds of each family since the start."""
        return {name: now - self._began[name] for name, now in self._read().items()}

    def steal(self) -> float:
        """Answer the percentage of the machine that the hypervisor took since the start."""
        stolen, all_ = (
            now - then for now, then in zip(_machine_ticks(), self._machine, strict=True)
        )
        return 100.0 * stolen / max(all_, 1)


def together(parts: Iterable[Work]) -> Work:
    """Add up what several processes did side by side."""
    parts = list(parts)
    return Work(
        operations=sum(part.operations for part in parts),
        seconds=max(part.seconds for part in parts),
        latencies=[latency for part in parts for latency in part.latencies],
        cpu={"client": sum(part.cpu.get("client", 0.0) for part in parts)},
        memory=sum(part.memory for part in parts),
        processes=len(parts),
    )


def family_seconds(leader: int) -> float:
    """Answer the CPU seconds of a process, its children that live, and those it has buried."""
    ticks = 0
    for path in _PROC.iterdir():
        if path.name.isdigit():
            ticks += _ticks(path, leader)
    return ticks / TICKS_PER_SECOND


def _ticks(path: Path, leader: int) -> int:
    try:
        fields = (path / "stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return 0
    if int(path.name) == leader:
        return sum(map(int, fields[_OWN] + fields[_BURIED]))
    return sum(map(int, fields[_OWN])) if int(fields[_PARENT]) == leader else 0


def _machine_ticks() -> tuple[int, int]:
    first_line = (_PROC / "stat").read_text().split("\n", 1)[0]
    ticks = [int(word) for word in first_line.split()[1:9]]
    return ticks[7], sum(ticks)


def work_for(seconds: float, operation: Callable[[], int]) -> Work:
    """Repeat an operation, which answers how much it did, for so long."""
    done = 0
    latencies: list[float] = []
    cpu = time.process_time()
    began = now = time.perf_counter()
    while now - began < seconds:
        done += operation()
        then, now = now, time.perf_counter()
        latencies.append(1e3 * (now - then))
    spent = {"client": time.process_time() - cpu}
    return Work(done, now - began, latencies, spent, memory=_resident())


def _resident() -> float:
    pages = int((_PROC / "self" / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
