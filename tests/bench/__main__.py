"""The benchmarks: `make bench`, `make bench-quick`.

    python -m tests.bench throughput [--workload steady] [--reports 1000000] [--rounds 3] [--only NAME]…
    python -m tests.bench latency | growth | alone | embedded | clients | soak | all | quick [--keep]

Figures go to .build/bench/*.json; `write` makes the tables of docs/explanation/performance.md from them.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import orjson
import typer

from streams.kafka.local.cluster import temporary
from tests.bench import alone, clients, embedded, growth, page, reference, soak, throughput
from tests.bench.contenders import BUILD, CONTENDERS, PEERS, PEERS_PYTHON, Contender, Place, Running
from tests.bench.machine import machine
from tests.support.paths import ROOT

HISTORY = Path(__file__).parent / "history.jsonl"
QUICK_REPORTS = 60_000
#: Reports a second: for how many seconds, in how many rounds.
LATENCY_RATES = {1_000: (15, 3), 10: (30, 1)}
LATENCY_WARM_UP = (1_000, 20)
LATENCY_OF = ("truceline", "truceline, compiled",
              "Kafka Streams, memory, 1 thread", "Kafka Streams, memory, 2 threads",
              "Quix Streams, at least once", "Quix Streams, exactly once")  # fmt: skip

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.command("throughput")
def throughput_(
    workload: str = "steady",
    reports: int = 1_000_000,
    rounds: int = 3,
    only: Annotated[list[str] | None, typer.Option(help="A contender's name, or how it begins.")] = None,
) -> None:
    """Run contenders in turn, several rounds."""
    contenders = _chosen(only, workload)
    _build_peers(contenders)
    runs: list[dict[str, Any]] = []
    with temporary() as kafka:
        for run in throughput.rounds(kafka.bootstrap_servers, contenders, workload, reports=reports, count=rounds):
            runs.append(run._asdict())
            typer.echo(f"{run.contender:34} {workload} {run.reports:>9,} reports {run.reports_a_second:>9,.0f}/s")
            _keep(f"throughput-{workload}", {"machine": machine(), "runs": runs})


@app.command()
def latency(only: Annotated[list[str] | None, typer.Option()] = None) -> None:
    """Measure from send to a committed change, at 1,000 and at 10 reports a second."""
    contenders = [CONTENDERS[name] for name in only or LATENCY_OF]
    _build_peers(contenders)
    rows = []
    with temporary() as kafka:
        # Warms the broker up: the first contender would measure code that is not compiled yet.
        _latency(kafka, contenders[0], *LATENCY_WARM_UP)
        for rate, (seconds, rounds) in LATENCY_RATES.items():
            for number in range(rounds):
                for contender in [*contenders[number:], *contenders[:number]]:
                    rows.append({"contender": contender.name, "rate": rate} | _latency(kafka, contender, rate, seconds))
                    typer.echo(orjson.dumps(rows[-1]).decode())
    _keep("latency", {"machine": machine(), "rows": rows})


@app.command("alone")
def alone_(reports: int = 200_000, memory_reports: int = 2_000_000) -> None:
    """Measure what needs no broker."""
    steps = [memory_reports // 8, memory_reports // 4, memory_reports // 2, memory_reports]
    figures = {
        "machine": machine(),
        # First: it is measured in forks, which begin with whatever this process has taken and freed.
        "memory": alone.memory(steps),
        "memory_settled": alone.memory(steps, settled=True),
        "reference": reference.reports_a_second(),
        "stages_us": alone.stages(reports),
        "replay": alone.replay(reports),
        "replay_2_jobs": alone.replay_shared_out(reports),
        "restore": alone.restore(reports),
        "growth": alone.growth(10_000, memory_reports // 2),
        "pauses": alone.pauses(memory_reports // 2),
    }
    typer.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    _keep("alone", figures)


@app.command("growth")
def growth_() -> None:
    """Measure the core's speed with 200,000 reports of one episode over that with 2,000; likewise for ceasefires."""
    figures = {"machine": machine(), "in_order": growth.growth(), "late_by_100": growth.growth(late=100)}
    typer.echo(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode())
    _keep("growth", figures)


@app.command("embedded")
def embedded_(reports: int = 20_000) -> None:
    """Measure the worker on one SQLite file."""
    rates = {f"clients_{clients}": embedded.posted(reports, clients=clients) for clients in (1, 4)}
    figures = {"machine": machine(), "reports_a_second": rates}
    typer.echo(orjson.dumps(figures).decode())
    _keep("embedded", figures)


