"""The machine on which the figures were measured."""

import platform
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil

from streams.kafka.local.distribution import KAFKA_VERSION
from tests.support.paths import ROOT


@cache
def machine() -> dict[str, str]:
    """Return the processor, memory, and the versions that matter."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return {
        "processor": _processor(),
        "cores": str(psutil.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": KAFKA_VERSION,
        "aiokafka": version("aiokafka"),
        "faust": version("faust-streaming"),
        "commit": commit.stdout.strip(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
