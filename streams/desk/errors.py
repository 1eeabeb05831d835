"""Why a partition, or the desk, stands still."""

__all__ = ["Blocked", "OutputTooLarge"]


class Blocked(Exception):
    """Nothing can go on until somebody mends what the message names; it is tried again all the same."""


class OutputTooLarge(Exception):
    """A record that a report would make is longer than its topic takes."""
