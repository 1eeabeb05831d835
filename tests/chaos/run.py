"""One run: workers, incoming records and failures by schedule; then all outputs are checked against the log."""

import asyncio
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.errors import KafkaError

from streams.kafka.local.cluster import LocalKafka, temporary
from streams.kafka.topics import admin, create
from streams.operations.verify.verify import verify
from streams.settings import Settings
from tests.chaos.beside import Beside
from tests.chaos.network import Network, network
from tests.chaos.replayed import differs_from_replay
from tests.chaos.schedule import WEIGHTS, Failure, schedule
from tests.chaos.slips import SLIPS, SlipKind
from tests.support.kafka_log import SOURCES_YAML, Worker, send, settings_for, until_processed
from tests.support.mixed_log import Sent, mixed_records

CHUNK_RECORDS = 500
LOG_LINES = 40
SEND_AGAIN_S = 0.5
#: Each has a worker of its own.
SLIPS_AT_ONCE = 2
#: Brokers of which one may fail.
NODES_TO_SPARE = 3
#: After this the sender gives up a broker that is gone, and sends again.
SEND_LIMIT_S = 10.0


@dataclass(frozen=True)
class Plan:
    """The size and kind of a run. All chance comes from the seed."""

    seed: int
    records: int = 100_000
    failures: int = 30
    partitions: int = 8
    workers: int = 3
    nodes: int = 1
    batch: int = 300
    #: Seconds for the workers to process the rest, once every failure is over.
    patience_s: int = 600
    #: Slips of an operator that come as well, beside the run: none, all, or the name of one.
    slips: str = "none"

    def failures_planned(self) -> list[Failure]:
        """Return the schedule; where it is long enough, each kind of failure is in it."""
        kinds = list(WEIGHTS) if self.failures >= len(WEIGHTS) else []
        return schedule(self.seed, self.failures, workers=self.workers, nodes=self.nodes, kinds=kinds)

    def slips_planned(self) -> list[SlipKind]:
        """Return the kinds of slips, in an order of the seed. Raises ValueError for a name that is unknown."""
        groups: dict[str, Sequence[SlipKind]] = {"none": (), "all": tuple(SLIPS)}
        kinds = list(groups.get(self.slips) or [kind for kind in SLIPS if kind == self.slips])
        if not kinds and self.slips not in groups:
            raise ValueError(f"{self.slips!r} is no slip: {', '.join([*groups, *SLIPS])}")
        random.Random(self.seed).shuffle(kinds)
        return kinds


@dataclass
class Result:
    """The result of a run: `problems` must be empty."""

    problems: list[str]
    #: Each step, in order, with the seconds since the start.
    story: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Fleet:
    """The workers of a run, each behind its own relays, and one more that comes and goes."""

    def __init__(self, settings: Settings, net: Network, folder: Path, count: int, batch: int) -> None:
        self._settings = settings
        self._net = net
        self._folder = folder
        self._batch = batch
        self.count = count
        self.workers: dict[int, Worker] = {}

    def start(self, number: int) -> None:
        """Start a worker that does not run."""
        if number not in self.workers:
            settings = self._settings.model_copy(update={"bootstrap_servers": self._net.bootstrap(number)})
            self.workers[number] = Worker(
                settings,
                self._folder / f"worker-{number}.log",
                TRUCELINE_BATCH_MAX_RECORDS=str(self._batch),
                TRUCELINE_TRANSACTION_TIMEOUT="PT10S",
            )

    def start_all(self) -> None:
        """Start all but the extra one."""
        for number in range(self.count):
            self.start(number)

    def kill(self, number: int) -> None:
        """kill -9."""
        self.workers.pop(number).kill()

    def stop(self, number: int) -> str:
        """SIGTERM; return a fault where it did not end well."""
        code = self.workers.pop(number).stop()
        # One that has not come to handle signals yet has nothing in hand.
        return "" if code in {0, -signal.SIGTERM} else f"worker {number} ended with {code} when it was stopped"

    def signal(self, number: int, what: int) -> None:
        """Send a signal."""
        self.workers[number].process.send_signal(what)

    def fallen(self) -> list[str]:
        """Return which workers ended by themselves."""
        return [
            f"worker {number} ended by itself with {worker.process.returncode}"
            for number, worker in self.workers.items()
            if worker.process.poll() is not None
        ]

    def logs(self) -> str:
        """Return the last lines that each worker has written."""
        return "\n".join(
            "\n".join([f"--- {log.name}", *log.read_text().splitlines()[-LOG_LINES:]])
            for log in sorted(self._folder.glob("worker-*.log"))
        )

    def end(self) -> list[str]:
        """Stop all; return the faults."""
        faults = self.fallen()
        return faults + [fault for number in list(self.workers) if (fault := self.stop(number))]

    def kill_all(self) -> None:
        """Leave no process behind."""
        for number in list(self.workers):
            self.kill(number)


