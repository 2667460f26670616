from __future__ import annotations

import re
from collections.abc import Callable
from itertools import chain

from sealock.model.build import Arg, Instruction, Run, Stage
from sealock.rules.build._fixes import delete_instruction
from sealock.rules.build._ran import once
from sealock.rules.kit import (
    At,
    Build,
    Confidence,
    Edit,
    Final,
    Iterator,
    Place,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)
from sealock.secrets.values import find_secret, kind_of_name

_SYNTAX: Final = "# syntax=docker/dockerfile:1"


class SecretInArgument(Rule[Build]):
    """Secret in a build argument (ARG).

    Build arguments are not secret: the history and the provenance of the image show their values. Mount the secret for
    the one command that needs it: `RUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN npm ci`, built with `docker build
    --secret id=NPM_TOKEN,env=NPM_TOKEN`. Then no layer and no history contains it.
    """

    id = "B014"
    keywords = ("secret", "build argument", "ARG")
    aliases = ("DL3064", "DS-0031", "CIS-DI-0010", "SecretsUsedInArgOrEnv")
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(538), docker_docs("reference/build-checks/secrets-used-in-arg-or-env/"))
    remedy = "Mount it with RUN --mount=type=secret,id=NAME,env=NAME and build with --secret id=NAME,env=NAME."
    bad = (
        "FROM node:22\nARG NPM_TOKEN\nRUN npm config set //npm.example.org/:_authToken=$NPM_TOKEN && npm ci\n",
        "FROM debian:12\nARG DB_PASSWORD=Tr0ub4dor-and-3\nRUN ./migrate --password ${DB_PASSWORD}\n",
    )
    good = (
        "FROM node:22\nRUN --mount=type=secret,id=NPM_TOKEN,env=NPM_TOKEN npm ci\n",
        (
            "FROM debian:12\nARG TOKEN_URL=https://example.com\nARG KEYRING=/usr/share/keyrings/x.gpg\n"
            "ARG SECRET_NAME=db\n"
        ),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        uses = once(lambda stage: _uses(build, stage))
        before: list[tuple[At, Stage | None, Arg]] = [((), None, argument) for argument in build.arguments]
        inside = ((at, stage, declared) for at, stage, declared in build.each(Arg))
        passed: set[tuple[At | None, str]] = set()
        for at, stage, arg in chain(before, inside):
            for pair in arg.pairs:
                value = pair.value.text if pair.value else ""
                if not value and passed & {(None, pair.name), (at[1:2], pair.name)}:
                    continue  # the same argument again
                secret = find_secret(pair.name, value)
                if secret is not None:
                    message, confidence = f"passes {secret.kind} as the build argument {pair.name}", secret.confidence
                    severity = secret.severity
                elif (kind := kind_of_name(pair.name)) and (not value or "$" in value):
                    message, confidence = f"takes {kind} as the build argument {pair.name}", Confidence.MEDIUM
                    severity = self.severity
                else:
                    continue
                passed.add((at[1:2] if stage else None, pair.name))
                yield self.finding(
                    message,
                    at,
                    place=pair.place,
                    evidence=f"ARG {pair.name}",
                    confidence=confidence,
                    severity=severity,
                    fix=_fix(build, stage, arg, pair.name, uses) if not arg.pairs[1:] else (),
                )


def _fix(
    build: Build, stage: Stage | None, arg: Arg, name: str, uses: Callable[[Stage], dict[str, list[Instruction]]]
) -> tuple[Edit, ...]:
    """The edits for an argument of a stage, or for one before all stages, with its repetitions in them."""
    if stage:
        return _mounted(build, arg, name, uses(stage))
    stages = [stage for stage in build.stages if name in uses(stage)]
    outside = (*build.arguments, *(stage.start for stage in build.stages))
    used = re.compile(rf"\$\{{?{re.escape(name)}\b")
    if not stages or any(used.search(build.excerpt(instruction.place)) for instruction in outside):
        return ()
    edits: dict[Edit, None] = dict.fromkeys(delete_instruction(build, arg))
    for each in stages:
        repeated = uses(each)[name][0]
        single = isinstance(repeated, Arg) and not repeated.pairs[1:] and repeated.pairs[0].value is None
        mounted = _mounted(build, repeated, name, uses(each)) if isinstance(repeated, Arg) and single else ()
        if not mounted:
            return ()
        edits.update(dict.fromkeys(mounted))
    return tuple(edits)


def _uses(build: Build, stage: Stage) -> dict[str, list[Instruction]]:
    """The instructions that declare or use each variable of a stage."""
    uses: dict[str, list[Instruction]] = {}
    for instruction in stage.instructions:
        names = {match[1] for match in re.finditer(r"\$\{?(\w+)", build.excerpt(instruction.place))}
        names.update(pair.name for pair in instruction.pairs) if isinstance(instruction, Arg) else None
        for name in names:
            uses.setdefault(name, []).append(instruction)
    return uses


def _mounted(build: Build, arg: Arg, name: str, uses: dict[str, list[Instruction]]) -> tuple[Edit, ...]:
    """Turn the argument into a secret mount of the RUNs that use it; no edits if any other instruction does.

    Another ARG of that name counts as such.
    """
    first, *users = uses.get(name) or [arg]
    if (
        first is not arg
        or not users
        or not all(isinstance(user, Run) and user.form != "exec" and not user.onbuild for user in users)
    ):
        return ()
    mount = f" --mount=type=secret,id={name},env={name}"
    ends = [user.keyword_place.end for user in users]
    return (*_frontend(build), *delete_instruction(build, arg), *(Edit(Place(end, end), mount) for end in ends))


def _frontend(build: Build) -> tuple[Edit, ...]:
    """Add a frontend that supports env= of a secret mount (1.10 and later), unless the file names one."""
    named = any(directive.name == "syntax" for directive in build.directives)
    start = 1 if build.text.startswith("\ufeff") else 0
    return () if named or build.text.startswith("#!", start) else (Edit(Place(start, start), f"{_SYNTAX}\n"),)
