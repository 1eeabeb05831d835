"""Rejected reports: prepared to be sent again, and sent."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from streams.cli.errors import InputFailed, Unavailable, UsageFailed, settings_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from streams.core.log_record import Record
    from streams.settings import Settings
    from streams.stores.rejected import RejectedRecord
    from streams.stores.store import Receipt


class Prepared(NamedTuple):
    """A report to send in place of a rejected one, or the reason why it is not sent."""

    origin: str
    value: bytes
    name: str = ""
    fault: str | None = None


def prepared(one: RejectedRecord, *, editor: bool, edit: str | None) -> Prepared:
    """Return a rejected record ready to be sent: edited if asked for, and checked."""
    from streams.cli.render.rejected import reason_text

    if edit is not None:
        return _checked(one.origin, _read(edit))
    if not editor:
        if one.cut_from is not None:
            missing = f"only {len(one.value):,} of its {one.cut_from:,} bytes were kept"
            return Prepared(one.origin, one.value, fault=f"{missing}; send the whole report with --edit FILE")
        return _checked(one.origin, one.value)
    text = _laid_out(one.value)
    while True:
        typer.echo(reason_text(one), err=True)
        text = _edited(text)
        ready = _checked(one.origin, text)
        if ready.fault is None or not sys.stdin.isatty():
            return ready
        typer.echo(f"{one.origin} would be rejected: {ready.fault}", err=True)
        if not typer.confirm("Edit it again?", default=True, err=True):
            return ready


def deliver(ready: Sequence[Prepared], to: str | None, settings: Settings) -> bool:
    """Send, and print the outcome of each; return whether all were accepted. Raises Unavailable if that is unknown."""
    import asyncio

    from streams.operations.send.targets import SendingFailed

    try:
        with settings_errors():
            return asyncio.run(_deliver(ready, to, settings))
    except SendingFailed as failure:
        raise Unavailable(f"{failure}; send again all that are not printed as sent, repeats do no harm") from failure


async def _deliver(ready: Sequence[Prepared], to: str | None, settings: Settings) -> bool:
    from streams.operations.send.targets import HttpTarget, KafkaTarget

    taken = True
    async with HttpTarget(to, settings.token) if to is not None else KafkaTarget(settings) as target:
        for batch in _batches(ready):
            receipts = await target.deliver([_record(one) for one in batch])
            for one, receipt in zip(batch, receipts, strict=True):
                typer.echo(f"{one.origin} {_outcome(receipt)}: {one.name}")
                taken &= receipt.code is None
    return taken


def _batches(ready: Sequence[Prepared]) -> Iterator[list[Prepared]]:
    from streams.operations.send.targets import BATCH_BYTES, BATCH_MAX

    batch: list[Prepared] = []
    size = 0
    for one in ready:
        if batch and (len(batch) == BATCH_MAX or size + len(one.value) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += len(one.value)
    if batch:
        yield batch


def _record(one: Prepared) -> Record:
    from streams.core.log_record import Record

    # No timestamp, because it is put on the log now; one line, because HTTP takes JSON lines.
    return Record(one.value.replace(b"\r", b" ").replace(b"\n", b" "), None)


def _outcome(receipt: Receipt) -> str:
    if receipt.code is not None:
        return f"rejected again, {receipt.code}, {receipt.message}"
    if receipt.partition is None:
        return receipt.outcome
    return f"sent ({receipt.outcome}, now {receipt.partition}/{receipt.offset})"


def _checked(origin: str, value: bytes) -> Prepared:
    from streams.core.model import Report
    from streams.core.parse import Refusal
    from streams.operations.rejected import checked

    try:
        message = checked(value, time.time_ns() // 1_000)
    except Refusal as refusal:
        return Prepared(origin, value, fault=f"{refusal.code}: {refusal.message}")
    if isinstance(message, Report):
        return Prepared(origin, value, f"{message.report_id} revision {message.revision} of {message.episode}")
    return Prepared(origin, value, f"a tick of {message.episode}")


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InputFailed(f"{file}: {error.strerror}") from error


def _laid_out(value: bytes) -> bytes:
    """Return JSON with one field a line; anything else unchanged."""
    import json

    try:
        return json.dumps(json.loads(value), indent=2, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return value


def _edited(text: bytes) -> bytes:
    """Return a text as edited in the user's editor; raises UsageFailed where there is none, or it fails."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not command:
        raise UsageFailed("set VISUAL or EDITOR to an editor, or use --edit FILE")
    with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
        file = Path(folder) / "report.json"
        file.write_bytes(text)
        try:
            subprocess.run([*shlex.split(command), str(file)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise UsageFailed(f"the editor {command!r} failed: {error}") from error
        return file.read_bytes()
