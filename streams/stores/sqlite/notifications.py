"""Send the alerts of the table of changes as notifications, in order, at least once."""

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
#: Name in `meta` of the row of the last alert that was handled.
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
    """Send the alerts of a store until cancelled, resuming after the last one handled."""
    while True:
        try:
            await _follow(store, delivery)
        except StoreUnavailable as error:
            _log.warning("notifications_blocked", reason=str(error), retry_s=RETRY_S)
        except Exception:  # noqa: BLE001 - nothing awaits this task
            _log.exception("notifications_failed", retry_s=RETRY_S)
        await asyncio.sleep(RETRY_S)


async def run_with_notifications(serving: Coroutine[Any, Any, None], store: EmbeddedStore, delivery: Notifier) -> None:
    """Send notifications while a server runs."""
    sending = asyncio.create_task(deliver_alerts(store, delivery), name="alerts")
    try:
        await serving
    finally:
        sending.cancel()


async def _follow(store: EmbeddedStore, delivery: Notifier) -> None:
    done = await store.ask(lambda ledger_file: mark(ledger_file, DELIVERED_ROW))
    while True:
        # Read before the alerts, so that one committed in between is found the next time.
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
    """Record that an alert was handled, and which targets did not get it."""

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
