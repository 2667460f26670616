from __future__ import annotations

from sealock.rules.images import moves
from sealock.rules.kit import Build, Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs
from sealock.rules.shared._images import named_images


class ImageMoves(Rule[Build | Container]):
    """Image has no tag or a moving tag.

    Without a tag the engine pulls "latest", whatever was pushed last; `edge`, `nightly` and `main` move too. Two builds
    or two hosts then get different programs under one name, a broken or malicious push arrives unnoticed, and nothing
    records what ran before an update. Name a version, and pin its digest: `debian:12.8@sha256:…`.
    """

    id = "C080"
    keywords = ("tag", "latest")
    aliases = ("DL3006", "DL3007", "DS-0001", "KSV-0013", "CKV_DOCKER_7", "CKV_K8S_14", "DKL-DI-0006")
    differs = (
        ("DL3006 DL3007", "a digest without a tag is enough"),
        ("KSV-0013 CKV_K8S_14", "not a name that is no image reference, such as ko://…, which a build replaces"),
    )
    kinds = ("build", "container")
    severity = Severity.MEDIUM
    reads = ("image",)
    references = (cis_docker("5.28"), cwe(1357), docker_docs("build/building/best-practices/#pin-base-image-versions"))
    remedy = "Name a version, as in `debian:12.8`, and pin its digest: `sealock pin FILE`."
    fixable = False
    bad = (
        "FROM debian\nUSER nobody\n",
        "FROM golang AS build\nFROM alpine:3.20\nCOPY --from=build /x /x\n",
        "FROM node:latest\n",
        "ARG TAG=latest\nFROM ghcr.io/acme/base:${TAG}\n",
        "FROM alpine:edge\n",
        "FROM debian:stable\n",
        "docker run nginx",
        "docker run ghcr.io/acme/app:latest",
        "docker run alpine:edge",
        "services:\n  web:\n    image: nginx\n",
        "services:\n  web:\n    image: ghcr.io/acme/app:latest\n",
    )
    good = (
        "FROM debian:12.8\n",
        "FROM scratch\nCOPY x /\n",
        "ARG TAG=3.20\nFROM alpine:${TAG} AS base\nFROM base\n",
        "FROM debian@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
        "FROM node:latest@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778\n",
        "docker run nginx:1.27.2",
        "docker run nginx@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778",
        "services:\n  web:\n    image: nginx:1.27.2\n  app:\n    build: .\n    image: app\n",
    )

    def check(self, noun: Build | Container, /) -> Iterator[RuleFinding]:
        for named in named_images(noun):
            if named.image is None:
                yield self.skip(named.unclear, named.at)
            elif moving := moves(named):
                yield self.finding(
                    moving.message,
                    named.at,
                    place=named.place,
                    severity=moving.severity,
                    confidence=moving.confidence,
                )
