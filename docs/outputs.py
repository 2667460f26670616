"""The outputs that pages show: each is what the command prints, in a copy of an example.

A page names its example in `<!-- outputs: examples/shop -->`. After it, in order: a block below `<!-- output -->` gets
what its command prints (`<!-- output: 12 lines -->` the first lines of it), and the text of a block below
`<!-- write: FILE -->` is written to a file of the copy.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from sealock.cli.main import main

ROOT = Path(__file__).parent.parent
_EXAMPLE = re.compile(r"<!-- outputs: (\S+) -->")
_BLOCK = re.compile(
    r"(?P<head><!-- (?:output(?:: (?P<lines>\d+) lines)?|write: (?P<file>\S+)) -->\n```\w+\n)"
    r"(?P<body>.*?)(?P<end>```\n)",
    re.DOTALL,
)


def pages(docs: Path) -> Iterator[tuple[Path, str]]:
    """Yield each page that shows outputs, with the outputs of today."""
    for path in sorted(docs.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (match := _EXAMPLE.search(text)) is not None:
            yield path, with_outputs(text, ROOT / match[1])


def with_outputs(text: str, example: Path) -> str:
    """Return a page's text with the outputs of its commands."""
    with TemporaryDirectory() as name:
        folder = Path(name, example.name)
        shutil.copytree(example, folder)

        def filled(match: re.Match[str]) -> str:
            if match["file"]:
                Path(folder, match["file"]).write_text(match["body"], encoding="utf-8")
                return match[0]
            command = match["body"].partition("\n")[0]
            lines = run(command, folder).splitlines()
            if match["lines"] and len(lines) > int(match["lines"]):
                lines = [*lines[: int(match["lines"])], "…"]
            return match["head"] + "".join(f"{line}\n" for line in (command, *lines)) + match["end"]

        return _BLOCK.sub(filled, text)


def run(command: str, folder: Path) -> str:
    """Run a command of a page as on a terminal of 80 columns, without a network, and return what it prints."""
    words = shlex.split(command.removeprefix("$ "), comments=True)
    if words[0] == "cat":
        return Path(folder, words[1]).read_text(encoding="utf-8")
    out = TextIOWrapper(BytesIO(), encoding="utf-8", newline="\n")
    home = folder.parent / "home"
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(home), "COLUMNS": "80"}
    with patch.dict(os.environ, kept, clear=True), chdir(folder), redirect_stdout(out), redirect_stderr(out):
        main(words[1:])
    out.seek(0)
    return out.read()
