from __future__ import annotations

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import is_root, known, line, user_at
from sealock.rules.build._ran import Ran, ran
from sealock.rules.kit import Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, cwe, docker_docs, page

_USER: Final = compile_lazily(r"(?:-(?!u|-user)\S* )*(?:-u ?|--user[= ])(\S+)")
"""The user whom sudo is to become, among its options."""


class SudoUsed(Rule[Build]):
    """sudo is used in the build.

    RUN runs as the user of USER, by default root: sudo only adds a setuid program and its rules, which stay in the
    image for an attacker. Put `USER root` before the steps that need it and the other user after them; a program that
    starts as root and drops privileges does so with `gosu` or `setpriv`.
    """

    id = "B040"
    keywords = ("sudo",)
    aliases = ("DL3004", "DS-0010", "CKV2_DOCKER_1", "DKL-DI-0001")
    differs = (("DS-0010", "also in the exec form and inside `bash -c`"),)
    severity = Severity.LOW
    references = (
        cwe(250),
        docker_docs("build/building/best-practices/#user"),
        page("sudo(8)", "https://www.sudo.ws/docs/man/sudo.man/"),
    )
    remedy = "Remove sudo; run the step as root with USER root, and switch back to the other user after it."
    bad = (
        "FROM debian:12\nRUN sudo apt-get update\n",
        'FROM debian:12\nRUN ["sudo", "-E", "apt-get", "update"]\n',
        'FROM debian:12\nRUN bash -c "cd / && sudo make install"\n',
    )
    good = ("FROM debian:12\nRUN apt-get update\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "sudo"):
            root = is_root(user_at(build, call.stage, call.at))
            yield self.finding(
                _message(call, root=root),
                call.at,
                place=known(call.command.words[0].place),
                evidence=line(call.command),
                fix=_without(call) if root else (),
                safe=root and not call.command.assignments,
            )


def _message(call: Ran, *, root: bool) -> str:
    named = _USER.match(" ".join(word.text for word in call.command.words[1:]))
    if named is not None and named[1] != "root":
        return "becomes another user with sudo"
    return "uses sudo although it is root already" if root else "becomes root with sudo"


def _without(call: Ran) -> tuple[Edit, ...]:
    """Remove `sudo` and its plain options; no edits if it changes the user or the environment."""
    words = call.command.words
    runs = any(nested.kind == "wrapped" for nested in call.command.nested)
    first = next((word for word in words[1:] if not word.text.startswith("-")), None)
    if not runs or first is None or known(words[0].place) is None or first.place.start < words[0].place.end:
        return ()
    options = {word.text for word in words[1:] if word.place.start < first.place.start}
    if not options <= {"-E", "-H", "-n", "-S", "-EH", "-HE", "--preserve-env", "--"}:
        return ()
    return (Edit(Place(words[0].place.start, first.place.start), ""),)
