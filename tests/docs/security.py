"""Write the generated part of docs/how-to/security.md: `python -m tests.docs.security`."""

from __future__ import annotations

import re

from streams.kafka.acl import ROLES, Acl, rights
from streams.settings import Settings
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "how-to/security.md"
BEGIN, END = "<!-- rights: begin -->", "<!-- rights: end -->"


def tables() -> str:
    """Return one table for each role, with one row for each resource."""
    # Not the environment's: the defaults.
    settings = Settings.model_construct()
    parts = []
    for role, says in ROLES.items():
        rows = ["| on | operation | for |", "|---|---|---|"]
        by_resource: dict[tuple[str, str], list[Acl]] = {}
        for right in rights(role, settings):
            by_resource.setdefault((right.resource, right.name), []).append(right)
        for (resource, name), listed in by_resource.items():
            star = "`, and all that begin so" if listed[0].prefixed else "`"
            operations = ", ".join(right.operation if right.needed else f"({right.operation})" for right in listed)
            why = "; ".join(dict.fromkeys(right.why for right in listed))
            rows.append(f"| {resource.replace('_', ' ')} `{name}{star} | {operations} | {why} |")
        parts.append(f"**{role}**: {says}\n\n" + "\n".join(rows))
    return "\n\n".join(parts)


def written(page: str) -> str:
    """Return the page with its generated part as it is now."""
    pattern = re.compile(f"{BEGIN}.*?{END}", re.DOTALL)
    assert len(pattern.findall(page)) == 1
    return pattern.sub(lambda _: f"{BEGIN}\n\n{tables()}\n\n{END}", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
