"""`truceline serve`: the worker on Kafka, or without Kafka on one SQLite file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli import RUN, options
from streams.cli.errors import Unavailable, UsageFailed, settings_errors

if TYPE_CHECKING:
    from streams.alerts import Rules
    from streams.core.source_registry import Registry
    from streams.settings import Settings

_HELP = """\
Run the server: takes reports, publishes counts and ceasefires, serves the web page.

On Kafka (TRUCELINE_BOOTSTRAP_SERVERS), or with --embedded DIR without Kafka, on one SQLite file in DIR.
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
        Path | None, typer.Option(metavar="DIR", help="Run without Kafka, on one SQLite file in DIR.")
    ] = None,
    bootstrap_servers: options.Bootstrap = None,
    topic_prefix: options.Prefix = None,
    sources: Annotated[str | None, typer.Option(metavar="FILE", help="Source registry (YAML).")] = None,
    atlas: Annotated[
        str | None, typer.Option(metavar="FILE", help="Atlas: names of parties, episodes and places (YAML).")
    ] = None,
    horizon: Annotated[
        str | None,
        typer.Option(metavar="DURATION", help="Longest delay of a report (ISO 8601).", show_default=options.HORIZON),
    ] = None,
    alerts: Annotated[str | None, typer.Option(metavar="FILE", help="Alert rules (YAML).")] = None,
    notify: Annotated[
        str | None, typer.Option(metavar="FILE", help="File of Apprise URLs that alerts are sent to, one a line.")
    ] = None,
    writers: Annotated[
        str | None, typer.Option(metavar="FILE", help="File of writers: tokens, roles and limits (YAML).")
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
            help="Number of worker processes on Kafka, each with its own HTTP port from --http-port on."
            " More than the partitions are idle.",
            show_default="1",
        ),
    ] = None,
    log_format: Annotated[
        str | None, typer.Option(metavar="console|json", help="Format of log lines.", show_default="console")
    ] = None,
) -> None:
    """Run the worker; the help is in _HELP."""
    from streams.observability import log_config
    from streams.web.auth import is_loopback

    settings = options.load_settings(
        bootstrap_servers=bootstrap_servers,
        topic_prefix=topic_prefix,
        sources=sources,
        atlas=atlas,
        horizon=horizon,
        alerts=alerts,
        notify_urls_file=notify,
        writers=writers,
        http_host=http_host,
        http_port=http_port,
        processes=processes,
        log_format=log_format,
    )
    if embedded is not None and settings.processes > 1:
        raise UsageFailed(
            "--embedded runs in one process, because an SQLite file has one writer:"
            f" drop --processes {settings.processes} (TRUCELINE_PROCESSES), or run on Kafka"
        )
    _check_host(settings.http_host)
    registry = options.read_registry(settings.sources)
    rules = None if settings.alerts is None else options.read_alert_rules(settings.alerts)
    log_config.configure(settings.log_format, settings.log_level)
    if settings.token is None and settings.writers is None and not is_loopback(settings.http_host):
        typer.echo(
            f"truceline: {settings.http_host} is reachable from other machines: POST /reports is refused until"
            " TRUCELINE_TOKEN or --writers is set",
            err=True,
        )
    if embedded is None:
        options.note_missing_registry(settings.sources)
        _serve_kafka(settings)
    else:
        _serve_embedded(settings, registry, rules, embedded)


def _serve_kafka(settings: Settings) -> None:
    from streams.worker import faust_app, supervisor

    serve = faust_app.serve if settings.processes == 1 else supervisor.serve
    try:
        with settings_errors():
            serve(settings)
    except OSError as error:
        raise Unavailable(error.strerror or str(error)) from error


def _serve_embedded(settings: Settings, registry: Registry, rules: Rules | None, folder: Path) -> None:
    import asyncio

    from streams.files.atlas import atlas_of
    from streams.files.writers import writers_of
    from streams.operations.plots import draw_chart_lazily
    from streams.operations.read.run import make_reader, reading_context
    from streams.processing.gc_tuning import relax_gc
    from streams.stores.sqlite.notifications import run_with_notifications
    from streams.stores.sqlite.review import SqliteReviewStore
    from streams.stores.sqlite.store import EmbeddedStore
    from streams.stores.store import StoreUnavailable
    from streams.web.app import create_app
    from streams.web.auth import is_loopback
    from streams.web.server import listen, serve, url_of

    loopback = is_loopback(settings.http_host)
    if folder.exists() and not folder.is_dir():
        raise UsageFailed(f"--embedded {folder} is a file, not a folder")
    with settings_errors():
        atlas, writers = atlas_of(settings), writers_of(settings)
    try:
        listener = listen(settings.http_host, settings.http_port)
        notifier = options.read_delivery(settings)
        relax_gc()
        store = EmbeddedStore(
            folder, registry, horizon_us=settings.horizon_us, topic=settings.topic("reports"), rules=rules
        )
    except (StoreUnavailable, OSError) as error:
        raise Unavailable(error.strerror if isinstance(error, OSError) and error.strerror else str(error)) from error
    typer.echo(f"truceline: {url_of(listener)}, ledger in {folder}; press Ctrl-C to stop", err=True)
    options.note_missing_registry(settings.sources)
    try:
        app = create_app(
            store,
            token=settings.token,
            loopback=loopback,
            post_rate=settings.post_rate,
            atlas=atlas,
            cors_origins=settings.cors_origin_list,
            writers=writers,
            draw_chart=draw_chart_lazily,
            reviews=SqliteReviewStore(store, make_reader(reading_context(atlas, registry))),
        )
        serving = serve(app, listener)
        asyncio.run(serving if notifier is None else run_with_notifications(serving, store, notifier))
    finally:
        store.close()


def _check_host(host: str) -> None:
    """Raise UsageFailed for a host name that does not exist."""
    import socket

    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise UsageFailed(f"--http-host {host}: no such host name") from None
