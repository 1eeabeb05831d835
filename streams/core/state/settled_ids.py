"""Id, revision and digest of settled reports without counted claims (contract section 2 rules 3 and 4).

There may be millions of them, so they are packed: 32 bytes each, with a hash for the id, in open-addressing tables.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

#: A hash of the id (16 bytes: no collision among 10¹² ids is expected), revision, digest.
ID_BYTES: Final = 16
REVISION_BYTES: Final = 4
DIGEST_BYTES: Final = 12
RECORD_BYTES: Final = ID_BYTES + REVISION_BYTES + DIGEST_BYTES
FIRST_RECORDS: Final = 8
#: Above this there are 256 tables, so that growing one of them never takes long.
ONE_TABLE_RECORDS: Final = 4096
_FREE: Final = bytes(ID_BYTES)


class SettledIds:
    """Report ids with their last revision and its digest."""

    __slots__ = ("_tables",)

    def __init__(self) -> None:
        self._tables: list[_Table] = []

    def __len__(self) -> int:
        return sum(table.records for table in self._tables)

    def add(self, report_id: str, revision: int, digest: bytes) -> None:
        """Add or update a report."""
        key = _hash(report_id)
        if not self._tables:
            self._tables = [_Table()]
        elif len(self._tables) == 1 and self._tables[0].records >= ONE_TABLE_RECORDS:
            (one,) = self._tables
            self._tables = [_Table() for _ in range(256)]
            for record in one:
                self._tables[record[0]].put(record)
        self._table(key).put(key + revision.to_bytes(REVISION_BYTES, "little") + digest)

    def get(self, report_id: str) -> tuple[int, bytes] | None:
        """Return revision and digest, None if the report is not here."""
        if not self._tables:
            return None
        key = _hash(report_id)
        rest = self._table(key).rest(key)
        return None if rest is None else (int.from_bytes(rest[:REVISION_BYTES], "little"), rest[REVISION_BYTES:])

    def _table(self, key: bytes) -> "_Table":
        return self._tables[key[0] % len(self._tables)]


class _Table:
    """Records by open addressing; at most two thirds of the slots are used, so that a free one is near."""

    __slots__ = ("_bytes", "records")

    def __init__(self) -> None:
        self._bytes = bytearray(FIRST_RECORDS * RECORD_BYTES)
        self.records = 0

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._bytes), RECORD_BYTES):
            record = bytes(self._bytes[start : start + RECORD_BYTES])
            if record[:ID_BYTES] != _FREE:
                yield record

    def put(self, record: bytes) -> None:
        if 3 * (self.records + 1) * RECORD_BYTES > 2 * len(self._bytes):
            records, self.records = list(self), 0
            self._bytes = bytearray(2 * len(self._bytes))
            for old in records:
                self.put(old)
        start = self._slot(record[:ID_BYTES])
        self.records += self._bytes[start : start + ID_BYTES] == _FREE
        self._bytes[start : start + RECORD_BYTES] = record

    def rest(self, key: bytes) -> bytes | None:
        """Return the bytes after a key, None if it is not here."""
        start = self._slot(key)
        record = bytes(self._bytes[start : start + RECORD_BYTES])
        return record[ID_BYTES:] if record[:ID_BYTES] == key else None

    def _slot(self, key: bytes) -> int:
        """Return the start of a key's record, or of the free slot for it."""
        table, end = self._bytes, len(self._bytes)
        start = int.from_bytes(key[-8:], "little") * RECORD_BYTES % end
        while (found := table[start : start + ID_BYTES]) != key and found != _FREE:
            start = (start + RECORD_BYTES) % end
        return start


def _hash(report_id: str) -> bytes:
    return hashlib.blake2b(report_id.encode(), digest_size=ID_BYTES).digest()
