"""Checks and generators for those who work on truceline; not part of the distribution."""
