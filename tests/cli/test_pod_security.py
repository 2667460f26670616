"""`sealock check --benchmark pod-security-…`: levels, refusals, exit statuses, both formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.commandline import sealock

SOUND = """\
apiVersion: v1
kind: Pod
metadata: {name: sound}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: a
    image: b
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
PLAIN = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: prod}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: c, image: d}\n"
ROOT = PLAIN.replace("{name: c, image: d}", "{name: c, image: d, securityContext: {privileged: true}}")
PROBE = SOUND.replace("image: b", "image: b\n    livenessProbe: {httpGet: {host: x, port: 1}}")
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: prod\n  labels: {pod-security.kubernetes.io/enforce: %s}\n"
TASK = "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n  steps:\n  - {name: s, image: i}\n"
PATCH = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: c}\n"
CHART = "apiVersion: v1\nkind: Pod\nmetadata: {name: {{ .Values.name }}}\nspec:\n  containers: []\n"

# The sentence, the benchmark, the files, the exit status, and each workload's outcome and level.
ROWS = [
    ("a pod that meets restricted", "restricted", [SOUND], 0, [("pass", "restricted")]),
    ("a pod that meets baseline", "restricted", [PLAIN], 1, [("fail", "baseline")]),
    ("the same asked for baseline", "baseline", [PLAIN], 0, [("pass", "baseline")]),
    ("a privileged pod", "baseline", [ROOT], 1, [("fail", "privileged")]),
    ("two files", "restricted", [SOUND, ROOT], 1, [("pass", "restricted"), ("fail", "privileged")]),
    ("a probe in the newest version", "restricted", [PROBE], 1, [("fail", "privileged")]),
    ("the same before there was the control", "restricted-1.33", [PROBE], 0, [("pass", "restricted")]),
    ("a namespace that refuses", "baseline", [PLAIN, SPACE % "restricted"], 1, [("pass", "baseline")]),
    ("a namespace that accepts", "baseline", [PLAIN, SPACE % "baseline"], 0, [("pass", "baseline")]),
    ("a part of a pod", "baseline", [TASK], 0, [("pass", "baseline")]),
    ("a patch beside a pod", "baseline", [SOUND, PATCH], 0, [("pass", "restricted"), ("skipped", None)]),
    ("a broken file", "baseline", [SOUND, "apiVersion: v1\nkind: Pod\nspec: {\n"], 2, [("pass", "restricted")]),
    ("no workload", "baseline", [SPACE % "baseline"], 2, []),
    ("a chart's template beside a pod", "baseline", [SOUND, CHART], 0, [("pass", "restricted")]),
]  # fmt: skip


def run(*words: str) -> tuple[int, str, str]:
    done = sealock(*words, cwd=Path("/"), environment={})
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def files(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    for number, text in enumerate(request.param):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "files", "status", "workloads"),
    [pytest.param(*rest, id=sentence) for sentence, *rest in ROWS],
    indirect=["files"],
)
def test_levels_and_exit_statuses(name: str, files: Path, status: int, workloads: list[tuple[str, str | None]]) -> None:
    code, output, _ = run("check", "--benchmark", f"pod-security-{name}", str(files), "--format", "json")
    report = json.loads(output)
    assert code == status == report["summary"]["exit_status"]
    assert [(each["outcome"], each["level"]) for each in report["workloads"]] == workloads


def page(tmp_path: Path, *texts: str, name: str = "restricted") -> str:
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yaml").write_text(text, encoding="utf-8")
    return run("check", "--benchmark", f"pod-security-{name}", str(tmp_path))[1]


def test_what_the_policy_excludes_is_not_evaluated(tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text('exclude = ["old"]\n')
    (tmp_path / "old").mkdir()
    for name in ("old/pod.yaml", "pod.yaml"):
        (tmp_path / name).write_text(ROOT.replace("name: web", f"name: {name[:3]}"))
    _, output, _ = run("check", "--benchmark", "pod-security-baseline", str(tmp_path), "--format", "json")
    assert [workload["name"] for workload in json.loads(output)["workloads"]] == ["Deployment pod"]


def test_the_page_says_where_and_why(tmp_path: Path) -> None:
    text = page(tmp_path, ROOT, SPACE % "baseline", CHART, PATCH)
    words = " ".join(text.split())
    assert "fail Deployment web in prod: privileged" in words
    assert "namespace prod enforces baseline" in words
    assert "refuses its pods" in words
    assert "line 8: container c sets privileged to true" in words
    assert "Privileged containers (1 workload)" in words
    assert "skipped Pod p" in words
    assert "templates of Helm charts are not checked" in words
    assert "2 workloads: 1 privileged, 1 skipped." in words
    assert all(len(line) <= 80 for line in text.splitlines() if str(tmp_path) not in line)


def test_what_baseline_forbids_stands_there_once(tmp_path: Path) -> None:
    text = page(tmp_path, SOUND + "  volumes: [{name: v, hostPath: {path: /srv}}]\n")
    assert text.count("volume v") == 1
    report = json.loads(run("check", "--benchmark", "pod-security-restricted", str(tmp_path), "--format", "json")[1])
    assert [each["control"] for each in report["workloads"][0]["violations"]] == [
        "hostPathVolumes",
        "restrictedVolumes",
    ]


def test_hostile_text_is_escaped(tmp_path: Path) -> None:
    text = page(
        tmp_path, PLAIN.replace("name: web", 'name: "we\\e[31mb\\nfake"').replace("name: c", 'name: "\\u202ec"')
    )
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\nfake" not in text


USAGE = [
    ("no target", ["--benchmark", "pod-security-baseline"], "name a file or a directory"),
    ("a version to come", ["--benchmark", "pod-security-baseline-1.99", "x.yaml"], "up to Kubernetes 1."),
    ("another level", ["--benchmark", "pod-security-privileged", "x.yaml"], "choose from"),
    ("another format", ["--benchmark", "pod-security-baseline", "x.yaml", "--format", "sarif"], "terminal and json"),
    ("a fix", ["--benchmark", "pod-security-baseline", "x.yaml", "--fix"], "--fix cannot be used"),
    ("CIS on a file", ["--benchmark", "cis-docker-1.6.0", "x.yaml"], "checks this machine"),
]


@pytest.mark.parametrize(("words", "error"), [pytest.param(*rest, id=sentence) for sentence, *rest in USAGE])
def test_usage(words: list[str], error: str) -> None:
    code, _, errors = run("check", *words)
    assert code == 2
    assert error in errors
