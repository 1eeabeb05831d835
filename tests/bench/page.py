"""The measured part of docs/performance.md: tables between its two marks, and the plot beside it."""

import subprocess
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from tests.bench.contenders import BUILD, CONTENDERS, PEERS_PYTHON, ROOT

PAGE = ROOT / "docs" / "performance.md"
PLOT = ROOT / "docs" / "throughput.svg"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
RIVAL = "Kafka Streams, memory"


def write() -> None:
    """Put the tables into the page."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    parts = [_throughput(figures) for figures in _kept("throughput-*")]
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
    lines = [
        f"### `{runs[0]['workload']}`, {rounds} {'round' if rounds == 1 else 'rounds'}",
        "",
        f"{_machine(figures)}.",
        "",
        "| | guarantee | fold | reports | reports/s, median (of) | truceline: times as fast | CPU µs/report | MB |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for name, measured in rates.items():
        own = [run for run in runs if run["contender"] == name]
        ratios = [ours / theirs for ours, theirs in zip(rates.get("truceline", []), measured, strict=False)]
        contender = CONTENDERS[name]
        lines.append(
            f"| {name} | {contender.guarantee} | {'whole contract' if contender.whole else 'simple'} "
            f"| {own[0]['reports']:,} | {median(measured):,.0f} ({min(measured):,.0f} to {max(measured):,.0f}) "
            f"| {f'{median(ratios):.2f}' if ratios and name != 'truceline' else ''} "
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
    lines += [
        f"| {name} | {rate:,} | {len(own)} | {_spread(own, 'p50_ms')} | {_spread(own, 'p99_ms')} |"
        for (rate, name), own in runs.items()
    ]
    return "\n".join([*lines, ""])


def _spread(runs: list[dict[str, Any]], name: str) -> str:
    values = sorted(run[name] for run in runs)
    return f"{median(values):,.1f}" + (f" ({values[0]:,.1f} to {values[-1]:,.1f})" if len(values) > 1 else "")


def _machine(figures: dict[str, Any]) -> str:
    machine = figures["machine"]
    return (
        f"{machine['cores']} shared cores of {machine['processor']}, {machine['memory']}, Python {machine['python']},"
        f" Kafka {machine['kafka']}, aiokafka {machine['aiokafka']}, Faust {machine['faust']}, at {machine['commit']}"
    )
