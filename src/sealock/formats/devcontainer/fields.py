"""The table of devcontainer.json: its keys, each with the option of `docker run` that the tools make of it."""

from __future__ import annotations

from typing import Final

from sealock.formats.optionkeys.table import OptionKey
from sealock.patterns import compile_lazily

TABLE: Final = (
    OptionKey("appPort", "publish", "list"),
    OptionKey("workspaceMount", "mount", "text"),
    OptionKey("containerUser", "user", "text"),
    OptionKey("runArgs", shape="arguments"),
    OptionKey("containerEnv", "env", "pairs"),
    OptionKey("init", "init", "flag"),
    OptionKey("privileged", "privileged", "flag"),
    OptionKey("capAdd", "cap-add", "list"),
    OptionKey("securityOpt", "security-opt", "list"),
    OptionKey("mounts", "mount", "list"),
)
COMPOSE_TABLE: Final = tuple(row for row in TABLE if row.key not in {"appPort", "workspaceMount", "runArgs"})
"""What counts for a service of a compose file."""
FEATURES: Final = {
    "docker-in-docker": ("--privileged",),
    "docker-outside-of-docker": ("--mount=type=bind,source=/var/run/docker.sock,target=/var/run/docker-host.sock",),
}
"""What well-known features ask for (as of 2026-11)."""
KNOWN_FEATURES: Final = compile_lazily(r"ghcr\.io/devcontainers/features/([\w.-]+)(?:[:@].*)?")
"""Features of the specification's own collection: others may ask for any right."""
ASKED_BY_FEATURES: Final = ("privileged", "cap_add", "seccomp", "apparmor", "mounts")
OPEN: Final = compile_lazily(r"\$\{")
"""What the tools fill in: ${localWorkspaceFolder}, ${localEnv:NAME}."""