def run(plan: Plan, say: Callable[[str], object] = lambda _: None) -> Result:
    """Run a plan and return what is wrong, if anything."""
    began = time.monotonic()
    story: list[str] = []

    def tell(line: str) -> None:
        story.append(f"{time.monotonic() - began:7.2f} s  {line}")
        say(story[-1])

    problems: list[str] = []

    with ExitStack() as stack:
        net = stack.enter_context(network())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="truceline-chaos-")))
        kafka = stack.enter_context(temporary(nodes=plan.nodes, prepare=lambda made: net.lay(made, plan.workers + 1)))
        settings = _settings(kafka, folder, plan)
        asyncio.run(_topics(settings, plan))
        fleet = Fleet(settings, net, folder, plan.workers, plan.batch)
        stack.callback(fleet.kill_all)
        fleet.start_all()
        with ThreadPoolExecutor(1) as feeding, ThreadPoolExecutor(SLIPS_AT_ONCE) as slipping:
            beside = Beside(settings, plan.nodes, folder, tell)
            slips = [slipping.submit(beside.slip, kind) for kind in plan.slips_planned()]
            fed = feeding.submit(_feed, settings, plan)
            for failure in plan.failures_planned():
                time.sleep(failure.after_s)
                tell(str(failure))
                problems += _fail(failure, fleet, net, kafka)
            tell(fed.result())
            problems += [fault for done in slips for fault in done.result()]
            if slips and plan.nodes >= NODES_TO_SPARE:
                # Alone: of three brokers one may fail at a time.
                problems += beside.hang(kafka.nodes[plan.seed % plan.nodes])
        fleet.start_all()
        tell("all is mended; waiting for the workers to take everything in")
        try:
            asyncio.run(until_processed(settings, wait_s=plan.patience_s, look_every_s=2))
        except AssertionError as stalled:
            tell(fleet.logs())
            return Result([*problems, str(stalled)], story, time.monotonic() - began)
        problems += fleet.end()
        tell("checking the outputs against the log")
        problems += asyncio.run(verify(settings))
        tell("checking that a replay of the log gives the same")
        problems += asyncio.run(differs_from_replay(settings, plan.partitions, folder / "export.jsonl.zst"))
    tell(f"{len(problems)} problems")
    return Result(problems, story, time.monotonic() - began)


def _settings(kafka: LocalKafka, folder: Path, plan: Plan) -> Settings:
    sources = folder / "sources.yaml"
    sources.write_text(SOURCES_YAML)
    return settings_for(kafka.bootstrap_servers, f"chaos{plan.seed}", sources=sources)


async def _topics(settings: Settings, plan: Plan) -> None:
    async with admin({"bootstrap_servers": settings.bootstrap_servers}) as client:
        await create(client, settings.topic_prefix, plan.partitions, replication=plan.nodes)


def _feed(settings: Settings, plan: Plan) -> str:
    """Send all records, spread over the time that the failures take; return how many, and how many twice."""
    records = list(mixed_records(plan.seed, plan.records, plan.partitions, episodes=40))
    planned_s = sum(failure.after_s + failure.lasts_s for failure in plan.failures_planned())
    pause_s = 0.9 * planned_s / max(1, len(records) // CHUNK_RECORDS)
    again = 0
    for start in range(0, len(records), CHUNK_RECORDS):
        chunk = records[start : start + CHUNK_RECORDS]
        while not _sent(settings, chunk):
            again += len(chunk)
        time.sleep(pause_s * random.Random(plan.seed + start).uniform(0.5, 1.5))
    return f"{len(records)} records sent, up to {again} of them more than once"


def _sent(settings: Settings, records: Sequence[Sent]) -> bool:
    try:
        asyncio.run(send(settings, records, limit_s=SEND_LIMIT_S))
    except KafkaError:
        # The broker is down. As a sender does, all is sent again, whatever of it has arrived.
        time.sleep(SEND_AGAIN_S)
        return False
    return True


def _fail(failure: Failure, fleet: Fleet, net: Network, kafka: LocalKafka) -> Iterator[str]:
    """Cause a failure, wait, and end it; yield what should not have happened."""
    yield from fleet.fallen()
    if failure.kind.endswith("broker"):
        _fail_broker(failure, kafka)
    elif failure.kind == "add worker":
        fleet.start(fleet.count)
        time.sleep(failure.lasts_s)
        if fault := fleet.stop(fleet.count):
            yield fault
    else:
        yield from _fail_worker(failure, fleet, net)


def _fail_worker(failure: Failure, fleet: Fleet, net: Network) -> Iterator[str]:
    number = failure.target
    if failure.kind == "kill worker":
        fleet.kill(number)
    elif failure.kind == "stop worker" and (fault := fleet.stop(number)):
        yield fault
    elif failure.kind == "pause worker":
        fleet.signal(number, signal.SIGSTOP)
    elif failure.kind == "cut worker off":
        net.cut(number)
    elif failure.kind == "hold worker back":
        net.hold(number)
    time.sleep(failure.lasts_s)
    if failure.kind == "pause worker":
        fleet.signal(number, signal.SIGCONT)
    elif failure.kind in {"cut worker off", "hold worker back"}:
        net.mend(number)
    else:
        fleet.start(number)


def _fail_broker(failure: Failure, kafka: LocalKafka) -> None:
    node = kafka.nodes[failure.target]
    if failure.kind == "pause broker":
        node.pause()
        time.sleep(failure.lasts_s)
        node.resume()
        return
    if failure.kind == "kill broker":
        node.kill()
    else:
        node.stop()
    time.sleep(failure.lasts_s)
    kafka.start()
