from __future__ import annotations

import re
from itertools import chain

from sealock.model.build import Run
from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import expansions, known, line
from sealock.rules.build._credentials import credential_file
from sealock.rules.build._ran import once_each, ran
from sealock.rules.kit import (
    Build,
    Confidence,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)
from sealock.secrets.values import kind_of_name

_IN_ADDRESS: Final = compile_lazily(r"://(?=[^/\s@]*@)[^/\s@]*\$")

_WRITERS: Final = ("cp", "mv", "install", "cat", "echo", "printf", "tee", "envsubst", "git")
_GONE: Final = ("/dev/", "/run/secrets", "/proc/")


class SecretLeftInLayer(Rule[Build]):
    """Secret is written to a file in a layer.

    `echo "…$TOKEN" > ~/.npmrc`, `cp /run/secrets/key /app/` or a `git clone` with the token in its URL (which git
    stores in .git/config) writes the secret to the layer, even if the build received it safely. Use it where it is
    mounted, or delete the file in the same RUN.
    """

    id = "B018"
    keywords = ("secret", "layer", "secret mount", "--mount=type=secret")
    severity = Severity.HIGH
    references = (cis_docker("4.10"), cwe(538), docker_docs("build/building/secrets/"))
    remedy = "Mount the file where the program looks for it (--mount=type=secret,target=…), without a copy."
    fixable = False
    bad = (
        'FROM node:22\nRUN echo "//npm.example.org/:_authToken=${NPM_TOKEN}" > /root/.npmrc && npm ci\n',
        "FROM debian:12\nRUN --mount=type=secret,id=key cp /run/secrets/key /app/key\n",
        "FROM debian:12\nRUN --mount=type=secret,id=env cat /run/secrets/env > /app/.env\n",
        "FROM debian:12\nRUN git clone https://${GIT_TOKEN}@github.com/acme/x.git /src\n",
        'FROM debian:12\nRUN echo "$SSH_PRIVATE_KEY" > /root/.ssh/id_rsa\n',
        "FROM debian:12\nRUN envsubst '$DB_PASSWORD' < app.tpl > /etc/app.conf\n",
        'FROM debian:12\nRUN git config --global url."https://${TOKEN}@github.com/".insteadOf https://github.com/\n',
    )
    good = (
        "FROM node:22\nRUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci\n",
        'FROM node:22\nRUN echo "//r/:_authToken=${NPM_TOKEN}" > .npmrc && npm ci && rm -f .npmrc\n',
        "FROM debian:12\nRUN --mount=type=secret,id=key ./sign --key /run/secrets/key x > x.sig\n",
        "FROM debian:12\nARG AWS_ACCESS_KEY\nRUN echo 'access_key=$AWS_ACCESS_KEY' > /.s3cfg\n",
        "FROM debian:12\nRUN echo \"token: \\$API_TOKEN\"' or $API_TOKEN' > /etc/app.conf\n",
        "FROM debian:12\nRUN git config --global url.'https://$TOKEN@github.com/'.insteadOf https://github.com/\n",
        "FROM debian:12\nRUN --mount=type=ssh git clone git@github.com:acme/x.git /src\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        removed, mounted = once_each(_removed), once_each(_mounted_secrets)
        for call in ran(build, *_WRITERS):
            for file, message, confidence in _kept(build, call.command, mounted(call)):
                if removed(call).isdisjoint(file.split("/")):
                    place = known(call.command.place)
                    yield self.finding(
                        message, call.at, place=place, evidence=line(call.command), confidence=confidence
                    )


def _removed(run: Run) -> set[str]:
    """The names of the files and directories that the RUN removes."""
    return {
        word.text.rstrip("/*").rpartition("/")[2]
        for command in run.script.commands()
        if command.name in {"rm", "shred", "unlink"}
        for word in command.words[1:]
    }


def _mounted_secrets(run: Run) -> tuple[str, ...]:
    targets = [mount.get("target", "dst", "destination") for mount in run.mounts if mount.type == "secret"]
    return ("/run/secrets/", *(target for target in targets if target))


def _kept(build: Build, command: Command, directories: tuple[str, ...]) -> Iterator[tuple[str, str, Confidence]]:
    """The files in which a command leaves a secret: name, message and confidence."""
    words = command.arguments
    written = [
        redirect.target.text
        for redirect in command.redirects
        if redirect.target
        and redirect.operator in {">", ">>", ">|", "&>"}
        and not redirect.target.text.startswith("/dev/")
    ]
    copies = command.name in {"cp", "mv", "install"} and len(words) > 1
    if copies and any(word.startswith(directories) for word in words[:-1]) and not words[-1].startswith(_GONE):
        yield words[-1], f"copies a mounted secret to {words[-1]}, which stays in the layer", Confidence.HIGH
    if command.name in {"cat", "echo", "printf", "tee", "envsubst"} and written:
        inputs = [redirect.target for redirect in command.redirects if redirect.target and redirect.operator == "<"]
        used = [*command.words[1:], *inputs]
        mounted = any(directory in word.text for word in used for directory in directories) or any(
            inner.name == "cat" and any(word.startswith(directories) for word in inner.arguments)
            for nested in command.nested
            for inner in nested.script.commands()
        )
        names = [*chain.from_iterable(_variables(build, command, word) for word in used), *_in_documents(command)]
        secret = next(filter(kind_of_name, names), None)
        if mounted:
            yield written[0], f"writes a mounted secret to {written[0]}, which stays in the layer", Confidence.HIGH
        elif secret:
            confidence = Confidence.HIGH if credential_file(written[0]) else Confidence.MEDIUM
            yield written[0], f"writes ${secret} to {written[0]}, which stays in the layer", confidence
    uses = command.name == "git" and any(verb in words for verb in ("clone", "config", "remote", "submodule"))
    if uses and any(
        _IN_ADDRESS.search(word.text) and any(map(kind_of_name, expansions(build, word))) for word in command.words
    ):
        where = ".gitconfig" if "config" in words else ".git"
        yield where, f"leaves a URL with a token in {where}", Confidence.MEDIUM


def _in_documents(command: Command) -> Iterator[str]:
    """The variables that the shell expands in here-documents: none where the delimiter is quoted."""
    for redirect in command.redirects:
        if redirect.body and redirect.target is not None and redirect.target.literal:
            yield from re.findall(r"(?<!\\)\$\{?([A-Za-z_]\w*)", redirect.body)


def _variables(build: Build, command: Command, word: Word) -> list[str]:
    """The variables whose values a word puts into the output. envsubst gets their names in quotes."""
    return re.findall(r"\$\{?([A-Za-z_]\w*)", word.text) if command.name == "envsubst" else expansions(build, word)
