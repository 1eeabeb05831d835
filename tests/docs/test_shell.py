"""The reader of the docs notices what a page has wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.docs.shell import Command, Reader, blocks, files

PAGE = """\
This one, `a.yaml`:

```yaml
a: 1
```

```console
$ cat <<'END'   # to its end
$ not a command
END
$ not a command
$ export NAME=a

$ echo "1
2" && \\
  cat $NAME.yaml | grep a
1
2
a: …
```
"""


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    folder = tmp_path / "folder"
    folder.mkdir()
    return Reader(folder, {**os.environ, "TRUCELINE_TOPIC_PREFIX": "t1", "TRUCELINE_HTTP_PORT": "1"}, {8080: 41234})


def test_blocks_are_split_into_commands_outputs_and_files() -> None:
    (block,) = blocks(PAGE)
    assert block == [
        Command("cat <<'END'   # to its end\n$ not a command\nEND", ""),
        Command("not a command", ""),
        Command("export NAME=a", ""),
        Command('echo "1\n2" && \\\n  cat $NAME.yaml | grep a', "1\n2\na: …\n"),
    ]
    assert files(PAGE) == {"a.yaml": "a: 1\n"}
    with pytest.raises(AssertionError, match="it does not end"):
        blocks("```console\n$ echo 'a\n```\n")


def test_exports_are_kept_and_ports_and_prefix_replaced(reader: Reader) -> None:
    reader.keeps(files(PAGE))
    for command in blocks(PAGE)[0][2:]:
        reader.types(command)
    reader.types(
        Command("echo 127.0.0.1:8080 truceline-2 t1.reports > said; cat said", "127.0.0.1:8080 truceline-2 …\n")
    )
    assert (reader.folder / "said").read_text() == "127.0.0.1:41234 t1-2 t1.reports\n"


@pytest.mark.parametrize(
    "command",
    [
        Command("echo 1", "2\n"),
        Command("echo 1; echo 2", "1\n"),
        Command("echo 1", "1\n2\n"),
        Command("echo", "…\n"),
        Command("echo a1c", "a…b\n"),
        Command("false", ""),
        Command("false | cat", ""),
        Command("truceline serve --no-such-option", ""),
    ],
)
def test_wrong_outputs_and_failures_are_noticed(reader: Reader, command: Command) -> None:
    with pytest.raises(AssertionError):
        reader.types(command)
