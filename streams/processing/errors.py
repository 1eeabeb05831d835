"""Why a partition, or the whole consumer, does not process records."""

from typing import Final

__all__ = ["REBUILD", "WHOLE_LOG", "NeedsOperator", "OutputTooLarge", "SplitBatch", "describe", "log_cut"]


REBUILD: Final = (
    "To rebuild all outputs from the log beside the present ones: `truceline rebuild --to PREFIX`, with a prefix that"
    " no topic has yet; it says how to switch to it"
)


WHOLE_LOG: Final = (
    "The log must be whole: set retention.ms and retention.bytes to -1, take an export that has the missing records (or"
    " `truceline export` what is left), and `truceline send` it to a new TRUCELINE_TOPIC_PREFIX"
)


def log_cut(place: str, begin: int) -> str:
    """Return what to say of a partition of the log whose first records were deleted."""
    return (
        f"{place} begins at offset {begin}: the records before were deleted, and nothing can be rebuilt or explained"
        f" from the rest. {WHOLE_LOG}"
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
