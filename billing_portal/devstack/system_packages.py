"""Debian packages that Python's own cannot bring along."""

import os
import shutil
import subprocess
from collections.abc import Sequence

# What WeasyPrint loads, and fonts for every script a customer's name may be written in.
FOR_PDF = (
    "libpango-1.0-0",
    "libpangoft2-1.0-0",
    "libharfbuzz-subset0",
    "fontconfig",
    "fonts-noto-core",
    "fonts-noto-cjk",
)
FOR_BROWSER_TESTS = ("chromium",)


def install(packages: Sequence[str], *, purpose: str) -> bool:
    """Install what is missing if we may; else say in one line what to install."""
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return True
    advice = f"{purpose}: please install {' '.join(missing)}"
    prefix = _root_prefix()
    if shutil.which("apt-get") is None or prefix is None:
        print(advice)
        return False
    print(f"{purpose}: installing {' '.join(missing)} …", flush=True)
    if _apt([*prefix, "apt-get"], missing):
        return True
    print(f"apt-get could not. {advice}")
    return False


def _installed(package: str) -> bool:
    if shutil.which("dpkg-query") is None:
        return False
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return answer.stdout == "install ok installed"


def _root_prefix() -> list[str] | None:
    """Return what to write before a command to run it as root, or None where we cannot."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return ["sudo", "-n"] if allowed.returncode == 0 else None


def _apt(apt: list[str], packages: list[str]) -> bool:
    """Install the packages, with fresh lists if the present ones do not do."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [*apt, "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (install, [*apt, "update", "-qq"], install):
        result = subprocess.run(command, env=environment, capture_output=True, check=False)
        if command is install and result.returncode == 0:
            return True
    return False
