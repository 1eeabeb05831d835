"""The source registry (contract section 5): who speaks for which party, and the digest that names its content."""

from __future__ import annotations

import re

from streams.core.source_registry import Registry, Source

MOD = Source("Ministry of the north", "official", "north")
WATCH = Source("A monitor", "monitor")


def test_a_source_speaks_for_the_party_it_is_affiliated_to() -> None:
    registry = Registry({"mod": MOD, "watch": WATCH})
    assert registry.affiliation("mod") == "north"


def test_unaffiliated_or_unknown_source_has_no_party() -> None:
    """A source without affiliation, or unknown, has no party."""
    registry = Registry({"mod": MOD, "watch": WATCH})
    assert [registry.affiliation(source) for source in ("watch", "nobody")] == [None, None]


def test_digest_is_12_hex_digits_in_any_order() -> None:
    """`{"registry": "<first 12 hex of its sha256>"}` is a cause: it must be the same on every machine."""
    digest = Registry({"mod": MOD, "watch": WATCH}).digest
    assert re.fullmatch("[0-9a-f]{12}", digest)
    assert Registry({"watch": WATCH, "mod": MOD}).digest == digest
    assert digest == "fe362f4359c8"


def test_another_content_has_another_digest() -> None:
    registries = [
        Registry(),
        Registry({"mod": MOD}),
        Registry({"mod-2": MOD}),
        Registry({"mod": Source("Ministry", "official", "north")}),
        Registry({"mod": Source(MOD.name, "media", "north")}),
        Registry({"mod": Source(MOD.name, "official", "south")}),
        Registry({"mod": Source(MOD.name, "official", None)}),
    ]
    assert len({registry.digest for registry in registries}) == len(registries)


def test_registry_copies_its_mapping() -> None:
    """A registry does not change with the mapping it was made from."""
    given = {"mod": MOD}
    registry = Registry(given)
    given["watch"] = WATCH
    assert registry.sources == {"mod": MOD}
