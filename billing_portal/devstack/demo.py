"""The demo: servers, data, worker, beat and web, from nothing to a page that answers."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from types import FrameType

import psycopg

from billing_portal.devstack import (
    logins,
    platform_server,
    postgres,
    processes,
    servers,
    stripe_server,
    surroundings,
    system_packages,
)
from billing_portal.devstack.places import DEMO_HOME, PROJECT, Home

CATALOGUE = "plans/catalogues/intrlume.yaml"
WEB_THREADS = 4
READY_SECONDS = 180

Programs = dict[str, "subprocess.Popen[bytes]"]


class NotReadyError(RuntimeError):
    """A program of the demo ended or never answered."""


class Progress:
    """Lines that say what is done and when, in seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line."""
        print(f"[{time.monotonic() - self._began:6.1f} s] {text}", flush=True)


def run() -> int:
    """Run the demo until it is told to stop, and return the exit code."""
    home, port, progress = DEMO_HOME, int(os.environ.get("PORT", "8000")), Progress()
    home.create()
    lock = home.lock()
    if not lock.acquire():
        print(f"The demo already runs (process {lock.holder()}). Stop it with: make stop")
        return 1
    signal.signal(signal.SIGTERM, _leave)
    # A shell starts its background jobs deaf to Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return _run(home, port, progress)
    except KeyboardInterrupt:
        return 0
    except (
        NotReadyError,
        postgres.PostgresWillNotStartError,
        stripe_server.FakeStripeWillNotStartError,
    ) as error:
        print(f"The demo cannot run: {error}")
        return 1
    finally:
        _stop_undisturbed(home, progress)
        lock.release()


def stop() -> int:
    """Stop a running demo and whatever a killed one has left."""
    home = DEMO_HOME
    home.create()
    lock = home.lock()
    holder = lock.holder()
    if holder is not None:
        os.kill(holder, signal.SIGTERM)
        for _ in range(600):
            if lock.holder() is None:
                break
            time.sleep(0.1)
    stopped = [*servers.stop(home), *servers.sweep_throwaways()]
    if holder is not None:
        stopped.insert(0, "the demo")
    print(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing runs.")
    return 0


def _run(home: Home, port: int, progress: Progress) -> int:
    left = processes.stop_recorded(home)
    if left:
        progress.say(f"stopped what a killed demo had left: {', '.join(left)}")
    _refuse_taken_port(port)
    system_packages.install(system_packages.FOR_PDF, purpose="PDF invoices")
    environment = surroundings.of_demo(home, port)
    programs = _start_fake_stripe(home, port, environment)
    environment |= servers.start(home, environment, servers.DEMO_TUNING)
    for fake in programs.values():
        stripe_server.wait(home, fake, environment["STRIPE_API_HOST"])
    progress.say("database, queue and Stripe answer")
    _prepare_data(home, environment, progress)
    programs |= _start_programs(home, port, environment)
    _wait_until_ready(home, port, programs)
    programs["platform"] = platform_server.start(home, port, environment)
    progress.say("worker, beat and web are ready")
    _print_welcome(port, stripe=environment.get("STRIPE_API_HOST", "with your own keys"))
    return _watch(home, programs)


def _start_fake_stripe(home: Home, port: int, environment: dict[str, str]) -> Programs:
    """Start the fake Stripe and tell the others of it, unless the user brings a Stripe."""
    if not stripe_server.is_wanted(environment):
        return {}
    if not home.loaded.exists():
        stripe_server.forget(home)
    process, found = stripe_server.start(home, port, environment)
    environment |= found
    return {"stripe": process}


def _prepare_data(home: Home, environment: Mapping[str, str], progress: Progress) -> None:
    """Migrate, and load the demo data once; half of them are thrown away and loaded anew."""
    fresh = not home.loaded.exists()
    if fresh and "DATABASE_URL" not in os.environ:
        postgres.recreate_database(environment["DATABASE_URL"])
    tables = _fingerprint_of_migrations()
    if fresh or "DATABASE_URL" in os.environ or home.loaded.read_text() != tables:
        _manage(environment, "migrate", "--verbosity", "0")
    progress.say("tables are up to date")
    if fresh and _is_empty(environment["DATABASE_URL"]):
        _manage(environment, "load_catalogue", CATALOGUE)
        progress.say("plans are loaded")
        _manage(environment, "load_demo")
        progress.say("demo data are loaded")
    home.loaded.write_text(tables)


def _fingerprint_of_migrations() -> str:
    """Answer what changes when any table may: our own migrations and the packages' versions.

    Asking Django itself takes five seconds of the fifteen that a second start may take.
    """
    files = [PROJECT / "requirements" / "runtime.lock", *PROJECT.glob("*/*migrations/*.py")]
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.relative_to(PROJECT).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _manage(environment: Mapping[str, str], *words: str) -> None:
    command = [sys.executable, "manage.py", *words]
    result = subprocess.run(command, env=dict(environment), cwd=PROJECT, check=False)
    if result.returncode:
        raise NotReadyError(f"manage.py {words[0]} failed")


def _is_empty(database_url: str) -> bool:
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT 1 FROM accounts_organization LIMIT 1").fetchone() is None


def _start_programs(home: Home, port: int, environment: Mapping[str, str]) -> Programs:
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "billing_portal"]
    web = [python, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"]
    web += ["--port", str(port), "--workers", "1", "--blocking-threads", str(WEB_THREADS)]
    web += ["--respawn-failed-workers", "--workers-kill-timeout", "5", "--no-ws"]
    web += ["billing_portal.wsgi:application"]
    pooled = {**environment, "DATABASE_POOL": str(WEB_THREADS)}
    return {
        "worker": processes.start(
            home,
            "worker",
            [*celery, "worker", "--concurrency", "2", "--loglevel", "INFO"],
            environment,
        ),
        "beat": processes.start(home, "beat", [*celery, "beat", "--pidfile", ""], environment),
        "web": processes.start(home, "web", web, pooled),
    }


def _wait_until_ready(home: Home, port: int, programs: Programs) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        _refuse_dead(home, programs)
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz/", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise NotReadyError(f"the web server does not answer; see {home.log('web')}")


def _watch(home: Home, programs: Programs) -> int:
    """Wait for a signal; a program that ends ends the demo."""
    while True:
        _refuse_dead(home, programs)
        time.sleep(0.5)


def _refuse_dead(home: Home, programs: Programs) -> None:
    for name, process in programs.items():
        if process.poll() is not None:
            raise NotReadyError(f"{name} ended with {process.returncode}; see {home.log(name)}")


def _refuse_taken_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise NotReadyError(
                f"port {port} is taken; choose another with: PORT={port + 1} make demo"
            ) from error


def _print_welcome(port: int, *, stripe: str) -> None:
    print(f"\n  http://127.0.0.1:{port}\n  Stripe: {stripe}\n")
    for login in logins.LOGINS:
        print(f"  {login.role:8} {login.email:26} {logins.PASSWORD:14} {login.page}")
    kept = DEMO_HOME.directory.relative_to(PROJECT)
    print(f"\n  Mail is kept in {kept / 'mail'}, what the platform is told in {kept}/platform.log.")
    print("  Ctrl-C stops everything.\n", flush=True)


def _stop_undisturbed(home: Home, progress: Progress) -> None:
    """Stop everything in reverse; an impatient second Ctrl-C must leave nothing behind."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    progress.say(f"stopped: {', '.join(servers.stop(home)) or 'nothing ran'}")


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(0)
