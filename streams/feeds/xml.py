"""XML documents from texts of reports: what XML cannot hold becomes U+FFFD."""

import re
from xml.etree import ElementTree as ET

__all__ = ["add", "document"]

# The characters that XML 1.0 allows, section 2.2.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    """Return a new child element with a text and attributes."""
    child = ET.SubElement(parent, name, {key: _clean(value) for key, value in attributes.items()})
    child.text = None if text is None else _clean(text)
    return child


def document(root: ET.Element) -> bytes:
    """Return a document in UTF-8 with its declaration."""
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode() + b"\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
