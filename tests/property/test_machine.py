"""One machine that does to a ledger all that happens to one, in any order, beside a model to which nothing happens."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from random import Random

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from streams.core.ceasefires.transitions import START
from tests.property.claims import DAY_US, mood
from tests.property.faults import Fault, faults
from tests.property.folding import Fold, in_bytes, inside
from tests.property.model import Model
from tests.property.strategies import OTHER_SOURCES, SOURCES, Author

DICE = st.integers(0, 2**24 - 1)


class LedgerMachine(RuleBasedStateMachine):
    """Records come, singly and in batches; the ledger stops, forgets, fails and takes back. The model just reads on."""

    @initialize(feeling=DICE)
    def begin(self, feeling: int) -> None:
        manner = mood(Random(feeling))
        self.author = Author(manner)
        self.model = Model(SOURCES, manner.horizon_us)
        self.fold = Fold(SOURCES, manner.horizon_us)
        self.sources, self.others = SOURCES, OTHER_SOURCES
        self.line_no = 0

    def write(self, seeds: list[int]) -> list[str]:
        return [self.author.line(Random(seed)) for seed in seeds]

    def read(self, lines: list[str]) -> list[str]:
        """Return the model's outputs."""
        outcomes = []
        for line in lines:
            self.line_no += 1
            outcomes.append(self.model.take_line(line, self.line_no))
        return outcomes

    @rule(seed=DICE)
    def record_comes(self, seed: int) -> None:
        [line] = self.write([seed])
        [expected] = self.read([line])
        assert self.fold.take_line(line, self.line_no) == expected

    @rule(seeds=st.lists(DICE, min_size=2, max_size=5))
    def batch_comes(self, seeds: list[int]) -> None:
        lines = self.write(seeds)
        self.read(lines)
        self.fold.take_batch(lines)

    @rule(seeds=st.lists(DICE, min_size=1, max_size=5), staged=st.booleans())
    def batch_comes_and_is_taken_back_once(self, seeds: list[int], staged: bool) -> None:
        lines = self.write(seeds)
        before = inside(self.fold.ledger)
        self.fold.undo_batch(lines, staged=staged)
        assert inside(self.fold.ledger) == before
        self.read(lines)
        self.fold.take_batch(lines)

    @rule(seed=DICE, at=st.integers(1, 80))
    def record_comes_and_a_fault_with_it(self, seed: int, at: int) -> None:
        """A fault at some call of the fold (or none, where it makes fewer); then the record is taken again."""
        [line] = self.write([seed])
        [expected] = self.read([line])
        if expected in ("accepted", "duplicate", "stale", "tick", "ignored_tick"):
            before = inside(self.fold.ledger)
            message = self.fold.message(line.encode())
            with faults() as switch, contextlib.suppress(Fault):
                switch.arm(at)
                step = self.fold.ledger.take(message)
                switch.disarm()
                self.fold.ledger.undo(step)
            assert inside(self.fold.ledger) == before
        assert self.fold.take_line(line, self.line_no) == expected

    @rule()
    def ledger_stops_and_is_restored(self) -> None:
        self.fold.restart()

    def nothing_is_settled(self) -> bool:
        """Return True if no view has become a state, which keeps the registry of its settling."""
        episodes = map(self.fold.ledger.episode, self.fold.ledger.episodes())
        return all(view.settled == START for episode in episodes for view in episode.views.values())

    @precondition(nothing_is_settled)
    @rule()
    def another_registry_comes_into_force(self) -> None:
        self.sources, self.others = self.others, self.sources
        self.fold.register(self.sources)
        self.model.register(self.sources, self.fold.registry.digest)

    @rule(days=st.integers(1, 4))
    def ledger_is_restored_under_a_shorter_horizon(self, days: int) -> None:
        if days * DAY_US < self.fold.horizon_us:
            self.fold.horizon_us = days * DAY_US
            self.model.horizon = timedelta(days=days)
            self.fold.restart()

    @rule()
    def ledger_forgets(self) -> None:
        self.fold.store(self.fold.ledger.forget())

    @precondition(lambda self: self.fold.stored)
    @rule()
    def ledger_forgets_but_stops_before_that_is_stored(self) -> None:
        self.fold.ledger.forget()
        self.fold.restart()

    @invariant()
    def both_published_the_same(self) -> None:
        told = len(self.fold.changes)
        assert self.fold.changes == self.model.changes[:told]
        assert told == len(self.model.changes)

    @invariant()
    def both_show_the_same(self) -> None:
        assert in_bytes(self.fold.snapshot()) == in_bytes(self.model.snapshot())

    @invariant()
    def entries_are_what_is_stored(self) -> None:
        assert self.fold.state() == self.fold.stored


TestLedgerMachine = LedgerMachine.TestCase
