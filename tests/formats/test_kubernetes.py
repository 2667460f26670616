"""What a manifest says of each container: every field, from every kind of resource, with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealock.formats.kubernetes import read
from sealock.formats.kubernetes.manifest import parse
from sealock.formats.yamltree import YamlTree, scalars
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.container import Container, Health, Hook, Label, Mount, PodVolume, Port, Sysctl, Variable
from sealock.model.document import Subject
from sealock.model.location import Source


def containers(text: str) -> dict[str, Container]:
    document = read(Source("pod.yaml", text))
    assert not document.errors, document.errors
    return {subject.name: subject.noun for subject in document.subjects if isinstance(subject.noun, Container)}


def subject_of(container: str, pod: str = "", metadata: str = "") -> Subject:
    """The only container of a pod; `container` and `pod` are entries in flow style."""
    metadata = f"{{name: p{', ' if metadata else ''}{metadata}}}"
    container = f"{{name: c, image: a{', ' if container else ''}{container}}}"
    pod = f"{{containers: [{container}]{', ' if pod else ''}{pod}}}"
    document = read(Source("pod.yaml", f"apiVersion: v1\nkind: Pod\nmetadata: {metadata}\nspec: {pod}\n"))
    assert not document.errors, document.errors
    (subject,) = document.subjects
    return subject


def field(name: str, container: str, pod: str = "", metadata: str = "") -> Any:
    return getattr(subject_of(container, pod, metadata).noun, name)


PROFILE = "container.apparmor.security.beta.kubernetes.io/c"
HOST_PATH = "volumes: [{name: v, hostPath: {path: /etc/}}]"
FIELDS = [
    ("a container that sets nothing has no user", "user", "", "", UNSET),
    ("runAsUser is the user", "user", "securityContext: {runAsUser: 1000}", "", "1000"),
    ("runAsGroup is its group", "user", "securityContext: {runAsUser: 1000, runAsGroup: 5}", "", "1000:5"),
    ("the pod's runAsUser is the user", "user", "", "securityContext: {runAsUser: 0}", "0"),
    ("the container's runAsUser wins", "user", "securityContext: {runAsUser: 7}", "securityContext: {runAsUser: 0}", "7"),
    ("the pod's group joins the container's user", "user", "securityContext: {runAsUser: 7}", "securityContext: {runAsGroup: 8}", "7:8"),
    ("runAsNonRoot means no root", "user", "securityContext: {runAsNonRoot: true}", "", "nonroot"),
    ("the pod's runAsNonRoot does too", "user", "", "securityContext: {runAsNonRoot: true}", "nonroot"),
    ("the container's runAsNonRoot: false wins", "user", "securityContext: {runAsNonRoot: false}", "securityContext: {runAsNonRoot: true}", UNSET),
    ("runAsUser: 0 is root, whatever runAsNonRoot says", "user", "securityContext: {runAsUser: 0, runAsNonRoot: true}", "", "0"),
    ("a user of Windows has a name", "user", "securityContext: {windowsOptions: {runAsUserName: ContainerUser}}", "", "ContainerUser"),
    ("supplementalGroups are groups", "groups", "", "securityContext: {supplementalGroups: [0, 27]}", ("0", "27")),
    ("privileged", "privileged", "securityContext: {privileged: true}", "", True),
    ("privileged as YAML 1.1 writes it", "privileged", "securityContext: {privileged: yes}", "", True),
    ("privileged: null is unset", "privileged", "securityContext: {privileged: null}", "", UNSET),
    ("allowPrivilegeEscalation: false is no-new-privileges", "no_new_privileges", "securityContext: {allowPrivilegeEscalation: false}", "", True),
    ("allowPrivilegeEscalation: true is not", "no_new_privileges", "securityContext: {allowPrivilegeEscalation: true}", "", False),
    ("capabilities are added without CAP_", "cap_add", "securityContext: {capabilities: {add: [CAP_NET_ADMIN, sys_time]}}", "", ("NET_ADMIN", "SYS_TIME")),
    ("capabilities are dropped", "cap_drop", "securityContext: {capabilities: {drop: [all]}}", "", ("ALL",)),
    ("a name with a prefix drops nothing", "cap_drop", "securityContext: {capabilities: {drop: [cap_kill]}}", "", ("CAP_KILL",)),
    ("readOnlyRootFilesystem", "read_only", "securityContext: {readOnlyRootFilesystem: true}", "", True),
    ("no seccomp profile means none", "seccomp", "", "", "none"),
    ("RuntimeDefault is the runtime's", "seccomp", "", "securityContext: {seccompProfile: {type: RuntimeDefault}}", "builtin"),
    ("the container's seccomp profile wins", "seccomp", "securityContext: {seccompProfile: {type: Unconfined}}", "securityContext: {seccompProfile: {type: RuntimeDefault}}", "unconfined"),
    ("a seccomp profile of the node", "seccomp", "securityContext: {seccompProfile: {type: Localhost, localhostProfile: a.json}}", "", "a.json"),
    ("AppArmor's profile of the pod", "apparmor", "", "securityContext: {appArmorProfile: {type: Unconfined}}", "unconfined"),
    ("AppArmor's profile of the container", "apparmor", "securityContext: {appArmorProfile: {type: Localhost, localhostProfile: a}}", "", "a"),
    ("seLinuxOptions are label options", "selinux", "", "securityContext: {seLinuxOptions: {type: spc_t, level: s0}}", ("type:spc_t", "level:s0")),
    ("procMount: Unmasked", "unconfined_paths", "securityContext: {procMount: Unmasked}", "", True),
    ("procMount: Default", "unconfined_paths", "securityContext: {procMount: Default}", "", UNSET),
    ("sysctls of the pod", "sysctls", "", "securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}", (Sysctl("kernel.msgmax", "1"),)),
    ("hostNetwork", "network_mode", "", "hostNetwork: true", "host"),
    ("hostNetwork: false", "network_mode", "", "hostNetwork: false", UNSET),
    ("hostPID", "pid", "", "hostPID: true", "host"),
    ("hostIPC", "ipc", "", "hostIPC: true", "host"),
    ("hostUsers: true is the default", "userns", "", "hostUsers: true", UNSET),
    ("hostUsers: false", "userns", "", "hostUsers: false", "private"),
    ("a limit of memory", "memory", "resources: {limits: {memory: 1.5Gi}}", "", 3 << 29),
    ("a limit in decimal units", "memory", "resources: {limits: {memory: 128M}}", "", 128_000_000),
    ("a limit with an exponent", "memory", "resources: {limits: {memory: 1e9}}", "", 10**9),
    ("a limit in thousandths", "memory", "resources: {limits: {memory: 1500m}}", "", 2),
    ("a limit of the pod", "memory", "", "resources: {limits: {memory: 1Gi}}", 1 << 30),
    ("a request is no limit", "memory", "resources: {requests: {memory: 1Gi}}", "", UNSET),
    ("a limit of CPUs", "cpus", "resources: {limits: {cpu: 250m}}", "", 0.25),
    ("a whole number of CPUs", "cpus", "resources: {limits: {cpu: 2}}", "", 2.0),
    ("command is the entry point", "entrypoint", "command: [sh, -c, x]", "", ("sh", "-c", "x")),
    ("args are the command", "command", "args: [a, 1]", "", ("a", "1")),
    ("imagePullPolicy", "pull", "imagePullPolicy: IfNotPresent", "", "missing"),
    ("runtimeClassName", "runtime", "", "runtimeClassName: gvisor", "gvisor"),
    ("a variable with a value", "environment", "env: [{name: A, value: b}]", "", (Variable("A", "b"),)),
    ("a variable without one is empty", "environment", "env: [{name: A}]", "", (Variable("A", ""),)),
    ("a variable from a Secret", "environment", "env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]", "", (Variable("A", None),)),
    ("a port of the node", "ports", "ports: [{containerPort: 80, hostPort: 8080, hostIP: 10.0.0.1, protocol: UDP}]", "", (Port("80", "8080", "10.0.0.1", "udp"),)),
    ("a port of the pod is not published", "ports", "ports: [{containerPort: 80}]", "", ()),
    ("a directory of the node", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", HOST_PATH, (Mount("bind", "/etc/", "/x"),)),
    ("a directory of the node, read-only", "mounts", "volumeMounts: [{name: v, mountPath: /x, readOnly: true}]", HOST_PATH, (Mount("bind", "/etc/", "/x", read_only=True),)),
    ("a part of a directory of the node", "mounts", "volumeMounts: [{name: v, mountPath: /x, subPath: a}]", HOST_PATH, (Mount("bind", "/etc/a", "/x"),)),
    ("a mount that the node sees", "mounts", "volumeMounts: [{name: v, mountPath: /x, mountPropagation: Bidirectional}]", HOST_PATH, (Mount("bind", "/etc/", "/x", propagation="rshared"),)),
    ("an emptyDir in memory", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "volumes: [{name: v, emptyDir: {medium: Memory, sizeLimit: 1Mi}}]", (Mount("tmpfs", None, "/x", options=("size=1048576",)),)),
    ("an emptyDir on disk", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "volumes: [{name: v, emptyDir: {}}]", (Mount("volume", None, "/x", options=("ephemeral",)),)),
    ("a Secret is read-only", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "volumes: [{name: v, secret: {secretName: s}}]", (Mount("volume", "v", "/x", read_only=True),)),
    ("a claim", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "volumes: [{name: v, persistentVolumeClaim: {claimName: s}}]", (Mount("volume", "v", "/x"),)),
    ("a volume of a claim's template", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "", (Mount("volume", "v", "/x"),)),
    ("an image as a volume", "mounts", "volumeMounts: [{name: v, mountPath: /x}]", "volumes: [{name: v, image: {reference: a:1}}]", (Mount("image", "a:1", "/x", read_only=True),)),
    ("a probe with a command", "health", "livenessProbe: {exec: {command: [curl, x]}}", "", Health(test=("CMD", "curl", "x"))),
    ("a probe by HTTP", "health", "readinessProbe: {httpGet: {port: 80}}", "", Health()),
    ("no probe", "health", "", "", UNSET),
    ("a token by default", "service_token", "", "", True),
    ("no token", "service_token", "", "automountServiceAccountToken: false", False),
    ("a token on demand", "service_token", "", "automountServiceAccountToken: true", True),
    ("root is not refused", "root_refused", "", "", False),
    ("root is refused by the pod", "root_refused", "", "securityContext: {runAsNonRoot: true}", True),
    ("root is allowed by the container", "root_refused", "securityContext: {runAsNonRoot: false}", "securityContext: {runAsNonRoot: true}", False),
    ("HostProcess of the pod", "host_process", "", "securityContext: {windowsOptions: {hostProcess: true}}", True),
    ("no HostProcess", "host_process", "", "", UNSET),
    ("volumes", "pod_volumes", "", "volumes: [{name: a, hostPath: {path: /x}}, {name: b}, {name: c, nfs: {server: s}}]",
     (PodVolume("a", "hostPath", "/x"), PodVolume("b", "emptyDir"), PodVolume("c", "nfs"))),
    ("a volume that is mounted, and two of which no container mounts all", "pod_volumes", "volumeMounts: [{name: a, mountPath: /a}, {name: b, mountPath: /b, subPath: x}, {name: c, mountPath: /c, subPathExpr: y}]",
     "volumes: [{name: a, hostPath: {path: /x}}, {name: b}, {name: c}]",
     (PodVolume("a", "hostPath", "/x", mounted=True), PodVolume("b", "emptyDir"), PodVolume("c", "emptyDir"))),
    ("a host of a probe", "probe_hosts", "livenessProbe: {httpGet: {host: x}}", "", ("x",)),
    ("a host of a hook", "probe_hosts", "lifecycle: {preStop: {tcpSocket: {host: y}}}", "", ("y",)),
    ("probes of the pod itself", "probe_hosts", "livenessProbe: {httpGet: {host: ''}}", "", UNSET),
    ("a hook", "hooks", "lifecycle: {postStart: {exec: {command: [a, b]}}}", "", (Hook("post_start", ("a", "b")),)),
    ("a hook before the stop, and none after the start", "hooks", "lifecycle: {preStop: {exec: {command: [a, b]}}}", "", (Hook("pre_stop", ("a", "b")),)),
    ("PID limits are the node's", "pids_limit", "", "", UNKNOWN),
    ("logging is the node's", "logging", "", "", UNKNOWN),
    ("requests reserve nothing that a rule could compare", "memory_reservation", "resources: {requests: {memory: 1Gi}}", "", UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "container", "pod", "value"), [pytest.param(*row, id=sentence) for sentence, *row in FIELDS]
)
def test_a_field(name: str, container: str, pod: str, value: object) -> None:
    assert field(name, container, pod) == value


ODD = [
    ("hooks", "lifecycle: {postStart: {exec: {command: [[a]]}}, preStop: {exec: {command: [b]}}}", "", (Hook("pre_stop", ("b",)),), "command must be a string"),
    ("hooks", "lifecycle: {postStart: {exec: {command: [a]}}, preStop: {exec: {command: [[b]]}}}", "", (Hook("post_start", ("a",)),), "command must be a string"),
    ("probe_hosts", "livenessProbe: {httpGet: {host: [x]}}, readinessProbe: {httpGet: {host: y}}", "", ("y",), "livenessProbe must be a string"),
    ("cap_add", "securityContext: {capabilities: {add: [[x], SYS_TIME]}}", "", ("SYS_TIME",), "item 1 of add must be a string"),
    ("environment", "env: [{name: A, value: [x]}, {name: B, value: b}]", "", (Variable("B", "b"),), "item 1 of env must be a string"),
    ("mounts", "volumeMounts: [{name: v, mountPath: [x]}, {name: v, mountPath: /y}]", "", (Mount("volume", "v", "/y"),), "item 1 of volumeMounts must have a name and a mountPath"),
    ("groups", "", "securityContext: {supplementalGroups: [[0], 27]}", ("27",), "item 1 of supplementalGroups must be a whole number"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "container", "pod", "value", "message"), ODD)
def test_of_several_the_odd_one_is_an_error_and_the_others_count(
    name: str, container: str, pod: str, value: object, message: str
) -> None:
    own, shared = (f", {text}" if text else "" for text in (container, pod))
    text = f"{{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: y, image: a{own}}}]{shared}}}}}"
    document = read(Source("pod.yaml", text))
    assert [error.message for error in document.errors] == [message]
    assert getattr(document.subjects[0].noun, name) == value
    assert document.subjects[0].unresolved.keys() == {name}


@pytest.mark.parametrize(
    ("written", "profile"),
    [
        pytest.param("unconfined", "unconfined", id="none"),
        pytest.param("runtime/default", "builtin", id="the runtime's"),
        pytest.param("localhost/mine", "mine", id="one of the node"),
    ],
)
def test_an_annotation_names_the_apparmor_profile(written: str, profile: str) -> None:
    annotation = f"annotations: {{{PROFILE}: {written}}}"
    assert field("apparmor", "", "securityContext: {appArmorProfile: {type: Localhost, localhostProfile: x}}", annotation) == profile  # fmt: skip
    assert field("apparmor", "securityContext: {appArmorProfile: {type: RuntimeDefault}}", "", annotation) == "builtin"


def test_a_fault_of_the_pod_is_the_first_containers() -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {hostPID: true, initContainers: [{name: x, image: a}], containers: [{name: y, image: a}]}}"
    subjects = read(Source("pod.yaml", text)).subjects
    assert [(subject.name, dict(subject.reported_by)) for subject in subjects] == [
        ("container y of Pod p", {}),
        ("container x of Pod p", dict.fromkeys(("pid", "service_token"), "container y of Pod p")),
    ]
    assert [noun.pid for noun in containers(text).values()] == ["host", "host"]


ACCOUNT = "---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: ci, namespace: %s}\nautomountServiceAccountToken: false\n"
TOKENS = [
    ("an account that refuses it", "", "serviceAccountName: ci", "", False),
    ("an account of another namespace", "", "serviceAccountName: ci", "x", True),
    ("another account", "", "", "", True),
    ("a pod that asks for it all the same", "", "serviceAccountName: ci, automountServiceAccountToken: true", "", True),
    ("a workflow's part of a pod", "argoproj.io/v1alpha1", "", "", UNKNOWN),
]


@pytest.mark.parametrize(
    ("group", "spec", "namespace", "mounted"), [pytest.param(*row, id=sentence) for sentence, *row in TOKENS]
)
def test_the_token_of_a_service_account(group: str, spec: str, namespace: str, mounted: object) -> None:
    inner = "container: {image: a}" if group else "containers: [{name: c, image: a}]"
    text = f"apiVersion: {group or 'v1'}\nkind: Pod\nmetadata: {{name: p}}\nspec: {{{', '.join(filter(None, (spec, inner)))}}}\n"
    (noun,) = containers(text + ACCOUNT % namespace).values()
    assert noun.service_token == mounted


def test_labels_and_annotations_are_the_first_containers() -> None:
    text = "{apiVersion: v1, kind: Pod, metadata: {labels: {a: b}}, spec: {containers: [{name: x, image: a}, {name: y, image: a}]}}"
    first, second = containers(text).values()
    assert (first.labels, second.labels) == ((Label("a", "b"),), UNSET)


SPEC = "spec: {containers: [{name: c, image: a}]}"
TEMPLATE = f"template: {{{SPEC}}}"
KINDS = [
    ("a pod", f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\n{SPEC}\n", ["container c of Pod x"]),
    *(
        (f"a {kind}", f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{TEMPLATE}}}\n", [f"container c of {kind} x"])
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "ReplicationController")
    ),
    ("a CronJob", f"apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: x}}\nspec: {{jobTemplate: {{spec: {{{TEMPLATE}}}}}}}\n", ["container c of CronJob x"]),
    ("a PodTemplate", f"apiVersion: v1\nkind: PodTemplate\nmetadata: {{name: x}}\n{TEMPLATE}\n", ["container c of PodTemplate x"]),
    ("a Rollout of Argo", f"apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: x}}\nspec: {{{TEMPLATE}}}\n", ["container c of Rollout x"]),
    ("a Workflow of Argo", "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: x-}\nspec: {templates: [{name: t, container: {image: a}}, {name: u, script: {image: b}}]}\n", ["container t of Workflow x-", "container u of Workflow x-"]),
    ("a Task of Tekton", "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: x}\nspec: {steps: [{name: s, image: a}]}\n", ["container s of Task x"]),
    ("a service of Knative", f"apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {{name: x}}\nspec: {{{TEMPLATE}}}\n", ["container c of Service x"]),
    ("a list", f"apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: Pod, metadata: {{name: x}}, {SPEC}}}\n- {{apiVersion: v1, kind: Pod, metadata: {{name: y}}, {SPEC}}}\n", ["container c of Pod x", "container c of Pod y"]),
    ("several documents", f"apiVersion: v1\nkind: Service\n---\napiVersion: v1\nkind: Pod\n{SPEC}\n---\n", ["container c of Pod"]),
    ("two of one name", f"apiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\n{SPEC}\n" + f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: x}}\n{SPEC}\n", ["container c of Pod x", "container c of Pod x (2)"]),
    ("every list of containers", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {initContainers: [{name: a, image: a}], containers: [{name: b, image: b}], ephemeralContainers: [{name: e, image: e}]}\n", ["container b of Pod x", "container a of Pod x", "container e of Pod x"]),
    ("containers without names", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}, {image: b}]}\n", ["container 1 of Pod", "container 2 of Pod"]),
    ("JSON", json.dumps({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "a"}]}}), ["container c of Pod"]),
    ("a merge key", "x: &d {image: a}\napiVersion: v1\nkind: Pod\nspec: {containers: [{<<: *d, name: c}]}\n", ["container c of Pod"]),
    ("a schema is no pod", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {openAPIV3Schema: {containers: [{name: c, image: a}]}}\n", []),
    ("a status is no pod", "apiVersion: v1\nkind: Pod\nstatus: {containers: [{name: c, image: a}]}\n", []),
    ("what is no resource", f"name: x\n{SPEC}\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "names"), [pytest.param(*row, id=sentence) for sentence, *row in KINDS])
def test_the_containers_of_a_resource(text: str, names: list[str]) -> None:
    assert list(containers(text)) == names


POD_IN_DOCKER = """apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - {name: a, image: a, command: [sh, -c, "docker run --privileged x"]}
  - name: b
    image: b
    command: [sh, -c]
    args:
    - |
      docker run --pid=host y
  - name: c
    image: c
    lifecycle: {postStart: {exec: {command: [docker, run, --net=host, z]}}}
