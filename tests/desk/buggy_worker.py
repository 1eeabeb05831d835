"""A worker whose fold fails on each report of the episode `a-bug`: `python -m tests.desk.buggy_worker`."""

from streams.app import serve
from streams.core.episode import Step
from streams.core.ledger import Ledger
from streams.settings import load

fold = Ledger.fold_counts


def fold_or_fail(ledger: Ledger, step: Step) -> None:
    if step.episode == "a-bug":
        raise ZeroDivisionError("a bug")
    fold(ledger, step)


if __name__ == "__main__":
    setattr(Ledger, "fold_counts", fold_or_fail)  # noqa: B010 - what this is for
    serve(load())
