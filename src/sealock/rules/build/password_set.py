from __future__ import annotations

import re
from itertools import pairwise

from sealock.model.shell import Command
from sealock.rules.build._commands import known, pipelines
from sealock.rules.build._ran import ran, unshipped
from sealock.rules.downloads import option_text
from sealock.rules.kit import At, Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man

_MOUNTED: Final = "/run/secrets/"
_LOCKED: Final = frozenset({"*", "!", "!!", "!*", "x", ""})


class PasswordSet(Rule[Build]):
    """Password is set in the build.

    Everyone who can read the Dockerfile or the image history knows the password, and all containers share it. A
    container needs no passwords: choose the user with USER, and open a shell with `docker exec`. Lock accounts that
    must exist (`passwd -l`).
    """

    id = "B039"
    keywords = ("password", "chpasswd")
    aliases = ("CKV2_DOCKER_17",)
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), man("chpasswd", 8))
    remedy = "Set no password: choose the user with USER, and use docker exec."
    fixable = False
    bad = (
        "FROM debian:12\nRUN echo 'root:Tr0ub4dor' | chpasswd\n",
        'FROM debian:12\nRUN bash -c "echo app:$PW | sudo chpasswd"\n',
        "FROM rockylinux:9\nRUN echo Tr0ub4dor | passwd --stdin app\n",
        "FROM debian:12\nRUN useradd -m -p '$6$salt$hash' app\n",
        "FROM debian:12\nRUN passwd -d root\n",
        'FROM debian:12\nRUN printf "a\\na\\n" | passwd app\n',
    )
    good = (
        "FROM debian:12\nRUN useradd -r app && passwd -l root && usermod -p '*' app && usermod -L app\nUSER app\n",
        "FROM alpine:3.20\nRUN adduser -D -H app\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        feeding = {
            id(command): before
            for _, _, pipeline in (pipelines(build) if next(ran(build, "chpasswd"), None) else ())
            for before, command in pairwise(pipeline.commands)
            if command.name == "chpasswd"
        }
        for call in ran(build, "chpasswd"):
            # All input of chpasswd sets a password.
            before = feeding.get(id(call.command))
            if {"--help", "-h"} & set(call.command.arguments) or (before and any(map(_makes_random, before.walk()))):
                continue
            yield self._fault(build, call.at, call.command, "sets a password with chpasswd", "chpasswd", before=before)
        has_passwd = next(ran(build, "passwd"), None) is not None
        for at, _, pipeline in pipelines(build) if has_passwd else ():
            for index, command in enumerate(pipeline.commands):
                for inner in command.walk():
                    fed = index > 0 or any(redirect.operator in {"<<<", "<<", "<<-"} for redirect in inner.redirects)
                    if inner.name == "passwd" and (fed or "--stdin" in inner.arguments):
                        yield self._fault(build, at, inner, "sets a password with passwd", "passwd --stdin")
        for call in ran(build, "passwd"):
            if {"-d", "--delete"} & set(call.command.arguments):
                yield self._fault(build, call.at, call.command, "allows a login without a password", "passwd -d")
        for call in ran(build, "useradd", "usermod"):
            text = option_text(call.command, "-p", "--password")
            if text is not None and text not in _LOCKED and not re.fullmatch(r"[!*].*", text):
                name = call.command.name
                yield self._fault(build, call.at, call.command, f"sets a password with {name}", name)

    def _fault(  # noqa: PLR0913  what there is to say of a command
        self, build: Build, at: At, command: Command, message: str, evidence: str, *, before: Command | None = None
    ) -> RuleFinding:
        # The evidence is only the name of the program: its arguments may contain the password.
        severity = unshipped(build, at, "/etc/shadow")
        if severity is None and before is not None and _MOUNTED in build.excerpt(before.place):
            severity = Severity.MEDIUM  # nobody can read it, but all containers share it
        return self.finding(message, at, place=known(command.place), evidence=evidence, severity=severity)


def _makes_random(command: Command) -> bool:
    """Whether a command prints something that nobody can know."""
    words = command.arguments
    return (
        command.name in {"pwgen", "apg", "uuidgen", "mcookie"}
        or (command.name == "openssl" and "rand" in words)
        or any("/dev/urandom" in word or "/dev/random" in word for word in words)
        or any(redirect.target and redirect.target.text == "/dev/urandom" for redirect in command.redirects)
    )
