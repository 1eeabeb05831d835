"""Output for a person at a terminal: progress, tables, and files that are complete or absent."""
