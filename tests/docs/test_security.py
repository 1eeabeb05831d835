"""docs/how-to/security.md lists the rights that the code asks for, and names every setting of the Kafka client."""

from __future__ import annotations

from streams.settings import PREFIX, Settings
from tests.docs.security import PAGE, written

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_rights_are_those_of_the_code() -> None:
    """`python -m tests.docs.security` writes them again."""
    assert written(TEXT) == TEXT


def test_every_setting_of_the_clients_security_is_named() -> None:
    names = [name for name in Settings.model_fields if name.startswith(("security_", "sasl_", "ssl_"))]
    assert len(names) == 10
    assert [name for name in names if f"{PREFIX}{name.upper()}" not in TEXT] == []
