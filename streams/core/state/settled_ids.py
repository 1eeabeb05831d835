"""What is never forgotten of a settled report that nothing counts on any more: its id, revision and digest.

Contract section 2 rules 3 and 4. There may be millions of them, so they are packed: a hash of the id stands for it,
and the records lie in tables of bytes, 32 each, found by open addressing.
"""

import hashlib
from collections.abc import Iterator
from typing import Final

#: 16 bytes that stand for the id (none of a million million has its like), revision, digest.
ID_BYTES: Final = 16
REVISION_BYTES: Final = 4
DIGEST_BYTES: Final = 12
RECORD_BYTES: Final = ID_BYTES + REVISION_BYTES + DIGEST_BYTES
FIRST_RECORDS: Final = 8
#: Of more than so many, there are 256 tables: to make a larger one of a table then never takes long.
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
        """Take a report in, or what is known of it anew."""
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
        """Return revision and digest, or None where the report is not here."""
        if not self._tables:
            return None
        key = _hash(report_id)
        rest = self._table(key).rest(key)
        return None if rest is None else (int.from_bytes(rest[:REVISION_BYTES], "little"), rest[REVISION_BYTES:])

    def _table(self, key: bytes) -> "_Table":
        return self._tables[key[0] % len(self._tables)]


class _Table:
    """Records by open addressing; at most two thirds of the places are taken, so that a free one is near."""

    __slots__ = ("_bytes", "records")

    def __init__(self) -> None:
        self._bytes = bytearray(FIRST_RECORDS * RECORD_BYTES)
        self.records = 0

    def __iter__(self) -> Iterator[bytes]:
        for at in range(0, len(self._bytes), RECORD_BYTES):
            record = bytes(self._bytes[at : at + RECORD_BYTES])
            if record[:ID_BYTES] != _FREE:
                yield record

    def put(self, record: bytes) -> None:
        if 3 * (self.records + 1) * RECORD_BYTES > 2 * len(self._bytes):
            records, self.records = list(self), 0
            self._bytes = bytearray(2 * len(self._bytes))
            for each in records:
                self.put(each)
        at = self._place(record[:ID_BYTES])
        self.records += self._bytes[at : at + ID_BYTES] == _FREE
        self._bytes[at : at + RECORD_BYTES] = record

    def rest(self, key: bytes) -> bytes | None:
        """Return what follows a key, or None where it is not here."""
        at = self._place(key)
        record = bytes(self._bytes[at : at + RECORD_BYTES])
        return record[ID_BYTES:] if record[:ID_BYTES] == key else None

    def _place(self, key: bytes) -> int:
        """Return where a record lies, or the free place where it would."""
        table, end = self._bytes, len(self._bytes)
        at = int.from_bytes(key[-8:], "little") * RECORD_BYTES % end
        while (there := table[at : at + ID_BYTES]) != key and there != _FREE:
            at = (at + RECORD_BYTES) % end
        return at


def _hash(report_id: str) -> bytes:
    return hashlib.blake2b(report_id.encode(), digest_size=ID_BYTES).digest()
