"""The real kustomize: what it makes is checked, leads back to its files, and it reaches no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.netmap.sources import of_file
from sealock.scan.run import check
from sealock.scan.settings import Settings

pytestmark = pytest.mark.live
BASE = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      hostPID: true\n      containers:\n      - name: web\n        image: app:1\n"
PATCH = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        securityContext:\n          privileged: true\n"
# The sentence, the overlay's kustomization, and the rules with the file and line of each.
ROWS = [
    ("a patch", "resources: [../base]\npatches: [{path: patch.yaml}]\n", {"C001": ("prod/patch.yaml", 11), "C018": ("base/web.yaml", 8)}),
    ("a prefix", "namePrefix: prod-\nresources: [../base]\n", {"C018": ("base/web.yaml", 8)}),
    ("an inline patch", "resources: [../base]\npatches:\n- patch: |-\n    - {op: add, path: /spec/template/spec/hostIPC, value: true}\n  target: {kind: Deployment}\n",
     {"C018": ("base/web.yaml", 8), "C019": ("base/web.yaml", 7)}),
    ("another image", "resources: [../base]\nimages: [{name: app, newName: other, newTag: latest}]\n", {"C080": ("base/web.yaml", 11)}),
]  # fmt: skip


def project(root: Path, kustomization: str) -> Path:
    texts = {"base/kustomization.yaml": "resources: [web.yaml]\n", "base/web.yaml": BASE, "prod/patch.yaml": PATCH, "prod/kustomization.yaml": kustomization}  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(("kustomization", "expected"), [pytest.param(*rest, id=sentence) for sentence, *rest in ROWS])
def test_an_overlay_leads_back_to_its_files(
    kustomization: str, expected: dict[str, tuple[str, int]], tmp_path: Path
) -> None:
    root = project(tmp_path, kustomization)
    targets = {
        Path(target.target).relative_to(root).as_posix(): target
        for target in check(str(root), settings=Settings(render=True)).targets
    }
    target = targets["prod/kustomization.yaml"]
    assert not target.errors
    places = {
        finding.rule: (Path(finding.location.file).relative_to(root).as_posix(), finding.location.line)
        for finding in target.findings
    }
    assert {rule: places.get(rule) for rule in expected} == expected


@pytest.mark.parametrize(
    "base", ["https://127.0.0.1:9/x.yaml", "github.com/example/app//deploy?ref=main", "../../outside.yaml"]
)
def test_a_base_elsewhere_is_an_error(base: str, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(BASE, encoding="utf-8")
    (tmp_path / "in").mkdir()
    root = project(tmp_path / "in", f"resources: ['{base}']\n")
    targets = check(str(root / "prod" / "kustomization.yaml"), settings=Settings(render=True)).targets
    assert [bool(target.errors) for target in targets] == [True]
    assert "could not be rendered by kustomize" in targets[0].errors[0].message


def test_a_map_shows_what_an_overlay_makes(tmp_path: Path) -> None:
    root = project(tmp_path, "namespace: prod\nnamePrefix: p-\nresources: [../base]\npatches: [{path: ./patch.yaml}]\n")
    network_map, errors = of_file(str(root / "prod"), rendered=True)
    assert [(node.name, [network.name for network in network_map.networks]) for node in network_map.nodes] == [("p-web", ["prod"])]  # fmt: skip
    assert errors == ()


def test_without_the_option_a_map_says_how_to_read_an_overlay(tmp_path: Path) -> None:
    root = project(tmp_path, "resources: [../base]\n")
    with pytest.raises(TargetError, match="kustomizations and charts are read with --render"):
        of_file(str(root / "prod" / "kustomization.yaml"))
