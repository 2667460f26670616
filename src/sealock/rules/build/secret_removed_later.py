from __future__ import annotations

from sealock.model.build import AddFile, Copy, Run
from sealock.model.shell import Command, Word
from sealock.rules.build._commands import known, line
from sealock.rules.build._credentials import credential_file
from sealock.rules.build._written import writings
from sealock.rules.kit import At, Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class SecretRemovedLater(Rule[Build]):
    """Secret is removed only in a later layer.

    Each instruction makes a layer, and no later instruction changes it: `rm` only hides the file, and `docker save`
    recovers it. Keep the file out of all layers: mount it with RUN --mount=type=secret or type=ssh.
    """

    id = "B017"
    keywords = ("secret", "layer", "rm")
    severity = Severity.HIGH
    references = (cis_docker("4.10"), cwe(212), docker_docs("build/building/secrets/"))
    remedy = "Mount the file with RUN --mount=type=secret for the one command that needs it; then change the secret."
    fixable = False
    bad = (
        "FROM debian:12\nCOPY id_rsa /root/.ssh/id_rsa\nRUN git clone git@example.com:x && rm /root/.ssh/id_rsa\n",
        'FROM node:22\nRUN echo "//r/:_authToken=$T" > /root/.npmrc\nRUN npm ci && rm -f /root/.npmrc\n',
        "FROM debian:12\nCOPY deploy.key /tmp/\nRUN rm -rf /tmp/deploy.key\n",
    )
    good = (
        'FROM node:22\nRUN echo "//r/:_authToken=$T" > /root/.npmrc && npm ci && rm -f /root/.npmrc\n',
        "FROM debian:12\nRUN rm -rf /var/lib/apt/lists/*\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        written: dict[At, list[str]] = {}
        for writing in writings(build):
            if credential_file(writing.file):
                written.setdefault(writing.at, []).append(_name(writing.file))
        for stage in build.stages:
            secrets: dict[str, str] = {}
            for index, instruction in enumerate(stage.instructions):
                at: At = ("stages", stage.index, "instructions", index)
                if isinstance(instruction, Copy | AddFile):
                    for source in instruction.sources:
                        if credential_file(source.text) or credential_file(instruction.target.text):
                            secrets |= dict.fromkeys(
                                (_name(source.text), _name(instruction.target.text)), instruction.keyword
                            )
                elif isinstance(instruction, Run) and (secrets or at in written):
                    removed = list(_removed(instruction))
                    for name, word, command in removed:
                        if keyword := secrets.pop(name, None):
                            yield self.finding(
                                f"removes {name} too late: the layer of the earlier {keyword} keeps it",
                                at,
                                place=known(word.place),
                                evidence=line(command),
                            )
                    secrets |= dict.fromkeys(set(written.get(at, ())) - {name for name, _, _ in removed}, "RUN")


def _removed(run: Run) -> Iterator[tuple[str, Word, Command]]:
    for command in run.script.commands():
        if command.name in {"rm", "unlink", "shred", "srm"}:
            for word in command.words[1:]:
                if name := _name(word.text):
                    yield name, word, command


def _name(path: str) -> str:
    return path.rstrip("/*").rpartition("/")[2]
