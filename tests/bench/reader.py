"""The reader of every contender: read_committed, until it holds every expected change.

    python -m tests.bench.reader SERVERS WARM EXPECTED TOPIC…

It takes as little as it can of the cores that the contender shares: it runs in the peers' Python, with librdkafka, and
copies what it holds into memory that it has taken before it says `ready`, since fresh pages cost more than all else.
It prints a line `ready` once it is assigned, and one of JSON at the end: when the first, the warm and the last change
were held (seconds of the machine's monotonic clock), how many the warm ones were, and the digest of all.
"""

import gc
import sys
import time
from collections.abc import Iterator

import orjson
from confluent_kafka import Consumer, TopicPartition

from tests.bench.digest import name_of, summed

PARTITIONS = 4
SILENCE_S = 120.0
#: Small enough for the cache of one core.
AT_ONCE = 1_000
#: More than a change is long, most of the time.
ROOM_BYTES = 1_024


def main() -> None:
    """Read, then say what was held and when."""
    servers, warm, expected, *topics = sys.argv[1:]
    gc.disable()
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "bench-reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 100,
            "queued.max.messages.kbytes": 65_536,
        }
    )
    held = Held(int(expected))
    consumer.assign([TopicPartition(topic, n, 0) for topic in topics for n in range(PARTITIONS)])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(orjson.dumps(_read(consumer, held, int(warm), int(expected))).decode() + "\n")
    consumer.close()


class Held:
    """The changes that are held, one behind the other."""

    def __init__(self, expected: int) -> None:
        """Take memory for a number of records; longer ones than `ROOM_BYTES` take more."""
        # Filled, so that each page is there.
        self._bytes = bytearray(b"\xff" * (expected * ROOM_BYTES))
        self._ends: list[int] = []
        self._end = 0

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[bytes]:
        start = 0
        for end in self._ends:
            yield bytes(self._bytes[start:end])
            start = end

    def take(self, value: bytes) -> None:
        start, self._end = self._end, self._end + len(value)
        self._bytes[start : self._end] = value
        self._ends.append(self._end)


def _read(consumer: Consumer, held: Held, warm: int, expected: int) -> dict[str, float | int | None]:
    first_s = warm_s = None
    warmed = 0
    last_s = time.monotonic()
    while len(held) < expected:
        messages = consumer.consume(AT_ONCE, 0.02)
        now_s = time.monotonic()
        if not messages:
            if now_s - last_s > SILENCE_S:
                break
            continue
        for message in messages:
            if message.error() is None:
                held.take(message.value())
        last_s = now_s
        first_s = first_s or now_s
        if warm_s is None and len(held) >= warm:
            warm_s, warmed = now_s, len(held)
    count, digest = summed(name_of(orjson.loads(value)) for value in held)
    return {
        "first_s": first_s, "warm_s": warm_s, "warmed": warmed, "last_s": last_s, "changes": count, "digest": digest,
    }  # fmt: skip


if __name__ == "__main__":
    main()
