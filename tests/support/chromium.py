"""Find a Chromium, or get one: named, installed, or from Debian.

`python -m tests.support.chromium` prints its path.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

__all__ = ["NoChromium", "chromium"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "brave-browser")
APPLICATIONS = (
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
)
APT = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
#: With fonts: a machine may have none.
PACKAGES = ("chromium", "fonts-liberation")
INSTALL_S = 240
WHAT_TO_DO = (
    "the tests of the page need Chromium or Chrome: install it (Debian: apt-get install chromium), put it on the PATH,"
    " or name it: TRUCELINE_CHROMIUM=/path/to/chromium"
)


class NoChromium(Exception):
    """No Chromium can be found or installed; the message says what to do."""


def chromium() -> str:
    """Return the program to start; as root on Debian it is installed if need be. Raises NoChromium."""
    if named := os.environ.get("TRUCELINE_CHROMIUM"):
        if found := shutil.which(named):
            return found
        raise NoChromium(f"TRUCELINE_CHROMIUM={named} is no program")
    with FileLock(Path(tempfile.gettempdir()) / "truceline-chromium.lock"):
        return _installed() or _from_debian()


def _installed() -> str | None:
    found = [path for name in NAMES if (path := shutil.which(name))]
    return next(iter(found + [str(path) for path in APPLICATIONS if path.exists()]), None)


def _from_debian() -> str:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise NoChromium(WHAT_TO_DO)
    said = ""
    for command in (["update", "--quiet"], ["install", "--yes", "--quiet", "--no-install-recommends", *PACKAGES]):
        try:
            run = subprocess.run(
                ["apt-get", *command], env=APT, check=False, capture_output=True, text=True, timeout=INSTALL_S
            )
        except subprocess.TimeoutExpired:
            raise NoChromium(f"{WHAT_TO_DO}\napt-get {command[0]} took more than {INSTALL_S} s") from None
        said += run.stdout + run.stderr
    found = _installed()
    if found is None:
        raise NoChromium(f"{WHAT_TO_DO}\n{said[-2000:]}")
    return found


if __name__ == "__main__":
    print(chromium())  # noqa: T201
