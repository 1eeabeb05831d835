"""Reports of an armed conflict in, running casualty counts and ceasefire status out.

The rules are in `streams.core`, pure; `streams.processing` runs them on Kafka, `streams.embedded` on one SQLite
file, `streams.replay` on files.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # At run time it is the module of that name, which can be called: it is loaded by whoever asks for it.
    from streams.replay import replay  # noqa: TC004

__all__ = ["__version__", "replay"]

__version__ = "0.1.0"
