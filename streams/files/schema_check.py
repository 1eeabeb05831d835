"""Check of records against `schemas`, as `truceline schema check` does it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import yaml
from pydantic import ValidationError

from schemas.json_schema import SHAPES
from streams.core.model import Report
from streams.core.parse import Refusal, read_json
from streams.core.wire import read_record, unwrap
from streams.files.atlas import parse_atlas
from streams.files.jsonl import InputUnreadable
from streams.files.source_registry import parse_sources
from streams.files.yaml_nodes import FileRefused, compose

__all__ = ["CheckedFile", "check_names", "is_names_file", "verdicts"]

OF_TOPIC = {"casualties": "count-change", "ceasefires": "status-change", "statements": "statement-change"}
#: A field that only one kind of record has → its schema; the first field present decides.
SHAPE_OF_FIELD = {
    "alert_id": "alert",
    "ce_specversion": "event-headers",
    "kind": "count-change",
    "view": "status-change",
    "change_id": "statement-change",
    "through": "picture",
    "clock": "snapshot",
}


class CheckedFile(NamedTuple):
    """A record's schema, its faults, and the paths of its unknown fields."""

    shape: str
    faults: list[str]
    unknown: Sequence[str] = ()


#: The sections of an atlas; a file of names without any of them is a source registry.
_SECTIONS = frozenset({"parties", "episodes", "places"})


def is_names_file(path: str) -> bool:
    """Return whether a file holds names, not records: a source registry or an atlas."""
    return path.endswith((".yaml", ".yml"))


def check_names(path: str) -> CheckedFile:
    """Check a source registry or an atlas; a fault begins with its file and line. Raises InputUnreadable."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputUnreadable(f"{path} cannot be read: {error.strerror}") from error
    shape = "source registry"
    try:
        root = compose(content, path, FileRefused)
        if isinstance(root, yaml.MappingNode) and _SECTIONS & {key.value for key, _ in root.value}:
            shape = "atlas"
            parse_atlas(content, path)
        else:
            parse_sources(content, path)
    except FileRefused as refused:
        return CheckedFile(shape, str(refused).splitlines())
    return CheckedFile(shape, [])


def verdicts(line: bytes, shape: str | None = None) -> Iterator[CheckedFile]:
    """Yield the result for each record in a line: one, or one an episode for a whole snapshot.

    `shape` names the schema; None: found by the fields of the record, a report or tick by default.
    """
    if shape in {"report", "tick"}:
        checked = _check_input(line)
        yield checked if checked.shape == shape else CheckedFile(shape, [f"it is a {checked.shape}"])
        return
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        yield CheckedFile(shape or "report", [f"not_json: {error}"])
        return
    if not isinstance(document, dict):
        document = {"": document}
    if shape is None and document.get("topic") in OF_TOPIC and "data" in document:
        yield _check_output(OF_TOPIC[document["topic"]], document["data"])
    elif shape is None and isinstance(document.get("episodes"), dict):
        for episode, picture in document["episodes"].items():
            checked = _check_output("snapshot", picture)
            yield checked._replace(faults=[f"{episode}.{fault}" for fault in checked.faults])
    else:
        name = shape or next((name for field, name in SHAPE_OF_FIELD.items() if field in document), None)
        if name == "event-headers" and "code" in document:
            name = "rejected-headers"
        yield _check_input(line) if name is None else _check_output(name, document)


def _check_input(line: bytes) -> CheckedFile:
    """Check a report or tick by the rules that need no other record (contract section 2 rules 1 and 2)."""
    try:
        message = read_record(unwrap(line))
    except Refusal as refusal:
        return CheckedFile(_kind(line), [str(refusal)])
    if isinstance(message, Report):
        return CheckedFile("report", [], message.unknown)
    return CheckedFile("tick", [])


def _kind(line: bytes) -> str:
    try:
        document = read_json(line)
    except Refusal:
        return "report"
    return "tick" if isinstance(document, dict) and document.get("tick") is not None else "report"


def _check_output(shape: str, record: Any) -> CheckedFile:
    try:
        known = SHAPES[shape].adapter.validate_python(record, strict=True)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        return CheckedFile(shape, [_fault(each) for each in _likely(errors)])
    return CheckedFile(shape, [], list(_unknown(record, known, "")))


def _likely(errors: list[Any]) -> list[Any]:
    """Return the errors of the likeliest form: pydantic reports those of every form of a union."""
    forms: dict[tuple[Any, ...], list[Any]] = {}
    for error in errors:
        place: tuple[Any, ...] = error["loc"]
        form = next((at for at, part in enumerate(place) if _is_form(part)), -1)
        forms.setdefault(place[: form + 1], []).append(error)
    best: dict[tuple[Any, ...], list[Any]] = {}
    for place, found in forms.items():
        if place[:-1] not in best or len(found) < len(best[place[:-1]]):
            best[place[:-1]] = found
    return [error for found in best.values() for error in found]


def _fault(error: Any) -> str:
    named = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"] if not _is_form(part)]
    return f"{''.join(named).removeprefix('.') or 'record'}: {error['msg']}"


def _is_form(part: int | str) -> bool:
    """Return whether this part of an error's location is the name of a form, not of a field."""
    return isinstance(part, str) and part[:1].isupper()


def _unknown(record: Any, known: Any, path: str) -> Iterator[str]:
    """Yield the paths of the fields that validation has dropped."""
    if isinstance(record, dict) and isinstance(known, dict):
        for name, value in record.items():
            inner = f"{path}.{name}".removeprefix(".")
            if name in known:
                yield from _unknown(value, known[name], inner)
            else:
                yield inner
    elif isinstance(record, list) and isinstance(known, list | tuple):
        for index, pair in enumerate(zip(record, known, strict=True)):
            yield from _unknown(*pair, f"{path}[{index}]")
