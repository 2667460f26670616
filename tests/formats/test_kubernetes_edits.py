"""Changes of a container, written into its manifest: the rest of the text stays as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import FormatError
from sealock.formats.kubernetes import read
from sealock.formats.kubernetes.editor import edits, edits_together
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, On, Remove, Set, Swap, changed
from sealock.model.container import Container, Mount, Port, Variable
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.draws import draws
from support.linecount import grows

HEAD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n"


def change(text: str, requested: FieldChange, container: int = 0) -> str:
    document = read(Source("pod.yaml", text))
    assert not document.errors, document.errors
    return apply_edits(text, edits(document, document.subjects[container], requested))


TASK = """\
apiVersion: tekton.dev/%s
kind: Task
spec:
  steps:
  - name: s
    image: a
"""


@pytest.mark.parametrize(("version", "key"), [("v1", "computeResources"), ("v1beta1", "resources")])
def test_the_limits_of_a_step_have_the_key_of_their_version(version: str, key: str) -> None:
    limited = TASK % version + f"    {key}:\n      limits:\n        memory: 1Gi\n"
    assert change(TASK % version, Set("memory", 2**30)) == limited
    assert change(limited, Set("memory", UNSET)) == TASK % version


def test_a_step_overrides_what_its_template_sets() -> None:
    text = (TASK % "v1").replace("  steps:", "  stepTemplate:\n    securityContext: {privileged: true}\n  steps:")
    own = "    securityContext:\n      privileged: false\n"
    assert change(text, Set("privileged", value=False)) == text + own


SOCKET = """\
  containers:
  - name: c
    image: a
    volumeMounts:
    - name: sock  # the socket
      mountPath: /var/run/docker.sock
  volumes:
  - name: sock
    hostPath: {path: /var/run/docker.sock}
