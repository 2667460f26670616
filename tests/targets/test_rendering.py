"""Kustomizations and charts are rendered on demand, without a network, and lead back to their files.

The programs here are simulated by scripts: tests/live has the real kustomize.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.model.finding import Finding
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets import rendering
from support.commandline import sealock

POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\nspec:\n  containers:\n  - name: c\n    image: i:1\n"
SHELL = "/bin/sh"


@pytest.fixture
def programs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on PATH, in which a test puts programs; nothing else is there."""
    directory = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(directory))
    return directory


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!{SHELL}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def printing(text: str) -> str:
    return f"read -r nothing; while :; do case $1 in '') break;; esac; shift; done\nprintf '%s' '{text}'"


def files(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def findings(root: Path, **settings: Any) -> dict[str, list[Finding]]:
    """The findings of each target; none has an error."""
    report = check(str(root), settings=Settings(render=True, **settings))
    assert not [error for target in report.targets for error in target.errors]
    return {os.path.relpath(target.target, root): list(target.findings) for target in report.targets}


def where(root: Path, several: list[Finding], rule: str) -> list[tuple[str, int]]:
    return [(os.path.relpath(each.location.file, root), each.location.line) for each in several if each.rule == rule]


def test_a_kustomization_leads_back_to_what_sets_the_value(tmp_path: Path, programs: Path) -> None:
    rendered = POD % "prod-web" + "    securityContext:\n      privileged: true\n  hostPID: true\n"
    program(programs, "kustomize", printing(rendered))
    patch = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: c\n    securityContext:\n      privileged: true\n"
    root = files(tmp_path, **{"base__web.yaml": POD % "web" + "  hostPID: true\n", "prod__kustomization.yaml": "resources: [../base]\n", "prod__patch.yaml": patch})  # fmt: skip
    several = findings(root)["prod/kustomization.yaml"]
    assert where(root, several, "C001") == [("prod/patch.yaml", 9)]
    assert where(root, several, "C018") == [("base/web.yaml", 9)]


@pytest.mark.parametrize("key", ["9" * 5000, "²"])
def test_a_key_of_digits_leads_to_no_item_of_a_list(tmp_path: Path, programs: Path, key: str) -> None:
    label = f'  labels:\n    ? "{key}"\n    : ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8\n'
    pod = POD % "web"
    program(programs, "kustomize", printing(pod.replace("spec:\n", f"{label}spec:\n")))
    root = files(tmp_path, **{"web.yaml": pod.replace("spec:\n", "  labels: [a]\nspec:\n"), "kustomization.yaml": "resources: [web.yaml]\n"})  # fmt: skip
    assert where(root, findings(root)["kustomization.yaml"], "C049")


TEMPLATE = (
    "{{- /* x */ -}}\n"
    + POD % "{{ .Release.Name }}"
    + "    {{- if .Values.root }}\n    securityContext:\n      privileged: true\n    {{- end }}\n"
)


def test_a_chart_leads_back_to_the_lines_of_its_templates(tmp_path: Path, programs: Path) -> None:
    rendered = (
        "---\n# Source: app/templates/web.yaml\n" + POD % "release" + "    securityContext:\n      privileged: true\n"
    )
    program(programs, "helm", printing(rendered))
    chart = {"app__Chart.yaml": "apiVersion: v2\nname: app\n", "app__values.yaml": "image: x\n", "app__templates__web.yaml": TEMPLATE, "app__charts__sub__Chart.yaml": "name: sub\n"}  # fmt: skip
    root = files(tmp_path, **chart)
    reports = findings(root)
    # The templates, the values and the subchart are parts of what was rendered.
    assert list(reports) == ["app/Chart.yaml"]
    assert where(root, reports["app/Chart.yaml"], "C001") == [("app/templates/web.yaml", 12)]
    # A line that the template writes in another way counts by its key.
    assert where(root, reports["app/Chart.yaml"], "C080") in ([], [("app/templates/web.yaml", 9)])


def test_without_the_option_nothing_runs(tmp_path: Path, programs: Path) -> None:
    ran = tmp_path / "ran"
    program(programs, "kustomize", f": >{ran}")
    root = files(
        tmp_path / "in",
        **{"kustomization.yaml": "images: []\n", "Chart.yaml": "apiVersion: v2\nname: x\nkeywords: [container]\n"},
    )
    report = check(str(root))
    assert not ran.exists()
    assert sorted(skipped.reason for target in report.targets for skipped in target.skipped) == [
        "Helm charts are not checked without --render",
        "the images of a kustomization are not checked without --render",
    ]


def test_a_component_is_a_part_of_others(tmp_path: Path, programs: Path) -> None:
    program(programs, "kustomize", "exit 1")
    root = files(tmp_path, **{"kustomization.yaml": "kind: Component\n"})
    assert findings(root) == {}


# The sentence, the program's script, and a part of the error.
FAILURES = [
    ("it fails", "echo 'Error: no such base' >&2; exit 1", "could not be rendered by kustomize: Error: no such base"),
    ("it says nothing", "exit 3", "exit status 3"),
    ("it writes too much", "while :; do printf '%0999999d' 1; done", "could not be rendered by kustomize"),
    ("it never ends", "while :; do :; done", "took longer than"),
    ("it prints escapes", "printf '\\033[31m' >&2; exit 1", "\\e[31m"),
]


@pytest.mark.parametrize(("script", "message"), [pytest.param(*rest, id=sentence) for sentence, *rest in FAILURES])
def test_a_failure_is_an_error(
    script: str, message: str, tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_SECONDS", 1.0)
    monkeypatch.setattr(rendering, "_OUTPUT", 1 << 20)
    program(programs, "kustomize", script)
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n", "pod.yaml": POD % "p"})
    (failed, *rest) = check(str(root), settings=Settings(render=True)).targets
    assert [message in error.message for error in failed.errors] == [True], failed.errors
    assert "\x1b" not in failed.errors[0].message
    # What else is there is checked all the same.
    assert [Path(target.target).name for target in rest] == ["pod.yaml"]
    done = sealock("check", "--render", ".", cwd=root, environment={"PATH": str(programs)})
    assert done.returncode == 2


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path, programs: Path) -> None:
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n"})
    with pytest.raises(TargetError, match="kustomize or kubectl is not on PATH"):
        rendering.render(str(root / "kustomization.yaml"))
    assert not list(programs.iterdir())


def test_a_program_in_the_target_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "kustomize", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n"})
    with pytest.raises(TargetError, match="not on PATH"):
        rendering.render(str(root / "kustomization.yaml"))


def test_the_program_has_no_network_and_no_environment(
    tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    script = "while read -r line; do echo \"# $line\"; done </proc/self/net/dev\nset\necho '# '$PATH"
    program(programs, "kustomize", script)
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n"})
    text = rendering.render(str(root / "kustomization.yaml"))
    interfaces = [line.partition(":")[0] for line in text.splitlines() if line.startswith("# ") and ":" in line]
    assert interfaces == ["# lo"]
    assert "hunter2" not in text
    assert str(programs) not in text.splitlines()[-1]


def test_without_a_namespace_it_does_not_run(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(programs, "kustomize", "echo ran")
    monkeypatch.setattr(rendering, "_NEW_NETWORK", 1)  # no such flag
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n"})
    with pytest.raises(TargetError, match="needs a network namespace of its own"):
        rendering.render(str(root / "kustomization.yaml"))


def test_the_benchmark_renders_too(tmp_path: Path, programs: Path) -> None:
    program(programs, "kustomize", printing(POD % "p" + "  hostPID: true\n"))
    root = files(tmp_path, **{"kustomization.yaml": "resources: []\n"})
    words = ("check", "--render", "--benchmark", "pod-security-baseline", ".")
    done = sealock(*words, cwd=root, environment={"PATH": str(programs)})
    assert done.returncode == 1
    assert "kustomization.yaml (rendered):" in "".join(done.stdout.split("\n"))


def test_rendered_manifests_are_not_fixed(tmp_path: Path) -> None:
    done = sealock("check", "--render", "--fix", ".", cwd=tmp_path, environment={})
    assert done.returncode == 2
    assert "--render cannot be used with --fix" in done.stderr
