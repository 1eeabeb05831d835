"""Compare two lists of records: missing, extra, repeated, wrong or out of order."""

from collections.abc import Iterator, Sequence

from streams.operations.verify.expected import ExpectedOutput

__all__ = ["differences"]


def differences(place: str, expected: Sequence[ExpectedOutput], actual: Sequence[ExpectedOutput]) -> Iterator[str]:
    """Yield each difference of `actual` from `expected` in words."""
    wanted = {output.name: index for index, output in enumerate(expected)}
    seen: set[str] = set()
    last = -1
    for output in actual:
        index = wanted.get(output.name)
        if index is None:
            yield f"{place}: extra record {output.name}"
        elif output.name in seen:
            yield f"{place}: {output.name} is duplicated"
        else:
            seen.add(output.name)
            yield from _wrong(place, expected[index], output)
            if index < last:
                yield f"{place}: {output.name} comes after {expected[last].name}; by the log it is before"
            last = max(last, index)
    for output in expected:
        if output.name not in seen:
            yield f"{place}: missing record {output.name}"


def _wrong(place: str, expected: ExpectedOutput, actual: ExpectedOutput) -> Iterator[str]:
    if actual.key != expected.key:
        yield f"{place}: {expected.name} has the key {actual.key!r}, not {expected.key!r}"
    if actual.value != expected.value:
        yield f"{place}: {expected.name} says {_short(actual.value)}, the log says {_short(expected.value)}"
    if actual.headers != expected.headers:
        wrong = sorted({name for name, _ in set(actual.headers) ^ set(expected.headers)})
        yield f"{place}: {expected.name} has other headers: {', '.join(wrong) or 'in another order'}"


def _short(value: bytes | None) -> str:
    text = "nothing" if value is None else value.decode(errors="replace")
    return text if len(text) <= 2000 else f"{text[:2000]}…"
