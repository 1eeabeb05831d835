"""Why a partition, or the desk, stands still."""

__all__ = ["NeedsOperator", "OutputTooLarge", "SplitBatch"]


class NeedsOperator(Exception):
    """Nothing can go on until somebody mends what the message names; it is tried again all the same."""


class OutputTooLarge(Exception):
    """A record that a report would make is longer than its topic takes."""


class SplitBatch(Exception):
    """What a batch comes to cannot be stored; which of its records is to blame shows when each comes alone."""
