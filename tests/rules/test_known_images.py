"""Which user a well-known image runs as: what is not known is skipped, never guessed."""

from __future__ import annotations

import pytest

from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.imagename import default_user


@pytest.mark.parametrize(
    ("image", "user"),
    [
        ("mcr.microsoft.com/dotnet/samples:aspnetapp", "app"),
        ("mcr.microsoft.com/dotnet/sdk:9.0", "root"),
        ("mcr.microsoft.com/dotnet/nightly/aspnet:9.0-azurelinux3.0-distroless", "app"),
        ("mcr.microsoft.com/dotnet/runtime:8.0-jammy-chiseled", "app"),
        ("mcr.microsoft.com/dotnet/monitor:9", "app"),
        ("mcr.microsoft.com/dotnet/aspnet:9.0-nanoserver-ltsc2022", "ContainerUser"),
        ("mcr.microsoft.com/dotnet/framework/aspnet:4.8", UNKNOWN),
        ("mcr.microsoft.com/dotnet/something-new:1", UNKNOWN),
        ("golang:1.25-windowsservercore", UNKNOWN),
        ("jetty:12", "jetty"),
        ("websphere-liberty:full", "1001"),
        ("wordpress:cli-php8.3", "www-data"),
        ("wordpress:6", "root"),
        ("prom/prometheus:v3", "nobody"),
        ("prom/blackbox-exporter:v0.26", UNKNOWN),
        ("registry.access.redhat.com/ubi9/python-312:1", "1001"),
        ("registry.access.redhat.com/ubi9/ubi-minimal:9.5", "root"),
        ("registry.access.redhat.com/ubi9/something:1", UNKNOWN),
        ("registry.redhat.io/ubi9/ubi:9.5", "root"),
        ("quay.io/centos/centos:stream9", "root"),
        ("quay.io/fedora/fedora-minimal:41", "root"),
        ("quay.io/fedora/fedora-bootc:41", UNKNOWN),
        ("registry.fedoraproject.org/fedora:41", "root"),
        ("opensuse/leap:15.6", "root"),
        ("rockylinux/rockylinux:9", "root"),
        ("almalinux/9-base", "root"),
        ("almalinux/9-init", UNKNOWN),
        ("bitnami/redis:7", "1001"),
        ("bitnami/minideb:bookworm", "root"),
        ("gcr.io/distroless/static:nonroot", "nonroot"),
        ("gcr.io/distroless/static:latest", "root"),
        ("cgr.dev/chainguard/python:latest", "nonroot"),
        ("vulhub/php:8.1", UNKNOWN),
    ],
)
def test_a_known_image_runs_as_the_user_that_its_configuration_names(image: str, user: Maybe[str]) -> None:
    assert default_user(image) == user
