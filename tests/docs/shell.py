"""The console blocks of a page, and a reader who types them: each command runs and prints the output shown.

A block marked `console` has commands after `$ `, with their output below. `…` is text that differs from run to run.
A block marked with the suffix of a file, below a paragraph that names such a file, is that file.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import httpx2

from streams.settings import PREFIX, Settings, load
from tests.support.waiting import LIMIT_S

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w.-]+\.(\w+))`(?:(?!\n\n).)*\n\n```\2\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Lines that a slow machine adds: progress after some seconds, and the log.
ADDED = re.compile(r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[|.*, \d+ s$).*\n?", re.MULTILINE)
#: Commands that run until Ctrl-C.
STAYS = re.compile(
    r"(?:\w+=\S+ )*(?:truceline topics check && )?"
    r"(?:truceline serve|truceline status --watch|python examples/consumer|sh events)"
)


class Command(NamedTuple):
    """A command, and its whole output as the page shows it, or nothing."""

    text: str
    shown: str

    @property
    def program(self) -> str:
        """The first word that is no variable's value."""
        return next(word for word in self.text.split() if not re.match(r"\w+=", word))


def blocks(page: str) -> list[list[Command]]:
    """The commands of each `console` block of a page."""
    return [list(_commands(block)) for block in CONSOLE.findall(page)]


def files(page: str) -> dict[str, str]:
    """The files that a page gives, by their names."""
    return {name: content for name, _, content in FILE.findall(page)}


def _commands(block: str) -> Iterator[Command]:
    lines = block.splitlines()
    assert lines[0].startswith("$ "), block
    while lines:
        text = lines.pop(0).removeprefix("$ ")
        while not _is_whole(text):
            assert lines, f"it does not end: {text}"
            text += "\n" + lines.pop(0)
        shown = ""
        while lines and not lines[0].startswith("$ "):
            shown += lines.pop(0) + "\n"
        yield Command(text, _bare(shown))


def _is_whole(text: str) -> bool:
    """Return True if a shell runs the text without waiting for more."""
    read = subprocess.run(["bash", "-n"], input=text, capture_output=True, check=False, text=True)
    return not text.endswith("\\") and (read.returncode, read.stderr) == (0, "")


def _bare(output: str) -> str:
    """Output without what nobody sees: white space at the end of lines, and empty lines at the end."""
    lines = "\n".join(line.rstrip() for line in output.splitlines()).rstrip()
    return f"{lines}\n" if lines else ""


def pattern(shown: str) -> re.Pattern[str]:
    """Return the pattern of an output: `…` is any text within a line, of any width."""
    lines = []
    for line in shown.splitlines():
        parts = [re.escape(part) for part in line.split("…")]
        lines.append(re.sub(r"(?:\\ ){2,}", " +", ".+?".join(parts)) if len(parts) > 1 else parts[0])
    return re.compile("".join(f"^{line}\n" for line in lines), re.MULTILINE)


class Reader:
    """Somebody at a shell, in a folder of their own: exported variables are kept, Ctrl-C ends what stays.

    `ports` has the ports that pages name, each with the one that it has here; so has `environment` the prefix of topics
    (TRUCELINE_TOPIC_PREFIX), where pages say `truceline`.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], ports: Mapping[int, int]) -> None:
        self.folder = folder
        self._environment = dict(environment)
        self._ports = {str(named): str(here) for named, here in ports.items()}
        self._prefix = environment["TRUCELINE_TOPIC_PREFIX"]
        self._kept = folder.parent / f"{folder.name}.exported"
        self._kept.touch()
        self._staying: list[tuple[Command, subprocess.Popen[bytes], Path]] = []

    def keeps(self, files: Mapping[str, str]) -> None:
        """Put files that a page gives into the folder."""
        for name, content in files.items():
            (self.folder / name).write_text(self._here(content), encoding="utf-8")

    def types(self, command: Command) -> None:
        """Run a command; it must end well, or stay, and print what is shown."""
        if STAYS.match(command.text):
            self._leave_running(command)
            return
        script = (
            f"set -o pipefail\n. '{self._kept}'\ntrap \"export -p > '{self._kept}'\" EXIT\n{self._here(command.text)}"
        )
        run = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=LIMIT_S,
        )
        said = _bare(ADDED.sub("", self._there(run.stdout)))
        assert run.returncode == 0, f"{command.text}\nends with {run.returncode}: {said}"
        if command.shown:
            assert pattern(command.shown).fullmatch(said), f"{command.text}\n--- says\n{said}\n--- not\n{command.shown}"

    def _leave_running(self, command: Command) -> None:
        output = self.folder.parent / f"{self.folder.name}.{len(self._staying)}.out"
        with output.open("wb") as written:
            process = subprocess.Popen(
                ["bash", "-c", f". '{self._kept}'\n{self._here(command.text)}"],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, for Ctrl-C
            )
        self._staying.append((command, process, output))
        seen = pattern(command.shown or "…\n")
        self._until(lambda: self._is_ready(command) and bool(seen.search(self._said(output))), command, process, output)

    def _until(
        self, holds: Callable[[], bool], command: Command, process: subprocess.Popen[bytes], output: Path
    ) -> None:
        give_up_at = time.monotonic() + LIMIT_S
        while not holds():
            assert process.poll() is None, f"{command.text}\nhas ended: {self._said(output)}"
            assert time.monotonic() < give_up_at, f"{command.text}\nnever gets there: {self._said(output)}"
            time.sleep(0.05)

    def _is_ready(self, command: Command) -> bool:
        """Return True if a server is ready; any other command is."""
        if "truceline serve" not in command.text:
            return True
        port = re.search(r"--http-port (\d+)", self._here(command.text))
        try:
            at = port[1] if port else self._environment["TRUCELINE_HTTP_PORT"]
            return httpx2.get(f"http://127.0.0.1:{at}/readyz").status_code == httpx2.codes.OK
        except httpx2.HTTPError:
            return False

    def presses_ctrl_c(self, keep: int = 0) -> None:
        """End what stays but for the first `keep`, the last one first; each must end as Ctrl-C ends it."""
        faults = []
        while len(self._staying) > keep:
            command, process, output = self._staying.pop()
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, signal.SIGINT)
                process.wait(LIMIT_S)
            code = process.poll()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            said = self._said(output)
            if code not in {0, 130, -signal.SIGINT} or "Traceback" in said:
                faults.append(f"{command.text}\nends with {code}: {said}")
        assert faults == []

    @property
    def settings(self) -> Settings:
        """Those of the environment, as far as Kafka is asked."""
        names = ("bootstrap_servers", "topic_prefix", "app_id")
        return load(**{name: self._environment[f"{PREFIX}{name.upper()}"] for name in names})

    @property
    def staying(self) -> int:
        """Return the number of commands that are still running."""
        return len(self._staying)

    def _said(self, output: Path) -> str:
        return _bare(self._there(output.read_text(encoding="utf-8")))

    def _here(self, text: str) -> str:
        """Return a page's text with the ports and the prefix of this run."""
        text = re.sub(rf"\b(?:{'|'.join(self._ports)})\b", lambda named: self._ports[named[0]], text)
        return re.sub(r"\btruceline(?=-\d)", self._prefix, text)

    def _there(self, text: str) -> str:
        """Return an output of this run as a page shows it."""
        for named, here in self._ports.items():
            text = re.sub(rf"\b{here}\b", named, text)
        return text.replace(self._prefix, "truceline")


#: Makes a reader, with a folder and a prefix of topics of their own.
Installation = Callable[[str], Reader]
