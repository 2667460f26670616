"""Turns the settings of Tecnativa's docker-socket-proxy into a policy that allows no more than they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealock.guard.decision.routes import ROUTES
from sealock.guard.permits import caller_table, words_for

_GRANTED: Final = {"EVENTS": "1", "PING": "1", "VERSION": "1"}
"""What the proxy grants where its variable is not set."""
_SECTIONS: Final = {
    "AUTH": "auth", "BUILD": "build", "COMMIT": "commit", "CONFIGS": "configs", "CONTAINERS": "containers",
    "DISTRIBUTION": "distribution", "EVENTS": "events", "EXEC": "exec", "GRPC": "grpc", "IMAGES": "images",
    "INFO": "info", "NETWORKS": "networks", "NODES": "nodes", "PING": "_ping", "PLUGINS": "plugins",
    "SECRETS": "secrets", "SERVICES": "services", "SESSION": "session", "SWARM": "swarm", "SYSTEM": "system",
    "TASKS": "tasks", "VERSION": "version", "VOLUMES": "volumes",
}  # fmt: skip
"""Each variable, and the first segment of the paths that it grants."""
_SINGLE: Final = {
    "ALLOW_RESTARTS": ("stop", "restart", "kill"), "ALLOW_START": ("start",), "ALLOW_STOP": ("stop",),
}  # fmt: skip
_OTHERS: Final = frozenset({"POST", "LOG_LEVEL", "SOCKET_PATH", "BIND_CONFIG", "DISABLE_IPV6"})
KNOWN: Final = frozenset({*_SECTIONS, *_SINGLE, *_OTHERS})
"""The variables of the proxy."""
IMAGE: Final = "docker-socket-proxy"
"""How the repository of the proxy's image ends."""


def import_settings(proxies: Mapping[str, Mapping[str, str]]) -> str:
    """A policy with a caller for each proxy, by its name, that may use what its variables grant.

    All that the rules deny stays denied.
    """
    return "[guard]\n\n" + "\n".join(_caller(environment, name) for name, environment in proxies.items())


def _caller(environment: Mapping[str, str], name: str) -> str:
    settings = _GRANTED | dict(environment)
    posts = _on(settings.get("POST", "0"))
    granted = {segment for variable, segment in _SECTIONS.items() if _on(settings.get(variable, "0"))}
    routes = {route.name for route in ROUTES if route.segments[0] in granted and (posts or route.access == "read")}
    chosen = (actions for variable, actions in _SINGLE.items() if _on(settings.get(variable, "0")))
    singles = {action for actions in chosen for action in actions}
    routes |= {f"POST /containers/{{id}}/{action}" for action in singles if posts}
    notes = ["From the settings of docker-socket-proxy. It checks paths only: here the rules check the bodies as well."]
    if "containers" in granted and not posts:
        notes.append("GET /containers/{id}/attach/ws, which that proxy lets pass, writes to a container: left out.")
    if singles and not posts:
        notes.append("ALLOW_START, ALLOW_STOP and ALLOW_RESTARTS grant nothing there without POST=1, and nothing here.")
    switches = {*_SECTIONS, *_SINGLE, "POST"}
    odd = sorted(key for key in switches & set(environment) if not environment[key].strip().isdigit())
    notes += [f"{key} is no number, which that proxy reads as 0." for key in odd]
    if granted & {"grpc", "session"} and posts:
        notes.append("BuildKit's streams (/session, /grpc) cannot be evaluated: leave them out if no build needs them.")
    notes.append("Say who this is: uid, tls-name, container, container-image or container-label. As it is, everyone.")
    return caller_table(name, {"allow": words_for(routes)}, notes)


def _on(value: str) -> bool:
    """Whether a value grants: a number other than 0."""
    return value.strip().isdigit() and int(value) != 0
