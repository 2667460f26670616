"""Images that the real engine builds and saves, and skopeo copies: what is read is what the engine exports."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.image.entry import ImageSource
from sealock.image.opener import open_image
from support.madeimages import troubles
from support.realengine import Engine, engine

pytestmark = pytest.mark.live

DOCKERFILE = """\
FROM base:1
COPY --chown=7:8 tree /srv/tree
RUN rm /srv/tree/gone && rm -r /srv/tree/old && mkdir /srv/tree/old && echo new > /srv/tree/old/new
RUN ln /srv/tree/kept /srv/hard && ln -s ../srv/tree /etc/tree && chmod 4755 /srv/tree/kept && mkfifo /srv/pipe
COPY long /srv/{name}
RUN rm -r /srv/tree/sub && echo file > /srv/tree/sub && chmod 1777 /srv
LABEL last=1
"""
Found = dict[str, tuple[str, int, int, int, int, str]]


def merged(image: ImageSource) -> Found:
    """The view that a container would have."""
    seen: Found = {}
    for layer in image.layers:
        mine: Found = {}
        for entry in layer.entries():
            if entry.kind in {"whiteout", "opaque"}:
                below = entry.path + "/"
                for path in [
                    one for one in seen if one.startswith(below) or (one == entry.path and entry.kind == "whiteout")
                ]:
                    del seen[path]
                continue
            mine[entry.path] = (entry.kind, entry.mode, entry.uid, entry.gid, entry.size, entry.target)
        for path, fact in mine.items():
            if fact[0] != "directory":
                for one in [one for one in seen if one.startswith(path + "/")]:
                    del seen[one]
            seen[path] = fact
    seen.pop("", None)
    return seen


def exported(path: Path) -> Found:
    """What docker export says, read by Python's tarfile."""
    kinds = {
        tarfile.DIRTYPE: "directory",
        tarfile.SYMTYPE: "symbolic link",
        tarfile.LNKTYPE: "hard link",
        tarfile.FIFOTYPE: "pipe",
    }
    with tarfile.open(path) as archive:
        return {
            one.name: (kinds.get(one.type, "file"), one.mode, one.uid, one.gid, one.size, one.linkname)
            for one in archive
        }


def without_hard_links(found: Found) -> dict[str, tuple[str, int, int, int]]:
    """Which of several names of one file counts as the first is the archive's choice, so kind and size of both go."""
    engines_own = ("dev", "proc", "sys", ".dockerenv", "etc/hosts", "etc/hostname", "etc/resolv.conf", "etc/mtab")
    return {
        path: ("file" if kind == "hard link" else kind, mode, uid, gid)
        for path, (kind, mode, uid, gid, _, _) in found.items()
        if path.split("/")[0] not in engines_own and path not in engines_own
    }


@pytest.fixture(scope="module")
def built() -> Iterator[tuple[Engine, Path]]:
    with engine() as one:
        one.image("shell:1")
        context = one.folder / "context"
        for folder in ("tree/old", "tree/sub/deep"):
            (context / folder).mkdir(parents=True)
        for name in ("tree/gone", "tree/kept", "tree/old/a", "tree/old/b", "tree/sub/deep/x", "long"):
            (context / name).write_text(f"{name}\n" * 100)
        (context / "applets").mkdir()
        for name in ("sh", "rm", "mkdir", "ln", "chmod", "mkfifo"):
            (context / "applets" / name).symlink_to("busybox")
        (context / "Base").write_text("FROM shell:1\nCOPY applets /bin\nCOPY long /etc/first\n")
        (context / "Dockerfile").write_text(DOCKERFILE.replace("{name}", "n" * 120))
        # The classic builder needs no network of its own.
        one.environment["DOCKER_BUILDKIT"] = "0"
        for words in (["-t", "base:1", "-f", "context/Base"], ["-t", "app:1"]):
            done = one.docker("build", "--network", "none", *words, "context")
            assert done.returncode == 0, done.stdout + done.stderr
        for words in (
            ["save", "-o", "app.tar", "app:1"],
            ["save", "-o", "both.tar", "app:1", "base:1"],
            ["create", "--name", "made", "app:1", "sh"],
            ["export", "-o", "export.tar", "made"],
        ):
            assert (done := one.docker(*words)).returncode == 0, done.stderr
        yield one, one.folder


def copied(folder: Path, to: str, *words: str) -> None:
    subprocess.run(
        ["skopeo", "copy", "--insecure-policy", *words, f"docker-archive:{folder}/app.tar:app:1", to],
        check=True, capture_output=True,
    )  # fmt: skip


SHAPES = ["docker", "docker gzip", "gzip layout", "zstd layout", "layout archive", "old archive"]


def shaped(folder: Path, shape: str, tmp_path: Path) -> str:
    """The image in another shape."""
    path = tmp_path / "image"
    match shape:
        case "docker":
            return str(folder / "app.tar")
        case "docker gzip":
            path.write_bytes(gzip.compress((folder / "app.tar").read_bytes(), 1))
        case "gzip layout":
            copied(folder, f"oci:{path}:app")
        case "zstd layout":
            copied(folder, f"oci:{path}:app", "--dest-compress", "--dest-compress-format", "zstd")
        case "layout archive":
            copied(folder, f"oci-archive:{path}:app")
        case _:
            copied(folder, f"docker-archive:{path}:app:1")
    return str(path)


@pytest.mark.parametrize("shape", SHAPES)
def test_layers_together_are_what_the_engine_exports(built: tuple[Engine, Path], shape: str, tmp_path: Path) -> None:
    _, folder = built
    path = shaped(folder, shape, tmp_path)
    (image,) = open_image(path)
    found = without_hard_links(merged(image))
    assert found == without_hard_links(exported(folder / "export.tar"))
    assert len(found) > 20
    assert troubles(image) == ""
    assert [name.rpartition("/")[2].partition(":")[0] for name in image.names] == ["app"]
    assert open_image(path, name=image.names[0])[0].id == image.id
    assert image.layers[-1].layer.created_by.endswith("chmod 1777 /srv")


def test_ids_and_diff_ids_are_the_engine_s(built: tuple[Engine, Path]) -> None:
    one, folder = built
    (image,) = open_image(str(folder / "app.tar"))
    (told,) = json.loads(one.docker("image", "inspect", "app:1").stdout)
    assert image.id == told["Id"]
    assert [layer.layer.diff_id for layer in image.layers] == told["RootFS"]["Layers"]
    assert image.platform == f"{told['Os']}/{told['Architecture']}"


def test_several_images_of_one_archive(built: tuple[Engine, Path]) -> None:
    _, folder = built
    images = open_image(str(folder / "both.tar"))
    assert sorted(image.names for image in images) == [("app:1",), ("base:1",)]
    assert [len(one.layers) for one in open_image(str(folder / "both.tar"), name="base:1")] == [3]


def test_an_exported_file_system_as_archive_and_folder(built: tuple[Engine, Path], tmp_path: Path) -> None:
    _, folder = built
    truth = without_hard_links(exported(folder / "export.tar"))
    (image,) = open_image(str(folder / "export.tar"))
    assert without_hard_links(merged(image)) == truth
    (tmp_path / "root").mkdir()
    subprocess.run(["tar", "-C", tmp_path / "root", "-xpf", folder / "export.tar"], check=True)
    (image,) = open_image(str(tmp_path / "root"))
    assert without_hard_links(merged(image)) == truth
    assert troubles(image) == ""
    shutil.rmtree(tmp_path / "root")
