"""Small documents and an invented war for the tests of the reader."""

from typing import Any, Final

from streams.reading import Context, Document, read

#: Northland and Southmark, and a federation next to both: no such place.
ATLAS: Final[dict[str, Any]] = {
    "parties": {
        "north": {"name": "Northland", "also": ["Northern", "the North", "Tarnholm"], "zone": "Europe/Oslo"},
        "south": {"name": "Southmark", "also": ["Southern", "the South", "Eldermouth"], "zone": "Europe/Oslo"},
        "federation": {"name": "The Federation", "also": ["Federal", "Kostrava"], "zone": "Europe/Helsinki"},
    },
    "episodes": {
        "hald-valley-2024": {
            "title": "War in the Hald valley",
            "parties": ["north", "south"],
            "from": "2024-02-11",
            "to": "2024-06-30",
            "zone": "Europe/Oslo",
        },
    },
    "places": {
        "skarn": {"name": "Skarn", "within": "south"},
        "osmere": {"name": "Osmere", "within": "south"},
        "tolling": {"name": "Tolling", "within": "north"},
    },
}
SOURCES: Final[dict[str, Any]] = {
    "north-mod": {"name": "Ministry of Defence of Northland", "kind": "official", "affiliation": "north"},
    "north-officials": {"name": "Northern officials", "kind": "official", "affiliation": "north", "also": ["Tarnholm"]},
    "south-mod": {
        "name": "Ministry of Defence of Southmark",
        "kind": "official",
        "affiliation": "south",
        "also": ["Southern Defence Ministry"],
    },
    "south-moh": {"name": "Ministry of Health of Southmark", "kind": "official", "affiliation": "south"},
    "south-officials": {
        "name": "Southern officials",
        "kind": "official",
        "affiliation": "south",
        "also": ["Eldermouth"],
    },
    "monitoring-centre": {"name": "Joint Monitoring Centre", "kind": "monitor"},
    "fjord-gazette": {"name": "Fjord Gazette", "kind": "media"},
}
CONTEXT: Final = Context.of(ATLAS, SOURCES)
PUBLISHED: Final = "2024-04-20T18:00:00+02:00"  # a Saturday


def document(text: str, title: str = "", **fields: Any) -> Document:
    """Return a document of the Fjord Gazette."""
    given = {"id": "d-1", "title": title, "text": text, "outlet": "fjord-gazette", "published_at": PUBLISHED}
    return Document.of(given | fields)


def drafted(text: str, title: str = "", **fields: Any) -> dict[str, Any]:
    """Return the draft of a text."""
    return dict(read(document(text, title, **fields), CONTEXT).content)


def claims(text: str, title: str = "", **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    """Return the claims of a text with their sources, without quotes."""
    content = drafted(text, title, **fields)
    found = []
    for entry in content["claims"]:
        report = content["reports"][entry["report"]]
        claim = {name: value for name, value in report["claims"][entry["claim"]].items() if name != "quote"}
        found.append((report["source"], claim))
    return found


def figures(text: str, title: str = "", **fields: Any) -> list[tuple[str, str, str, str, int, str]]:
    """Return the casualty claims of a text: source, party, outcome, population, number, basis."""
    names = ("party", "outcome", "population")
    return [
        (source, *(claim[name] for name in names), claim["count"]["best"], claim["basis"])
        for source, claim in claims(text, title, **fields)
        if claim["type"] == "casualties"
    ]


def acts(text: str, title: str = "", **fields: Any) -> list[tuple[str, str, str | None]]:
    """Return the ceasefire claims of a text: source, act, by."""
    return [
        (source, claim["act"], claim.get("by"))
        for source, claim in claims(text, title, **fields)
        if claim["type"] == "ceasefire"
    ]


def left(text: str, title: str = "", **fields: Any) -> list[tuple[str, str]]:
    """Return the numbers that a draft leaves out, with the reason."""
    content = drafted(text, title, **fields)
    whole = f"{content['document']['title']}\n{content['document']['text']}"
    return [(whole[entry["start"] : entry["end"]], entry["why"]) for entry in content["left_out"]]
