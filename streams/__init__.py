"""Reports of an armed conflict in, running casualty counts and ceasefire status out.

The rules are in `streams.core`, pure; `streams.desk` runs them on Kafka, `streams.embedded` on one SQLite
file, `streams.replay` on files.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
