"""Whether records have the shapes of `schemas`: what `truceline schema check` says of a line."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from schemas.json_schema import SHAPES
from streams.core.model import Report
from streams.core.parse import Refusal, read_json
from streams.core.wire import read_record, unwrap

__all__ = ["CheckedFile", "verdicts"]

OF_TOPIC = {"casualties": "count-change", "ceasefires": "status-change", "statements": "statement-change"}
#: What a record is, told by a field that only it has; the first that is there.
TOLD_BY = {
    "alert_id": "alert",
    "ce_specversion": "event-headers",
    "kind": "count-change",
    "view": "status-change",
    "change_id": "statement-change",
    "through": "picture",
    "clock": "snapshot",
}


class CheckedFile(NamedTuple):
    """What a record is taken for, what is wrong with it, and how many fields of it nobody knows."""

    shape: str
    faults: list[str]
    unknown_fields: int = 0


def verdicts(line: bytes, shape: str | None = None) -> Iterator[CheckedFile]:
    """Yield a verdict for each record in a line: one, or one an episode for a whole snapshot.

    `shape` says what they are; None: to be told by their fields, and what is nothing else is a report or tick.
    """
    if shape in {"report", "tick"}:
        told = _taken_in(line)
        yield told if told.shape == shape else CheckedFile(shape, [f"it is a {told.shape}"])
        return
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield CheckedFile(shape or "report", [f"not_json: {error}"])
        return
    if not isinstance(document, dict):
        document = {"": document}
    if shape is None and document.get("topic") in OF_TOPIC and "data" in document:
        yield _published(OF_TOPIC[document["topic"]], document["data"])
    elif shape is None and isinstance(document.get("episodes"), dict):
        for episode, picture in document["episodes"].items():
            told = _published("snapshot", picture)
            yield told._replace(faults=[f"{episode}.{fault}" for fault in told.faults])
    else:
        name = shape or next((name for field, name in TOLD_BY.items() if field in document), None)
        if name == "event-headers" and "code" in document:
            name = "rejected-headers"
        yield _taken_in(line) if name is None else _published(name, document)


def _taken_in(line: bytes) -> CheckedFile:
    """Hold a report or tick against all that can be said of it alone (contract section 2 rules 1 and 2)."""
    try:
        message = read_record(unwrap(line))
    except Refusal as refusal:
        return CheckedFile(_kind(line), [str(refusal)])
    if isinstance(message, Report):
        return CheckedFile("report", [], message.unknown_fields)
    return CheckedFile("tick", [])


def _kind(line: bytes) -> str:
    try:
        document = read_json(line)
    except Refusal:
        return "report"
    return "tick" if isinstance(document, dict) and document.get("tick") is not None else "report"


def _published(shape: str, record: Any) -> CheckedFile:
    try:
        known = SHAPES[shape].adapter.validate_python(record, strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return CheckedFile(shape, [_fault(each) for each in _likely(errors)])
    return CheckedFile(shape, [], _fields(record) - _fields(known))


def _likely(errors: list[Any]) -> list[Any]:
    """Return the errors of the form that was meant: of several, pydantic tells those of each."""
    forms: dict[tuple[Any, ...], list[Any]] = {}
    for error in errors:
        place: tuple[Any, ...] = error["loc"]
        form = next((at for at, part in enumerate(place) if _is_form(part)), -1)
        forms.setdefault(place[: form + 1], []).append(error)
    best: dict[tuple[Any, ...], list[Any]] = {}
    for place, told in forms.items():
        if place[:-1] not in best or len(told) < len(best[place[:-1]]):
            best[place[:-1]] = told
    return [error for told in best.values() for error in told]


def _fault(error: Any) -> str:
    named = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"] if not _is_form(part)]
    return f"{''.join(named).removeprefix('.') or 'record'}: {error['msg']}"


def _is_form(part: int | str) -> bool:
    """Whether this part of an error's place is a form's name, not a field's."""
    return isinstance(part, str) and part[:1].isupper()


def _fields(record: Any) -> int:
    if isinstance(record, dict):
        return len(record) + sum(map(_fields, record.values()))
    return sum(map(_fields, record)) if isinstance(record, list) else 0
