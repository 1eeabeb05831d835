"""From send to a change that a read_committed reader holds, at a steady rate over 4 partitions.

    python -m tests.bench.latency SERVERS PREFIX RATE SECONDS      (the driver's own process, in the peers' Python)

Each report has a time at which it is due; its latency counts from then, so that a sender that falls behind hides
nothing. A warm-up of 5 s is not counted.
"""

import sys
import threading
import time

import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from tests.bench.workloads import records

PARTITIONS = 4
WARM_S = 5.0
LAST_WAIT_S = 30.0


def main() -> None:
    """Send and read, then print the percentiles in ms."""
    servers, prefix, rate, seconds = sys.argv[1:]
    due_s = _schedule(float(rate), float(seconds) + WARM_S)
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": "bench-latency",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(f"{prefix}.casualties", n, 0) for n in range(PARTITIONS)])
    consumer.poll(1.0)
    sender = threading.Thread(target=_send, args=(servers, f"{prefix}.reports", due_s))
    offset_s = time.monotonic() + 1.0
    due_s[:] = [offset_s + at_s for at_s in due_s]
    sender.start()
    held_s = _read(consumer, len(due_s))
    sender.join()
    consumer.close()
    warm = int(float(rate) * WARM_S)
    latencies = sorted((held_s[n] - due_s[n]) * 1e3 for n in range(warm, len(due_s)) if n in held_s)
    lost = len(due_s) - len(held_s)
    figures = {f"p{p}_ms": latencies[min(len(latencies) - 1, len(latencies) * p // 100)] for p in (50, 99)}
    sys.stdout.write(orjson.dumps({**figures, "reports": len(latencies), "lost": lost}).decode() + "\n")


def _schedule(rate: float, seconds: float) -> list[float]:
    return [n / rate for n in range(int(rate * seconds))]


def _send(servers: str, topic: str, due_s: list[float]) -> None:
    producer = Producer({"bootstrap.servers": servers, "linger.ms": 0, "acks": "all", "partitioner": "murmur2_random"})
    for due, report in zip(due_s, list(records("steady", len(due_s))), strict=True):
        while (early_s := due - time.monotonic()) > 0:
            producer.poll(0)
            time.sleep(min(early_s, 0.001))
        producer.produce(topic, report.value, report.episode)
    producer.flush()


def _read(consumer: Consumer, expected: int) -> dict[int, float]:
    held_s: dict[int, float] = {}
    last_s = time.monotonic()
    while len(held_s) < expected and time.monotonic() - last_s < LAST_WAIT_S:
        message = consumer.poll(0.1)
        if message is None or message.error() is not None:
            continue
        last_s = time.monotonic()
        change = orjson.loads(message.value())
        report_id = change.get("report_id") or change["cause"]["report_id"]
        held_s.setdefault(int(report_id.removeprefix("r-")), last_s)
    return held_s


if __name__ == "__main__":
    main()
