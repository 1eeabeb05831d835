"""The same ledger with no broker, on one SQLite file: a report taken is a report on disk."""
