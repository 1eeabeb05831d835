"""Keys of the worker's own entries in the ledger topic; every other key is the core's. Stored, so never changed."""

from enum import Enum

__all__ = ["OWN_PREFIX", "LedgerKey"]

#: The first byte of the keys below, and of no key of the core.
OWN_PREFIX = b"_"


class LedgerKey(bytes, Enum):
    """An entry that says how far a partition is and what its state was made with."""

    #: Next input offset.
    NEXT_OFFSET = b"_o"
    #: Next input offset that the consumer group has committed; at most a second older.
    GROUP_OFFSET = b"_c"
    #: Digest of the source registry that the values were made with.
    REGISTRY = b"_g"
    #: Prefix, followed by a number: each registry and the input offset from which it applies.
    REGISTRY_HISTORY = b"_g/"
    #: Id of the topic that the log is (KIP-516): another one has the same name after it was deleted and created again.
    LOG_ID = b"_i"
    #: Partitions of the log.
    PARTITIONS = b"_n"
    #: Horizon (µs) by which settled reports are pruned.
    HORIZON = b"_h"
    #: Application id of the workers.
    APP_ID = b"_a"
    #: Prefix, followed by an episode: its last picture is still to be written.
    OWED_PICTURE = b"_p/"
