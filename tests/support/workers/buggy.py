"""A worker whose fold fails on each report of the episode `a-bug`: `python -m tests.support.workers.buggy`."""

from streams.core.ledger import Ledger
from streams.core.state.step import Step
from streams.settings import load
from streams.worker import serve

#: Every report comes by here, and it can be replaced in a fold that is compiled.
fold = Ledger.concerns_ceasefires


def fold_or_fail(ledger: Ledger, step: Step) -> bool:
    if step.episode == "a-bug":
        raise ZeroDivisionError("a bug")
    return fold(ledger, step)


if __name__ == "__main__":
    setattr(Ledger, "concerns_ceasefires", fold_or_fail)  # noqa: B010 - what this is for
    serve(load())
