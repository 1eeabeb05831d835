"""The page at /: every episode in short, made on the server, no script."""

import base64
import hashlib
from html import escape
from typing import Any

__all__ = ["SECURITY_HEADERS", "front_page"]

_STYLE = """\
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0; border-bottom: 1px solid #8886; }
code { font-size: .95em; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def front_page(summaries: list[dict[str, Any]], mode: str) -> str:
    """Return the page as HTML."""
    if summaries:
        rows = "".join(_row(episode) for episode in summaries)
        head = "<tr><th>Episode</th><th>As of (UTC)</th><th>Ceasefire</th><th>Losses, as each side says</th></tr>"
        content = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>"
    else:
        content = "<p>No report yet: <code>POST /reports</code>, or run <code>truceline send</code>.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>truceline</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">'
        f"<style>{_STYLE}</style></head><body><h1>truceline</h1>{content}"
        f"<p>Mode: {escape(mode)}. <a href='/episodes'>/episodes</a> <a href='/metrics'>/metrics</a></p>"
        "</body></html>\n"
    )


def _row(episode: dict[str, Any]) -> str:
    name = escape(episode["episode"])
    ceasefires = "<br>".join(
        f"{escape(c['ceasefire'])}: {escape(c['status'].replace('_', ' '))}" for c in episode["ceasefires"]
    )
    totals = "<br>".join(
        f"{escape(t['outcome'].replace('_', ' '))}, {escape(t['population'])}: <b>{t['best']:,}</b> = "
        + " + ".join(f"{best:,} {escape(party)}" for party, best in t["parts"].items())
        for t in episode["totals"]
    )
    clock = escape(episode["clock"].replace("T", " ").removesuffix("Z"))
    return (
        f"<tr><td><a href='/episodes/{name}'>{name}</a></td><td>{clock}</td><td>{ceasefires}</td><td>{totals}</td></tr>"
    )
