"""A disk that takes no more, a file that may not be written, a second server: refused with 503, nothing lost."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from streams.stores.sqlite.database import DATABASE
from tests.support.build import Json, killed, more, report
from tests.support.embedded_server import Server, start
from tests.support.ledger_file import folded_again, stored
from tests.support.waiting import LIMIT_S

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits and capabilities are set as Linux has them")

#: From capabilities(7) and prctl(2): what lets root write where permissions say no.
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
MANY = [report(f"m{n}", more(1), source=f"s{n}", headline="h" * 400) for n in range(400)]


@contextmanager
def running(folder: Path, **how: object) -> Iterator[Server]:
    server = Server(folder, **how)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        server.kill()


def obey_permissions() -> None:
    """In a child: even root is held to what a file's mode says."""
    if os.geteuid() == 0:
        assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) == 0


def must_hold(file: Path, *reports: Json) -> None:
    """Check that a file's log is just these, each once, and its changes are their fold."""
    tables = stored(file)
    assert [json.loads(value)["report_id"] for *_, value in tables["log"]] == [one["report_id"] for one in reports]
    assert [(*row[:3], json.loads(row[3])) for row in tables["changes"]] == folded_again(tables["log"])[0]


def refused(answer: httpx2.Response, words: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert words in answer.json()["message"]


def test_a_file_that_may_not_grow_takes_nothing_until_it_may(tmp_path: Path) -> None:
    first, after = report("a", killed(71)), report("b", killed(72), source="watch")
    with running(tmp_path / "ledger") as server:
        assert server.post(first).status_code == 202
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        wal = server.file.with_name(f"{DATABASE}-wal")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size + 20_000, limits[1]))
        for _ in range(3):
            refused(server.post(*MANY), "disk I/O error")
            assert not server.ready()
        assert httpx2.get(f"{server.url}/healthz", timeout=LIMIT_S).status_code == 200
        assert httpx2.get(f"{server.url}/episodes/war", timeout=LIMIT_S).json()["cells"][0]["value"]["best"] == 71
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        assert server.post(*MANY).json()["counts"] == {"accepted": len(MANY)}
        assert server.post(after, first).json()["counts"] == {"accepted": 1, "duplicate": 1}
        assert server.ready()
        server.kill()
        must_hold(server.file, first, *MANY, after)


def test_a_disk_that_is_full_takes_nothing_until_there_is_room(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    folder.mkdir()
    first = report("a", killed(71))
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], check=False).returncode:
        pytest.skip("no file system can be mounted here without leave")
    mounted = ["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size=2m tmpfs "{folder}" && exec "$@"', "-"]
    with running(folder, under=mounted) as server:
        # As that process sees its files: nobody else has this disk mounted.
        disk = Path(f"/proc/{server.process.pid}/root{folder}")
        assert server.post(first).status_code == 202
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(b"x" * (4 << 20))
        for _ in range(3):
            refused(server.post(*MANY), "full")
            assert not server.ready()
        ballast.unlink()
        assert server.post(first, *MANY).json()["counts"] == {"duplicate": 1, "accepted": len(MANY)}
        assert server.ready()
        shutil.copytree(disk, tmp_path / "copy")
    must_hold(tmp_path / "copy" / DATABASE, first, *MANY)


def test_a_server_with_a_read_only_file_does_not_start(tmp_path: Path) -> None:
    folder = tmp_path / "ledger"
    with running(folder) as server:
        assert server.post(report("a", killed(71))).status_code == 202
        server.stop()
    server.file.chmod(0o400)
    with start(folder, 0, first=obey_permissions, stderr=subprocess.PIPE) as second:
        assert second.wait(LIMIT_S) == 69
        assert second.stderr is not None
        assert f"truceline: {server.file} is not writable by this user" in second.stderr.read()
    server.file.chmod(0o600)
    with running(folder, first=obey_permissions) as again:
        assert again.post(report("a", killed(71))).json()["counts"] == {"duplicate": 1}


def test_a_file_that_becomes_read_only_refuses_until_writable(tmp_path: Path) -> None:
    first, later = report("a", killed(71)), report("b", killed(72), source="watch")
    with running(tmp_path / "ledger", first=obey_permissions) as server:
        assert server.post(first).status_code == 202
        wal = server.file.with_name(f"{DATABASE}-wal")
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        # An open file stays writable; after a failure it is opened again.
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, limits[1]))
        refused(server.post(later), "disk I/O error")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        server.file.chmod(0o400)
        refused(server.post(later), f"{server.file} is not writable by this user")
        assert not server.ready()
        server.file.chmod(0o600)
        assert server.post(first, later).json()["counts"] == {"duplicate": 1, "accepted": 1}
        server.stop()
    must_hold(server.file, first, later)


def test_of_two_servers_on_one_file_the_second_is_refused(tmp_path: Path) -> None:
    folder, linked = tmp_path / "ledger", tmp_path / "elsewhere"
    linked.symlink_to(folder)
    first, later = report("a", killed(71)), report("b", killed(72), source="watch")
    with running(folder) as server:
        assert server.post(first).status_code == 202
        for name in (folder, linked):
            with start(name, 0, stderr=subprocess.PIPE) as second:
                assert second.wait(LIMIT_S) == 69
                assert second.stderr is not None
                assert second.stderr.read() == f"truceline: another truceline server is running on {name}\n"
        assert server.post(later).status_code == 202
        server.kill()
        # The lock goes with its holder, however that ends.
        with running(linked) as third:
            assert third.post(later).json()["counts"] == {"duplicate": 1}
    must_hold(server.file, first, later)


def test_what_is_answered_for_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    """The settings by which SQLite promises that: a commit ends with the log's fsync."""
    from tests.support.ledger_file import opened  # noqa: PLC0415

    book = opened(tmp_path / "book.sqlite")
    file = book._opened()
    assert file.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert file.execute("PRAGMA synchronous").fetchone() == (2,)
    book.close()
