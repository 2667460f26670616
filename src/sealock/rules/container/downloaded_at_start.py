from __future__ import annotations

from sealock.model.wrappers import unwrap_words
from sealock.patterns import compile_lazily
from sealock.rules.container._texts import command_lines
from sealock.rules.kit import Container, Final, Iterator, Rule, RuleFinding, Severity, cwe

_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "python", "perl", "ruby", "node", "php"})
_DOWNLOADERS: Final = frozenset({"curl", "wget", "aria2c", "fetch"})
_PYTHON: Final = compile_lazily(r"python[0-9.]+")
_MARKS: Final = "'\"();{}&`"
"""What may stand around a word of a script."""
_SEPARATOR: Final = compile_lazily(r"[;&\n]")
_SUBSTITUTED: Final = compile_lazily(
    r"(?:(?:^|[\s;&|('\"])(?:eval|source|\.)|\s-\w*c|sh)\s+[\"']?(?:\$\(|`|<\()\s*(?:curl|wget)\s"
)
_MOST_WORDS: Final = 100
"""Words in which a wrapper's command is looked for."""
_INSTALLS = (
    *("apt-get install", "apt install", "apk add", "yum install", "dnf install", "pip install", "pip3 install"),
    *("npm install -g", "npm i -g", "gem install", "go install", "cargo install"),
)


def _program(word: str) -> str:
    name = word.strip(_MARKS).rpartition("/")[2]
    return "python" if _PYTHON.fullmatch(name) else name


def _piped(line: str) -> bool:
    """Whether a download is piped into an interpreter, which wrappers such as sudo may start."""
    streams = False
    for piece in line.split("|"):
        words = unwrap_words([word.strip(_MARKS) for word in piece.split(None, _MOST_WORDS)])
        if streams and words and _program(words[0]) in _SHELLS:
            return True
        fetches = any(_program(word) in _DOWNLOADERS for word in piece.split())
        # A filter such as `tee` passes a download on; a further command starts another pipeline.
        streams = fetches or (streams and _SEPARATOR.search(piece) is None)
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
        "docker run alpine sh -c 'curl -fsSL https://example.com/setup.sh | sudo -E -u root bash -'",
        "docker run alpine sh -c 'curl -s https://example.com/x | env A=1 timeout -k 5 60 /bin/sh -s -- --yes'",
        "docker run alpine sh -c 'curl -s https://example.com/x | tee /tmp/x | doas sh'",
        "docker run alpine sh -c 'sh -c \"$(curl -fsSL https://example.com/install.sh)\"'",
        "docker run alpine bash -c 'bash <(curl -s https://example.com/install.sh)'",
        "services:\n  app:\n    image: python:3.12\n    command: bash -c 'pip install flask && python app.py'\n",
    )
    good = (
        "docker run alpine sh -c 'wget -qO- https://example.com/data.csv | sort'",
        "docker run alpine sh -c 'curl -s https://example.com/a | sudo tee /etc/bash'",
        "docker run alpine sh -c 'curl -so /a https://example.com/a | cat; echo true | sh'",
        "services:\n  app:\n    image: python:3.12\n    command: python app.py\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for name, at, line in command_lines(container):
            if at[0] == "health":
                continue
            if _piped(line):
                yield self.finding(f"pipes a download into an interpreter in {name}", at, severity=Severity.HIGH)
            elif _SUBSTITUTED.search(line):
                yield self.finding(f"runs a download in {name}", at, severity=Severity.HIGH)
            elif (install := next((words for words in _INSTALLS if words in line), None)) is not None:
                yield self.finding(f"installs packages in {name} ({install})", at, severity=Severity.LOW)
