"""The shapes of reports and changes, and the one table of topics."""
