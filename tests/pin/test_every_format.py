"""What `check` reads, `pin` and `trust verify` know too: an image in each format is found by all three."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock import formats
from sealock.cli.trust import bypolicy
from sealock.model.document import DocumentKind
from sealock.pin import texts
from sealock.scan.run import check
from sealock.scan.settings import Settings
from support.pinworld import NEW, pin

IMAGE = "registry.example.com/team/app:1.2"
WITHOUT_IMAGES = {"image-config", "inventory", "observed", "daemon"}
"""Formats that name no image to pull: an image's own description, lists of packages, records and settings."""
SAMPLES: dict[DocumentKind, tuple[str, str]] = {
    "dockerfile": ("Dockerfile", f"FROM {IMAGE}\n"),
    "compose": ("compose.yaml", f"services:\n  web:\n    image: {IMAGE}\n"),
    "kubernetes": ("pod.yaml", f"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: {IMAGE}\n"),
    "quadlet": ("web.container", f"[Container]\nImage={IMAGE}\nReadOnly=true\n"),
    "pipeline": (".github/workflows/ci.yml", f"jobs:\n  a:\n    container:\n      image: {IMAGE}\n"),
    "devcontainer": (".devcontainer/devcontainer.json", f'{{"image": "{IMAGE}"}}\n'),
    "bake": ("docker-bake.hcl", f'target "a" {{\n  contexts = {{ b = "docker-image://{IMAGE}" }}\n}}\n'),
    "run": ("up.sh", f"docker run --rm {IMAGE} id\n"),
}


def test_every_format_that_names_images_has_a_sample() -> None:
    assert set(SAMPLES) | WITHOUT_IMAGES == set(formats.MODULES)


@pytest.mark.parametrize("kind", list(SAMPLES))
def test_an_image_is_found_by_check_pin_and_trust_verify(tmp_path: Path, kind: DocumentKind) -> None:
    name, text = SAMPLES[kind]
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    report = check(str(tmp_path), settings=Settings(vulnerabilities=False, environment={}, pedantic=True))
    (target,) = report.targets
    assert target.kind == kind
    assert any(IMAGE in finding.message for finding in target.findings)
    (read,) = texts.gather([str(tmp_path)])
    assert [spot.reference for spot in read.references.spots] == [IMAGE]
    named = bypolicy.NamedImages()
    assert bypolicy._add(texts.gather([str(tmp_path)]), named)  # noqa: SLF001  the rest asks registries
    assert (list(named.images), named.errors) == ([IMAGE], [])
    pinned, _ = pin(tmp_path, name, text)
    assert pinned == text.replace(IMAGE, f"{IMAGE}@{NEW}")


UNITS = [
    ("an image unit", "x.image", f"[Image]\nImage={IMAGE}\n", [IMAGE]),
    ("an image in quotes", "x.container", f'[Container]\nImage="{IMAGE}"\n', [IMAGE]),
    ("an image of another unit", "x.container", "[Container]\nImage=y.image\n", []),
    ("an image that systemd fills in", "x.container", "[Container]\nImage=a/%i:1\n", [""]),
    ("a run line beside it", "x.container", f"[Container]\nImage={IMAGE}\n[Service]\nExecStartPre=podman run --rm b:1\n", [IMAGE, "b:1"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "references"), [pytest.param(*row, id=sentence) for sentence, *row in UNITS])
def test_the_images_of_units_are_found(tmp_path: Path, name: str, text: str, references: list[str]) -> None:
    (tmp_path / name).write_text(text)
    assert [spot.reference for spot in texts.read(str(tmp_path / name)).references.spots] == references
