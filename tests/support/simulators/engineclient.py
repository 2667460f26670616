"""A client of no engine: a `docker` that notes what it is asked, and answers as it is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SCRIPT = """\
#!/bin/sh
here=${0%/*}
echo "$*" >>"$here/asked"
case "$*" in
  info*) cat "$here/info" ;;
  *) sh "$here/answers" "$@" ;;
esac
"""
INFO: Mapping[str, Any] = {"ServerVersion": "26.1.5", "Name": "vm", "SecurityOptions": [], "Swarm": {}}


class ClientStandIn:
    """The directory for PATH; `answers` is a shell script that gets the words of each command but `info`."""

    def __init__(self, directory: Path, info: Mapping[str, Any] = INFO, answers: str = "exit 0") -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "info").write_text(json.dumps(dict(info)))
        (directory / "answers").write_text(answers)
        script = directory / "docker"
        script.write_text(_SCRIPT)
        script.chmod(0o755)

    @property
    def asked(self) -> list[str]:
        """Every command so far, the words joined."""
        file = self.directory / "asked"
        return file.read_text().splitlines() if file.exists() else []
