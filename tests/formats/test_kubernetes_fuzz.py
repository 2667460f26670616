"""Reading any manifest ends soon and raises nothing, and changing it raises only FormatError."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import FormatError
from sealock.formats.kubernetes import read
from sealock.formats.kubernetes.editor import edits
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, Remove, Set
from sealock.model.container import Mount
from sealock.model.document import Document
from sealock.model.location import Source
from support.draws import draws

TEXT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: x, labels: {a: b}}
spec:
  template:
    metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}}
    spec:
      hostPID: true
      securityContext: &s
        runAsUser: 0
        supplementalGroups: [0]
        seccompProfile: {type: RuntimeDefault}
      containers:
      - name: c
        image: a
        securityContext: {<<: *s, privileged: true, capabilities: {add: [NET_ADMIN]}}
        env: [{name: A, value: b}, {name: B, valueFrom: {}}]
        ports: [{containerPort: 1, hostPort: 2}]
        volumeMounts: [{name: v, mountPath: /x}]
        resources: {limits: {memory: 1Gi, cpu: 1e3}}
        livenessProbe: {exec: {command: [a]}}
      volumes: [{name: v, hostPath: {path: /}}]
---
{"apiVersion": "tekton.dev/v1", "kind": "Task", "spec": {"steps": [{"image": "a"}]}}
"""
PIECES = [
    "apiVersion: v1\n", "kind: Pod\n", "spec:", "containers:", "  ", "\n", ": ", "- ", "{", "}", "[", "]", ",", "<<: *s", "&s ", "*s", "null",
    "true", "1", "1e99", "'", '"', "|", "securityContext", "name: c", "image: a", "é", "\t", "#", "---\n", "\r", "\ufeff", "\\ud83d", "? ", "!!str ",
]  # fmt: skip
CHANGES: list[FieldChange] = [
    Set("privileged", False), Add("cap_drop", "ALL"), Remove("cap_add", "NET_ADMIN"), Set("memory", 1024), Set("user", "1:2"), Set("pid", UNSET),
    Set("seccomp", UNSET), Set("apparmor", UNSET), Add("mounts", Mount("tmpfs", None, "/t")), Set("mounts", ()), Set("ports", ()), Set("environment", ()),
    Set("service_token", False), Set("root_refused", True), Set("host_process", False), Set("pod_volumes", ()),
]  # fmt: skip


def look_at(document: Document) -> None:
    """Every place leads into the text, and every error has its line."""
    for error in document.errors:
        assert error.location.line >= 1
    for subject in document.subjects:
        for place in subject.where.values():
            assert place.start <= place.end <= len(document.source.text)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    text = TEXT
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


@draws(200)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join) | st.text(max_size=80) | mutated())
def test_no_text_makes_the_reader_raise(text: str) -> None:
    look_at(read(Source("pod.yaml", text)))


@draws(200)
@given(mutated(), st.sampled_from(CHANGES))
def test_any_change_is_made_or_refused(text: str, requested: FieldChange) -> None:
    document = read(Source("pod.yaml", text))
    for subject in document.subjects:
        try:
            planned = edits(document, subject, requested)
        except FormatError:
            continue
        look_at(read(Source("pod.yaml", apply_edits(text, planned))))


POD = "apiVersion: v1\nkind: Pod\nspec: {containers: [{name: c%, image: a}]}\n---\n"
MANY = [
    ("ten thousand documents", "".join(POD.replace("%", str(at)) for at in range(10_000)), 9000, "the text has more than 100000 nodes, aliases counted"),
    ("a document that doubles", "apiVersion: v1\nkind: Pod\nx0: &x0 {image: a}\n" + "".join(f"x{at}: &x{at} [*x{at - 1}, *x{at - 1}]\n" for at in range(1, 40)), 0, "the text has more than 100000 nodes, aliases counted"),
    ("a document that is too deep", "apiVersion: v1\nkind: Pod\nspec: " + "{a: " * 200 + "}" * 200, 0, "the text is nested more than 100 levels deep"),
]  # fmt: skip


@pytest.mark.repeats
@pytest.mark.parametrize(("text", "fewest", "message"), [pytest.param(*row, id=sentence) for sentence, *row in MANY])
def test_what_exceeds_the_bounds_is_an_error(text: str, fewest: int, message: str) -> None:
    document = read(Source("pod.yaml", text))
    assert len(document.subjects) >= fewest
    assert message in "".join(error.message for error in document.errors)
