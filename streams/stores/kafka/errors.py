"""Errors of reading a topic, as the store reports them."""

from aiokafka.errors import KafkaConnectionError, KafkaError

from streams.kafka.range_reader import RangeUnreadable, UnknownTopic
from streams.stores.store import StoreUnavailable

__all__ = ["READ_ERRORS", "reading_failed"]

READ_ERRORS = (KafkaError, RangeUnreadable, TimeoutError)


def reading_failed(error: Exception, topic: str, brokers: str) -> StoreUnavailable:
    """Return the StoreUnavailable for one of `READ_ERRORS`."""
    match error:
        case UnknownTopic():
            return StoreUnavailable(f"there is no topic {topic}: run `truceline topics create`")
        case KafkaConnectionError():
            return StoreUnavailable(f"no Kafka broker answers at {brokers}")
        case RangeUnreadable():
            return StoreUnavailable(str(error))
        case KafkaError() if str(error):
            return StoreUnavailable(f"{topic} cannot be read to its end: {error}")
        case _:
            return StoreUnavailable(f"{topic} cannot be read to its end: no answer from the broker")
