"""What the clients that people have need of an engine, as tables of [[guard.caller]]: `preset = "traefik"`.

A caller's own keys replace those of its preset, except `allow`, which adds to it.
"""

from __future__ import annotations

from typing import Any, Final

_ASK: Final = ["ping", "version"]
_DETAILS: Final = "GET /containers/{id}/json"

PRESETS: Final[dict[str, dict[str, Any]]] = {
    # Traefik's Docker provider: which containers run, and what happens to them.
    "traefik": {"allow": [*_ASK, "events", "GET /containers/json", _DETAILS]},
    # Traefik's Swarm provider.
    "traefik-swarm": {"allow": [*_ASK, "events", "services:read", "tasks:read", "GET /networks"]},
    # Prometheus: docker_sd_configs.
    "prometheus": {"allow": [*_ASK, "GET /containers/json", "GET /networks"]},
    # Prometheus: dockerswarm_sd_configs.
    "prometheus-swarm": {"allow": [*_ASK, "services:read", "tasks:read", "nodes:read", "GET /networks"]},
    # Dozzle shows logs and use, and starts nothing.
    "dozzle": {"allow": [*_ASK, "info", "events", "containers:read", "logs"]},
    # Watchtower pulls images and makes containers again, with the settings that they have.
    "watchtower": {
        "allow": [
            *(*_ASK, "info", "containers", "GET /images/{name}/json", "POST /images/create", "DELETE /images/{name}"),
            *("GET /distribution/{name}/json", "GET /networks/{id}", "POST /networks/{id}/connect"),
            "POST /networks/{id}/disconnect",
        ],
    },
    # Portainer manages all but the swarm, its plugins and BuildKit's streams. It mounts only what `binds` names.
    "portainer": {
        "allow": [
            *(*_ASK, "info", "events", "system", "auth", "containers", "logs", "attach", "exec", "files", "commit"),
            *("images", "distribution", "build", "volumes", "networks", "GET /plugins"),
        ],
    },
    # A CI runner builds and runs what other people wrote: only its own objects, with safe defaults.
    "ci": {
        "allow": [
            *(*_ASK, "info", "events", "system", "auth", "containers", "logs", "attach", "exec", "files", "images"),
            *("distribution", "build", "volumes", "networks"),
        ],
        "own": True,
        "change": ["no-new-privileges", "cap-drop", "limits", "loopback"],
        "memory": "2G",
        "pids": 512,
    },
}
