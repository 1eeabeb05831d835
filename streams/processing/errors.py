"""Why a partition, or the whole consumer, does not process records."""

from typing import Final

__all__ = ["REBUILD", "NeedsOperator", "OutputTooLarge", "SplitBatch", "describe"]


REBUILD: Final = (
    "To rebuild all outputs from the log beside the present ones: `truceline rebuild --to PREFIX`, with a prefix that"
    " no topic has yet; it says how to switch to it"
)


class NeedsOperator(Exception):
    """A fault that a person has to fix, named in the message; processing retries all the same."""


class OutputTooLarge(Exception):
    """An output record that is longer than its topic takes."""


class SplitBatch(Exception):
    """The state after a batch cannot be stored; one record a transaction shows which record is at fault."""


def describe(error: BaseException) -> str:
    """Return an error with its causes: aiokafka wraps an unexpected one in `KafkaError`."""
    text = f"{type(error).__name__}: {error}"
    return text if error.__cause__ is None else f"{text} ({describe(error.__cause__)})"
