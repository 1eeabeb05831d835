"""`truceline serve --embedded`: from the first request to SIGTERM, and what keeps it from starting."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest
from typer.testing import CliRunner

from streams.cli import app
from streams.stores.sqlite.database import DATABASE
from streams.web.server import listen
from tests.support.build import killed, report
from tests.support.waiting import LIMIT_S


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_told_to_stop_and_closes_its_file(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "ledger"
    command = [sys.executable, "-m", "streams", "serve", "--embedded", str(folder), "--http-port", "0"]
    environment = {name: held for name, held in os.environ.items() if not name.startswith("TRUCELINE_")}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        assert server.stderr is not None
        said = server.stderr.readline()
        url = re.match(r"truceline: (http://127\.0\.0\.1:\d+), ledger in ", said)
        assert url, said
        answer = httpx2.post(f"{url[1]}/reports", content=json.dumps(report("a", killed(71))), timeout=LIMIT_S)
        assert answer.status_code == 202
        server.send_signal(number)
        assert server.wait(LIMIT_S) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["truceline.lock", "truceline.marker", DATABASE]


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--http-port", "99999"], 2, "--http-port: '99999' is more than 65535"),
        (["--horizon", "400"], 2, "--horizon: '400' is not an ISO 8601 duration"),
        (["--sources", "bad.yaml"], 2, "bad.yaml:2: 'a': unknown kind"),
        (["--sources", "none.yaml"], 2, "none.yaml cannot be read: No such file"),
        (["--alerts", "bad.yaml"], 2, "bad.yaml:2: 'a': unknown field 'kind'"),
        (["--alerts", "none.yaml"], 74, "none.yaml cannot be read: No such file"),
        (["--embedded", "bad.yaml"], 2, "--embedded bad.yaml is a file, not a folder"),
        (["--http-host", "nosuch.invalid"], 2, "--http-host nosuch.invalid: no such host name"),
    ],
)
def test_what_keeps_it_from_starting_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], code: int, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yaml").write_text("a:\n  kind: x\n  name: A\n")
    run = CliRunner().invoke(app, ["serve", "--embedded", "new", "--http-port", "0", *args])
    assert run.exit_code == code
    assert words in run.stderr


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        run = CliRunner().invoke(app, ["serve", "--embedded", str(tmp_path / "new"), "--http-port", str(port)])
    assert run.exit_code == 69
    assert run.stderr == f"truceline: cannot listen on 127.0.0.1:{port}: Address already in use\n"
