"""Changes of counts, each once: python consumer.py [BROKERS [PREFIX [GROUP]]]."""

import asyncio
import contextlib
import json
import os
import sys

from aiokafka import AIOKafkaConsumer

PREFIX = os.environ.get("TRUCELINE_TOPIC_PREFIX", "truceline")


async def main(brokers: str = "127.0.0.1:9092", prefix: str = PREFIX, group: str = "example") -> None:
    """Print each committed change once."""
    seen: set[str] = set()  # to survive a restart, use a table with change_id as its key
    options = {"isolation_level": "read_committed", "auto_offset_reset": "earliest", "group_id": group}
    async with AIOKafkaConsumer(f"{prefix}.casualties", bootstrap_servers=brokers, **options) as consumer:
        async for record in consumer:
            change = json.loads(record.value)
            if change["change_id"] not in seen:
                seen.add(change["change_id"])
                print(change["change_id"], change["kind"], change["delta"], flush=True)


with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C ends it
    asyncio.run(main(*sys.argv[1:]))
