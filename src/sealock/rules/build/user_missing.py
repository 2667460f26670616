from __future__ import annotations

from sealock.model.build import User
from sealock.model.imagename import default_user
from sealock.rules.build._ran import lineage
from sealock.rules.kit import (
    UNKNOWN,
    Build,
    Confidence,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
)


class UserMissing(Rule[Build]):
    """No USER, and the base image's user is unknown.

    Without USER the image runs as whatever user its base image names, and most images name none: then it runs as root.
    sealock does not know this base image, so it cannot say. Set USER, by number, even where the base image already
    does: the Dockerfile then says what it means, and a new version of the base image cannot change it.
    """

    id = "B192"
    keywords = ("USER", "root", "non-root", "runAsNonRoot")
    aliases = ("DL3002", "DS-0002", "CKV_DOCKER_3", "CIS-DI-0001")
    severity = Severity.MEDIUM
    confidence = Confidence.LOW
    references = (cis_docker("4.1"), cwe(250), docker_docs("build/building/best-practices/#user"))
    remedy = "Set an ordinary user: USER 10001."
    fixable = False
    bad = (
        "FROM registry.example/base:1\nCOPY app /app\n",
        "ARG BASE\nFROM ${BASE}\nCOPY app /app\n",
        "FROM registry.example/base:1 AS base\nFROM base\nCOPY app /app\n",
    )
    good = (
        "FROM registry.example/base:1\nUSER 10001\n",
        "FROM registry.example/base:1 AS base\nUSER 10001\nFROM base\nCOPY app /app\n",
        "FROM gcr.io/distroless/static:nonroot\nCOPY app /app\n",
        "FROM debian:12\nCOPY app /app\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        if build.final is None:
            return
        for stage in lineage(build, build.final):
            if any(not user.onbuild for user in stage.of(User)):
                return
            start = stage.start
        image = start.image.value
        if start.context:
            yield self.skip(f"the user of the named context {start.image.text} is not known")
        elif not isinstance(image, str) or default_user(image) is UNKNOWN:
            yield self.finding(
                f"sets no USER, and sealock does not know the user of {start.image.text or start.image.raw}",
                ("stages", build.final.index),
                evidence=f"no USER on {start.image.raw}",
            )
