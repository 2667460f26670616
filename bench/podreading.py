"""A naive reading of the Pod Security Standard "restricted", on plain data, for bench/manifests.py.

It shares nothing with sealock: PyYAML loads the text, and each control is a few lines on dicts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_STEPS = {"tekton.dev": ("steps", "sidecars"), "argoproj.io": ("container", "script", "sidecars")}
_NO_PODS = {
    "annotations", "binaryData", "data", "labels", "matchLabels", "metadata", "openAPIV3Schema", "selector", "status",
    "stringData",
}  # fmt: skip
_SYSCTLS = {
    "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem", "net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat",
}  # fmt: skip
_VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def pods(text: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    """Each pod specification in a text: the metadata beside it, itself, and its containers."""
    for document in yaml.safe_load_all(text):
        yield from _below(document, {}, "")


def _below(
    value: object, beside: dict[str, Any], group: str
) -> Iterator[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    if isinstance(value, list):
        for item in value:
            yield from _below(item, beside, group)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("apiVersion"), str) and value.get("kind"):
        group = value["apiVersion"].partition("/")[0] or "v1"
    lists = [key for key in (*_CONTAINERS, *_STEPS.get(group, ())) if value.get(key)]
    containers = []
    for key in lists:
        items = [value[key]] if isinstance(value[key], dict) and key not in _CONTAINERS else value[key]
        containers += [item for item in items if isinstance(item, dict) and (item.get("name") or "image" in item)]
    if group and containers:
        yield beside.get("metadata") or value.get("metadata") or {}, value, containers
    for key, inner in value.items():
        if key not in _NO_PODS and key not in lists:
            yield from _below(inner, value, group)


def _dict(value: object, *keys: str) -> Any:  # noqa: ANN401  what manifests hold
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if value is not None else {}


def _word(value: object, *keys: str) -> str:
    found = _dict(value, *keys)
    return found if isinstance(found, str) else ""


def violated(metadata: dict[str, Any], spec: dict[str, Any], containers: list[dict[str, Any]]) -> set[str]:
    """The controls of restricted, in the newest version, that a pod violates."""
    own = _dict(spec, "securityContext")
    contexts = [_dict(container, "securityContext") for container in containers]
    windows = _word(spec, "os", "name") == "windows"
    user_namespace = spec.get("hostUsers") is False
    annotations = _dict(metadata, "annotations")
    rules = {
        "windowsHostProcess": any(_dict(each, "windowsOptions", "hostProcess") is True for each in (own, *contexts)),
        "hostNamespaces": any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
        "privileged": any(each.get("privileged") for each in contexts),
        "hostPorts": any(port.get("hostPort") for each in containers for port in each.get("ports") or []),
        "hostProbesAndHostLifecycle": any(map(_elsewhere, containers)),
        "appArmorProfile": any(
            "appArmorProfile" in each and _word(each, "appArmorProfile", "type") not in {"RuntimeDefault", "Localhost"}
            for each in (own, *contexts)
        )
        or any(
            key.startswith("container.apparmor.security.beta.kubernetes.io/")
            and not (value in {"", "runtime/default"} or str(value).startswith("localhost/"))
            for key, value in annotations.items()
        ),
        "seLinuxOptions": any(
            _word(each, "seLinuxOptions", "user")
            or _word(each, "seLinuxOptions", "role")
            or (_word(each, "seLinuxOptions", "type") or "container_t")
            not in {"container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
            for each in (own, *contexts)
        ),
        "sysctls": any(sysctl["name"] not in _SYSCTLS for sysctl in own.get("sysctls") or []),
        "restrictedVolumes": any(
            {key for key in volume if volume[key] is not None} - {"name"} and not set(volume) & _VOLUMES
            for volume in spec.get("volumes") or []
        ),
        "allowPrivilegeEscalation": not windows
        and any(each.get("allowPrivilegeEscalation") is not False for each in contexts),
        "runAsNonRoot": not user_namespace
        and (
            own.get("runAsNonRoot") is False
            or any(not each.get("runAsNonRoot", own.get("runAsNonRoot")) for each in contexts)
        ),
        "runAsUser": not user_namespace and any(each.get("runAsUser") == 0 for each in (own, *contexts)),
        "seccompProfile_restricted": not windows
        and any(
            _word(each, "seccompProfile", "type") not in {"RuntimeDefault", "Localhost"}
            for each in ([own] if own.get("seccompProfile") else []) + [own | each for each in contexts]
        ),
        "capabilities_restricted": not windows
        and any(
            "ALL" not in (_dict(each, "capabilities").get("drop") or [])
            or set(_dict(each, "capabilities").get("add") or []) - {"NET_BIND_SERVICE"}
            for each in contexts
        ),
        "procMount_restricted": any(each.get("procMount", "Default") != "Default" for each in contexts),
    }
    return {name for name, broken in rules.items() if broken}


def _elsewhere(container: dict[str, Any]) -> bool:
    """Whether a probe or hook of a container names a host."""
    handlers = [container.get(key) for key in ("livenessProbe", "readinessProbe", "startupProbe")]
    handlers += [_dict(container, "lifecycle", key) for key in ("postStart", "preStop")]
    return any(_dict(handler, kind, "host") for handler in handlers for kind in ("httpGet", "tcpSocket"))
