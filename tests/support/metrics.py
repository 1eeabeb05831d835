"""The increase of metrics during a test: one process has one set of metrics, and other tests count as well."""

from __future__ import annotations

from collections import Counter

from streams.observability import metrics

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples() -> Samples:
    """The value of every series."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in metrics.REGISTRY.collect()
        for sample in family.samples
    }


class MetricsDelta:
    """The increase since it was made."""

    def __init__(self) -> None:
        self._before = samples()

    def of(self, name: str, **labels: str) -> float:
        """Return the increase of a series."""
        series = (name, tuple(sorted(labels.items())))
        return samples().get(series, 0.0) - self._before.get(series, 0.0)

    def by(self, name: str, label: str) -> dict[str, int]:
        """Return the increase of a counter by the values of one label, without those that did not increase."""
        found: Counter[str] = Counter()
        for series, value in samples().items():
            if series[0] == name:
                found[dict(series[1])[label]] += int(value - self._before.get(series, 0.0))
        return {value: gained for value, gained in found.items() if gained}
