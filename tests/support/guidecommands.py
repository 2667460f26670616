"""The command lines of README and guide: where each stands, and with what the tests run it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs/guide").glob("*.md"))]
_BLOCK = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_PROMPT = re.compile(r"(?:\w+)?[$#] (.*)")


class GuideCommand(NamedTuple):
    """A command line and its place."""

    page: str
    line: int
    text: str

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}: {self.text}"


def commands() -> Iterator[GuideCommand]:
    """Every line of a shell block, and every line behind a prompt in a block of a console."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            if block[1] not in {"sh", "bash", "console"}:
                continue
            line = text.count("\n", 0, block.start(2)) + 1
            for number, row in enumerate(_joined(block[2])):
                shown = _PROMPT.match(row) if block[1] == "console" else re.match(r"(.*)", row)
                if shown is not None and shown[1].strip():
                    yield GuideCommand(page.relative_to(ROOT).as_posix(), line + number, shown[1].strip())


def _joined(block: str) -> list[str]:
    """The lines; one that ends in a backslash goes on in the next, which stays empty."""
    rows: list[str] = []
    for row in block.splitlines():
        if rows and rows[-1].rstrip().endswith("\\"):
            rows[-1] = f"{rows[-1].rstrip()[:-1]} {row.strip()}"
        else:
            rows.append(row)
    return rows


class Need(NamedTuple):
    """Why a command is not run as it stands, and the test that runs its like."""

    what: str
    test: str


NEEDS = {
    r"^\./dev (demo|test)\b": Need("what CI runs", ".ci/run"),
    r"^sealock serve|SEALOCK_TOKEN": Need("a service", "tests/service/test_serve.py"),
    r"^docker compose|^(install --mode|python3 -c 'import secrets).*": Need("a release", "tests/live/test_release.py"),
    r"^(pip|pipx|uv|apt-get|~/\.local/bin/)": Need("the package index", "tests/live/test_action.py"),
    r"^(git clone|cd |sha256sum|\./dev release|cosign )": Need("a release", "tests/live/test_release.py"),
    r"trust verify file:sealock": Need("a release", "tests/live/test_release.py"),
    r"^docker run .* sealock check": Need("the released image", "tests/live/test_release.py"),
    r"sealock\.pyz|^\./dev zipapp": Need("the one-file program", "tests/live/test_onefile.py"),
    r"^(sealock userns (enable|verify|disable)|systemctl)": Need("a machine to change", "tests/live/test_userns.py"),
    r"^sealock guard (proxy|plugin|status|open|close|uninstall|evidence|install .*--apply)|^curl .*guard": Need(
        "an engine, and a machine to change", "tests/live/test_guard_clients.py"
    ),
    r"^sealock guard (import|learn|explain|replay)": Need("a log", "tests/cli/test_guard_offline.py"),
    r"^sealock db (push|pull)": Need("a database", "tests/live/test_database_registry.py"),
    r"trust verify (Dockerfile|registry)|^docker pull": Need("a policy", "tests/cli/test_trust_files.py"),
    r"--trusted-root": Need("Sigstore", "tests/live/test_cosign_keyless.py"),
    r"attest .* --scan": Need("advisories", "tests/cli/test_trust_cosign.py"),
    r"--notation": Need("trust stores", "tests/live/test_notation.py"),
    r"trust migrate": Need("a notary server", "tests/live/test_migrate.py"),
    r"trust (init|revoke|delegations|keys generate alice|(sign|verify) example.com/app:1.2$)": Need(
        "a notary server", "tests/live/test_notary.py"
    ),
    r"^sealock show( C\d+( --on \S+)?)?$": Need("an engine to do harm on", "tests/live/test_show.py"),
    r"--profile \S+@sha256:": Need("a profile in a registry", "tests/cli/test_profile_registry.py"),
    r"--profile web\.profile\.json": Need("a profile of the image", "tests/live/test_in_use.py"),
    r"^sealock profile |web\.seccomp\.json": Need(
        "a profile, and an engine to start it on", "tests/live/test_profile.py"
    ),
    r"^sealock learn ": Need("a container to watch", "tests/live/test_learn.py"),
    r"^sealock run --for agent": Need("an image of Python", "tests/live/test_agent_run.py"),
    r"^sealock harden ": Need("an image to start again and again", "tests/live/test_harden.py"),
    r"git diff": Need("a repository", "tests/live/test_pin.py"),
}
"""By what a command line has; the first counts."""
_ENGINE = re.compile(
    r"container:|docker:|check host|^sealock map( --.*)?$|inspect (pid|self)|userns plan( --all.*)?$|audit .* engine"
    r"|check web\.json|sealock sbom docker|^sealock run |show \S+ --dry-run"
)


def need(command: GuideCommand) -> Need | None:
    """Why a command is not run, None where it is."""
    return next((need for pattern, need in NEEDS.items() if re.search(pattern, bare(command.text))), None)


def wants_engine(command: GuideCommand) -> bool:
    """Whether a command asks an engine, or looks at this machine."""
    return _ENGINE.search(bare(command.text)) is not None


def bare(text: str) -> str:
    """A command line without its comment and without sudo."""
    return re.sub(r"\s+#.*", "", text).removeprefix("sudo ")


def words_of(command: GuideCommand) -> list[list[str]]:
    """The words behind each "sealock" of a command line."""
    parts = re.split(r"\s*&&\s*", bare(command.text))
    return [shlex.split(part)[1:] for part in parts if part.startswith("sealock ")]
