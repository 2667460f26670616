from __future__ import annotations

import re

from sealock.model.build import Run
from sealock.model.shell import Command, Script
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import (
    INTERPRETERS,
    SHELLS,
    downloads,
    known,
    line,
    pipelines,
    prints_download,
    program,
)
from sealock.rules.kit import Build, Final, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.secrets.values import mask

_VALUED: Final = {"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-W", "-X", "-I", "-r", "--require"}
_INLINE: Final = {"python": "cm", "perl": "eEnp", "ruby": "enp", "node": "ep", "php": "rf", "lua": "e", "Rscript": "e"}
"""The short options that make an interpreter run something other than its standard input."""

_EXPRESSION: Final = compile_lazily(r"(?<![\w-])[Ii](?:[Ee][Xx]|nvoke-[Ee]xpression)(?![\w-])")
_POWERSHELL: Final = compile_lazily(
    r"DownloadString|(?<![\w-])(?:Invoke-WebRequest|Invoke-RestMethod|iwr|irm)(?![\w-])", re.IGNORECASE
)


class PipedToShell(Rule[Build]):
    """Download is piped to a shell without a check.

    `curl … | sh`, `sh -c "$(curl …)"` and `bash <(curl …)` run whatever the server sends today, as root. The server can
    detect the pipe and send a different script, and a dropped connection runs half of one. Download to a file, check it
    against a checksum or signature in the Dockerfile, and then run it; or install the package that the distribution
    signs.
    """

    id = "B020"
    keywords = ("piped to a shell", "pipe", "curl", "wget", "pipe to shell", "curl bash")
    severity = Severity.HIGH
    references = (cis_docker("4.11"), cwe(494), docker_docs("build/building/best-practices/"))
    remedy = "Download to a file, check it with `sha256sum -c` or `gpg --verify`, and then run it."
    fixable = False
    bad = (
        "FROM debian:12\nRUN curl -fsSL https://example.com/install.sh | sh\n",
        "FROM debian:12\nRUN wget -qO- https://example.com/setup | sudo -E bash -\n",
        "FROM debian:12\nRUN curl -s https://example.com/i.gz | gunzip | tee /tmp/i | bash -s -- --yes\n",
        "FROM debian:12\nRUN curl -o /dev/stdout https://example.com/i.sh 2>/dev/null | sh\n",
        'FROM debian:12\nRUN sh -c "$(curl -fsSL https://example.com/install.sh)"\n',
        "FROM debian:12\nRUN bash <(curl -s https://example.com/install.sh)\n",
        'FROM debian:12\nRUN eval "$(wget -qO- https://example.com/env)"\n',
        "FROM python:3.12\nRUN curl -sSL https://install.example.org | python3 -\n",
        'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN source <(curl -s https://example.com/env.sh)\n',
        "FROM debian:12\nRUN (curl https://example.com/a; echo exit) | perl - App::x\n",
        'FROM debian:12\nRUN ["sh", "-c", "curl https://example.com/x | sh"]\n',
        "FROM mcr.microsoft.com/windows/servercore:ltsc2022\nRUN powershell -Command iwr https://e.com/i.ps1 | iex\n",
    )
    good = (
        "FROM debian:12\nRUN curl -o i.sh https://example.com/i.sh && echo '1f2e  i.sh' | sha256sum -c - && sh i.sh\n",
        "FROM debian:12\nRUN curl -fsSL https://example.com/a.tar.gz | tar xz -C /opt\n",
        "FROM debian:12\nRUN curl -fsSLo /opt/a https://example.com/a | bash && wget -qO /opt/b https://e.com | sh\n",
        "FROM debian:12\nRUN curl -s https://example.com/a.json | python3 -m json.tool > a.json\n",
        'FROM debian:12\nRUN version="$(curl -s https://example.com/v)"; echo "$version" | sh -c "cat"\n',
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run) if _EXPRESSION.search(build.text) else ():
            text = build.excerpt(run.place)
            if (match := _EXPRESSION.search(text)) and _POWERSHELL.search(text):
                place = Place(run.place.start + match.start(), run.place.start + match.end(), file=run.place.file)
                evidence = mask(" ".join(text.split()))[:200]
                yield self.finding("runs a download with Invoke-Expression", at, place=place, evidence=evidence)
        for at, _, pipeline in pipelines(build) if downloads(build) else ():
            fetched = False
            if len(pipeline.commands) == 1 and not pipeline.commands[0].nested:
                continue
            for command in pipeline.commands:
                runs = _interpreter(command) if fetched else None
                if runs is not None:
                    yield self.finding(
                        f"pipes a download to {program(runs)} without a check",
                        at,
                        place=known(command.place),
                        evidence=" | ".join(line(command) for command in pipeline.commands)[:200],
                    )
                    break
                if command.nested and _runs_substituted(command):
                    name = command.name if command.name.isalnum() else "the shell"
                    yield self.finding(
                        f"runs a download with {name} without a check",
                        at,
                        place=known(command.place),
                        evidence=line(command),
                    )
                    break
                fetched = fetched or any(map(prints_download, command.walk()))


def _interpreter(command: Command) -> Command | None:
    """The interpreter that runs its standard input, also inside sudo, env or a subshell."""
    if program(command) in INTERPRETERS and _reads_stdin(command):
        return command
    if command.name in {"source", "."} and command.arguments[:1] == ("/dev/stdin",):
        return command
    for nested in command.nested:
        if nested.kind in {"wrapped", "subshell"}:
            for pipeline in nested.script.pipelines:
                # The first command of a pipeline in a group reads the standard input of the group.
                if pipeline.commands and (inner := _interpreter(pipeline.commands[0])) is not None:
                    return inner
    return None


def _reads_stdin(command: Command) -> bool:
    name, words = program(command), iter(command.arguments)
    inline = _INLINE.get(name, "")
    for text in words:
        if text in _VALUED and text[1:] not in {*inline}:
            next(words, None)
        elif text in {"-", "--", "-s", "/dev/stdin", "/proc/self/fd/0"}:
            return True
        elif text[:1] in {"-", "+"}:
            short = text[1:] if text[1:2] != "-" else ""
            if name in SHELLS and "s" in short and "c" not in short:
                return True
            if (name in SHELLS and "c" in short) or any(letter in short for letter in inline):
                return False
            if text in {"--eval", "--print", "--version", "--help"}:
                return False
        else:
            return False
    return True


def _runs_substituted(command: Command) -> bool:
    """Whether the command runs text that a download prints: "$(curl …)" or <(curl …)."""
    name, words = program(command), command.words
    first = words[0].text if words else ""
    fetches = {nested.kind for nested in command.nested if nested.kind != "wrapped" and _fetches(nested.script)}
    if first.startswith(("$(", "`")) and "substitution" in fetches:
        return True
    if name in INTERPRETERS | {"source", "."} and "process" in fetches:
        return True
    if "substitution" not in fetches:
        return False
    if name == "eval":
        return True
    fed = any(redirect.operator == "<<<" for redirect in command.redirects)
    inline = any(word.text.startswith(("-c", "-e", "-lc", "-ec", "-xc", "--eval")) for word in words[1:])
    return name in INTERPRETERS and (fed or (inline and any(word.text.startswith(("$(", "`")) for word in words[1:])))


def _fetches(script: Script) -> bool:
    """Whether what the script prints comes from a download."""
    return any(
        prints_download(nested)
        for pipeline in script.pipelines
        for command in pipeline.commands
        for nested in command.walk()
    )
