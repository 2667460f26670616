"""References in the rarer places of files, and what of a file is no reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.pin import texts
from support.pinworld import NEW, OLD, pin


def chain(length: int, image: str) -> str:
    """A Dockerfile with so many ARGs, each the value of the next, and an image by the last."""
    return "".join(
        (f"ARG V1={image}\n", *(f"ARG V{at}=$V{at - 1}\n" for at in range(2, length + 1)), f"FROM $V{length}\n")
    )


# (the file's name, its text, the same text pinned); @@ stands for the digest of what was looked up.
PINNED = {
    "a variable's default where .env names the variable without a value": (
        "compose.yaml", "services: {a: {image: 'x:${BARE:-1}'}}", "services: {a: {image: 'x:${BARE:-1@@}'}}"),
    "services that a merge key adds": (
        "compose.yaml",
        "x-c: &c\n  web: {image: x:1}\nservices:\n  <<: *c\n  a: {image: y:1}\n",
        "x-c: &c\n  web: {image: x:1@@}\nservices:\n  <<: *c\n  a: {image: y:1@@}\n"),
    "services of several merged mappings, the first and the file's own before the rest": (
        "compose.yaml",
        "x-c: &c {w: {image: c:1}}\nx-d: &d {w: {image: d:1}, a: {image: e:1}}\nservices:\n  <<: [*c, *d]\n  a: {image: y:1}\n",
        "x-c: &c {w: {image: c:1@@}}\nx-d: &d {w: {image: d:1}, a: {image: e:1}}\nservices:\n  <<: [*c, *d]\n  a: {image: y:1@@}\n"),
    "a service beside one with an empty image": (
        "compose.yaml", "services: {a: {build: ., image: ''}, b: {image: y:1}}", "services: {a: {build: ., image: ''}, b: {image: y:1@@}}"),
    "a service beside one whose name is a list": (
        "compose.yaml", "services:\n  ? [a]\n  : {image: x:1}\n  b: {image: y:1}\n", "services:\n  ? [a]\n  : {image: x:1}\n  b: {image: y:1@@}\n"),
    "a service whose volumes are written short": (
        "compose.yaml", "services: {a: {image: x:1, volumes: ['./a:/b', v:/c]}}", "services: {a: {image: x:1@@, volumes: ['./a:/b', v:/c]}}"),
    "a service with volumes of an image without a source": (
        "compose.yaml",
        "services: {a: {image: x:1, volumes: [{type: image}, {type: image, source: ''}, {type: image, source: [y:1]}]}}",
        "services: {a: {image: x:1@@, volumes: [{type: image}, {type: image, source: ''}, {type: image, source: [y:1]}]}}"),
    "a service with a volume whose type is a list": (
        "compose.yaml", "services: {a: {image: x:1, volumes: [{type: [image], source: y:1}]}}", "services: {a: {image: x:1@@, volumes: [{type: [image], source: y:1}]}}"),
    "a build's context beside empty ones and lists": (
        "compose.yaml",
        "services: {a: {build: {additional_contexts: {b: , c: [docker-image://z:1], d: docker-image://z:2, e: ./f}}}}",
        "services: {a: {build: {additional_contexts: {b: , c: [docker-image://z:1], d: docker-image://z:2@@, e: ./f}}}}"),
    "a service with containers before it that have no image": (
        "compose.yaml", "services: {a: {image: x:1, pre_start: [{image: ''}, {image: [y:1]}, {image: 1}]}}", "services: {a: {image: x:1@@, pre_start: [{image: ''}, {image: [y:1]}, {image: 1}]}}"),
    "a run line after one that asks for help": ("a.sh", "docker run --help x:1\ndocker run y:2", "docker run --help x:1\ndocker run y:2@@"),
    "a Makefile's variable in braces": ("Makefile", "IMAGE ?= x:1\nrun:\n\tdocker run ${IMAGE} a\n", "IMAGE ?= x:1@@\nrun:\n\tdocker run ${IMAGE} a\n"),
    "an image beside COPY from the context and a mount of a cache": (
        "Dockerfile", "FROM a:1\nCOPY b c\nRUN --mount=type=cache,target=/x true", "FROM a:1@@\nCOPY b c\nRUN --mount=type=cache,target=/x true"),
    "the default of an ARG that is empty": ("Dockerfile", "ARG V=''\nFROM a:${V:-3}", "ARG V=''\nFROM a:${V:-3@@}"),
    "an image that another is built from, by the same ARG twice": (
        "Dockerfile", "ARG B=a:1\nARG C=$B\nFROM $C AS x\nFROM $B", "ARG B=a:1@@\nARG C=$B\nFROM $C AS x\nFROM $B"),
    "as many ARGs as are followed": ("Dockerfile", chain(20, "x:1"), chain(20, "x:1@@")),
    "a registry that an ARG names": ("Dockerfile", "ARG R=r.example\nFROM $R/x:1", "ARG R=r.example\nFROM $R/x:1@@"),
    "a tag that ends with an ARG": ("Dockerfile", "ARG V=1\nFROM x:v$V", "ARG V=1@@\nFROM x:v$V"),
    "an empty document before a manifest": (
        "k.yaml", "---\n---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: x:1}]}", "---\n---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: x:1@@}]}"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "wanted"), PINNED.values(), ids=PINNED)
def test_the_image_is_pinned(tmp_path: Path, name: str, text: str, wanted: str) -> None:
    (tmp_path / ".env").write_text("BARE\n")
    new, results = pin(tmp_path, name, text)
    assert new == wanted.replace("@@", f"@{NEW}")
    assert {result.state for result in results} <= {"missing", "built"}


STUCK = {
    "a variable without its closing brace": ("compose.yaml", "services: {a: {image: 'x:${T'}}", "x:${T", "invalid interpolation in 'x:${T'"),
    "a block in a kind that nobody knows": (
        "k.yaml", "apiVersion: example.com/v1\nkind: Robot\nspec:\n  image: >-\n    x:1\n", "x:1", "that a Robot runs"),
    "a variable that a later command uses": ("a.sh", "I=x:1\ndocker run $I\necho $I", "$I", "$I is used in line 3 too"),
    "an image of the builder's platform beside a stage of another name": (
        "Dockerfile", "FROM scratch AS z\nFROM b-$TARGETARCH", "b-$TARGETARCH", "the builder sets $TARGETARCH"),
    "an ARG that stands for itself": ("Dockerfile", "ARG V=${V:-3}\nFROM a:$V", "a:$V", "nested too deeply"),
    "one ARG more than are followed": ("Dockerfile", chain(21, "x:1"), "$V21", "nested too deeply"),
    "a tag that begins with an ARG": ("Dockerfile", "ARG V=1\nFROM x:$V-slim", "x:$V-slim", "$V is part of its name or tag"),
    "a name that begins with an ARG, before one with a path by default": (
        "Dockerfile", "ARG P=x\nARG I\nFROM $P-${I:-a/b:1}", "$P-${I:-a/b:1}", "$P is part of its name or tag"),
    "a registry with its slash in an ARG": ("Dockerfile", "ARG R=r.example/\nFROM ${R}x:1", "${R}x:1", "$R is part of its name or tag"),
    "a digest in a block": ("compose.yaml", f"services:\n  a:\n    image: >-\n      x:1@{OLD}\n", f"x:1@{OLD}", "over several lines"),
    "a digest in a Dockerfile of a compose file, in quotes": (
        "compose.yaml", f"services:\n  a:\n    build:\n      dockerfile_inline: 'FROM x:1@{OLD}'\n", f"x:1@{OLD}", "with variables, with escapes"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "written", "why"), STUCK.values(), ids=STUCK)
def test_the_reference_stays_with_a_reason(tmp_path: Path, name: str, text: str, written: str, why: str) -> None:
    new, results = pin(tmp_path, name, text)
    assert new == text
    assert [(result.spot.written, result.state) for result in results] == [(written, "stuck")]
    assert why in results[0].note
    # The digest that it would have is known all the same, for a lock file.
    assert not results[0].old or results[0].new


def test_a_reference_that_is_stuck_in_utf_16_keeps_its_own_reason(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_bytes("\ufeffFROM a:$TARGETARCH\nFROM b:1\n".encode("utf-16-le"))
    own, other = (spot.stuck for spot in texts.read(str(tmp_path / "Dockerfile")).references.spots)
    assert "the builder sets $TARGETARCH" in own
    assert "UTF-16" in other


def test_a_duplicate_key_leaves_no_error_and_the_later_image_is_pinned(tmp_path: Path) -> None:
    new, _ = pin(tmp_path, "k.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: x:1, image: y:2}]}")
    assert new.endswith(f"y:2@{NEW}}}]}}")
    assert texts.read(str(tmp_path / "k.yaml")).references.broken == ()


def test_the_names_in_an_image_in_a_directory_are_not_the_projects(tmp_path: Path) -> None:
    layout = tmp_path / "image"
    (layout / "blobs/sha256").mkdir(parents=True)
    (layout / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / "Dockerfile").write_text("FROM x:1\n")
    assert [text.path for text in texts.gather([str(tmp_path)])] == [str(tmp_path / "Dockerfile")]
