"""Bulletins: lines of "label: number" under headings that say for which time, in any language with a table."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from streams.reading.numbers import Count, count_at, qualify
from streams.reading.tokens import Token, with_depth

_MOST_WORDS: Final = 14
_FEWEST_LINES: Final = 3
_FEW_WORDS: Final = 8
_LONGEST: Final = 24
#: A line without number and colon is a heading if it has at most this many gaps: "B. Adversary (our assessment)".
_HEADING_WORDS: Final = 5
#: The place of an outcome beside its number: before a colon, or in the same phrase.
_NEAR: Final = 9
_BESIDE: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """A figure of a bulletin."""

    outcome: str
    count: Count
    number: tuple[int, int]
    basis: str
    truce: bool  # counts since a ceasefire
    since: tuple[int, int] | None  # the tokens of the heading that says since when
    enemy: bool
    group: str | None = None
    person: str | None = None  # civilian or military, where the line says it


@dataclass(slots=True)
class Bulletin:
    """The entries of a bulletin, the lines that hold them, and why other numbers in them are left out."""

    entries: list[Entry] = field(default_factory=list)
    lines: list[tuple[int, int]] = field(default_factory=list)  # first and last token
    why: dict[int, str] = field(default_factory=dict)
    sections: list[tuple[int, int, str]] = field(default_factory=list)  # lines under a heading, with its basis
    basis: str | None = None  # of the line before
    labels: int = 0  # lines of other things: tanks, shells


@dataclass(slots=True)
class Section:
    """The meaning that the last heading gives to the lines under it."""

    basis: str | None = None
    truce: bool = False
    span: tuple[int, int] | None = None
    enemy: bool = False


def read_bulletin(
    tokens: Sequence[Token], table: Mapping[str, Any], months: Mapping[str, int], *, alone: bool
) -> Bulletin:
    """Return the entries of a text; where prose is read too (not alone), only of one that is plainly a bulletin."""
    bulletin = Bulletin()
    section = Section()
    lines = _lines(tokens)
    skip = False
    for position, (first, last) in enumerate(lines):
        if skip:
            skip = False
            continue
        following = lines[position + 1] if position + 1 < len(lines) else None
        joined = _joined(tokens, first, last, following)
        skip = joined != last
        if not (alone and read_phrases(tokens, (first, joined), table, months, section=section, bulletin=bulletin)):
            _read_line(tokens, (first, joined), table, section, bulletin)
    labels = len(bulletin.entries) + bulletin.labels
    return bulletin if bulletin.entries and (alone or labels >= _FEWEST_LINES) else Bulletin()


def read_phrases(
    tokens: Sequence[Token],
    span: tuple[int, int],
    table: Mapping[str, Any],
    months: Mapping[str, int],
    *,
    section: Section,
    bulletin: Bulletin,
) -> bool:
    """Add the entries of a line with several figures ("killed 4 soldiers, wounded 15"); return whether it has any."""
    first, last = span
    words = _words(tokens, first, last)
    heading = _heading(words, table)
    basis, truce = heading or (section.basis or bulletin.basis, section.truce)
    if _any(words, table.get("total")) and heading is None:
        basis = "cumulative"
    phrases = list(_phrases(tokens, span, table, months))
    if basis is None or not phrases or words.count(" ") > _LONGEST or _any(words, table.get("leave_out")):
        return False
    enemy = section.enemy and not _any(words, table.get("own"))
    for phrase in phrases:
        if phrase.group is None and phrase.part:
            bulletin.why[phrase.number[0]] = "subset"
            continue
        since = span if heading else section.span
        person = phrase.person or ("military" if enemy else None)
        bulletin.entries.append(
            Entry(phrase.outcome, phrase.count, phrase.number, basis, truce, since, enemy, phrase.group, person)
        )
    bulletin.basis = basis
    bulletin.lines.append(span)
    taken = {index for phrase in phrases for index in range(*phrase.number)}
    for index in range(first, last):
        if tokens[index].kind == "number" and index not in taken:
            bulletin.why[index] = "period_detail" if tokens[index - 1].text == "+" else "date"
    return True


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A number of a line with its label before it or its noun after it."""

    outcome: str
    count: Count
    number: tuple[int, int]
    group: str | None
    person: str | None
    part: bool


