"""Alerts sent on with no broker: what stands in the table of changes, in its order, at least once."""

import asyncio
import sqlite3
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from streams.notifications import Notifier, undelivered
from streams.stores.sqlite.alerting import mark, set_mark
from streams.stores.sqlite.ledger_file import LedgerFile
from streams.stores.sqlite.store import EmbeddedStore
from streams.stores.store import StoreUnavailable

if TYPE_CHECKING:
    from schemas.alerts import Undelivered

__all__ = ["deliver_alerts", "run_with_notifications"]

AT_A_TIME = 100
RETRY_S = 5.0
#: The mark of the last alert that is done with.
DELIVERED_ROW = "delivered_row"

_TABLE = """
CREATE TABLE IF NOT EXISTS undelivered (
    "row" INTEGER NOT NULL,  -- of the alert, in changes
    target TEXT NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY ("row", target)
)
"""

_log = structlog.get_logger(__name__)


async def deliver_alerts(store: EmbeddedStore, delivery: Notifier) -> None:
    """Send on the alerts of a store until cancelled, from where the last left off."""
    while True:
        try:
            await _follow(store, delivery)
        except StoreUnavailable as error:
            _log.warning("alerts wait for their file", reason=str(error))
        except Exception:  # noqa: BLE001 - a task that ends is noticed by nobody
            _log.exception("alerts are not sent on, trying again", in_s=RETRY_S)
        await asyncio.sleep(RETRY_S)


async def run_with_notifications(serving: Coroutine[Any, Any, None], store: EmbeddedStore, delivery: Notifier) -> None:
    """Send on alerts while something else runs."""
    sending = asyncio.create_task(deliver_alerts(store, delivery), name="alerts")
    try:
        await serving
    finally:
        sending.cancel()


async def _follow(store: EmbeddedStore, delivery: Notifier) -> None:
    done = await store.ask(lambda ledger_file: mark(ledger_file, DELIVERED_ROW))
    while True:
        # Asked for before the alerts are: one that comes in between is found the next time.
        last = store.last_row
        alerts = await store.changes(done, limit=AT_A_TIME, topic="alerts")
        for alert in alerts:
            content = orjson.loads(alert.record)
            lost = [undelivered(content, each) for each in await delivery.deliver(content)]
            await _keep(store, alert.row, lost)
            done = alert.row
        if not alerts:
            await store.changed(last)


async def _keep(store: EmbeddedStore, row: int, lost: "list[Undelivered]") -> None:
    """Keep that an alert is done with, and who did not get it."""

    def write(file: sqlite3.Connection) -> int:
        if lost:
            file.execute(_TABLE)
            rows = [(row, each["target"], orjson.dumps(each)) for each in lost]
            file.executemany("INSERT OR REPLACE INTO undelivered VALUES (?, ?, ?)", rows)
        set_mark(file, DELIVERED_ROW, row)
        return 0

    def keep(ledger_file: LedgerFile) -> None:
        ledger_file.append(write)

    await store.ask(keep)
