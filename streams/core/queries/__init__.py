"""Queries over the log: explanations, and the state as of a time."""
