from __future__ import annotations

import re

from sealock.model.build import Arg, Env, Stage
from sealock.rules.build._ran import once
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.secrets.values import Secret, find_secret, kind_of_name


class BuildSecretInEnvironment(Rule[Build]):
    """Secret in ENV.

    ENV is part of the image configuration: `docker inspect` and `docker history` show it to everyone who can pull the
    image, and every process in the container gets it. Pass what the program needs at run time, preferably as a file;
    mount what the build needs with RUN --mount=type=secret. Change a secret that was ever in an image.
    """

    id = "B013"
    keywords = ("secret", "ENV", "password")
    aliases = ("DL3064", "DS-0031", "CIS-DI-0010", "SecretsUsedInArgOrEnv")
    differs = (("DL3064", "checks the value with the name; empty values and placeholders are not secrets"),)
    severity = Severity.HIGH
    conceals = True
    references = (cis_docker("4.10"), cwe(798), docker_docs("reference/build-checks/secrets-used-in-arg-or-env/"))
    remedy = "Pass it at run time, or mount it with RUN --mount=type=secret; then change the secret."
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
                if (secret := find_secret(pair.name, pair.value.text)) is not None:
                    message = f"stores {secret.kind} in {pair.name}"
                elif (argument := _argument(declared(stage), pair.value.raw)) and (kind := kind_of_name(pair.name)):
                    secret = Secret(kind)
                    message = (
                        f"stores the build argument {argument} in {pair.name}, readable for everyone with the image"
                    )
                else:
                    continue
                yield self.finding(
                    message,
                    at,
                    place=pair.place,
                    evidence=f"ENV {pair.name}: {secret.kind}",
                    confidence=secret.confidence,
                    severity=secret.severity,
                )


def _declared(stage: Stage) -> frozenset[str]:
    """The names of the ARGs of the stage."""
    return frozenset(pair.name for arg in stage.of(Arg) for pair in arg.pairs)


def _argument(declared: frozenset[str], raw: str) -> str | None:
    """The ARG that the value refers to."""
    match = re.fullmatch(r"[\"']?\$\{?(\w+)\}?[\"']?", raw)
    return match[1] if match and match[1] in declared else None
