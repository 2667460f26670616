"""Runs the command line as a process would, within this one: no interpreter starts, which costs more than most commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

from sealock.cli.main import main


class _Keyboard(TextIOWrapper):
    def isatty(self) -> bool:
        return True


def sealock(
    *words: str, cwd: Path, environment: Mapping[str, str], stdin: str = "", types: bool = False
) -> subprocess.CompletedProcess[str]:
    """What it says and how it ends. The environment is all that it sees; streams are pipes, as it were.

    `types` where a person types the input. What a process alone can show (a full disk, a reader that leaves, limits, a
    terminal's screen) wants a process.
    """
    given = (_Keyboard if types else TextIOWrapper)(BytesIO(stdin.encode()), encoding="utf-8")
    said, complained = (TextIOWrapper(BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with (
        chdir(cwd),
        patch.dict(os.environ, environment, clear=True),
        patch.object(sys, "stdin", given),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        status = main(words)
    out, err = (stream.detach().getvalue().decode() for stream in (said, complained))
    return subprocess.CompletedProcess(words, status, out, err)
