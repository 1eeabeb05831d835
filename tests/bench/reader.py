"""The reader of every contender: read_committed, until it holds every expected change.

    python -m tests.bench.reader SERVERS WARM EXPECTED TOPIC…

Run in the peers' Python, for librdkafka takes least of the cores that the contender shares. It prints a line `ready`
once it is assigned, and one of JSON at the end: when the first, the warm and the last change were held (seconds of
the machine's monotonic clock), how many the warm ones were, and the digest of all.
"""

import gc
import sys
import time

import orjson
from confluent_kafka import Consumer, TopicPartition

from tests.bench.digest import name_of, summed

PARTITIONS = 4
SILENCE_S = 120.0


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
    consumer.assign([TopicPartition(topic, n, 0) for topic in topics for n in range(PARTITIONS)])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(orjson.dumps(_read(consumer, int(warm), int(expected))).decode() + "\n")
    consumer.close()


def _read(consumer: Consumer, warm: int, expected: int) -> dict[str, float | int | None]:
    values: list[bytes] = []
    first_s = warm_s = None
    warmed = 0
    last_s = time.monotonic()
    while len(values) < expected:
        messages = consumer.consume(10_000, 0.02)
        now_s = time.monotonic()
        if not messages:
            if now_s - last_s > SILENCE_S:
                break
            continue
        values += [message.value() for message in messages if message.error() is None]
        last_s = now_s
        first_s = first_s or now_s
        if warm_s is None and len(values) >= warm:
            warm_s, warmed = now_s, len(values)
    count, digest = summed(name_of(orjson.loads(value)) for value in values)
    return {
        "first_s": first_s, "warm_s": warm_s, "warmed": warmed, "last_s": last_s, "changes": count, "digest": digest,
    }  # fmt: skip


if __name__ == "__main__":
    main()
