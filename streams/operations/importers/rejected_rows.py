"""Rows with faults as a table: fixed, it can be imported again by the same mapping."""

import csv
import io
from collections.abc import Sequence
from typing import BinaryIO

from streams.operations.importers.base import SourceReading

__all__ = ["FAULT_COLUMNS", "RejectedRows"]

FAULT_COLUMNS = ("rejected_row", "rejected_lost", "rejected_field", "rejected_reason")


class RejectedRows:
    """Collects rows with faults, and writes them with place, field and reason in columns of their own."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, ...], list[SourceReading]] = {}

    def add(self, reading: SourceReading) -> None:
        """Add a row that was lost, or lost a claim or field."""
        self._rows.setdefault(reading.headings, []).append(reading)

    def write(self, file: BinaryIO, delimiter: str = ",", encoding: str = "utf-8") -> None:
        """Write all rows as CSV."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
        for headings, rows in self._rows.items():
            writer.writerow([*headings, *FAULT_COLUMNS])
            for reading in rows:
                writer.writerow([*_padded(reading.cells, len(headings)), *_faults(reading)])
        file.write(text.getvalue().encode(encoding, "replace"))


def _faults(reading: SourceReading) -> tuple[str, str, str, str]:
    if not reading.faults:
        return str(reading.where), "row", "", f"{reading.left_out or ''}: {reading.detail}".rstrip(": ")
    lost, fields, reasons = zip(*((fault.lost, fault.field, fault.reason) for fault in reading.faults), strict=True)
    return str(reading.where), "; ".join(lost), "; ".join(fields), "; ".join(reasons)


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells[:width], *[""] * (width - len(cells))]
