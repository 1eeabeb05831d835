"""The measured part of docs/explanation/performance.md: tables between its two marks, and the plot beside it."""

import subprocess
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from tests.bench.contenders import BUILD, CONTENDERS, PEERS_PYTHON
from tests.support.paths import ROOT

PAGE = ROOT / "docs" / "explanation/performance.md"
PLOT = ROOT / "docs" / "explanation/throughput.svg"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
#: The others are compared with its times: as the image runs it, on the same number of cores.
OURS = ("truceline, compiled, 2 processes", "truceline, compiled", "truceline")


def write() -> None:
    """Put the tables into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    steady_first = sorted(_kept("throughput-*"), key=lambda figures: figures["runs"][0]["workload"] != "steady")
    parts = [_throughput(figures) for figures in steady_first]
    parts += [_latency(figures) for figures in _kept("latency")]
    PAGE.write_text(f"{before}{BEGIN}\n\n" + "\n".join(parts) + f"\n{END}{after}")
    for figures in _kept("throughput-steady"):
        medians = {name: median(rates) for name, rates in _rates(figures).items()}
        subprocess.run(
            [str(PEERS_PYTHON), "-m", "tests.bench.plot", str(PLOT), orjson.dumps(medians).decode()],
            cwd=ROOT, check=True,
        )  # fmt: skip


def _kept(pattern: str) -> list[dict[str, Any]]:
    paths: list[Path] = sorted(BUILD.glob(f"{pattern}.json"))
    return [orjson.loads(path.read_bytes()) for path in paths]


def _rates(figures: dict[str, Any]) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {}
    for run in figures["runs"]:
        rates.setdefault(run["contender"], []).append(run["reports_a_second"])
    return rates


def _throughput(figures: dict[str, Any]) -> str:
    runs, rates = figures["runs"], _rates(figures)
    rounds = len(rates[runs[0]["contender"]])
    reference = next(name for name in OURS if name in rates)
    lines = [
        f"### `{runs[0]['workload']}`, {rounds} {'round' if rounds == 1 else 'rounds'}",
        "",
        f"{_machine(figures)}.",
        "",
        f"| | guarantee | fold | reports | reports/s (least to most) | {reference} ÷ it | CPU µs/report | MB |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, measured in rates.items():
        own = [run for run in runs if run["contender"] == name]
        ratios = [ours / theirs for ours, theirs in zip(rates[reference], measured, strict=False)]
        contender = CONTENDERS[name]
        lines.append(
            f"| {name} | {contender.guarantee} | {'whole contract' if contender.whole else 'simple'} "
            f"| {own[0]['reports']:,} | {_spread(measured, 0)} "
            f"| {f'{median(ratios):.2f}' if name != reference else ''} "
            f"| {median(run['cpu_s'] / run['reports'] for run in own) * 1e6:.0f} "
            f"| {median(run['rss_mb'] for run in own):.0f} |"
        )
    if runs[0]["workload"] == "steady":
        lines += ["", f"![Reports a second of each contender]({PLOT.name})"]
    return "\n".join([*lines, ""])


def _latency(figures: dict[str, Any]) -> str:
    runs: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in figures["rows"]:
        runs.setdefault((row["rate"], row["contender"]), []).append(row)
    lines = [
        "### Latency",
        "",
        f"{_machine(figures)}; medians of the rounds, and the least and the most of them.",
        "",
        "| | reports/s | rounds | p50 ms | p99 ms |",
        "|---|--:|--:|--:|--:|",
    ]
    for (rate, name), own in runs.items():
        p50, p99 = (_spread([row[percentile] for row in own], 1) for percentile in ("p50_ms", "p99_ms"))
        lines.append(f"| {name} | {rate:,} | {len(own)} | {p50} | {p99} |")
    return "\n".join([*lines, ""])


def _spread(values: list[float], digits: int) -> str:
    """Return the median and, of several, the least and the most."""
    least_to_most = f" ({min(values):,.{digits}f} to {max(values):,.{digits}f})" if len(values) > 1 else ""
    return f"{median(values):,.{digits}f}{least_to_most}"


def _machine(figures: dict[str, Any]) -> str:
    machine = figures["machine"]
    return (
        f"{machine['cores']} shared cores of {machine['processor']}, {machine['memory']}, Python {machine['python']},"
        f" Kafka {machine['kafka']}, aiokafka {machine['aiokafka']}, Faust {machine['faust']}, at {machine['commit']}"
    )
