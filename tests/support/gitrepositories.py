"""Real Git repositories in temporary directories."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from support.waiting import PATIENCE

VARIABLES = {
    "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ALLOW_PROTOCOL": "file",
}  # fmt: skip


class Work:
    """A work tree with its repository, on the branch main."""

    def __init__(self, folder: Path, *, clone: Path | None = None, words: tuple[str, ...] = ()) -> None:
        self.folder = folder
        if clone is None:
            folder.mkdir(parents=True)
            self.git("init", "-q", "-b", "main")
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            self._run(["git", "clone", "-q", *words, f"file://{clone}", str(folder)], folder.parent)

    def git(self, *words: str) -> str:
        return self._run(["git", *words], self.folder)

    def _run(self, words: list[str], folder: Path) -> str:
        environment = {**os.environ, **VARIABLES, "HOME": str(self.folder.parent)}
        done = subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def raw_object(self, kind: str, content: bytes) -> str:
        """Write an object as it is, however odd; give its id."""
        path = self.folder / ".git" / "raw"
        path.write_bytes(content)
        return self.git("hash-object", "-w", "-t", kind, "--literally", str(path))

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str] = {}, *removed: str) -> str:
        """Write and remove files, and commit them; give the commit."""
        self.write(files)
        for name in removed:
            (self.folder / name).unlink()
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")
