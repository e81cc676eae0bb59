"""Where the demo and the throw-away servers keep their files."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RUN = PROJECT / "run"


@dataclass(frozen=True)
class Home:
    """One directory with the servers, logs and process records of one supervisor."""

    directory: Path

    @property
    def postgres(self) -> Path:
        """Return the database cluster's directory."""
        return self.directory / "postgres"

    @property
    def redis_socket(self) -> Path:
        """Return Redis's socket."""
        return self.directory / "redis.sock"

    @property
    def records(self) -> Path:
        """Return the file that names the processes started from here."""
        return self.directory / "processes.json"

    @property
    def loaded(self) -> Path:
        """Return the file that exists once the demo data are complete; it names their tables."""
        return self.directory / "demo-data-loaded"

    def log(self, name: str) -> Path:
        """Return the log file of one process."""
        return self.directory / f"{name}.log"

    def create(self) -> None:
        """Make the directory."""
        self.directory.mkdir(parents=True, exist_ok=True)

    def lock(self) -> "Lock":
        """Return the lock that a living supervisor holds."""
        return Lock(self.directory / "supervisor.lock")


DEMO_HOME = Home(RUN / "demo")
THROWAWAY_HOMES = RUN / "throwaway"


class Lock:
    """A file lock with the holder's pid inside; the kernel lets go when the holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def acquire(self) -> bool:
        """Take the lock and return whether it was free."""
        file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        os.ftruncate(file, 0)
        os.write(file, str(os.getpid()).encode())
        self._file = file
        return True

    def release(self) -> None:
        """Let go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def holder(self) -> int | None:
        """Return the pid of the living holder, if there is one."""
        if not self.path.exists():
            return None
        if self.acquire():
            self.release()
            return None
        text = self.path.read_text()
        return int(text) if text.isdigit() else None
