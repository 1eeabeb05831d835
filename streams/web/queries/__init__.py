"""Answers about an episode: as of a time, explained, its changes."""
