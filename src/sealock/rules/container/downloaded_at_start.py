from __future__ import annotations

from itertools import pairwise

from sealock.rules.container._texts import command_lines
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "node"})
_INSTALLS = (
    *("apt-get install", "apt install", "apk add", "yum install", "dnf install", "pip install", "pip3 install"),
    *("npm install -g", "npm i -g", "gem install", "go install", "cargo install"),
)


def _program(word: str) -> str:
    return word.strip("'\"();").rpartition("/")[2]


def _piped(line: str) -> bool:
    """Whether a download is piped into an interpreter."""
    pieces = line.split("|")
    for source, sink in pairwise(pieces):
        words = [_program(word) for word in sink.split()[:3]]
        words = words[1:] if words[:1] == ["sudo"] else words
        if words[:1] and words[0] in _SHELLS and any(_program(word) in {"curl", "wget"} for word in source.split()):
            return True
    return False


class DownloadedAtStart(Rule[Container]):
    """Program is downloaded when the container starts.

    The container then runs what a server delivers today, not what the image holds: `curl … | sh` runs whatever arrives,
    and packages installed at start are unpinned and need root, a writable root file system and the network. Build an
    image that contains them, with versions and checksums.
    """

    id = "C073"
    keywords = ("downloaded", "download", "curl", "entrypoint")
    severity = Severity.MEDIUM
    reads = ("command", "entrypoint")
    of_runs = True
    references = (cwe(494), cwe(829))
    remedy = "Build an image that contains the program, and verify what the build downloads."
    bad = (
        "docker run alpine sh -c 'wget -qO- https://example.com/setup.sh | sh'",
        "services:\n  app:\n    image: python:3.12\n    command: bash -c 'pip install flask && python app.py'\n",
    )
    good = (
        "docker run alpine sh -c 'wget -qO- https://example.com/data.csv | sort'",
        "services:\n  app:\n    image: python:3.12\n    command: python app.py\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for name, at, line in command_lines(container):
            if at[0] == "health":
                continue
            if _piped(line):
                yield self.finding(f"pipes a download into an interpreter in {name}", at, severity=Severity.HIGH)
            elif (install := next((words for words in _INSTALLS if words in line), None)) is not None:
                yield self.finding(f"installs packages in {name} ({install})", at, severity=Severity.LOW)
