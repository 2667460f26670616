"""The Pod Security Standards, row by row: a pod that meets all of restricted, and what each control forbids in it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.formats.kubernetes.manifest import ManifestValue, parse
from sealock.formats.kubernetes.namespaces import find_enforcing
from sealock.formats.kubernetes.pods import find_pods
from sealock.formats.kubernetes.podsecurity import NEWEST, controls, violations
from sealock.model.location import Place
from sealock.rules.catalog import every_rule
from support.draws import draws

GROUPS = ("containers", "initContainers", "ephemeralContainers")


def pod(group: str = "containers", **differs: Any) -> dict[str, Any]:
    """A pod that meets restricted, but for what differs: in its `spec`, in the last `container`, in their
    securityContext (`of_pod`, `own`), in its `annotations`."""
    sound = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    lists: dict[str, list[dict[str, Any]]] = {
        key: [{"name": f"{key}-1", "image": "a", "securityContext": sound}] for key in GROUPS
    }
    last = {"name": "last", "image": "a", "securityContext": sound | differs.get("own", {})}
    lists[group].append(last | differs.get("container", {}))
    context = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}} | differs.get("of_pod", {})
    metadata = {"name": "x", "annotations": differs.get("annotations", {})}
    spec = {"securityContext": context} | lists | differs.get("spec", {})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def nested(*path: str) -> dict[str, Any]:
    """Mappings in one another: the last word is the value of the one before."""
    *keys, value = path
    inner: Any = value
    for key in reversed(keys):
        inner = {key: inner}
    return {**inner}


def failed(manifest: dict[str, Any], level: Any = "restricted", minor: int = NEWEST) -> set[str]:
    """The ids of the controls that the pod violates."""
    text = msgspec.json.encode(manifest).decode()
    (document,) = parse(text).documents
    assert document is not None
    (found,) = find_pods(ManifestValue(document, Place(document.start, document.end)))
    result = set()
    for control, message, place in violations(found, level, minor):
        assert 0 <= place.start < place.end <= len(text)
        assert message
        result.add(control.id)
    return result


# The sentence, what differs from the sound pod, the controls of baseline and of restricted that it violates.
ROWS: list[tuple[str, dict[str, Any], str, str]] = [
    ("a pod that meets all", {}, "", ""),
    ("HostProcess of a container", {"own": {"windowsOptions": {"hostProcess": True}}}, "windowsHostProcess", "windowsHostProcess"),
    ("HostProcess of the pod", {"of_pod": {"windowsOptions": {"hostProcess": True}}}, "windowsHostProcess", "windowsHostProcess"),
    ("no HostProcess", {"own": {"windowsOptions": {"hostProcess": False}}}, "", ""),
    ("the host's network", {"spec": {"hostNetwork": True}}, "hostNamespaces", "hostNamespaces"),
    ("the host's processes", {"spec": {"hostPID": True}}, "hostNamespaces", "hostNamespaces"),
    ("the host's IPC", {"spec": {"hostIPC": True}}, "hostNamespaces", "hostNamespaces"),
    ("namespaces of its own", {"spec": {"hostIPC": False, "hostPID": None}}, "", ""),
    ("privileged", {"own": {"privileged": True}}, "privileged", "privileged"),
    ("privileged is null", {"own": {"privileged": None}}, "", ""),
    ("NET_RAW is added", {"own": {"capabilities": {"drop": ["ALL"], "add": ["NET_RAW"]}}}, "capabilities_baseline", "capabilities_restricted"),
    ("a capability with CAP_", {"own": {"capabilities": {"drop": ["ALL"], "add": ["CAP_CHOWN"]}}}, "capabilities_baseline", "capabilities_restricted"),
    ("a capability in lower case", {"own": {"capabilities": {"drop": ["ALL"], "add": ["chown"]}}}, "capabilities_baseline", "capabilities_restricted"),
    ("CHOWN is added", {"own": {"capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}}}, "", "capabilities_restricted"),
    ("NET_BIND_SERVICE is added", {"own": {"capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}}, "", ""),
    ("not all is dropped", {"own": {"capabilities": {"drop": ["NET_RAW"]}}}, "", "capabilities_restricted"),
    ("all is dropped in lower case", {"own": {"capabilities": {"drop": ["all"]}}}, "", "capabilities_restricted"),
    ("nothing is dropped", {"own": {"capabilities": {}}}, "", "capabilities_restricted"),
    ("a hostPath volume that nothing mounts", {"spec": {"volumes": [{"name": "v", "hostPath": {"path": "/a"}}]}}, "hostPathVolumes", "restrictedVolumes"),
    ("an NFS volume", {"spec": {"volumes": [{"name": "v", "nfs": {"server": "a"}}]}}, "", "restrictedVolumes"),
    ("a gitRepo volume", {"spec": {"volumes": [{"name": "v", "gitRepo": {"repository": "a"}}]}}, "", "restrictedVolumes"),
    ("a volume of a type to come", {"spec": {"volumes": [{"name": "v", "teleport": {}}]}}, "", "restrictedVolumes"),
    ("a volume without a type", {"spec": {"volumes": [{"name": "v"}]}}, "", ""),
    ("allowed volumes", {"spec": {"volumes": [{"name": k, k: {}} for k in
     ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret")]}}, "", ""),
    ("a port of the host", {"container": {"ports": [{"containerPort": 1, "hostPort": 2}]}}, "hostPorts", "hostPorts"),
    ("the host's port 0", {"container": {"ports": [{"containerPort": 1, "hostPort": 0}]}}, "", ""),
    *((f"a host in {'.'.join(path)}", {"container": nested(*path, "host", "127.0.0.1")}, "hostProbesAndHostLifecycle", "hostProbesAndHostLifecycle")
      for handler in (("livenessProbe",), ("readinessProbe",), ("startupProbe",), ("lifecycle", "postStart"), ("lifecycle", "preStop"))
      for path in ((*handler, "httpGet"), (*handler, "tcpSocket"))),
    ("an empty host of a probe", {"container": nested("livenessProbe", "httpGet", "host", "")}, "", ""),
    ("a probe of gRPC", {"container": nested("livenessProbe", "grpc", "port", "1")}, "", ""),
    ("AppArmor is off for a container", {"own": {"appArmorProfile": {"type": "Unconfined"}}}, "appArmorProfile", "appArmorProfile"),
    ("AppArmor is off for the pod", {"of_pod": {"appArmorProfile": {"type": "Unconfined"}}}, "appArmorProfile", "appArmorProfile"),
    ("AppArmor without a type", {"own": {"appArmorProfile": {}}}, "appArmorProfile", "appArmorProfile"),
    ("AppArmor of its own", {"own": {"appArmorProfile": {"type": "Localhost"}}}, "", ""),
    ("AppArmor is off by annotation", {"annotations": {"container.apparmor.security.beta.kubernetes.io/y": "unconfined"}}, "appArmorProfile", "appArmorProfile"),
    ("AppArmor by annotation", {"annotations": {"container.apparmor.security.beta.kubernetes.io/last": "localhost/x"}}, "", ""),
    ("AppArmor by an empty annotation", {"annotations": {"container.apparmor.security.beta.kubernetes.io/last": ""}}, "", ""),
    ("an SELinux type", {"own": {"seLinuxOptions": {"type": "spc_t"}}}, "seLinuxOptions", "seLinuxOptions"),
    ("an SELinux type of the pod", {"of_pod": {"seLinuxOptions": {"type": "mine_t"}}}, "seLinuxOptions", "seLinuxOptions"),
    ("an SELinux user", {"own": {"seLinuxOptions": {"user": "u"}}}, "seLinuxOptions", "seLinuxOptions"),
    ("an SELinux role", {"of_pod": {"seLinuxOptions": {"role": "r"}}}, "seLinuxOptions", "seLinuxOptions"),
    ("an SELinux level", {"own": {"seLinuxOptions": {"level": "s0:c1", "type": "container_engine_t", "user": ""}}}, "", ""),
    ("/proc is not masked", {"own": {"procMount": "Unmasked"}}, "procMount", "procMount_restricted"),
    ("/proc is not masked in a user namespace", {"own": {"procMount": "Unmasked"}, "spec": {"hostUsers": False}}, "", "procMount_restricted"),
    ("/proc as it is", {"own": {"procMount": "Default"}}, "", ""),
    ("seccomp is off for a container", {"own": {"seccompProfile": {"type": "Unconfined"}}}, "seccompProfile_baseline", "seccompProfile_restricted"),
    ("seccomp is off for the pod", {"of_pod": {"seccompProfile": {"type": "Unconfined"}}}, "seccompProfile_baseline", "seccompProfile_restricted"),
    ("seccomp without a type", {"of_pod": {"seccompProfile": {}}}, "seccompProfile_baseline", "seccompProfile_restricted"),
    ("seccomp is not asked for", {"of_pod": {"seccompProfile": None}}, "", "seccompProfile_restricted"),
    ("an old annotation of seccomp", {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}, "", ""),
    ("a sysctl of the host", {"of_pod": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}}, "sysctls", "sysctls"),
    ("a safe sysctl", {"of_pod": {"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]}}, "", ""),
    ("escalation is allowed", {"own": {"allowPrivilegeEscalation": True}}, "", "allowPrivilegeEscalation"),
    ("escalation is not denied", {"own": {"allowPrivilegeEscalation": None}}, "", "allowPrivilegeEscalation"),
    ("root is not refused", {"of_pod": {"runAsNonRoot": None}}, "", "runAsNonRoot"),
    ("root is allowed by the pod", {"of_pod": {"runAsNonRoot": False}, "own": {"runAsNonRoot": True}}, "", "runAsNonRoot"),
    ("root is allowed by a container", {"own": {"runAsNonRoot": False}}, "", "runAsNonRoot"),
    ("root is not refused in a user namespace", {"of_pod": {"runAsNonRoot": None}, "spec": {"hostUsers": False}}, "", ""),
    ("root of the pod", {"of_pod": {"runAsUser": 0}}, "", "runAsUser"),
    ("root of a container", {"own": {"runAsUser": 0}}, "", "runAsUser"),
    ("root in a user namespace", {"own": {"runAsUser": 0}, "spec": {"hostUsers": False}}, "", ""),
    ("a user", {"own": {"runAsUser": 1}}, "", ""),
    ("a container without securityContext", {"container": {"securityContext": None}}, "", "allowPrivilegeEscalation capabilities_restricted"),
    ("the same on Windows", {"container": {"securityContext": None}, "spec": {"os": {"name": "windows"}}}, "", ""),
    ("no seccomp on Windows", {"of_pod": {"seccompProfile": None}, "spec": {"os": {"name": "windows"}}}, "", ""),
    ("privileged is no boolean", {"own": {"privileged": "very"}}, "privileged", "privileged"),
    ("privileged as YAML 1.1 writes it", {"own": {"privileged": "yes"}}, "privileged", "privileged"),
    ("hostUsers is no boolean", {"own": {"runAsUser": 0}, "spec": {"hostUsers": "no way"}}, "", "runAsUser"),
]  # fmt: skip


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    ("differs", "baseline", "restricted"), [pytest.param(*rest, id=sentence) for sentence, *rest in ROWS]
)
def test_a_control_finds_what_it_forbids(differs: dict[str, Any], baseline: str, restricted: str, group: str) -> None:
    manifest = pod(group, **differs)
    assert failed(manifest, "baseline") == set(baseline.split())
    assert failed(manifest, "restricted") == set(restricted.split())
    assert failed(manifest, "privileged") == set()


# The sentence, what differs, the level, the control, the first version that forbids it and the first that does not.
VERSIONS: list[tuple[str, dict[str, Any], str, str, int, int]] = [
    ("a reserved port", {"of_pod": {"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports"}]}}, "baseline", "sysctls", 0, 27),
    ("a keepalive", {"of_pod": {"sysctls": [{"name": "net.ipv4.tcp_keepalive_time"}]}}, "baseline", "sysctls", 0, 29),
    ("TCP buffers", {"of_pod": {"sysctls": [{"name": "net.ipv4.tcp_wmem"}]}}, "baseline", "sysctls", 0, 32),
    ("slow start", {"of_pod": {"sysctls": [{"name": "net.ipv4.tcp_slow_start_after_idle"}]}}, "baseline", "sysctls", 0, 37),
    ("container_engine_t", {"own": {"seLinuxOptions": {"type": "container_engine_t"}}}, "baseline", "seLinuxOptions", 0, 31),
    ("hosts of probes", {"container": nested("livenessProbe", "httpGet", "host", "x")}, "baseline", "hostProbesAndHostLifecycle", 34, NEWEST + 1),
    ("/proc in a user namespace", {"own": {"procMount": "Unmasked"}, "spec": {"hostUsers": False}}, "baseline", "procMount", 0, 35),
    ("root in a user namespace", {"own": {"runAsUser": 0}, "spec": {"hostUsers": False}}, "restricted", "runAsUser", 23, 35),
    ("escalation", {"own": {"allowPrivilegeEscalation": None}}, "restricted", "allowPrivilegeEscalation", 8, NEWEST + 1),
    ("escalation on Windows", {"own": {"allowPrivilegeEscalation": None}, "spec": {"os": {"name": "windows"}}}, "restricted", "allowPrivilegeEscalation", 8, 25),
    ("capabilities", {"own": {"capabilities": None}}, "restricted", "capabilities_restricted", 22, NEWEST + 1),
    ("seccomp is not asked for", {"of_pod": {"seccompProfile": None}}, "restricted", "seccompProfile_restricted", 19, NEWEST + 1),
    ("seccomp of an annotation", {"annotations": {"container.seccomp.security.alpha.kubernetes.io/last": "unconfined"}}, "baseline", "seccompProfile_baseline", 0, 19),
]  # fmt: skip


@pytest.mark.parametrize(
    ("differs", "level", "control", "since", "until"),
    [pytest.param(*rest, id=sentence) for sentence, *rest in VERSIONS],
)
def test_a_version_has_its_own_table(differs: dict[str, Any], level: str, control: str, since: int, until: int) -> None:
    manifest = pod(**differs)
    forbidding = [minor for minor in range(NEWEST + 1) if control in failed(manifest, level, minor)]
    assert forbidding == list(range(since, until))


def test_every_control_has_a_row_and_rules() -> None:
    tested = {control for _, _, *lists in ROWS for control in " ".join(lists).split()}
    known = {rule.id for rule in every_rule()}
    for level in ("baseline", "restricted"):
        for control in controls(level, NEWEST):
            assert control.id in tested
            assert control.rules
            assert set(control.rules) <= known


NAMES = [
    ("an enforced level", "restricted", "", ("restricted", NEWEST)),
    ("a version", "baseline", "v1.24", ("baseline", 24)),
    ("the latest version", "baseline", "latest", ("baseline", NEWEST)),
    ("a version that is none", "baseline", "1.24", ("baseline", NEWEST)),
    ("a version to come", "baseline", "v1.99", ("baseline", NEWEST)),
    ("a level that is none", "strict", "", ("restricted", NEWEST)),
]


@pytest.mark.parametrize(
    ("level", "version", "expected"), [pytest.param(*rest, id=sentence) for sentence, *rest in NAMES]
)
def test_labels_of_a_namespace(level: str, version: str, expected: tuple[str, int]) -> None:
    labels = {"pod-security.kubernetes.io/enforce": level} | (
        {"pod-security.kubernetes.io/enforce-version": version} if version else {}
    )
    resource = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n", "labels": labels}}
    for manifest in (resource, {"apiVersion": "v1", "kind": "List", "items": [resource]}):
        (document,) = parse(msgspec.json.encode(manifest).decode()).documents
        assert document is not None
        ((name, *found, _),) = find_enforcing(ManifestValue(document, Place(document.start, document.end)))
        assert (name, tuple(found)) == ("n", expected)


VALUES = st.recursive(st.none() | st.booleans() | st.integers(-1, 1) | st.sampled_from(["", "ALL", "windows", "x"]),
                      lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "name", "host", "drop", "add"]), inner, max_size=2), max_leaves=4)  # fmt: skip
KEYS = ["privileged", "procMount", "seccompProfile", "capabilities", "runAsUser", "windowsOptions", "seLinuxOptions", "sysctls", "allowPrivilegeEscalation"]  # fmt: skip


@draws(150)
@given(st.dictionaries(st.sampled_from(KEYS), VALUES), st.dictionaries(st.sampled_from(["hostPID", "hostUsers", "volumes", "os"]), VALUES),
       st.dictionaries(st.sampled_from(["ports", "livenessProbe", "lifecycle"]), VALUES), st.integers(0, NEWEST))  # fmt: skip
def test_odd_values_end_in_violations(
    own: dict[str, Any], spec: dict[str, Any], container: dict[str, Any], minor: int
) -> None:
    manifest = pod(spec=spec, own=own, of_pod=own, container=container)
    for level in ("baseline", "restricted"):
        before = failed(manifest, level, minor)
        # What one container violates, a pod with one more sound container violates too.
        manifest["spec"]["initContainers"].append(
            {"name": "more", "image": "a", "securityContext": {"privileged": True}}
        )
        assert failed(manifest, level, minor) >= before | {"privileged"}
        manifest["spec"]["initContainers"].pop()
