from __future__ import annotations

from itertools import pairwise

from sealock.rules.container._texts import command_lines
from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cwe

_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "node"})
_INSTALLS = (
    *("apt-get install", "apt install", "apk add", "yum install", "dnf install", "pip install", "pip3 install"),
    *("npm install -g", "npm i -g", "gem install", "go install", "cargo install"),
)


def _last(word: str) -> str:
    return word.strip("'\"();").rpartition("/")[2]


def _piped(line: str) -> bool:
    """Whether a download is piped into an interpreter."""
    pieces = line.split("|")
    for feeding, fed in pairwise(pieces):
        words = [_last(word) for word in fed.split()[:3]]
        words = words[1:] if words[:1] == ["sudo"] else words
        if words[:1] and words[0] in _SHELLS and any(_last(word) in {"curl", "wget"} for word in feeding.split()):
            return True
    return False


class FetchedAtStart(Rule[Container]):
    """Program is downloaded when the container starts.

    What runs is then not what the image holds but what the other side serves today: a `curl … | sh` runs whatever it is
    given, and packages installed at start are unpinned, need root, a writable root and the network. Build an image
    that has them, with versions and checksums.
    """

    id = "C073"
    keywords = ("downloaded", "download", "curl", "entrypoint")
    severity = Severity.MEDIUM
    reads = ("command", "entrypoint", "privileged")
    references = (cwe(494), cwe(829))
    remedy = "Build an image that has the program already, and checks what it downloads."
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
                yield self.finding(f"runs what it downloads in {name}", at, severity=Severity.HIGH)
            elif (found := next((words for words in _INSTALLS if words in line), None)) is not None:
                yield self.finding(f"installs packages in {name} ({found})", at, severity=Severity.LOW)
