"""Input records parsed and routed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from streams.core.parse import Refusal, check_timestamp, parse
from streams.kafka.oversized import Oversized, oversized_refusal
from streams.kafka.routing import Route, Router, was_rerouted
from streams.processing.rejection_log import Rejection

if TYPE_CHECKING:
    from streams.core.model import Message

__all__ = ["CODE_INTERNAL", "CODE_TOO_LARGE", "Decoded", "Decoder", "internal_error"]

CODE_INTERNAL: Final = "internal"
CODE_TOO_LARGE: Final = "too_large"


class Decoded(NamedTuple):
    """Records with their messages, those of another partition with their route, and rejected ones."""

    messages: "list[tuple[Any, Message]]"
    rerouted: list[tuple[Any, Route]]
    rejected: list[Rejection]


class Decoder:
    """Decodes the records of one partition. An exception of the parser rejects its record as `internal`."""

    def __init__(self, partition: int, router: Router) -> None:
        self._partition = partition
        self._router = router
        #: Why the broker refused the outputs of a record, by its offset.
        self._refused: dict[int, str] = {}

    def reject_at(self, offset: int, reason: str) -> None:
        """Reject the record at an offset as `too_large`: the broker refuses its outputs."""
        self._refused[offset] = reason

    def decode(self, records: Sequence[Any]) -> Decoded:
        """Parse and route records, in order."""
        decoded = Decoded([], [], [])
        route_of, partition, refused = self._router.route, self._partition, self._refused
        for record in records:
            try:
                value = record.value
                if refused or type(value) is Oversized:
                    self._refuse_unread(record)
                message = parse(value or b"")
                route = route_of(message.episode)
                if record.key != route.key or route.partition != partition:
                    self._refuse_second_reroute(record, route)
                    decoded.rerouted.append((record, route))
                    continue
                check_timestamp(message, record.timestamp * 1000 if record.timestamp >= 0 else None)
                decoded.messages.append((record, message))
            except Refusal as refusal:
                decoded.rejected.append(Rejection(record, refusal.code, refusal.message))
            except Exception as error:  # noqa: BLE001 - no record can stop a partition
                decoded.rejected.append(internal_error(record, error))
        return decoded

    def _refuse_unread(self, record: Any) -> None:
        if type(record.value) is Oversized:
            raise oversized_refusal()
        if record.offset in self._refused:
            raise Refusal(CODE_TOO_LARGE, self._refused[record.offset])

    def _refuse_second_reroute(self, record: Any, route: Route) -> None:
        if was_rerouted(record.headers):
            raise Refusal(
                "misrouted",
                f"it lies in partition {self._partition} under the key {record.key!r} and has been sent on once;"
                f" its place is partition {route.partition}, key {route.key!r}",
            )


def internal_error(record: Any, error: Exception) -> Rejection:
    """Return the rejection of a record for an exception that no rule foresees."""
    return Rejection(record, CODE_INTERNAL, f"{type(error).__name__}: {error}", error)
