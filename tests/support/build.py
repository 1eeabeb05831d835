"""Reports in a line of code, and the values that a fold is expected to make of them.

Everything happens in the episode `war`, in September 2022: `at(14, 20)` is the 14th at 20:00 UTC. Unless it says
otherwise a report comes from `mod`, the ministry of the north, is published on the 14th at 12:00 and speaks of
soldiers of the north that were killed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from streams.core.ledger import Ledger
from streams.core.model import Message, Report
from streams.core.parse import Refusal, parse
from streams.core.source_registry import Registry, Source
from streams.core.state.step import Step
from streams.core.times import DAY_US, DEFAULT_HORIZON_US, parse_time

Json = dict[str, Any]

REGISTRY = Registry(
    {
        "mod": Source("Ministry of the north", "official", "north"),
        "mod-2": Source("Another voice of the north", "official", "north"),
        "mod.south": Source("Ministry of the south", "official", "south"),
        "watch": Source("A monitor", "monitor"),
        "border": Source("Border service of the north", "official", "north", partial=True),
        "daily": Source("A newspaper", "media"),
    }
)
CELL = ("mod", "north", "killed", "military")


def at(day: int, hour: int = 0, minute: int = 0) -> str:
    """A moment of September 2022, as the wire writes it."""
    return f"2022-09-{day:02}T{hour:02}:{minute:02}:00Z"


def us(day: int, hour: int = 0, minute: int = 0) -> int:
    """The same moment, as the core keeps it."""
    return parse_time(at(day, hour, minute))


NOON = at(14, 12)

# --- what goes in -----------------------------------------------------------------------------------------------------


def killed(best: int, **fields: Any) -> Json:
    """A figure; `low` and `high` are bounds of its count, all else fields of the claim."""
    bounds = {name: fields.pop(name) for name in ("low", "high") if name in fields}
    about = {"party": "north", "outcome": "killed", "population": "military"}
    return {"type": "casualties", **about, "count": {"best": best, **bounds}, **fields}


def more(best: int, **fields: Any) -> Json:
    """An increment."""
    return killed(best, basis="incremental", **fields)


def act(name: str, **fields: Any) -> Json:
    """An act of the ceasefire `main`."""
    return {"type": "ceasefire", "act": name, **fields}


def says(name: str = "asserted", about: str = "territory", **fields: Any) -> Json:
    """A statement."""
    return {"type": "statement", "act": name, "about": about, **fields}


def denies(report_id: str, claim: int = 0, **revision: int) -> Json:
    """The denial of a claim."""
    return says("denied", "casualties", refers_to={"report_id": report_id, "claim": claim, **revision})


def report(report_id: str, *claims: Json, **fields: Any) -> Json:
    """A report."""
    named = {"report_id": report_id, "episode": "war", "source": "mod", "published_at": NOON}
    return {**named, **fields, "claims": list(claims)}


def withdrawal(report_id: str, revision: int = 2, **fields: Any) -> Json:
    """The revision that takes a report back."""
    return report(report_id, revision=revision, withdrawn=True, **fields)


def tick(time: str, episode: str = "war") -> Json:
    return {"tick": time, "episode": episode}


def read(record: Json) -> Message:
    """A report or tick as the core takes it in."""
    return parse(orjson.dumps(record))


def read_report(record: Json) -> Report:
    message = read(record)
    assert isinstance(message, Report)
    return message


# --- the fold ---------------------------------------------------------------------------------------------------------


class Story:
    """A ledger, and all that it published while it took records; `forgetting` after each of them."""

    def __init__(
        self, *records: Json, horizon_days: float = DEFAULT_HORIZON_US / DAY_US, forgetting: bool = False
    ) -> None:
        self.ledger = Ledger(REGISTRY, horizon_us=int(horizon_days * DAY_US))
        self.changes: list[tuple[str, Json]] = []
        self.stored: dict[bytes, bytes] = {}
        self._forgetting = forgetting
        self.take(*records)

    def take(self, *records: Json) -> list[tuple[str, Json]]:
        """Take records; what they made it publish, as (topic, record)."""
        taken = [change for record in records for change in self.step(record).changes()]
        self.changes += taken
        return taken

    def step(self, record: Json) -> Step:
        """Take a record and store what it touched; its changes are left to the caller."""
        step = self.ledger.take(read(record))
        self.store(step.touched)
        if self._forgetting:
            self.store(self.ledger.forget())
        return step

    def refusal(self, record: Json) -> tuple[str, str]:
        """The code and message with which a record is refused."""
        try:
            self.step(record)
        except Refusal as refusal:
            return refusal.code, refusal.message
        raise AssertionError("it was taken")

    def store(self, touched: Iterable[tuple[str, ...]]) -> None:
        for key, value in self.ledger.entries(touched):
            if value is None:
                self.stored.pop(key, None)
            else:
                self.stored[key] = value

    def restarted(self) -> Ledger:
        """A new ledger from what was stored, read backwards."""
        ledger = Ledger(REGISTRY, horizon_us=self.ledger.horizon_us)
        for key, value in reversed(self.stored.items()):
            ledger.load(key, value)
        ledger.loaded()
        return ledger

    def counts(self, *fields: str) -> list[Any]:
        """Of each count change these fields, or the one."""
        return [_pick(record, fields) for topic, record in self.changes if topic == "casualties"]

    def views(self, *fields: str) -> list[Any]:
        """Of each ceasefire change these fields, or the one."""
        return [_pick(record, fields) for topic, record in self.changes if topic == "ceasefires"]

    def picture(self) -> Json:
        return self.ledger.picture("war")

    def value(self) -> Json | None:
        """Return the present value of the cell of the ministry."""
        (said,) = [cell["value"] for cell in self.picture()["cells"] if cell["source"] == "mod"]
        assert said is None or isinstance(said, dict)
        return said

    def joint(self) -> Json:
        """Return the present value of the joint view of `main`."""
        view: Json = self.picture()["ceasefires"][0]
        assert (view["ceasefire"], view["view"]) == ("main", "joint")
        return {name: value for name, value in view.items() if name not in {"ceasefire", "view", "version"}}


def _pick(record: Json, fields: tuple[str, ...]) -> Any:
    return record[fields[0]] if len(fields) == 1 else tuple(record[field] for field in fields)


# --- what comes out ---------------------------------------------------------------------------------------------------


def value(best: int, **fields: Any) -> Json:
    """Return the value of a cell; exact, as of noon, unless `fields` say otherwise."""
    said: Json = {"best": best, "low": best, "high": best, "as_of": NOON, "final": None, "disputed_by": []}
    assert fields.keys() <= said.keys()
    return said | fields


def view(status: str, since: str | None = None, **fields: Any) -> Json:
    """Return the value of a ceasefire view."""
    said: Json = {
        "status": status,
        "since": since,
        "effective_at": None,
        "expires_at": None,
        "declared_by": [],
        "not_confirmed_by": [],
        "violations": {"alleged": 0, "denied": 0, "confirmed": 0},
        "mediators": [],
    }
    assert fields.keys() <= said.keys()
    return said | fields


def cause(record: Json) -> Json:
    """The cause that a record becomes."""
    if "tick" in record:
        return {"tick": record["tick"]}
    defaults: Json = {"report_id": "", "revision": 1, "withdrawn": False, "source": "", "relayed_by": None}
    names = [*defaults, "url", "headline", "published_at"]
    return {name: record.get(name, defaults.get(name)) for name in names}
