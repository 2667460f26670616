from __future__ import annotations

import re

from sealock.model.build import Arg, Env, Stage
from sealock.rules.build._ran import once
from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.secrets.values import Secret, find_secret, kind_of_name


class BuildSecretInEnvironment(Rule[Build]):
    """Secret in ENV.

    ENV is a part of the image's configuration: `docker inspect` and `docker history` show it to everybody who can
    pull the image, and every process in the container gets it. What the program needs is given when it is started,
    better as a file than as a variable; what the build needs is mounted with RUN --mount=type=secret. A secret that
    was once in an image has to be changed.
    """

    id = "B013"
    keywords = ("secret", "ENV", "password")
    aliases = ("DL3064", "DS-0031", "CIS-DI-0010", "SecretsUsedInArgOrEnv")
    differs = (
        ("DL3064", "goes by the value's shape together with the name; empty values and placeholders are no secrets"),
    )
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), docker_docs("reference/build-checks/secrets-used-in-arg-or-env/"))
    remedy = "Give it at run time, or mount it with RUN --mount=type=secret; then change the secret."
    fixable = False
    bad = (
        "FROM debian:12\nENV DB_PASSWORD=Tr0ub4dor-and-3\n",
        "FROM debian:12\nENV GITHUB_TOKEN ghp_abcdefghijklmnopqrstuvwxyz0123456789\n",
        "FROM debian:12\nENV DATABASE_URL=postgres://app:s3cr3t-pw@db/app\n",
        "FROM node:22\nARG NPM_TOKEN\nENV NPM_TOKEN=$NPM_TOKEN\n",
    )
    good = (
        "FROM debian:12\nENV DB_PASSWORD_FILE=/run/secrets/db TOKENIZERS_PARALLELISM=false TOKEN_TTL=3600\n",
        "FROM python:3.12\nENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        declared = once(_declared)
        for at, stage, env in build.each(Env):
            for pair in env.pairs:
                if pair.value is None:
                    continue
                if (found := find_secret(pair.name, pair.value.text)) is not None:
                    message = f"holds {found.kind} in {pair.name}"
                elif (argument := _argument(declared(stage), pair.value.raw)) and (kind := kind_of_name(pair.name)):
                    found = Secret(kind)
                    message = f"keeps the build argument {argument} in {pair.name}, for everybody to read"
                else:
                    continue
                yield self.finding(
                    message,
                    at,
                    place=pair.place,
                    evidence=f"ENV {pair.name}: {found.kind}",
                    confidence=found.confidence,
                    severity=Severity.MEDIUM if found.confidence is Confidence.LOW else None,
                )


def _declared(stage: Stage) -> frozenset[str]:
    """The names of the stage's ARGs."""
    return frozenset(pair.name for arg in stage.of(Arg) for pair in arg.pairs)


def _argument(declared: frozenset[str], raw: str) -> str | None:
    """The ARG whose value this is."""
    match = re.fullmatch(r"[\"']?\$\{?(\w+)\}?[\"']?", raw)
    return match[1] if match and match[1] in declared else None
