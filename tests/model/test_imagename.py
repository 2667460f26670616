"""What an image's name tells: its parts, its user, its family."""

from __future__ import annotations

import pytest

from sealock.model.absent import UNKNOWN
from sealock.model.imagename import ImageName, default_user, drops_root, family, has_root_master, is_official, parse

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nginx", ImageName("docker.io", "library/nginx")),
        ("nginx:1.27", ImageName("docker.io", "library/nginx", "1.27")),
        (f"nginx:1.27@{DIGEST}", ImageName("docker.io", "library/nginx", "1.27", DIGEST)),
        (f"nginx@{DIGEST}", ImageName("docker.io", "library/nginx", None, DIGEST)),
        ("grafana/grafana", ImageName("docker.io", "grafana/grafana")),
        ("docker.io/nginx", ImageName("docker.io", "library/nginx")),
        ("index.docker.io/library/nginx", ImageName("docker.io", "library/nginx")),
        ("ghcr.io/acme/app:1", ImageName("ghcr.io", "acme/app", "1")),
        ("localhost/app", ImageName("localhost", "app")),
        ("registry:5000/app:1", ImageName("registry:5000", "app", "1")),
        ("[::1]:5000/app:1", ImageName("[::1]:5000", "app", "1")),
        ("[2001:db8::2]/app", ImageName("[2001:db8::2]", "app")),
        ("registry:5000", ImageName("docker.io", "library/registry", "5000")),
    ],
)
def test_a_reference_is_taken_apart_and_filled_out_as_the_engine_does(text: str, name: ImageName) -> None:
    assert parse(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a b",
        "${IMAGE}",
        "nginx:$TAG",
        "nginx@sha256:short",
        "a//b",
        ":1",
        "@" + DIGEST,
        "[::1]",
        "[::1]:5000",
        "[::1]app",
    ],
)
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse(text) is None


def test_the_familiar_name_is_the_shortest() -> None:
    names = ["docker.io/library/nginx:1", "grafana/grafana", "ghcr.io/acme/app"]
    assert [name.familiar for one in names if (name := parse(one))] == ["nginx", "grafana/grafana", "ghcr.io/acme/app"]


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("debian:12", "root"),
        ("scratch", "root"),
        ("python", "root"),
        ("docker.io/library/python:3.12", "root"),
        ("public.ecr.aws/docker/library/python:3.12", "root"),
        ("postgres:16", "root"),
        ("gcr.io/distroless/static", "root"),
        ("gcr.io/distroless/static:nonroot", "nonroot"),
        ("gcr.io/distroless/base-debian12:debug-nonroot", "nonroot"),
        ("cgr.dev/chainguard/python:latest", "nonroot"),
        ("cgr.dev/chainguard/wolfi-base", "root"),
        ("nginxinc/nginx-unprivileged:1.27", "nonroot"),
        ("docker:27-dind-rootless", "nonroot"),
        ("grafana/grafana:11.2.0", "472"),
        ("prom/prometheus:v2.54.0", "nobody"),
        ("bitnami/redis:7.4", "1001"),
        ("memcached:1.6", "memcache"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0", "root"),
        ("mcr.microsoft.com/dotnet/aspnet:8.0-noble-chiseled", "app"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.4", "root"),
        ("registry.access.redhat.com/ubi9/nodejs-20:1", "1001"),
        ("lscr.io/linuxserver/sonarr:4", "root"),
        ("nvidia/cuda:12.4.0-base-ubuntu22.04", "root"),
        ("mambaorg/micromamba:2", "mambauser"),
        ("ghcr.io/acme/app:1", UNKNOWN),
        ("acme/app:1", UNKNOWN),
        ("myapp", UNKNOWN),
        ("${IMAGE}", UNKNOWN),
    ],
)
def test_the_user_of_a_well_known_image_is_known_and_of_others_is_not(image: str, user: object) -> None:
    assert default_user(image) == user


@pytest.mark.parametrize(
    ("image", "drops"),
    [
        ("postgres:16", True),
        ("valkey/valkey:8", True),
        ("linuxserver/sonarr", True),
        ("nginx:1.27", False),
        ("python:3.12", False),
        ("acme/postgres", False),
        ("memcached", False),
    ],
)
def test_images_whose_entry_point_drops_root_for_workers(image: str, *, drops: bool) -> None:
    assert drops_root(image) is drops


@pytest.mark.parametrize(
    ("image", "master"),
    [
        ("nginx", True),
        ("php:8.3-apache", True),
        ("php:8.3-cli", False),
        ("php:8-fpm-alpine", True),
        ("wordpress:6", True),
        ("node:22", False),
    ],
)
def test_images_whose_main_process_alone_keeps_root(image: str, *, master: bool) -> None:
    assert has_root_master(image) is master


@pytest.mark.parametrize(
    ("image", "official"),
    [("nginx", True), ("eclipse-temurin:21", True), ("myapp", False), ("acme/nginx", False), ("ghcr.io/nginx", False)],
)
def test_a_bare_name_that_docker_hub_does_not_have_is_not_official(image: str, *, official: bool) -> None:
    assert is_official(image) is official


@pytest.mark.parametrize(
    ("image", "one"),
    [
        ("alpine:3.20", "alpine"),
        ("python:3.12-alpine3.20", "alpine"),
        ("traefik:v3.1", "alpine"),
        ("python:3.12", "debian"),
        ("python:3.12-slim-bookworm", "debian"),
        ("ubuntu:24.04", "debian"),
        ("mongo:8", "debian"),
        ("mcr.microsoft.com/dotnet/sdk:8.0", "debian"),
        ("oraclelinux:9-slim", "redhat"),
        ("mysql:8.4", "redhat"),
        ("mysql:8.0-debian", "debian"),
        ("openjdk:21", "redhat"),
        ("openjdk:11", "debian"),
        ("eclipse-temurin:21-ubi9-minimal", "redhat"),
        ("registry.access.redhat.com/ubi9/ubi", "redhat"),
        ("registry.acme.test/ubi10-slim", "redhat"),
        ("acme/tools:1.2-al2023", "redhat"),
        ("acme/real2023", UNKNOWN),
        ("ACME/Ubuntu:24.04", "debian"),
        ("opensuse/leap:15", "suse"),
        ("archlinux", "arch"),
        ("busybox:1.36", "busybox"),
        ("gcr.io/distroless/base-debian12", "none"),
        ("scratch", "none"),
        ("acme/scratchpad", UNKNOWN),
        ("mcr.microsoft.com/windows/servercore:ltsc2022", "windows"),
        ("ghcr.io/acme/app", UNKNOWN),
    ],
)
def test_the_distribution_behind_an_image(image: str, one: object) -> None:
    assert family(image) == one
