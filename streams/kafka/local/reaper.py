"""Remove a temporary Kafka when its owner is gone: `python -m streams.kafka.local.reaper FOLDER`.

It waits for the end of its standard input, which comes when the other end is closed: by the owner,
or by the system when the owner was killed.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from streams.kafka.local.cluster import LocalKafka


def main(folder: Path) -> None:
    """Wait, then kill the nodes in `folder` and delete it."""
    sys.stdin.buffer.read()
    if (kafka := LocalKafka.open(folder)) is not None:
        kafka.remove()
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