def _phrases(
    tokens: Sequence[Token], span: tuple[int, int], table: Mapping[str, Any], months: Mapping[str, int]
) -> Iterator[_Phrase]:
    """Yield the numbers of a line that an outcome is beside; the next ones may share it, and its people."""
    first, last = span
    numbers = [each for each in _numbers(tokens, first, last, table) if not _is_time(tokens, each[1], months, table)]
    start, outcome, person = first, None, None
    for place, (count, number) in enumerate(numbers):
        end = numbers[place + 1][1][0] if place + 1 < len(numbers) else last
        stop = next((n for n in range(number[1], end) if tokens[n].text in ",;.(:–-"), end)
        cut = next((n for n in range(number[0] - 1, start - 1, -1) if tokens[n].text in ",;"), start)
        before, after = _words(tokens, cut, number[0]), _words(tokens, number[1], stop)
        reach = _NEAR if tokens[number[0] - 1].text in ":–-" else _BESIDE
        near = _words(tokens, max(start, number[0] - reach), number[0])
        own = _outcome(near, table) or _outcome(after, table)
        part = _any(_words(tokens, start, number[0]), table.get("parts"))
        outcome = own or (outcome if outcome or not part else _outcome(before, table))
        start = number[1]
        if outcome is None:
            continue
        noun = after or before
        group = _group(noun, table)
        said = next((each for each in ("civilian", "military") if _any(noun, table.get(each))), None)
        person = said if after or said else person
        yield _Phrase(outcome, count, number, group, None if group else person, part)


def _is_time(
    tokens: Sequence[Token], number: tuple[int, int], months: Mapping[str, int], table: Mapping[str, Any]
) -> bool:
    """Return whether a number is of a day, a year or a number of hours."""
    after = tokens[number[1]].low if number[1] < len(tokens) else ""
    before = tokens[number[0] - 1].low if number[0] else ""
    return after in months or before in months or any(after.startswith(unit) for unit in table.get("units") or ())


def _words(tokens: Sequence[Token], first: int, last: int) -> str:
    return " ".join([token.low for token in tokens[first:last] if token.kind == "word"])


