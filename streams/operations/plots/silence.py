"""Silences of a source: a line ends, with a mark, where its source gave no figure for more than 30 days."""

from datetime import timedelta

from streams.core.phrases import OLD
from streams.operations.plots.history import PlottedLine, Point

__all__ = ["SILENT_US", "silences", "stretches"]

SILENT_US = OLD // timedelta(microseconds=1)


def silences(line: PlottedLine, last_us: int) -> list[tuple[Point, int]]:
    """Return the figures after which the source was silent for more than 30 days, and when it spoke again."""
    ends = [point.at_us for point in line.points[1:]] + [last_us]
    pairs = zip(line.points, ends, strict=True)
    return [(point, end_us) for point, end_us in pairs if point.best is not None and end_us - point.at_us > SILENT_US]


def stretches(line: PlottedLine, last_us: int) -> list[tuple[list[Point], int]]:
    """Return the runs of a line without withdrawals and silences, each with the time of its end."""
    silent = {id(point) for point, _ in silences(line, last_us)}
    found: list[tuple[list[Point], int]] = []
    for run in _runs(line):
        after = line.points.index(run[-1]) + 1
        until_us = last_us if run[-1] is line.last else line.points[after].at_us
        part: list[Point] = []
        for point, next_us in zip(run, [*(each.at_us for each in run[1:]), until_us], strict=True):
            part.append(point)
            if id(point) in silent:
                found.append((part, point.at_us))
                part = []
            elif point is run[-1]:
                found.append((part, next_us))
    return found


def _runs(line: PlottedLine) -> list[list[Point]]:
    """Return the stretches of a line between its withdrawals."""
    runs: list[list[Point]] = [[]]
    for point in line.points:
        if point.best is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if run]
