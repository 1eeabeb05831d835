"""Message templates: `{name}` is replaced, nothing else is interpreted."""

from collections.abc import Iterable, Iterator, Mapping
from string import Formatter
from typing import Any

__all__ = ["MAX_TEMPLATE", "render", "template_faults"]

MAX_TEMPLATE = 500


def template_faults(template: str, names: Iterable[str]) -> Iterator[str]:
    """Yield the faults of a template that may use these names."""
    if not template.strip():
        yield "message is empty"
    if len(template) > MAX_TEMPLATE:
        yield f"message is longer than {MAX_TEMPLATE} characters"
    try:
        fields = list(Formatter().parse(template))
    except ValueError as error:
        yield f"message: {error}; write a literal brace twice"
        return
    known = set(names)
    for _, name, form, conversion in fields:
        if name is None:
            continue
        if name not in known:
            yield f"message: unknown field {{{name}}}; the fields are {', '.join(sorted(known))}"
        elif form or conversion:
            yield f"message: {{{name}}} cannot have a format"


def render(template: str, facts: Mapping[str, Any]) -> str:
    """Return the message: each `{name}` replaced by its fact, an unknown one by a dash."""
    parts = []
    for text, name, _, _ in Formatter().parse(template):
        parts += [text, "" if name is None else fact_text(facts.get(name))]
    return "".join(parts)


def fact_text(fact: Any) -> str:
    """Return a fact as text on one line."""
    if fact is None:
        return "–"
    if isinstance(fact, list):
        return ", ".join(str(item) for item in fact) or "–"
    # A headline may hold line breaks.
    return " ".join(str(fact).split())
