"""Failures on a real Kafka, then every record counted: `python -m tests.chaos --help`."""
