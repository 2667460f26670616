"""`sealock inspect`: one screen on an image, and its JSON."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import commandline
from support.baseadvice import STATIC, layer
from support.madeimages import docker_save, write


def inspect(*words: str, columns: int = 80) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": str(columns)}
    return commandline.sealock("inspect", *words, cwd=Path.cwd(), environment=environment)


@pytest.fixture
def image(tmp_path: Path) -> str:
    return write(tmp_path / "app.tar", docker_save(layer({"app": STATIC})))


def test_a_screen_ends_with_what_to_do(image: str) -> None:
    done = inspect(image, "--start", "/app")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(
        "→ Move to scratch or static.\n\nDockerfile\n  FROM app:1 AS app\n  FROM scratch\n"
        '  COPY --from=app /app /app\n  ENTRYPOINT ["/app"]\n'
    )


@pytest.mark.parametrize("prefix", ["", "archive:"])
def test_json_tells_the_best_base(image: str, prefix: str, tmp_path: Path) -> None:
    done = inspect(prefix + image, "--start", "/app", "--format", "json", "--output", str(tmp_path / "out.json"))
    assert (done.returncode, done.stdout) == (0, "")
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["advice"]["best"] == "static"


def test_a_folder_is_a_root_file_system_that_does_not_say_what_it_starts(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root/app").write_bytes(STATIC)
    done = inspect(f"rootfs:{tmp_path / 'root'}")
    assert done.returncode == 0
    assert "has no start command" in done.stdout.replace("\n                   ", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("absent.tar",), "absent.tar could not be opened: No such file or directory\n"),
        (("web",), "(a container is container:web, an image of the engine docker:web, of a registry image:web)"),
        (("absent.tar", "--start", "'"), "cannot be split into words"),
    ],
)
def test_what_cannot_be_read_is_an_error(words: tuple[str, ...], said: str) -> None:
    done = inspect(*words)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_damaged_layer_is_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    members = docker_save(layer({"app": STATIC, "b": b"x" * 4000}))
    name = next(name for name in members if name.endswith("layer.tar"))
    members[name] = members[name][:1800]
    done = inspect(write(tmp_path / "app.tar", members))
    assert done.returncode == 2
    assert "Would a smaller base work?" in done.stdout
    assert "Layer 1" in done.stderr


def test_of_several_images_the_first_is_shown_and_the_others_are_named(tmp_path: Path) -> None:
    first, second = (docker_save(layer({name: STATIC}), names=(f"{name}:1",)) for name in ("one", "two"))
    manifests = [json.loads(one.pop("manifest.json"))[0] for one in (first, second)]
    for path in manifests[1]["Layers"]:
        second[f"second/{path}"] = second.pop(path)
    manifests[1]["Layers"] = [f"second/{path}" for path in manifests[1]["Layers"]]
    done = inspect(write(tmp_path / "app.tar", first | second | {"manifest.json": json.dumps(manifests).encode()}))
    assert done.returncode == 0, done.stderr
    assert "one:1" in done.stdout
    assert "has 2 images; showing the first, not two:1" in done.stderr
