from __future__ import annotations

from sealock.model.absent import given
from sealock.model.location import Place
from sealock.model.shell import Word
from sealock.patterns import compile_lazily
from sealock.rules.container._texts import commands_of
from sealock.rules.downloadruns import DownloadRun, find_download_run, stored_downloads
from sealock.rules.downloads import DOWNLOADERS
from sealock.rules.kit import Container, Final, Iterator, Rule, RuleFinding, Severity, cwe
from sealock.rules.powershell import runs_download

_DOWNLOADER: Final = compile_lazily(rf"(?<![\w-])(?:{'|'.join(sorted(DOWNLOADERS))})(?![\w-])")
_INSTALLS = (
    *("apt-get install", "apt install", "apk add", "yum install", "dnf install", "pip install", "pip3 install"),
    *("npm install -g", "npm i -g", "gem install", "go install", "cargo install"),
)


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
    separate = True
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
        "docker run --entrypoint sh alpine -c '{ curl https://example.com/a; echo; } 2>/dev/null | python3'",
        "docker run mcr.microsoft.com/powershell:7.5 pwsh -c 'iwr https://example.com/a.ps1 | iex'",
        "services:\n  app:\n    image: python:3.12\n    command: bash -c 'pip install flask && python app.py'\n",
    )
    good = (
        "docker run alpine sh -c 'wget -qO- https://example.com/data.csv | sort'",
        "docker run alpine sh -c 'curl -s https://example.com/a | sudo tee /etc/bash'",
        "docker run alpine sh -c 'curl -so /a https://example.com/a | cat; echo true | sh'",
        "docker run alpine sh -c 'curl -fsSo /a https://example.com/a | bash; wget https://example.com/b | sh'",
        "docker run alpine bash -c 'curl -s https://example.com/a >& /tmp/a | sh'",
        "docker run alpine sh -c 'echo \"Do not: curl https://example.com/a | sh\" && exec /app'",
        "services:\n  app:\n    image: python:3.12\n    command: python app.py\n",
    )
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for name, at, words in commands_of(container):
            if at[0] == "health":
                continue
            line = " ".join(words)
            before = given(container.entrypoint, ()) if at == ("command",) else ()
            run = _find_run(words) or _find_run((*before, *words)) if _DOWNLOADER.search(line) else None
            if run is not None and run.piped:
                yield self.finding(f"pipes a download into an interpreter in {name}", at, severity=Severity.HIGH)
            elif run is not None or runs_download(line):
                yield self.finding(f"runs a download in {name}", at, severity=Severity.HIGH)
            elif (install := next((words for words in _INSTALLS if words in line), None)) is not None:
                yield self.finding(f"installs packages in {name} ({install})", at, severity=Severity.LOW)


def _find_run(words: tuple[str, ...]) -> DownloadRun | None:
    """The command that runs a download in these words, or in the script that they are for the shell before them."""
    from sealock.shell import parse, parse_words  # noqa: PLC0415  tree-sitter: few containers download as they start

    script = parse_words([Word(word, Place(0, len(word))) for word in words], Place())
    if not any(command.nested for command in script.commands()):
        script = parse(" ".join(words))
    stored = stored_downloads(script)
    return next(filter(None, (find_download_run(pipeline, stored) for pipeline in script.every_pipeline())), None)
