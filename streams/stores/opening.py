"""Open a store for reading, on Kafka or on an embedded server's folder."""

from pathlib import Path

from streams.settings import Settings
from streams.stores.store import StoreReader

__all__ = ["open_store"]


def open_store(settings: Settings, *, embedded: Path | None = None) -> StoreReader:
    """Return the store on the settings' Kafka, or with `embedded` the one in that folder.

    The embedded server may be running. Nothing is written and no consumer group is joined.
    Raises SettingsError, and StoreUnavailable where the folder has no ledger.
    """
    # Imported late: a command needs one of the two, and aiokafka takes 150 ms to import.
    if embedded is None:
        from streams.stores.kafka.reading import KafkaStoreReader  # noqa: PLC0415

        return KafkaStoreReader(settings)
    from streams.stores.sqlite.reading import SqliteStoreReader  # noqa: PLC0415

    return SqliteStoreReader(embedded, settings.topic("reports"))
