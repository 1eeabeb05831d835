"""Check the English of the repository against the rules in CONTRIBUTING.md.

Run by `make lint`. `python -m tools.prose PATH...` checks single files or folders.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "CONTRIBUTING.md"
#: Files without prose of the project: third-party data, generated documents, licences.
SKIPPED = re.compile(r"^(tests/(data|vectors|deploy/crds|schemas/golden)/|schemas/json/|LICENSE|constraints\.txt)")
#: A generated page repeats the help texts and docstrings, which are checked where they are written.
GENERATED = "<!-- Generated"
REGION = re.compile(r"<!-- \w+: (begin|end) -->$")
COMMENTED = {".yaml", ".yml", ".toml", ".sh"}
#: The reader's strings are words of the texts that it reads.
WORD_LISTS = "streams/reading/"
#: Strings this short are keys, names and formats.
WORDS_MIN = 3

OPENING = re.compile(r"(?:^|(?<=[.:!;] ))(?:What|Who|Whoever|Whether|Where|How)\b[^.?!]*(?P<end>[.?!]|$)")
TWO_SENTENCES = re.compile(r"[a-z0-9)`*\]](?<!e\.g)(?<!i\.e)[.?!] +(?:[A-Z][a-z]|`)")
CODE_SPAN = re.compile(r"`[^`]*`|\]\([^)]*\)|<[^>]+>")
FENCE = re.compile(r"^\s*(```|~~~)")


class Prose(NamedTuple):
    """A piece of English and the line on which it begins."""

    line: int
    text: str
    heading: bool = False


class Rule(NamedTuple):
    """A banned phrase and the words to use instead."""

    pattern: re.Pattern[str]
    instead: str


class Finding(NamedTuple):
    """A broken rule with its place."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        """Return the line that editors and CI link to."""
        return f"{self.path}:{self.line}: {self.message}"


def rules() -> list[Rule]:
    """Return the banned phrases of CONTRIBUTING.md. Raises ValueError if it has none."""
    page = RULES.read_text(encoding="utf-8")
    table = page.partition("<!-- banned: begin -->")[2].partition("<!-- banned: end -->")[0]
    rows = re.findall(r"^\| `(?P<pattern>[^`]+)` \| (?P<instead>[^|]+) \|$", table, re.MULTILINE)
    if not rows:
        raise ValueError(f"{RULES.name} has no list of banned phrases")
    return [Rule(re.compile(rf"\b(?:{pattern})\b".replace(r"\|", "|"), re.IGNORECASE), text) for pattern, text in rows]


def check(path: str, text: str, banned: list[Rule]) -> list[Finding]:
    """Return every broken rule of a file."""
    findings: list[Finding] = []
    for piece in prose(path, text):
        plain = " ".join(CODE_SPAN.sub("…", piece.text).split())
        for rule in banned:
            phrases = [found.group() for found in rule.pattern.finditer(plain)]
            findings += [Finding(path, piece.line, f"{phrase!r}: {rule.instead}") for phrase in phrases]
        openings = [] if piece.heading else [found for found in OPENING.finditer(plain) if found["end"] != "?"]
        findings += [
            Finding(path, piece.line, f"sentence begins with {found.group().split()[0]!r}: name its subject first")
            for found in openings
        ]
        if (
            path.endswith(".md")
            and not (piece.heading or piece.text.lstrip().startswith("|"))
            and TWO_SENTENCES.search(plain)
        ):
            findings.append(Finding(path, piece.line, "two sentences on a line: begin the second on the next"))
    return findings


def prose(path: str, text: str) -> Iterator[Prose]:
    """Return the English of a file: paragraphs, docstrings, comments and, in the program, longer strings."""
    suffix = Path(path).suffix
    if suffix == ".py":
        yield from _comments(text)
        program = path.startswith(("streams/", "schemas/", "tools/")) and not path.startswith(WORD_LISTS)
        yield from _strings(text, every=program)
    elif suffix == ".md":
        yield from _paragraphs(text)
    elif suffix in COMMENTED or path == "Makefile":
        for number, line in enumerate(text.splitlines(), 1):
            if found := re.search(r"(?:^|\s)#+\s(.*)$", line):
                yield Prose(number, found[1])


def _comments(text: str) -> Iterator[Prose]:
    """Return the comments, each run of comment lines as one piece."""
    begins, last, words = 0, -1, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        line, said = token.start[0], token.string.lstrip("#:! ")
        if line == last + 1:
            words = f"{words} {said}"
        else:
            if words:
                yield Prose(begins, words)
            begins, words = line, said
        last = line
    if words:
        yield Prose(begins, words)


def _strings(text: str, *, every: bool) -> Iterator[Prose]:
    """Return docstrings, and with `every` all strings of several words."""
    tree = ast.parse(text)
    docstrings = {
        id(node.body[0].value): ast.get_docstring(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            continue
        if id(node) in docstrings:
            paragraphs = (docstrings[id(node)] or "").split("\n\n")
            yield from (Prose(node.lineno, paragraph) for paragraph in paragraphs)
        elif every and len(node.value.split()) >= WORDS_MIN:
            yield from (Prose(node.lineno, paragraph) for paragraph in node.value.split("\n\n"))


def _paragraphs(text: str) -> Iterator[Prose]:
    """Return the lines of a Markdown page outside code blocks."""
    fenced = generated = False
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif mark := REGION.match(line):
            generated = mark[1] == "begin"
        elif not fenced and not generated and not line.startswith(("    ", "<!--")):
            yield Prose(number, re.sub(r"^\s*(?:[-*>#]+|\d+\.)\s+", "", line), heading=line.startswith("#"))


def tracked(paths: list[str]) -> list[str]:
    """Return the files of the repository, or those below some paths."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *paths]
    found = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [name for name in found.split("\0") if name and not SKIPPED.match(name) and (ROOT / name).is_file()]


def main(paths: list[str]) -> int:
    """Print what breaks a rule. Returns 1 if anything does."""
    banned = rules()
    findings: list[Finding] = []
    for name in tracked(paths):
        text = (ROOT / name).read_bytes().decode(errors="replace")
        if GENERATED not in text[:400]:
            findings += check(name, text, banned)
    for found in findings:
        print(found)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
