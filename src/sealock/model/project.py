"""Several containers that are declared together: a compose project, or the `docker run` lines of one script."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from sealock.model.absent import UNSET, Maybe
from sealock.model.container import Container


class ProjectNetwork(Struct, frozen=True):
    """A network that the project declares. Name as the services write it; `driver` UNSET for the default."""

    name: str
    driver: Maybe[str] = UNSET
    internal: bool = False
    external: bool = False
    options: tuple[tuple[str, str], ...] = ()
    declared: bool = True
    """False for the implicit "default" network."""


class ProjectVolume(Struct, frozen=True):
    """A named volume that the project declares."""

    name: str
    driver: Maybe[str] = UNSET
    external: bool = False
    options: tuple[tuple[str, str], ...] = ()


class ProjectSecret(Struct, frozen=True):
    """A secret or config: from a file, an environment variable, written inline (`content`), or external."""

    name: str
    kind: Literal["secret", "config"] = "secret"
    file: str | None = None
    environment: str | None = None
    content: str | None = None
    external: bool = False


class Dependency(Struct, frozen=True, gc=False):
    """A service that another waits for, until it has started, is healthy or has completed (`service_healthy`, …)."""

    service: str
    condition: str = "service_started"


class ServiceBuild(Struct, frozen=True):
    """How a service's image is built."""

    context: str = "."
    dockerfile: str | None = None
    inline: str | None = None
    target: str | None = None
    args: tuple[tuple[str, str | None], ...] = ()
    secrets: tuple[str, ...] = ()
    ssh: tuple[str, ...] = ()
    network: str | None = None
    privileged: bool = False
    entitlements: tuple[str, ...] = ()
    additional_contexts: tuple[tuple[str, str], ...] = ()


class Service(Struct, frozen=True):
    """One container of the project. `subject` is the name of the Subject that holds the same container."""

    name: str
    subject: str
    container: Container
    build: ServiceBuild | None = None
    depends_on: tuple[Dependency, ...] = ()
    profiles: tuple[str, ...] = ()
    external_links: tuple[str, ...] = ()
    provider: tuple[tuple[str, str], ...] = ()
    """The options of the provider that runs it instead of an engine."""


class ProjectFile(Struct, frozen=True, gc=False):
    """A file that the project names (env_file, secret file); None in a field where it could not be inspected."""

    path: str
    exists: bool | None = None
    mode: int | None = None
    """Permission bits."""
    ignored_by_git: bool | None = None
    in_repository: bool | None = None
    """Whether it is in a git repository."""
    has_secrets: bool | None = None
    """Whether variables in it hold secrets; None where it was not read."""


class Project(Struct, frozen=True):
    """The whole of a compose project, a script, a unit of Quadlet or a bake file, or the settings of manifests.

    Where-paths start with "services", NAME, … or "networks", NAME.
    """

    kind: Literal["compose", "script", "units", "bake", "settings"]
    services: tuple[Service, ...] = ()
    networks: tuple[ProjectNetwork, ...] = ()
    volumes: tuple[ProjectVolume, ...] = ()
    secrets: tuple[ProjectSecret, ...] = ()
    files: tuple[ProjectFile, ...] = ()
    obsolete: tuple[str, ...] = ()
    """Top-level or service keys that Compose no longer reads, as JSON pointers: "/version"."""
