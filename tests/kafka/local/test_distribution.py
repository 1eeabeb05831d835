"""streams.kafka.local.distribution: only the pinned jars are run."""

import hashlib
from pathlib import Path

import pytest

from streams.kafka.local.distribution import DIGESTS, KAFKA_VERSION, KafkaUnavailable, check_digests


def jars(folder: Path, **contents: bytes) -> tuple[list[Path], str]:
    """Write jars; return their paths and the lines that pin them."""
    lines = []
    for name, content in contents.items():
        (folder / f"{name}.jar").write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}.jar")
    return sorted(folder.glob("*.jar")), "\n".join(lines)


def test_pinned_jars_are_taken(tmp_path: Path) -> None:
    check_digests(*jars(tmp_path, kafka=b"k", log4j=b"l"))


@pytest.mark.parametrize("slip", ["changed", "missing", "added"])
def test_another_jar_is_named_and_refused(tmp_path: Path, slip: str) -> None:
    found, pinned = jars(tmp_path, kafka=b"k", log4j=b"l")
    if slip == "changed":
        found[1].write_bytes(b"other")
    elif slip == "missing":
        found = found[:1]
    else:
        pinned = pinned.splitlines()[0]
    with pytest.raises(KafkaUnavailable, match=r"^log4j\.jar in .*SHA-256 is pinned"):
        check_digests(found, pinned)


def test_the_pins_are_those_of_the_version() -> None:
    names = {line.split()[1] for line in DIGESTS.read_text().splitlines()}
    assert {f"kafka_2.13-{KAFKA_VERSION}.jar", f"kafka-clients-{KAFKA_VERSION}.jar"} <= names
