"""Write schemas/json/*.json, schemas/asyncapi.yaml and schemas/openapi.json: `python -m schemas.generate`.

The examples in schemas/json/examples.json were published by real folds (tests/schemas records them).
"""

import json
from pathlib import Path
from typing import Any

import yaml

from schemas.asyncapi import asyncapi
from schemas.json_schema import SHAPES, Examples, json_schema
from schemas.openapi import openapi

__all__ = ["documents", "examples", "main"]

HERE = Path(__file__).parent
EXAMPLES = HERE / "json" / "examples.json"
WIDTH = 120


def examples() -> Examples:
    """Return the recorded examples, by the name of their shape."""
    recorded: dict[str, list[Any]] = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return recorded


def documents() -> dict[Path, str]:
    """Return what is to be written, by path below `schemas`."""
    shown = examples()
    made = {
        Path("json", f"{name}.json"): _json(json_schema(shape, shown.get(name, ()))) for name, shape in SHAPES.items()
    }
    made[Path("asyncapi.yaml")] = _yaml(asyncapi(shown))
    made[Path("openapi.json")] = _json(openapi(shown))
    return made


def main() -> None:
    """Write all documents."""
    for path, text in documents().items():
        (HERE / path).write_text(text, encoding="utf-8")


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: dict[str, Any]) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


class _Dumper(yaml.SafeDumper):
    """A YAML dumper that writes text of several lines as a block, and no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name that PyYAML calls it by
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

if __name__ == "__main__":
    main()