def _lines(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    found, first = [], 0
    for index, token in enumerate(tokens):
        if token.kind == "line":
            found.append((first, index))
            first = index + 1
    found.append((first, len(tokens)))
    return [(a, b) for a, b in found if b > a]


def _outside_brackets(tokens: Sequence[Token], span: tuple[int, int]) -> str:
    """Return the words of a line that are not in brackets: "Dead: 28 (of them children: 3)" is not of children."""
    placed = with_depth(tokens[span[0] : span[1]])
    return " ".join(token.low for token, depth in placed if token.kind == "word" and not depth)


def line_of(tokens: Sequence[Token], place: int) -> tuple[int, int]:
    """Return the first token and the end of the line that a token is in."""
    return next((first, last) for first, last in _lines(tokens) if first <= place < last)


def _joined(tokens: Sequence[Token], first: int, last: int, following: tuple[int, int] | None) -> int:
    """Return where a line ends: with the next one where that is nothing but the number of its label."""
    if following is None or tokens[last - 1].text != ":" or any(token.kind == "number" for token in tokens[first:last]):
        return last
    rest = tokens[following[0] : following[1]]
    return following[1] if rest[0].kind == "number" and len(rest) <= 2 else last


def _read_line(
    tokens: Sequence[Token],
    span: tuple[int, int],
    table: Mapping[str, Any],
    section: Section,
    bulletin: Bulletin,
) -> None:
    """Read a line: a heading, a label with its number, a note in brackets, or something else."""
    first, last = span
    words = _words(tokens, first, last)
    numbers = _numbers(tokens, first, last, table)
    outcome = _outcome(words, table)
    heading = _heading(words, table)
    ends = tokens[last - 1].text == ":"
    if heading is not None and (not numbers or outcome is None or ends):
        section.basis, section.truce = heading
        section.span = None if _any(words, table.get("as_of")) else span
        section.enemy = _any(words, table.get("enemy"))
    elif bulletin.lines and any(token.text == "(" for token in tokens[first : first + 2]):
        bulletin.why.update({index: "sum_of_parts" for index in range(first, last) if tokens[index].kind == "number"})
        bulletin.lines.append(span)
    elif bulletin.entries and len(numbers) == 1 and _any(words, table.get("leave_out")):
        bulletin.why[numbers[0][1][0]] = "subset"
        bulletin.lines.append(span)
    else:
        headed = not numbers and (ends or words.count(" ") < _HEADING_WORDS)
        section.enemy = _any(words, table.get("enemy")) if headed else section.enemy
        if section.basis is not None:
            bulletin.sections.append((first, last, section.basis))
        label = len(numbers) == 1 and _is_label(tokens, first, last, numbers[0][1])
        if label and outcome is not None and words.count(" ") < _MOST_WORDS:
            _read_label(tokens, span, table, section=section, bulletin=bulletin, label=(outcome, *numbers[0], words))
        elif label and words.count(" ") < _FEW_WORDS:
            bulletin.labels += 1


def _read_label(
    tokens: Sequence[Token],
    span: tuple[int, int],
    table: Mapping[str, Any],
    *,
    section: Section,
    bulletin: Bulletin,
    label: tuple[str, Count, tuple[int, int], str],
) -> None:
    """Add the entry of a line whose label says an outcome, where line or heading say the basis."""
    outcome, count, number, words = label
    basis, truce = _heading(words, table) or (section.basis, section.truce)
    if basis is None and (_any(words, table.get("total")) or section.enemy):
        basis = "cumulative"
    if basis is None:
        return
    enemy = section.enemy and "by the enemy" not in words
    group = _group(_outside_brackets(tokens, span), table)
    bulletin.entries.append(Entry(outcome, count, number, basis, truce, section.span, enemy, group))
    bulletin.lines.append(span)
    for index in range(*span):
        if tokens[index].kind == "number" and not number[0] <= index < number[1]:
            bulletin.why[index] = "period_detail" if tokens[index - 1].text == "+" else "sum_of_parts"


def _heading(words: str, table: Mapping[str, Any]) -> tuple[str, bool] | None:
    """Return the basis that a line says, and whether it counts from a truce."""
    if _any(words, table.get("since_truce")):
        return "cumulative", True
    if _any(words, table.get("since_war")) or _any(words, table.get("as_of")):
        return "cumulative", False
    if _any(words, table.get("period")):
        return "incremental", False
    return None


def _outcome(words: str, table: Mapping[str, Any]) -> str | None:
    found = {outcome for outcome, stems in (table.get("outcomes") or {}).items() if _any(words, stems)}
    return found.pop() if len(found) == 1 else None


def _group(words: str, table: Mapping[str, Any]) -> str | None:
    return next((group for group, stems in (table.get("groups") or {}).items() if _any(words, stems)), None)


def _any(words: str, stems: Sequence[str] | None) -> bool:
    return any(stem in words for stem in stems or ())


def _numbers(
    tokens: Sequence[Token], first: int, last: int, table: Mapping[str, Any]
) -> list[tuple[Count, tuple[int, int]]]:
    """Return the numbers of a line that are not in brackets."""
    found: list[tuple[Count, tuple[int, int]]] = []
    depth, index = 0, first
    while index < last:
        text = tokens[index].text
        depth += (text in "([") - (text in ")]" and depth > 0)
        read = count_at(tokens, index) if tokens[index].kind == "number" and not depth else None
        if read and read[1] <= last:
            count, begin = qualify(tokens, index, read[0])
            if index > first and tokens[index - 1].low in (table.get("about") or ()):
                count, begin = Count(count.best, qualifier="about"), index - 1
            found.append((count, (begin, read[1])))
            index = read[1]
        else:
            index += 1
    return found


def _is_label(tokens: Sequence[Token], first: int, last: int, number: tuple[int, int]) -> bool:
    """Return whether a line is a label with its number, or a bullet of one: not a sentence of prose."""
    before = tokens[number[0] - 1].text if number[0] > first else ""
    if before in {":", "-", "–"}:
        return True
    bullet = tokens[first].kind == "mark"
    words = sum(token.kind == "word" for token in tokens[first:last])
    return (bullet and words <= 8) or words <= 3
