"""State and health of an installation."""
