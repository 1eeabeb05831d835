"""`truceline serve`: the worker against Kafka, or the same with no broker on one SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import RUN
from streams.cli.errors import InputFailed, Unavailable, UsageFailed

if TYPE_CHECKING:
    from pathlib import Path

    from streams.alerts import Rules
    from streams.core.source_registry import Registry
    from streams.notifications import Notifier
    from streams.settings import Settings

_HELP = """\
Run the worker: reports in, counts and ceasefires out, with a web server beside it.

Against Kafka (TRUCELINE_BOOTSTRAP_SERVERS), or with --embedded DIR with no broker, on one file in DIR.
Every option is an environment variable too: TRUCELINE_HTTP_PORT and so on.

[bold]Examples[/]

  truceline serve --embedded ./ledger

  truceline serve --embedded ./ledger --alerts alerts.yaml --notify targets

  truceline serve --embedded ./ledger --sources sources.yaml --http-port 9000

  truceline serve --processes 4

  TRUCELINE_BOOTSTRAP_SERVERS=kafka1:9092,kafka2:9092 truceline serve --alerts alerts.yaml

  curl -d @report.json http://127.0.0.1:8080/reports
"""


def register(root: typer.Typer) -> None:
    """Join the command line."""
    root.command(help=_HELP, rich_help_panel=RUN)(serve)


def serve(
    *,
    embedded: Annotated[
        str | None, typer.Option(metavar="DIR", help="No broker: keep everything in one SQLite file in DIR.")
    ] = None,
    bootstrap_servers: Annotated[
        str | None, typer.Option(metavar="HOST:PORT,…", help="Kafka brokers.", show_default="127.0.0.1:9092")
    ] = None,
    topic_prefix: Annotated[
        str | None, typer.Option(metavar="NAME", help="Topics are named NAME.reports …", show_default="truceline")
    ] = None,
    sources: Annotated[str | None, typer.Option(metavar="FILE", help="Source registry (YAML).")] = None,
    atlas: Annotated[
        str | None, typer.Option(metavar="FILE", help="Atlas: names of parties, episodes and places (YAML).")
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="How late a report may come, ISO 8601.", show_default="P400D"),
    ] = None,
    alerts: Annotated[str | None, typer.Option(metavar="FILE", help="Rules of alerts (YAML).")] = None,
    notify: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where alerts are sent on to: Apprise URLs, one a line.")
    ] = None,
    http_host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Port to listen on; 0 takes a free one.", show_default="8080")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="On Kafka: workers, each a process on a core and a port of its own, from the HTTP port on."
            " Those beyond the number of partitions stand by.",
            show_default="1",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="console|json", help="How log lines look.", show_default="console")
    ] = None,
) -> None:
    """Run the worker; the help is in _HELP."""
    from streams.observability import log_config
    from streams.settings import SettingsError, load
    from streams.web.auth import is_loopback

    try:
        settings = load(
            bootstrap_servers=bootstrap_servers,
            topic_prefix=topic_prefix,
            sources=sources,
            atlas=atlas,
            horizon=horizon,
            alerts=alerts,
            notify_urls_file=notify,
            http_host=http_host,
            http_port=http_port,
            processes=processes,
            log_format=log_format,
        )
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    if embedded is not None and settings.processes > 1:
        raise UsageFailed(
            "--embedded runs in one process, for one SQLite file has one writer:"
            f" leave --processes {settings.processes} (TRUCELINE_PROCESSES) out, or run on Kafka"
        )
    registry = read_registry(settings.sources)
    rules = None if settings.alerts is None else read_alert_rules(settings.alerts)
    log_config.configure(settings.log_format, settings.log_level)
    if settings.token is None and not is_loopback(settings.http_host):
        typer.echo(
            f"truceline: others reach {settings.http_host}: POST /reports is closed without TRUCELINE_TOKEN", err=True
        )
    if embedded is None:
        _serve_kafka(settings)
    else:
        from pathlib import Path

        _serve_embedded(settings, registry, rules, Path(embedded))


def _serve_kafka(settings: Settings) -> None:
    from streams.settings import SettingsError
    from streams.worker import faust_app, supervisor

    serve = faust_app.serve if settings.processes == 1 else supervisor.serve
    try:
        serve(settings)
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    except OSError as error:
        raise Unavailable(error.strerror or str(error)) from error


def _serve_embedded(settings: Settings, registry: Registry, rules: Rules | None, folder: Path) -> None:
    import asyncio

    from streams.files.atlas import atlas_of
    from streams.settings import SettingsError
    from streams.stores.sqlite.notifications import run_with_notifications
    from streams.stores.sqlite.store import EmbeddedStore
    from streams.stores.store import StoreUnavailable
    from streams.web.app import create_app
    from streams.web.auth import is_loopback
    from streams.web.server import listen, serve, url_of

    loopback = is_loopback(settings.http_host)
    try:
        atlas = atlas_of(settings)
    except SettingsError as error:
        raise UsageFailed(str(error)) from error
    try:
        listener = listen(settings.http_host, settings.http_port)
        notifier = read_delivery(settings)
        store = EmbeddedStore(
            folder, registry, horizon_us=settings.horizon_us, topic=settings.topic("reports"), rules=rules
        )
    except (StoreUnavailable, OSError) as error:
        raise Unavailable(error.strerror if isinstance(error, OSError) and error.strerror else str(error)) from error
    typer.echo(f"truceline: {url_of(listener)}, ledger in {folder}; Ctrl-C ends", err=True)
    try:
        app = create_app(
            store,
            token=settings.token,
            loopback=loopback,
            post_rate=settings.post_rate,
            atlas=atlas,
            cors_origins=settings.cors_origin_list,
        )
        serving = serve(app, listener)
        asyncio.run(serving if notifier is None else run_with_notifications(serving, store, notifier))
    finally:
        store.close()


def read_registry(path: str | Path | None) -> Registry:
    """Return the registry in a file, an empty one where none is named; raises UsageFailed."""
    from streams.core.source_registry import Registry
    from streams.files.source_registry import SourcesError, read_sources

    if path is None:
        return Registry()
    try:
        return read_sources(path)
    except SourcesError as error:
        raise UsageFailed(f"the source registry is refused\n{error}") from error
    except OSError as error:
        raise UsageFailed(f"the source registry {path} cannot be read: {error.strerror}") from error


def read_delivery(settings: Settings) -> Notifier | None:
    """Return what alerts are sent on by, None where no target is named; raises UsageFailed."""
    from streams.notifications import create_notifier
    from streams.settings import SettingsError

    try:
        return create_notifier(settings)
    except SettingsError as error:
        raise UsageFailed(str(error)) from error


def read_alert_rules(path: str | Path) -> Rules:
    """Return the rules in a file; raises UsageFailed with the line of each fault, or InputUnreadable."""
    from streams.alerts import RulesError, read_rules

    try:
        return read_rules(path)
    except RulesError as error:
        raise UsageFailed(f"the rules are refused\n{error}") from error
    except OSError as error:
        raise InputFailed(f"{path} cannot be read: {error.strerror}") from error
