"""Questions to the state and the log: picture, explanation, the state as of a time."""