@app.command("clients")
def clients_(listeners: int = 1_000, rate: int = 5, seconds: int = 30) -> None:
    """Measure from a report to its change at each of many listeners on /events."""
    figures = {"machine": machine(), "told": clients.told(listeners, rate, seconds)}
    typer.echo(orjson.dumps(figures).decode())
    _keep("clients", figures)


@app.command("soak")
def soak_(minutes: float = 60, rate: int = 200, *, on_kafka: bool = False) -> None:
    """Measure memory, descriptors and tasks of a server under steady work for an hour."""
    with temporary() if on_kafka else contextlib.nullcontext() as kafka:
        name = "soak-kafka" if on_kafka else "soak-embedded"
        found = soak.soaked(minutes, rate, kafka.bootstrap_servers if kafka else None, BUILD / f"{name}.jsonl")
    _keep(name, {"machine": machine(), **found})
    typer.echo(orjson.dumps({"last": found["samples"][-1], "answers": found["answers"]}).decode())


@app.command("all")
def all_(rounds: int = 3) -> None:
    """Measure everything; takes about an hour."""
    alone_()
    embedded_()
    clients_()
    latency()
    throughput_(rounds=rounds)
    for workload in ("bulletin", "hot", "corrections", "ceasefires"):
        throughput_(workload, 50_000 if workload == "bulletin" else 300_000, rounds)
    write()


@app.command()
def write() -> None:
    """Write the tables and the plot of docs/explanation/performance.md from the figures that are there."""
    page.write()


@app.command()
def quick(*, keep: Annotated[bool, typer.Option(help="Append the line to tests/bench/history.jsonl.")] = False) -> None:
    """Compare the core and replay with a fixed loop, in the same run; takes under 3 minutes."""
    ratios: dict[str, list[float]] = {"core": [], "replay": []}
    for _ in range(3):
        loop = reference.reports_a_second()
        ratios["core"].append(1e6 / sum(alone.stages(QUICK_REPORTS).values()) / loop)
        ratios["replay"].append(alone.replay(QUICK_REPORTS) / loop)
    line: dict[str, Any] = {name: round(median(values), 4) for name, values in ratios.items()}
    for name, values in ratios.items():
        typer.echo(f"{name}: {median(values):.4f} of the reference loop ({min(values):.4f} to {max(values):.4f})")
    if keep:
        line = {"date": time.strftime("%Y-%m-%d"), "commit": machine()["commit"]} | line
        with HISTORY.open("ab") as history:
            history.write(orjson.dumps(line) + b"\n")


def _chosen(only: Sequence[str] | None, workload: str) -> list[Contender]:
    chosen = [c for c in CONTENDERS.values() if not only or c.name.startswith(tuple(only))]
    # The peers' fold knows neither corrections nor ceasefires.
    return [c for c in chosen if c.whole or workload in {"steady", "bulletin", "hot"}]


def _latency(kafka: Any, contender: Contender, rate: int, seconds: int) -> dict[str, float]:
    with throughput.laid_out(kafka.bootstrap_servers, contender) as place, Running(contender, place):
        # Started and assigned; a warm-up of its own follows.
        time.sleep(10)
        return _driven(place, rate, seconds)


def _driven(place: Place, rate: int, seconds: int) -> dict[str, float]:
    command = [str(PEERS_PYTHON), "-m", "tests.bench.latency", place.servers, place.prefix]
    run = subprocess.run([*command, str(rate), str(seconds)], cwd=ROOT, check=True, capture_output=True)
    figures: dict[str, float] = orjson.loads(run.stdout)
    return figures


def _build_peers(contenders: Sequence[Contender]) -> None:
    """Make the peers' Python (the reader lives there too) and Kafka Streams' jar, where they are not there yet."""
    python = PEERS_PYTHON
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(PEERS / "requirements.txt")]
        subprocess.run(install, check=True)
    wanted = any(contender.name.startswith("Kafka Streams") for contender in contenders)
    if wanted and not (BUILD / "kafka-streams" / "lib").exists():
        subprocess.run(["mvn", "-q", "-B", "package"], cwd=PEERS / "kafka-streams", check=True)


def _keep(name: str, figures: dict[str, Any]) -> None:
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / f"{name}.json").write_bytes(orjson.dumps(figures, option=orjson.OPT_INDENT_2))


if __name__ == "__main__":
    app()
