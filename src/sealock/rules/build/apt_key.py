from __future__ import annotations

import re
from itertools import islice

from sealock.model.build import Run, Stage
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import Ran, once, once_each, ran
from sealock.rules.build._written import Writing, located, writings
from sealock.rules.downloads import addresses, option_text
from sealock.rules.kit import Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe, page

_DEB: Final = compile_lazily(r"\bdeb(?:-src)?[ \t]+(\[[^\]\n]*\][ \t]*)?(?:https?|tor\+https?)://([\w.-]+)")
_MOST_FIXED: Final = 20
_OWN: Final = compile_lazily(r"(?:debian|ubuntu)\.(?:org|com)$")


class AptKey(Rule[Build]):
    """apt-key trusts a key for every package source.

    A key that `apt-key` adds is valid for every package source, including the distribution: its holder can replace any
    package. Debian 13 removed apt-key. Store the key in its own file and name it in its own source only: `deb
    [signed-by=/usr/share/keyrings/NAME.gpg] https://…`.
    """

    id = "B036"
    keywords = ("apt-key", "signed-by", "GPG")
    severity = Severity.MEDIUM
    references = (
        cis_docker("4.12"),
        cwe(1104),
        page("apt-key(8)", "https://manpages.debian.org/bookworm/apt/apt-key.8.en.html"),
        page("Debian wiki, third-party repositories", "https://wiki.debian.org/DebianRepository/UseThirdParty"),
    )
    remedy = "Write the key to /usr/share/keyrings/NAME.gpg with gpg --dearmor, and add signed-by= to the source."
    bad = (
        (
            "FROM debian:12\nRUN curl -fsSL https://e.com/k.asc | apt-key add - && "
            'echo "deb https://e.com/deb stable main" > /etc/apt/sources.list.d/e.list\n'
        ),
        (
            "FROM debian:12\nRUN wget -O k https://e.com/k && apt-key add k\n"
            "RUN echo 'deb [arch=amd64] https://deb.e.com/ x y' | tee /etc/apt/sources.list.d/e.list\n"
        ),
        (
            "FROM debian:12\nRUN apt-key adv --keyserver hkp://keyserver.ubuntu.com:80 "
            "--recv-keys 0A9AF2115F4687BD29803A206B73A36E6026DFCA && "
            'echo "deb https://e.com/ x y" > /etc/apt/sources.list.d/e.list\n'
        ),
    )
    good = (
        (
            "FROM debian:12\nRUN curl -fsSL https://e.com/k.asc | gpg --dearmor -o /usr/share/keyrings/e.gpg && "
            'echo "deb [signed-by=/usr/share/keyrings/e.gpg] https://e.com/ x y" > /etc/apt/sources.list.d/e.list\n'
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        calls = [
            call
            for call in ran(build, "apt-key")
            if {"add", "adv"} & set(call.command.arguments) and _is_trusted(option_text(call.command, "--keyring"))
        ]
        origin = once_each(_origins)
        sources = once(lambda stage: _sources(build, stage))
        # Every call may edit every source line: offer no fix for generated files with more calls than this.
        few = len(calls) <= _MOST_FIXED
        for call in calls:
            yield self.finding(
                "trusts this key for every package source",
                call.at,
                place=known(call.command.place),
                evidence=line(call.command),
                fix=_keyring(build, call, _origin(call, origin(call)), sources(call.stage), single=len(calls) == 1)
                if few
                else (),
            )


def _is_trusted(keyring: str | None) -> bool:
    """Whether apt takes the keys of this file for every source that names no other."""
    return keyring is None or keyring.startswith(("/etc/apt/trusted.gpg", "$"))


def _keyring(
    build: Build, call: Ran, origin: str, sources: list[tuple[Writing, re.Match[str]]], *, single: bool
) -> tuple[Edit, ...]:
    """Write the key to its own file, and name the file in the lines of its source."""
    lines = [(writing, match) for writing, match in sources if single or _domain(match[2]) == _domain(origin)]
    if not lines:
        return ()
    ring = f"/usr/share/keyrings/{(origin or lines[0][1][2]).removeprefix('www.')}.gpg"
    command = _import(build, call, ring)
    edits = {edit.place.start: edit for writing, match in lines for edit in _signed(build, writing, match, ring)}
    return (*command, *edits.values()) if command and edits else ()


def _origins(run: Run) -> list[tuple[int, str]]:
    """The hosts that the RUN downloads from, each with the offset of its command."""
    return [
        (command.place.start, word.text.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0])
        for command in run.script.commands()
        if command.name in {"curl", "wget"}
        for word in islice(addresses(command), 1)
    ]


def _origin(call: Ran, hosts: list[tuple[int, str]]) -> str:
    """The host that serves the key, "" for a key server or a file of unknown origin."""
    return next((host for start, host in hosts if start <= call.command.place.start), "")


def _domain(host: str) -> str:
    return ".".join(host.lower().split(".")[-2:])


def _sources(build: Build, stage: Stage) -> list[tuple[Writing, re.Match[str]]]:
    """The third-party source lines that the stage writes, without signed-by."""
    return [
        (writing, match)
        for writing in _written(build, stage)
        for match in _DEB.finditer(writing.text)
        if not _OWN.search(match[2]) and "signed-by" not in (match[1] or "")
    ]


def _written(build: Build, stage: Stage) -> Iterator[Writing]:
    for writing in writings(build):
        if writing.at[1] == stage.index and ("sources.list" in writing.file or writing.file == "/etc/apt/sources.list"):
            yield writing
    for added in ran(build, "add-apt-repository"):
        if added.at[1] == stage.index:
            yield from (Writing(added.at, "", word.text, word.place) for word in added.command.words[1:])


def _import(build: Build, call: Ran, ring: str) -> tuple[Edit, ...]:
    """Replace apt-key with a command that writes the key to its own file."""
    words = call.command.arguments
    place = call.command.place
    if known(place) is None or call.command.redirects or call.run.form == "exec":
        return ()
    rest = [word for word in words if word not in {"add", "-", "--yes"}]
    if "add" in words:
        if len(rest) > 1 or any(word.startswith("-") for word in rest):
            return ()
        file = f" {build.excerpt(_place_of(call, rest[0]))}" if rest else ""
        return (Edit(place, f"gpg --dearmor -o {ring}{file}"),)
    options = " ".join(word for word in rest if word not in {"adv", "--no-tty", "--batch", "--quiet"})
    if "--recv" not in options or "$(" in options:
        return ()
    command = f"gpg --batch --no-default-keyring --keyring gnupg-ring:{ring} {options} && chmod 644 {ring}"
    return (Edit(place, command),)


def _place_of(call: Ran, text: str) -> Place:
    return next(word.place for word in call.command.words if word.text == text)


def _signed(build: Build, writing: Writing, match: re.Match[str], ring: str) -> tuple[Edit, ...]:
    """Name the key in a source line."""
    place = located(build, writing, match[0])
    if place is None:
        return ()
    kind = match[0].split()[0]
    if match[1]:
        at = place.start + match[0].index("]")
        padded = match[1].rstrip().endswith(" ]")
        return (Edit(Place(at, at), f"signed-by={ring} " if padded else f" signed-by={ring}"),)
    at = place.start + len(kind)
    return (Edit(Place(at, at), f" [signed-by={ring}]"),)