"""
BIND = Mount("bind", "/var/run/docker.sock", "/var/run/docker.sock")
PORTS = "  containers:\n  - name: c\n    image: a\n    ports:\n    - containerPort: 80\n      hostPort: 8080 # why\n"
EMPTY = "  containers:\n  # the only one\n  - name: c\n    image: a\n  nodeSelector: {}\n"
ROWS: list[tuple[str, FieldChange, str, str]] = [
    ("a context is made for a container without one", Set("privileged", False), EMPTY, "  containers:\n  # the only one\n  - name: c\n    image: a\n    securityContext:\n      privileged: false\n  nodeSelector: {}\n"),
    ("privileged is written where it stands", Set("privileged", False), "  containers:\n  - securityContext:\n      privileged: true # x\n    image: a\n", "  containers:\n  - securityContext:\n      privileged: false # x\n    image: a\n"),
    ("no-new-privileges is allowPrivilegeEscalation: false", Set("no_new_privileges", True), "  containers:\n  - {image: a, securityContext: {}}\n", "  containers:\n  - {image: a, securityContext: {allowPrivilegeEscalation: false}}\n"),
    ("a read-only root", Set("read_only", True), "  containers:\n  - image: a\n    securityContext:\n      readOnlyRootFilesystem: false\n", "  containers:\n  - image: a\n    securityContext:\n      readOnlyRootFilesystem: true\n"),
    ("every capability is dropped", Add("cap_drop", "ALL"), "  containers:\n  - image: a\n    securityContext:\n      capabilities:\n        add: [CHOWN]\n", "  containers:\n  - image: a\n    securityContext:\n      capabilities:\n        add: [CHOWN]\n        drop:\n        - ALL\n"),
    ("a capability is dropped besides others", Add("cap_drop", "ALL"), "  containers:\n  - image: a\n    securityContext: {capabilities: {drop: [KILL]}}\n", "  containers:\n  - image: a\n    securityContext: {capabilities: {drop: [KILL, ALL]}}\n"),
    ("the last capability goes with its key", Remove("cap_add", "SYS_ADMIN"), "  containers:\n  - image: a\n    securityContext:\n      privileged: false\n      capabilities:\n        add: [SYS_ADMIN]\n", "  containers:\n  - image: a\n    securityContext:\n      privileged: false\n"),
    ("one of several capabilities goes alone", Remove("cap_add", "SYS_ADMIN"), "  containers:\n  - image: a\n    securityContext:\n      capabilities:\n        add:\n        - CHOWN # y\n        - CAP_SYS_ADMIN\n", "  containers:\n  - image: a\n    securityContext:\n      capabilities:\n        add:\n        - CHOWN # y\n"),
    ("a user by number", Set("user", "10001:10001"), "  containers:\n  - image: a\n    securityContext:\n      runAsUser: 0\n", "  containers:\n  - image: a\n    securityContext:\n      runAsUser: 10001\n      runAsGroup: 10001\n      runAsNonRoot: true\n"),
    ("any user but root", Set("user", "nonroot"), "  containers:\n  - image: a\n    securityContext:\n      runAsNonRoot: false\n", "  containers:\n  - image: a\n    securityContext:\n      runAsNonRoot: true\n"),
    ("the host's network is the pod's to leave", Set("network_mode", UNSET), "  hostNetwork: true\n  containers:\n  - image: a\n", "  containers:\n  - image: a\n"),
    ("the host's processes too", Set("pid", UNSET), "  containers:\n  - image: a\n  hostPID: true # x\n  hostIPC: true\n", "  containers:\n  - image: a\n  hostIPC: true\n"),
    ("the host's shared memory too", Set("ipc", UNSET), "  containers:\n  - image: a\n  hostIPC: true\n", "  containers:\n  - image: a\n"),
    ("no seccomp becomes the runtime's profile", Set("seccomp", UNSET), "  containers:\n  - image: a\n    securityContext:\n      seccompProfile:\n        type: Unconfined\n", "  containers:\n  - image: a\n    securityContext:\n      seccompProfile:\n        type: RuntimeDefault\n"),
    ("the pod's profile is left, and the container has its own", Set("seccomp", UNSET), "  securityContext: {seccompProfile: {type: Unconfined}}\n  containers:\n  - image: a\n", "  securityContext: {seccompProfile: {type: Unconfined}}\n  containers:\n  - image: a\n    securityContext:\n      seccompProfile:\n        type: RuntimeDefault\n"),
    ("the pod's label options go", Set("selinux", UNSET), "  securityContext:\n    fsGroup: 1\n    seLinuxOptions: {type: spc_t}\n  containers:\n  - image: a\n", "  securityContext:\n    fsGroup: 1\n  containers:\n  - image: a\n"),
    ("masked paths", Set("unconfined_paths", False), "  containers:\n  - image: a\n    securityContext: {procMount: Unmasked}\n", "  containers:\n  - image: a\n    securityContext: {procMount: Default}\n"),
    ("a limit of memory", Set("memory", 512 << 20), "  containers:\n  - image: a\n    resources:\n      limits:\n        cpu: 1\n", "  containers:\n  - image: a\n    resources:\n      limits:\n        cpu: 1\n        memory: 512Mi\n"),
    ("a limit of CPUs", Set("cpus", 1.0), "  containers:\n  - image: a\n    resources: {}\n", '  containers:\n  - image: a\n    resources: {limits: {cpu: "1"}}\n'),
    ("half a CPU", Set("cpus", 0.5), "  containers:\n  - image: a\n    resources:\n      limits:\n        cpu: 4\n", "  containers:\n  - image: a\n    resources:\n      limits:\n        cpu: 500m\n"),
    ("a port is published on one address", Swap("ports", Port("80", "8080"), Port("80", "8080", "127.0.0.1")), PORTS, PORTS + '      hostIP: "127.0.0.1"\n'),
    ("a port is no longer the host's", Remove("ports", Port("80", "8080")), PORTS, PORTS.replace("      hostPort: 8080 # why\n", "")),
    ("a port that its item begins with is no longer the host's", Remove("ports", Port("80", "8080")), "  containers:\n  - image: a\n    ports:\n    - hostPort: 8080\n      containerPort: 80\n", "  containers:\n  - image: a\n    ports:\n    - containerPort: 80\n"),
    ("a mount becomes read-only", Swap("mounts", BIND, Mount("bind", BIND.source, BIND.target, read_only=True)), SOCKET, SOCKET.replace("docker.sock\n  volumes", "docker.sock\n      readOnly: true\n  volumes")),
    ("a mount goes with a volume that nothing else mounts", Remove("mounts", BIND), SOCKET, "  containers:\n  - name: c\n    image: a\n"),
    ("a volume stays where another container mounts it", Remove("mounts", BIND), SOCKET.replace("  volumes", "  - name: d\n    image: b\n    volumeMounts: [{name: sock, mountPath: /x}]\n  volumes"), SOCKET.replace("    volumeMounts:\n    - name: sock  # the socket\n      mountPath: /var/run/docker.sock\n  volumes", "  - name: d\n    image: b\n    volumeMounts: [{name: sock, mountPath: /x}]\n  volumes")),
    ("a tmpfs is a volume in memory", Add("mounts", Mount("tmpfs", None, "/var/tmp")), "  containers:\n  - image: a\n", "  containers:\n  - image: a\n    volumeMounts:\n    - name: var-tmp\n      mountPath: /var/tmp\n  volumes:\n  - name: var-tmp\n    emptyDir:\n      medium: Memory\n"),
    ("a tmpfs has the name of no claim", Add("mounts", Mount("tmpfs", None, "/a")), "  containers:\n  - image: a\n    volumeMounts: [{name: a, mountPath: /b}]\n", "  containers:\n  - image: a\n    volumeMounts: [{name: a, mountPath: /b}, {name: a-1, mountPath: /a}]\n  volumes:\n  - name: a-1\n    emptyDir:\n      medium: Memory\n"),
    ("a variable goes", Remove("environment", Variable("A", "b")), "  containers:\n  - image: a\n    env:\n    - {name: A, value: b}\n    - {name: C, value: d}\n", "  containers:\n  - image: a\n    env:\n    - {name: C, value: d}\n"),
    ("nothing changes where it is so already", Set("privileged", True), "  containers:\n  - image: a\n    securityContext: {privileged: true}\n", "  containers:\n  - image: a\n    securityContext: {privileged: true}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("requested", "before", "after"), [pytest.param(*row, id=sentence) for sentence, *row in ROWS])
def test_a_change(requested: FieldChange, before: str, after: str) -> None:
    assert change(HEAD + before, requested) == HEAD + after


REFUSED: list[tuple[str, FieldChange, str, str]] = [
    ("a field that manifests lack", Set("pids_limit", 100), "  containers:\n  - image: a\n", "a manifest cannot set pids_limit"),
    ("a user of too many digits", Set("user", "9" * 5000), "  containers:\n  - image: a\n", "Kubernetes sets users by number"),
    ("a group that is no number", Set("user", "1:²"), "  containers:\n  - image: a\n", "Kubernetes sets users by number"),
    ("a user by name", Set("user", "app"), "  containers:\n  - image: a\n", "Kubernetes sets users by number"),
    ("a value that the caller has", Swap("environment", Variable("A", "b"), Variable("A", None)), "  containers:\n  - image: a\n    env: [{name: A, value: b}]\n", "a manifest takes such a value from a Secret, which has to be made first"),
    ("a named volume that is none yet", Add("mounts", Mount("volume", "v", "/b")), "  containers:\n  - image: a\n", "a volume has to be declared first"),
    ("a directory that is no volume yet", Add("mounts", Mount("bind", "/a", "/b")), "  containers:\n  - image: a\n", "a volume has to be declared first"),
    ("what the API refuses", Set("no_new_privileges", True), "  containers:\n  - image: a\n    securityContext: {capabilities: {add: [SYS_ADMIN]}}\n", "Kubernetes allows no allowPrivilegeEscalation: false with the capability SYS_ADMIN"),
    ("a context that an anchor shares", Set("privileged", False), "  containers:\n  - image: a\n    securityContext: &x {privileged: true}\n  - image: b\n    securityContext: *x\n", "its text is shared with other places"),
    ("a profile of an annotation", Set("apparmor", UNSET), "  containers:\n  - name: c\n    image: a\n", "another place still sets apparmor of container c of Pod p"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("requested", "text", "reason"), [pytest.param(*row, id=sentence) for sentence, *row in REFUSED]
)
def test_what_a_manifest_cannot_say_is_refused(requested: FieldChange, text: str, reason: str) -> None:
    head = HEAD
    if "apparmor" in reason:
        head = HEAD.replace(
            "  name: p\n", "  name: p\n  annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}\n"
        )
    with pytest.raises(FormatError) as caught:
        change(head + text, requested)
    assert str(caught.value) == reason


def test_json_stays_json() -> None:
    text = json.dumps(
        {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "c", "image": "a"}]}}, indent=1
    )
    for requested in (
        Set("privileged", False),
        Add("cap_drop", "ALL"),
        Set("memory", 1 << 30),
        Add("mounts", Mount("tmpfs", None, "/tmp")),
    ):
        text = change(text, requested)
    assert json.loads(text)["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "a",
                "securityContext": {"privileged": False, "capabilities": {"drop": ["ALL"]}},
                "resources": {"limits": {"memory": "1Gi"}},
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory"}}],
    }


def test_another_container_can_be_changed_by_name() -> None:
    text = HEAD + "  containers:\n  - {name: a, image: a}\n  - {name: b, image: b}\n"
    document = read(Source("pod.yaml", text))
    made = edits(document, document.subjects[0], On("container b of Pod p", Set("tty", True)))
    assert apply_edits(text, made) == text.replace("{name: b, image: b}", "{name: b, image: b, tty: true}")


def test_a_run_line_of_a_container_is_changed_in_its_command() -> None:
    text = HEAD + "  containers:\n  - {name: a, image: a, args: [docker run --privileged x]}\n"
    document = read(Source("pod.yaml", text))
    (run,) = (subject for subject in document.subjects if subject.name == "docker run x")
    made = edits(document, run, Set("privileged", False))
    assert apply_edits(text, made) == text.replace(" --privileged", "")
    with pytest.raises(FormatError, match="no docker run x"):
        edits_together(document, [(run, Set("privileged", False))])


@pytest.mark.parametrize(
    ("text", "after"),
    [
        pytest.param("apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec: {hostPID: true, containers: [{image: a}]}  # one\n- apiVersion: v1\n  kind: Pod\n  spec:\n    hostPID: true # two\n    containers:\n    - image: b\n", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  spec: {containers: [{image: a}]}  # one\n- apiVersion: v1\n  kind: Pod\n  spec:\n    containers:\n    - image: b\n", id="in a list"),
        pytest.param('{"apiVersion": "v1", "kind": "List", "items": [\n{"apiVersion": "v1", "kind": "Pod", "spec": {"hostPID": true, "containers": [{"image": "a"}]}},\n{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a"}], "hostPID": true}}]}', '{"apiVersion": "v1", "kind": "List", "items": [\n{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a"}]}},\n{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "a"}]}}]}', id="in a list in JSON"),
        pytest.param("# top\n---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}], hostPID: true} # x\n--- # y\napiVersion: v1\nkind: Pod\nspec:\n  hostPID: true\n  containers:\n  - image: a\n", "# top\n---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]} # x\n--- # y\napiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a\n", id="in documents"),
        pytest.param("apiVersion: v1\nkind: List\nx: &x {image: a}\nitems:\n- {apiVersion: v1, kind: Pod, spec: {hostPID: true, containers: [*x]}}\n- {apiVersion: v1, kind: Pod, spec: {hostPID: true, containers: [*x]}}\n", "apiVersion: v1\nkind: List\nx: &x {image: a}\nitems:\n- {apiVersion: v1, kind: Pod, spec: {containers: [*x]}}\n- {apiVersion: v1, kind: Pod, spec: {containers: [*x]}}\n", id="with aliases"),
    ],
)  # fmt: skip
def test_containers_of_several_resources_are_changed_together(text: str, after: str) -> None:
    document = read(Source("pod.yaml", text))
    made = edits_together(document, [(subject, Set("pid", UNSET)) for subject in document.subjects])
    assert apply_edits(text, made) == after


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(lambda n: (HEAD + "  hostPID: true\n  containers:\n  - image: a\n---\n") * n, id="documents"),
        pytest.param(lambda n: "apiVersion: v1\nkind: List\nitems:\n" + "- {apiVersion: v1, kind: Pod, spec: {hostPID: true, containers: [{image: a}]}}\n" * n, id="items of a list"),
    ],
)  # fmt: skip
def test_changing_many_resources_takes_work_in_proportion(text: Callable[[int], str]) -> None:
    few, more = (read(Source("pod.yaml", text(number))) for number in (10, 20))

    def change_all(document: Document) -> None:
        edits_together(document, [(subject, Set("pid", UNSET)) for subject in document.subjects])

    assert grows(lambda: change_all(few), lambda: change_all(more)) < 3


PODS = [
    dedent(text)
    for text in (
        "  containers:\n  - name: c\n    image: a\n",
        "  securityContext: {runAsUser: 0, seccompProfile: {type: Unconfined}}\n  hostPID: true\n  containers:\n  - name: c\n    image: a\n    securityContext:\n      privileged: true\n      capabilities: {add: [NET_ADMIN], drop: [KILL]}\n",
        "  containers:\n  - {name: c, image: a, resources: {limits: {memory: 1Gi}}, ports: [{containerPort: 1, hostPort: 2}]}\n",
    )
]
CHANGES: list[FieldChange] = [
    Set("privileged", False), Set("no_new_privileges", True), Set("read_only", True), Set("memory", 512 << 20), Set("cpus", 1.5),
    Set("user", "10001:10001"), Set("pid", UNSET), Set("network_mode", UNSET), Add("cap_drop", "ALL"), Add("cap_add", "CHOWN"),
    Remove("cap_add", "NET_ADMIN"), Remove("ports", Port("1", "2")), Add("mounts", Mount("tmpfs", None, "/tmp")), Set("tty", True),
]  # fmt: skip


@draws(150)
@given(st.sampled_from(PODS), st.lists(st.sampled_from(CHANGES), min_size=1, max_size=5))
def test_reading_after_a_change_is_changing_after_reading(pod: str, requested: list[FieldChange]) -> None:
    text = HEAD + "".join(f"  {line}\n" for line in pod.splitlines())
    expected: Any = read(Source("pod.yaml", text)).subjects[0].noun
    for wanted in requested:
        text = change(text, wanted)
        expected = changed(expected, wanted)
    noun = read(Source("pod.yaml", text)).subjects[0].noun
    assert isinstance(noun, Container)
    for field in {wanted.field for wanted in requested}:
        assert (getattr(noun, field) or UNSET) == (getattr(expected, field) or UNSET)


@pytest.mark.parametrize(
    ("container", "rule", "offered"),
    [
        ("env: [{name: DB_PASSWORD, value: hunter2hunter2}]", "C048", False),
        ("securityContext: {capabilities: {add: [SYS_ADMIN]}, allowPrivilegeEscalation: true}", "C006", False),
        ("securityContext: {allowPrivilegeEscalation: true}", "C006", True),
        ("securityContext: {privileged: true}", "C001", True),
    ],
)
def test_no_fix_is_offered_that_a_manifest_cannot_hold(
    tmp_path: Path, container: str, rule: str, *, offered: bool
) -> None:
    (tmp_path / "pod.yaml").write_text(f"{HEAD}  containers:\n  - name: a\n    image: acme/a:1\n    {container}\n")
    (finding,) = check(str(tmp_path / "pod.yaml"), settings=Settings(only=(rule,))).findings()
    assert bool(finding.remedy.changes) == offered
    results = fix(str(tmp_path / "pod.yaml"), settings=Settings(only=(rule,)), unsafe=True)
    assert [len(result.fixed) for result in results] == ([1] if offered else [])
    assert not any(result.failed for result in results)
