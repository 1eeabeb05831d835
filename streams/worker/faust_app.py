"""The Faust app that hosts the worker, and the process that runs it."""

import asyncio
import logging
import signal
import socket
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import faust
from faust.types import TransportT

from streams.agents import add_alerting_agent, add_delivery_agent, add_folding_agents
from streams.alerts import Rules, read_rules
from streams.core.cloudevents import Headers
from streams.core.source_registry import Registry
from streams.files.source_registry import read_sources
from streams.kafka.aiokafka_patches.record_decoding import decode_any_record
from streams.kafka.client import client_options
from streams.notifications import create_notifier
from streams.observability import log_config, tracing
from streams.observability.log_throttle import ThrottleFilter
from streams.processing import PartitionConsumer
from streams.processing.gc_tuning import relax_gc
from streams.settings import Settings, load
from streams.worker.boot import TrucelineBootStrategy
from streams.worker.event_loop import EventLoop
from streams.worker.faust_options import faust_options
from streams.worker.http_app import kafka_app
from streams.worker.http_service import HttpService
from streams.worker.read_committed import CommittedTransport

__all__ = ["TrucelineApp", "create_app", "serve"]

SECOND = timedelta(seconds=1)


class TrucelineApp(faust.App):
    """A Faust app named `<app_id>-agents`; processing has the group `<app_id>`, and the two must not share one."""

    BootStrategy = TrucelineBootStrategy

    def __init__(self, settings: Settings, registry: Registry, rules: Rules | None = None) -> None:
        """Make the app and all its parts; starts nothing and touches no event loop."""
        # Faust makes its own consumer.
        decode_any_record()
        self.settings = settings
        self.client_options: dict[str, Any] = client_options(settings)
        super().__init__(
            f"{settings.app_id}-agents",
            **faust_options(settings),
            datadir=_data_dir(settings),
            web_enabled=False,
            topic_disable_leader=True,
            topic_allow_declare=False,
            worker_redirect_stdouts=False,
            # The next owner of a partition repeats its pending event; a retried target may take minutes.
            stream_wait_empty=False,
            broker_session_timeout=settings.session_timeout,
            broker_heartbeat_interval=max(0.1, settings.session_timeout / SECOND / 10),
            broker_rebalance_timeout=settings.rebalance_timeout,
            Worker=WorkerProcess,
            origin="streams.worker",
        )
        self.processing = PartitionConsumer(settings, registry, add_folding_agents(self))
        status = self.processing.status
        web = kafka_app(settings, registry=registry, consumer_reasons=status.reasons, consumer_degraded=status.degraded)
        self.http = HttpService(web, settings.http_host, settings.http_port)
        self._add_alerts(rules, registry)

    def _add_alerts(self, rules: Rules | None, registry: Registry) -> None:
        prefix = self.settings.topic_prefix
        if rules is not None:
            add_alerting_agent(self, prefix, self.client_options, rules, registry, Headers(prefix, "alerts"))
        sending_on = create_notifier(self.settings)
        if sending_on is not None:
            add_delivery_agent(self, prefix, sending_on, Headers(prefix, "undelivered"))

    @property
    def has_topic_agents(self) -> bool:
        """Return True if agents read topics, for which Faust runs a consumer and a producer."""
        return any(agent.get_topic_names() for agent in self.agents.values())

    def _new_transport(self) -> TransportT:
        return CommittedTransport(self.conf.broker_consumer, self)

    async def on_first_start(self) -> None:
        """Prepare the process."""
        relax_gc()
        await super().on_first_start()

    async def on_stop(self) -> None:
        """Stop processing before the agents that it needs for the batch in progress."""
        await self.processing.stop()
        await super().on_stop()


class WorkerProcess(faust.Worker):
    """Runs the app until SIGTERM or SIGINT."""

    app: TrucelineApp

    def __init__(self, *args: Any, **options: Any) -> None:
        """As `faust.Worker`."""
        super().__init__(*args, **options)
        self.spinner = None

    def install_signal_handlers(self) -> None:
        """Handle signals from here on, and those that `streams.worker.supervisor` blocked until now."""
        super().install_signal_handlers()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD))

    def _setup_logging(self) -> None:
        settings = self.app.settings
        log_config.configure(settings.log_format, settings.log_level)
        for handler in logging.getLogger().handlers:
            handler.addFilter(ThrottleFilter("aiokafka"))

    async def _sentinel_task(self) -> None:
        """Skip the second that Faust sleeps at the very end."""


def create_app(settings: Settings | None = None) -> TrucelineApp:
    """Return the app for these settings, or for the environment's.

    Raises SettingsError, SourcesError or RulesError, whose messages say what to fix.
    """
    if settings is None:
        settings = load()
    registry = Registry() if settings.sources is None else read_sources(settings.sources)
    return TrucelineApp(settings, registry, None if settings.alerts is None else read_rules(settings.alerts))


def serve(settings: Settings, listener: socket.socket | None = None) -> NoReturn:
    """Run a worker in this process until a signal stops it; exits with the worker's code.

    It accepts connections on `listener`, by default at the address in the settings.
    Raises OSError if that address is taken, and what `create_app` raises.
    """
    tracing.configure()
    app = create_app(settings)
    app.finalize()
    app.http.bind(listener)
    loop = EventLoop()
    asyncio.set_event_loop(loop)
    WorkerProcess(app, loop=loop, quiet=True).execute_from_commandline()


def _data_dir(settings: Settings) -> Path:
    # By default Faust makes a folder in the working directory; it stores nothing there that is needed.
    folder = settings.data_dir / "faust"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir()) / f"truceline-{settings.app_id}"
    return folder
