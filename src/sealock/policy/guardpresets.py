"""What the clients that people have need of an engine, as tables of [[guard.caller]]: `preset = "traefik"`.

A caller's own keys replace those of its preset, except `allow`, which adds to it.
"""

from __future__ import annotations

from typing import Any, Final

_ASK: Final = ["ping", "version"]
_LIST: Final = "GET /containers/json"
_DETAILS: Final = "GET /containers/{id}/json"
_LOGS: Final = "GET /containers/{id}/logs"
_SWARM: Final = ["GET /services", "GET /tasks", "GET /networks"]

PRESETS: Final[dict[str, dict[str, Any]]] = {
    # Traefik's Docker provider: which containers run, and what happens to them.
    "traefik": {"allow": [*_ASK, "events", _LIST, _DETAILS]},
    # Traefik's Swarm provider: services, their tasks, and the address of the node that runs a task.
    "traefik-swarm": {"allow": [*_ASK, *_SWARM, "GET /nodes/{id}"]},
    # Prometheus: docker_sd_configs.
    "prometheus": {"allow": [*_ASK, _LIST, "GET /networks"]},
    # Prometheus: dockerswarm_sd_configs. The labels of images stand in the details of containers.
    "prometheus-swarm": {"allow": [*_ASK, *_SWARM, "GET /nodes", _DETAILS]},
    # Dozzle shows logs and use, and starts nothing: its actions and its shell need more.
    "dozzle": {"allow": [*_ASK, "info", "events", _LIST, _DETAILS, "GET /containers/{id}/stats", _LOGS]},
    # Watchtower pulls images and makes containers again, with the settings that they have.
    "watchtower": {
        "allow": [
            *(*_ASK, "info", _LIST, _DETAILS, "POST /containers/create", "DELETE /containers/{id}"),
            *(f"POST /containers/{{id}}/{action}" for action in ("start", "stop", "kill", "rename", "update")),
            *("GET /images/{name}/json", "POST /images/create", "DELETE /images/{name}"),
            *("POST /networks/{id}/connect", "POST /networks/{id}/disconnect"),
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
