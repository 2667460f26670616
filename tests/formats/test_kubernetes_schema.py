"""What fixes write in manifests, held against the schemas that Kubernetes publishes of its API, without leniency."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock.rules.catalog import every_rule
from sealock.scan.fix import fix
from sealock.scan.settings import Settings
from support.draws import draws

NEWEST = "1.37"
KINDS = {
    "Pod": ("v1", ()), "Deployment": ("apps/v1", ("template",)), "StatefulSet": ("apps/v1", ("template",)), "DaemonSet": ("apps/v1", ("template",)),
    "Job": ("batch/v1", ("template",)), "CronJob": ("batch/v1", ("jobTemplate", "spec", "template")),
}  # fmt: skip
UNWANTED: dict[str, dict[str, Any]] = {
    "": {},
    "container": {"securityContext": {"privileged": True, "procMount": "Unmasked", "runAsUser": 0, "capabilities": {"add": ["SYS_ADMIN", "NET_RAW"]}}},
    "seccomp": {"securityContext": {"seccompProfile": {"type": "Unconfined"}, "appArmorProfile": {"type": "Unconfined"}, "allowPrivilegeEscalation": True}},
    "mounts": {"volumeMounts": [{"name": "v", "mountPath": "/x"}], "ports": [{"containerPort": 80, "hostPort": 80}]},
    "limits": {"resources": {"limits": {"cpu": "1"}, "requests": {"memory": "64Mi"}}, "env": [{"name": "PASSWORD", "value": "hunter2hunter2"}]},
    "windows": {"securityContext": {"windowsOptions": {"hostProcess": True}}},
}  # fmt: skip
OF_POD: dict[str, dict[str, Any]] = {
    "": {},
    "host": {"hostNetwork": True, "hostPID": True, "hostIPC": True},
    "context": {"securityContext": {"sysctls": [{"name": "kernel.core_pattern", "value": "x"}], "runAsNonRoot": False, "supplementalGroups": [0],
                                    "seLinuxOptions": {"type": "spc_t"}}},
    "token": {"automountServiceAccountToken": True},
}  # fmt: skip


def manifest(kind: str, containers: list[dict[str, Any]], spec: dict[str, Any]) -> dict[str, Any]:
    """A resource with a pod; its volume v is the host's /etc."""
    version, path = KINDS[kind]
    pod: dict[str, Any] = {"containers": containers, "volumes": [{"name": "v", "hostPath": {"path": "/etc"}}], **spec}
    resource: dict[str, Any] = {"apiVersion": version, "kind": kind, "metadata": {"name": "x"}}
    if kind in {"Job", "CronJob"}:
        pod["restartPolicy"] = "Never"
    if not path:
        return resource | {"spec": pod}
    inner: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": pod}
    for key in reversed(path):
        inner = {key: inner}
    more = {"StatefulSet": {"serviceName": "x"}, "CronJob": {"schedule": "0 * * * *"}}.get(kind, {})
    selector = {"selector": {"matchLabels": {"a": "b"}}} if kind not in {"Job", "CronJob"} else {}
    return resource | {"spec": {**more, **selector, **inner}}


def assert_valid(text: str) -> None:
    for document in yaml.safe_load_all(text):
        kubernetes_validate.validate(document, NEWEST, strict=True)


def fixed(path: Path, text: str) -> str:
    """The text after all fixes; a second time nothing changes."""
    path.write_text(text, encoding="utf-8")
    everything = Settings(pedantic=True, policy_file="")
    fix(str(path), settings=everything, unsafe=True, write=True)
    after = path.read_text(encoding="utf-8")
    fix(str(path), settings=everything, unsafe=True, write=True)
    assert path.read_text(encoding="utf-8") == after
    return after


VECTORS = [(rule.id, text) for rule in every_rule() for text in rule.bad if text.startswith("apiVersion")]


@pytest.mark.parametrize(
    ("rule", "text"), [pytest.param(*row, id=f"{row[0]} {number}") for number, row in enumerate(VECTORS)]
)
def test_the_vectors_and_their_fixes_are_valid(rule: str, text: str, tmp_path: Path) -> None:
    del rule
    # gitRepo and hosts of hooks are the API's too.
    assert_valid(text)
    assert_valid(fixed(tmp_path / "pod.yaml", text))


@pytest.mark.repeats
@draws(25)
@given(st.sampled_from(sorted(KINDS)), st.lists(st.sampled_from(sorted(UNWANTED)), min_size=1, max_size=3), st.sampled_from(sorted(OF_POD)), st.sampled_from(["block", "flow", "json"]))  # fmt: skip
def test_fixed_manifests_are_valid(
    tmp_path_factory: pytest.TempPathFactory, kind: str, several: list[str], spec: str, style: str
) -> None:
    containers = [{"name": f"c{number}", "image": "app:1"} | UNWANTED[name] for number, name in enumerate(several)]
    made = manifest(kind, containers, OF_POD[spec])
    text = json.dumps(made, indent=2) if style == "json" else yaml.safe_dump(made, default_flow_style=style == "flow")
    assert_valid(text)
    after = fixed(tmp_path_factory.mktemp("m") / ("pod.json" if style == "json" else "pod.yaml"), text)
    assert after != text
    assert_valid(after)


def test_the_schema_refuses_what_kubernetes_does() -> None:
    wrong = manifest("Pod", [{"name": "c", "image": "a", "securityContext": {"privilegd": True}}], {})
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)
