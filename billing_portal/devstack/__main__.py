"""`python -m billing_portal.devstack`: the commands behind the Makefile."""

import argparse
import signal
import sys
from types import FrameType

from billing_portal.devstack import checks, demo


def main(arguments: list[str]) -> int:
    """Read the command line and run what it names."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _leave)
    match options.command:
        case "demo":
            return demo.run()
        case "stop":
            return demo.stop()
        case "lint":
            return checks.lint()
        case "test":
            return checks.test(options.arguments)
        case _:
            return checks.run(options.arguments, durable=options.durable, migrate=options.migrate)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m billing_portal.devstack")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", help="run the demo until Ctrl-C")
    commands.add_parser("stop", help="stop the demo and what killed runs have left")
    commands.add_parser("lint", help="run the checks of the gate")
    test = commands.add_parser("test", help="run the checks and the tests")
    test.add_argument("arguments", nargs="*", help="for pytest, after --")
    services = commands.add_parser("services", help="run a command with throw-away servers")
    services.add_argument("--durable", action="store_true", help="every commit reaches the disk")
    services.add_argument("--migrate", action="store_true", help="make the tables first")
    services.add_argument("arguments", nargs="+", metavar="COMMAND", help="after --")
    return parser


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