"""


def test_run_lines_in_the_commands_of_a_pod_are_read_at_their_lines() -> None:
    document = read(Source("pod.yaml", POD_IN_DOCKER))
    runs = [subject for subject in document.subjects if subject.name.startswith("docker run")]
    assert [subject.name for subject in runs] == ["docker run x", "docker run y", "docker run z"]
    assert [document.source.position(subject.place(()).start)[0] for subject in runs] == [6, 12, 15]
    assert list(document.members) == ["container a of Pod p", "container b of Pod p", "container c of Pod p"]


@pytest.mark.parametrize(
    ("text", "group"),
    [
        pytest.param("apiVersion: batch/v1\nkind: Job\nspec: {template: {spec: {containers: [{name: c, image: a}]}}}", "c", id="of a job"),
        pytest.param("apiVersion: v1\nkind: Pod\nspec: {initContainers: [{name: c, image: a}]}", "c", id="before the others"),
    ],
)  # fmt: skip
def test_a_container_that_ends_needs_no_probe(text: str, group: str) -> None:
    (noun,) = containers(text).values()
    assert (noun.health, group) == (UNKNOWN, "c")


def test_a_patch_is_only_what_it_sets() -> None:
    document = read(Source("patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{name: c, tty: true}]}}}"))  # fmt: skip
    (subject,) = document.subjects
    assert subject.noun == Container(tty=True)
    assert not subject.partial
    assert subject.silent == "a container without an image is a patch, and the manifest that it changes decides"


def test_variables_of_a_config_map_are_unresolved() -> None:
    subject = subject_of("envFrom: [{configMapRef: {name: m}}, {secretRef: {name: s}}]")
    assert subject.unresolved == {"environment": "the ConfigMap m in envFrom"}


WRONG = [
    ("a flag that is a text", "securityContext: {privileged: 'true'}", "privileged must be true or false"),
    ("a number that is a text", "securityContext: {runAsUser: root}", "securityContext has a wrong user: it must be a whole number"),
    ("a list that is a text", "command: sh", "command must be a list"),
    ("an amount without sense", "resources: {limits: {memory: much}}", "memory must be a quantity such as 512Mi or 250m"),
    ("a profile without a type", "securityContext: {seccompProfile: {}}", "seccompProfile must have the type RuntimeDefault, Unconfined, or Localhost with a localhostProfile"),
    ("a mount without a path", "volumeMounts: [{name: v}]", "item 1 of volumeMounts must have a name and a mountPath"),
]  # fmt: skip


@pytest.mark.parametrize(("container", "message"), [pytest.param(*row, id=sentence) for sentence, *row in WRONG])
def test_a_wrong_value_is_an_error_at_its_place(container: str, message: str) -> None:
    text = f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: c\n    image: a\n    {container}\n"
    document = read(Source("pod.yaml", text))
    assert [(error.message, error.location.line) for error in document.errors] == [(message, 7)]
    assert document.subjects[0].unresolved


@pytest.mark.parametrize(
    "spec", ["containers: {name: c, image: a}", "containers: x", "containers: [x]", "initContainers: [[]]"]
)
def test_what_is_no_list_of_containers_is_an_error(spec: str) -> None:
    document = read(Source("pod.yaml", f"apiVersion: v1\nkind: Pod\nspec: {{{spec}}}\n"))
    assert [error.message for error in document.errors] == ["must be a list of containers"]


def test_places_are_those_of_the_entries() -> None:
    text = "apiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers:\n  - name: c\n    image: a\n    securityContext:\n      privileged: true\n"
    (subject,) = read(Source("pod.yaml", text)).subjects
    source = Source("pod.yaml", text)
    assert source.excerpt(subject.place(("pid",))) == "hostPID: true"
    assert source.excerpt(subject.place(("privileged",))) == "privileged: true"
    assert subject.place(("privileged",)).pointer == "/spec/containers/0/securityContext/privileged"
    assert source.excerpt(subject.place(("memory",))) == "name: c"


def templated(container: str, *parameters: str, kind: str = "Template") -> Subject:
    """The only container of a template of OpenShift; entries in flow style."""
    text = (
        f"apiVersion: template.openshift.io/v1\nkind: {kind}\nmetadata: {{name: t}}\nobjects:\n"
        f"- {{apiVersion: v1, kind: Pod, metadata: {{name: p}}, spec: {{containers: [{{name: c, {container}}}]}}}}\n"
        f"parameters: [{', '.join(parameters)}]\n"
    )
    document = read(Source("t.yaml", text))
    assert not document.errors, document.errors
    return next(subject for subject in document.subjects if isinstance(subject.noun, Container))


def filled_in(container: str, *parameters: str, kind: str = "Template") -> Any:
    return templated(container, *parameters, kind=kind).noun


IMAGE = "{name: IMAGE, value: nginx}"


@pytest.mark.parametrize(
    ("container", "parameters", "name", "value"),
    [
        pytest.param("image: '${IMAGE}:${TAG}'", [IMAGE, "{name: TAG, value: '1'}"], "image", "nginx:1", id="a string"),
        pytest.param("image: '${IMAGE}:${TAG}'", [IMAGE], "image", "nginx:${TAG}", id="one without a value stays"),
        pytest.param("image: '${IMAGE}'", ["{name: IMAGE, generate: expression, from: a}"], "image", "${IMAGE}", id="one that is generated"),
        pytest.param("image: a, securityContext: {privileged: '${{P}}'}", ["{name: P, value: 'true'}"], "privileged", True, id="a value of another type"),
        pytest.param("image: a, securityContext: {runAsUser: '${{U}}'}", ["{name: U, value: '0'}"], "user", "0", id="a number"),
        pytest.param("image: a, securityContext: {privileged: '${{P}}'}", [], "privileged", UNKNOWN, id="one that is not declared"),
        pytest.param("image: '${IMAGE}${IMAGE}'", [IMAGE], "image", "nginxnginx", id="twice"),
        pytest.param("image: a, args: ['${A}']", ["{name: A, value: 'true'}"], "command", ("true",), id="a text in a list"),
    ],
)  # fmt: skip
def test_a_template_of_openshift_has_the_values_of_its_parameters(
    container: str, parameters: list[str], name: str, value: Any
) -> None:
    assert getattr(filled_in(container, *parameters), name) == value


def test_parameters_are_those_of_a_template_alone() -> None:
    assert filled_in("image: '${IMAGE}'", IMAGE, kind="Other").image == "${IMAGE}"


def test_a_filled_in_value_is_at_the_place_of_its_parameter() -> None:
    subject = templated("image: '${IMAGE}'", IMAGE)
    assert subject.where["image",].end - subject.where["image",].start == len("image: '${IMAGE}'")


def test_an_alias_in_a_template_is_filled_in_too() -> None:
    subject = templated("image: &i '${IMAGE}', command: [*i]", IMAGE)
    assert isinstance(subject.noun, Container)
    assert (subject.noun.image, subject.noun.entrypoint) == ("nginx", ("nginx",))


def test_the_values_of_a_template_come_to_so_many_characters() -> None:
    value = f"{{name: A, value: {'a' * 600_000}}}"
    assert [len(filled_in("image: '${A}'", value).image)] == [600_000]
    command = filled_in("image: i, args: ['${A}', '${A}']", value).command
    assert [len(word) for word in command] == [600_000, 4]
    command = filled_in("image: i, args: ['${{A}}', '${{A}}']", value).command
    assert [len(word) for word in command] == [600_000, 6]


STEPS = (
    "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {{name: t}}\nspec:\n"
    "  stepTemplate:\n    env: [{{name: A, value: '1'}}, {{name: B, value: '2'}}]\n"
    "    volumeMounts: [{{name: v, mountPath: /a}}, {{name: v, mountPath: /b}}]\n"
    "  steps:\n  - {{name: s, image: i{more}}}\n  volumes: [{{name: v, hostPath: {{path: /h}}}}]\n"
)


@pytest.mark.parametrize(
    ("more", "variables", "targets"),
    [
        pytest.param("", ["A=1", "B=2"], ["/a", "/b"], id="those of the template"),
        pytest.param(
            ", env: [{name: B, value: '3'}, {name: C, value: '4'}], volumeMounts: [{name: v, mountPath: /b}]",
            ["B=3", "C=4", "A=1"],
            ["/b", "/a"],
            id="and its own, which win by their names",
        ),
        pytest.param(", env: [], volumeMounts: []", ["A=1", "B=2"], ["/a", "/b"], id="an empty list adds nothing"),
    ],
)
def test_a_step_has_the_variables_and_mounts_of_its_template(
    more: str, variables: list[str], targets: list[str]
) -> None:
    (container,) = containers(STEPS.format(more=more)).values()
    assert [f"{variable.name}={variable.value}" for variable in given(container.environment, ())] == variables
    assert [mount.target for mount in given(container.mounts, ())] == targets


@pytest.mark.parametrize(
    ("written", "value"),
    [
        pytest.param(r'"a \ud83d\ude00 b"', "a 😀 b", id="a character of two halves"),
        pytest.param(r'"\ud83d\ude00\ud83d\ude00"', "😀😀", id="two of them"),
        pytest.param(r'"\uD83D\u0041"', "\ufffdA", id="half a character"),
        pytest.param(r'"\\ud83d\\ude00"', r"\ud83d\ude00", id="backslashes before what would be halves"),
        pytest.param(r'"\ud83d\ude00\u0000"', "😀\0", id="a NUL after it"),
    ],
)
def test_json_escapes_a_character_in_two_halves(written: str, value: str) -> None:
    text = f'{{"{written[1:-1]}": [{written}], "after": 1}}'
    (tree,) = parse(text).documents
    key, item, after, _ = scalars(YamlTree((tree,)))
    assert (key.text, item.text) == (value, value)
    assert [text[node.start : node.end] for node in (key, item, after)] == [written, written, '"after"']
