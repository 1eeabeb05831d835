"""A worker whose fold fails on the episode `a-bug`, quoting the report."""

from streams.core.ledger import Ledger
from streams.core.state.step import Step
from streams.settings import load
from streams.worker import serve

#: Every report comes by here, and it can be replaced in a fold that is compiled.
fold = Ledger.concerns_ceasefires


def fold_or_fail(ledger: Ledger, step: Step) -> bool:
    if step.episode == "a-bug":
        raise ValueError(f"cannot fold {step.message!r}")
    return fold(ledger, step)


if __name__ == "__main__":
    setattr(Ledger, "concerns_ceasefires", fold_or_fail)  # noqa: B010 - what this is for
    serve(load())
