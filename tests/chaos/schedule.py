"""The failures of a run and their times, all from one seed: the same seed gives the same schedule."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "kill worker",
    "stop worker",
    "pause worker",
    "cut worker off",
    "hold worker back",
    "add worker",
    "kill broker",
    "stop broker",
    "pause broker",
]
#: Relative frequency of each.
WEIGHTS: dict[Kind, int] = {
    "kill worker": 8,
    "stop worker": 3,
    "pause worker": 6,
    "cut worker off": 4,
    "hold worker back": 2,
    "add worker": 2,
    "kill broker": 3,
    "stop broker": 2,
    "pause broker": 1,
}
#: Least and most seconds that each lasts. A worker that is paused outlasts its session (3 s): it comes back as a
#: zombie. One that is cut off, or whose bytes are held back and then delivered, may or may not.
LASTS_S: dict[Kind, tuple[float, float]] = {
    "kill worker": (0.0, 3.0),
    "stop worker": (0.0, 3.0),
    "pause worker": (3.5, 8.0),
    "cut worker off": (0.5, 8.0),
    "hold worker back": (0.5, 8.0),
    "add worker": (2.0, 6.0),
    "kill broker": (0.5, 4.0),
    "stop broker": (0.5, 4.0),
    "pause broker": (0.5, 3.0),
}


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that goes wrong: `target` is the number of a worker or a node, from 0."""

    kind: Kind
    target: int
    lasts_s: float
    #: Seconds between the end of the failure before and this one.
    after_s: float

    def __str__(self) -> str:
        return f"after {self.after_s:.2f} s: {self.kind} {self.target} for {self.lasts_s:.2f} s"


def schedule(seed: int, count: int, *, workers: int, nodes: int, kinds: Sequence[Kind] = ()) -> list[Failure]:
    """Return `count` failures. Of `kinds`, where given, each comes first once."""
    chance = random.Random(seed)
    first = list(kinds)
    chance.shuffle(first)
    failures = []
    for number in range(count):
        kind = first[number] if number < len(first) else chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        target = chance.randrange(nodes if kind.endswith("broker") else workers)
        failures.append(Failure(kind, target, chance.uniform(*LASTS_S[kind]), chance.uniform(0.2, 2.5)))
    return failures
