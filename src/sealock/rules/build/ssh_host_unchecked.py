from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import is_verified, known, line
from sealock.rules.build._ran import once_each, ran
from sealock.rules.build._written import settings, writings
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cwe, docker_docs, man
from sealock.secrets.values import mask

_OFF: Final = compile_lazily(r"StrictHostKeyChecking[ =\t]+[\"']?(?:no|off|accept-new)\b", re.IGNORECASE)


class SshHostUnchecked(Rule[Build]):
    """SSH host key checking is disabled.

    With `StrictHostKeyChecking no`, or a known_hosts file that `ssh-keyscan` fills during the build, ssh accepts
    whichever server answers first, in every build. Copy a known_hosts file with the published key of the host into the
    build.
    """

    id = "B029"
    keywords = ("SSH", "host key", "StrictHostKeyChecking", "known_hosts")
    severity = Severity.MEDIUM
    references = (cwe(322), man("ssh_config", 5), docker_docs("build/building/secrets/#ssh-mounts"))
    remedy = "Copy a known_hosts file with the published key of the host, and leave the check on."
    fixable = False
    bad = (
        "FROM debian:12\nRUN ssh -o StrictHostKeyChecking=no git@example.com true\n",
        'FROM debian:12\nENV GIT_SSH_COMMAND="ssh -o StrictHostKeyChecking=no"\n',
        'FROM debian:12\nRUN echo "StrictHostKeyChecking no" >> /etc/ssh/ssh_config\n',
        "FROM debian:12\nRUN mkdir -p ~/.ssh && ssh-keyscan github.com >> ~/.ssh/known_hosts\n",
    )
    good = (
        (
            "FROM debian:12\nCOPY known_hosts /etc/ssh/ssh_known_hosts\n"
            "RUN --mount=type=ssh git clone git@github.com:a/b.git\n"
        ),
        (
            "FROM debian:12\n"
            "RUN ssh-keyscan github.com > h && echo '1f2e  h' | sha256sum -c - && mv h ~/.ssh/known_hosts\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        message = "disables ssh host key checking"
        for call in ran(build, "ssh", "scp", "sftp", "rsync", "sshfs", "git"):
            if _OFF.search(" ".join(call.command.arguments)):
                yield self.finding(message, call.at, place=known(call.command.place), evidence=line(call.command))
        for setting in settings(build, "GIT_SSH_COMMAND", "GIT_SSH", "RSYNC_RSH"):
            if _OFF.search(setting.value):
                yield self.finding(message, setting.at, place=known(setting.place), evidence=mask(setting.value))
        for writing in writings(build):
            if _OFF.search(writing.text):
                yield self.finding(message, writing.at, place=known(writing.place), evidence=writing.file)
        shows_fingerprint = once_each(lambda run: any(inner.name == "ssh-keygen" for inner in run.script.commands()))
        for call in ran(build, "ssh-keyscan"):
            if not is_verified(call.run) and not shows_fingerprint(call):
                yield self.finding(
                    "trusts an unverified host key from ssh-keyscan",
                    call.at,
                    place=known(call.command.place),
                    evidence=line(call.command),
                    severity=Severity.LOW,
                    confidence=Confidence.MEDIUM,
                )
