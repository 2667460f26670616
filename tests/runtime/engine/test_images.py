"""Images of an engine: sent once, remembered after that, and bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.cli.main import main
from sealock.errors import EngineError, TargetError
from sealock.image.entry import Bounds, KnownImage
from sealock.image.opener import open_image
from sealock.model.inventory import Inventory, Layer
from sealock.scan.images import ImageOptions, read_inventories
from support.madeimages import Layout, config, docker_save, files, info, sha256, tar
from support.simulators.engine import EngineSimulator, Reply, simulated

DPKG = "Package: bash\nStatus: install ok installed\nVersion: 5.2\nArchitecture: amd64\n\n"
BASE = files(etc__os_release='ID=debian\nVERSION_ID="12"\n', var__lib__dpkg__status=DPKG)
TOP = files(srv__app="hello", root__id_rsa="no key")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        have(one, "app:1", BASE, TOP)
        yield one


def archive(members: dict[str, bytes]) -> bytes:
    return tar(*(info(name, data) for name, data in members.items()))


def have(engine: EngineSimulator, name: str, *layers: bytes, **more: object) -> str:
    """Have an image as engines with a graph driver have it: the id is its configuration's digest."""
    raw = config(*layers)
    told = {
        "Id": sha256(raw), "RepoTags": [name], "Architecture": "amd64", "Os": "linux",
        "RootFS": {"Type": "layers", "Layers": [sha256(layer) for layer in layers]},
    } | more  # fmt: skip
    engine.images[name] = engine.images[sha256(raw)] = told
    engine.saved[sha256(raw)] = archive(docker_save(*layers, names=(name,)))
    return sha256(raw)


def read(engine: EngineSimulator, name: str = "app:1", cache: str = "", **how: object) -> Inventory:
    (found,) = read_inventories(f"docker:{name}", ImageOptions(engine=engine.where, cache=cache, **how))  # type: ignore[arg-type]
    return found


def sent(engine: EngineSimulator) -> int:
    return sum(path.endswith("/get") for path in engine.asked)


def test_an_image_is_what_its_archive_is(engine: EngineSimulator, tmp_path: Path) -> None:
    path = tmp_path / "app.tar"
    path.write_bytes(next(iter(engine.saved.values())))
    (saved,) = read_inventories(str(path), ImageOptions())
    had = read(engine)
    assert had.errors == ()
    assert [package.name for package in had.packages] == ["bash"]
    assert replace(had, names=()) == replace(saved, names=())
    assert had.names == ("app:1",)


class Known:
    """One image of an earlier run, and what is kept for the next."""

    def __init__(self, image: KnownImage | None, *, complete: bool) -> None:
        self._image, self._complete = image, complete
        self.kept: list[str] = []

    def image(self, _identity: str, /) -> KnownImage | None:
        return self._image

    def keep_image(self, identity: str, _image: KnownImage, /) -> None:
        self.kept.append(identity)

    def holds(self, _layers: Sequence[Layer], /) -> bool:
        return self._complete


CONFIG = config(BASE, TOP)
OTHER = CONFIG.replace(b"amd64", b"arm64")
LAYERS = tuple(Layer(index, sha256(layer), size=len(layer)) for index, layer in enumerate((BASE, TOP)))


@pytest.mark.parametrize(
    ("image", "complete", "again"),
    [
        pytest.param(KnownImage(CONFIG, "", LAYERS), True, False, id="it is known"),
        pytest.param(KnownImage(OTHER, sha256(CONFIG), LAYERS), True, False, id="it is known by its manifest"),
        pytest.param(None, True, True, id="it is not known"),
        pytest.param(KnownImage(CONFIG, "", LAYERS), False, True, id="its layers are not known"),
        pytest.param(KnownImage(OTHER, "", LAYERS), True, True, id="another configuration"),
        pytest.param(KnownImage(CONFIG, "", LAYERS[:1]), True, True, id="fewer layers"),
        pytest.param(KnownImage(CONFIG, "", LAYERS[::-1]), True, True, id="layers in another order"),
        pytest.param(
            KnownImage(config(BASE), sha256(CONFIG), LAYERS), True, True, id="a configuration of other layers"
        ),
        pytest.param(KnownImage(b"{", sha256(CONFIG), LAYERS), True, True, id="a configuration that is none"),
    ],
)
def test_an_image_is_sent_unless_it_is_surely_the_known_one(
    engine: EngineSimulator, image: KnownImage | None, *, complete: bool, again: bool
) -> None:
    known = Known(image, complete=complete)
    (opened,) = open_image("docker:app:1", engine=engine.where, known=known)
    assert sent(engine) == again
    assert known.kept == [sha256(CONFIG)] * again
    assert [source.layer.diff_id for source in opened.layers] == [layer.diff_id for layer in LAYERS]
    assert opened.names == ("app:1",)


@pytest.mark.parametrize("listed", [None, {"Layers": None}, {"Layers": []}])
def test_an_image_whose_layers_the_engine_does_not_list_is_sent(engine: EngineSimulator, listed: object) -> None:
    engine.images["app:1"]["RootFS"] = listed
    (opened,) = open_image(
        "docker:app:1", engine=engine.where, known=Known(KnownImage(CONFIG, "", LAYERS), complete=True)
    )
    assert sent(engine) == 1
    assert opened.errors == ()


def test_what_is_known_is_not_sent_again(engine: EngineSimulator, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    first = read(engine, cache=cache)
    assert sent(engine) == 1
    assert read(engine, cache=cache) == first
    assert sent(engine) == 1
    # Another tag of the same image, and an image of known layers whose configuration is not.
    engine.images["other:2"] = engine.images["app:1"]
    assert replace(read(engine, "other:2", cache), names=()) == replace(first, names=())
    assert sent(engine) == 1
    have(engine, "base:1", BASE)
    assert [package.name for package in read(engine, "base:1", cache).packages] == ["bash"]
    assert sent(engine) == 2


def test_a_cache_of_another_image_or_with_a_damaged_entry_is_not_believed(
    engine: EngineSimulator, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    first = read(engine, cache=str(cache))
    for entry in cache.iterdir():
        if entry.name.startswith("whole-"):
            entry.unlink()
            break
    assert read(engine, cache=str(cache)) == first
    assert sent(engine) == 2
    # The engine says other layers of the same id.
    engine.images["app:1"]["RootFS"]["Layers"].reverse()
    found = read(engine, cache=str(cache))
    assert sent(engine) == 3
    assert any("other layers than it listed" in error.message for error in found.errors)


def test_without_verifying_nothing_is_remembered(engine: EngineSimulator, tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    for times in (1, 2):
        assert read(engine, cache=cache, verify=False).packages
        assert sent(engine) == times


def test_an_engine_that_keeps_images_with_containerd(engine: EngineSimulator, tmp_path: Path) -> None:
    layout = Layout()
    manifest = layout.image((BASE, BASE))
    members = layout.index(manifest | {"annotations": {"io.containerd.image.name": "docker.io/library/app:3"}})
    identity = manifest["digest"]
    engine.images["app:3"] = engine.images[identity] = {
        "Id": identity, "RepoTags": ["app:3"], "Architecture": "amd64", "Os": "linux",
        "RootFS": {"Layers": [sha256(BASE)]},
    }  # fmt: skip
    engine.saved[identity] = archive(members)
    cache = str(tmp_path / "cache")
    first = read(engine, "app:3", cache)
    assert [package.name for package in first.packages] == ["bash"]
    assert read(engine, "app:3", cache) == first
    assert sent(engine) == 1


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Reply(body=b"[]"), "in an unexpected form"),
        (Reply(body=b"{}"), "in an unexpected form"),
        (Reply(body=b'{"Id": ""}'), "gives no id"),
        (Reply(body=b"[" * 100_000), "in an unexpected form"),
        (Reply(500, b'{"message": "no disk"}'), "no disk"),
    ],
)
def test_an_odd_description_is_reported(engine: EngineSimulator, answer: Reply, says: str) -> None:
    engine.answers = lambda path, _query: answer if path.endswith("/json") else None
    with pytest.raises(EngineError, match=says):
        read(engine)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Reply(body=b"no tar at all" * 100), "not a tar archive"),
        (Reply(body=b""), "it is empty"),
        (Reply(body=b"x" * 100_000, cut=5000), "it lacks 9"),
        (Reply(body=b"x" * 65536, endless=True), "more than 1000000 bytes"),
        (Reply(500, b'{"message": "unpigz"}'), "unpigz"),
    ],
)
def test_an_odd_archive_is_reported(engine: EngineSimulator, answer: Reply, says: str) -> None:
    engine.answers = lambda path, _query: answer if path.endswith("/get") else None
    with pytest.raises(TargetError, match=says):
        read(engine, bounds=Bounds(total=1_000_000))


def test_a_layer_with_another_digest_is_reported_and_not_remembered(engine: EngineSimulator, tmp_path: Path) -> None:
    identity = engine.images["app:1"]["Id"]
    members = docker_save(BASE, TOP)
    (path,) = (name for name, data in members.items() if data == TOP)
    engine.saved[identity] = archive(members | {path: files(srv__app="other")})
    cache = str(tmp_path / "cache")
    for times in (1, 2):
        found = read(engine, cache=cache)
        assert any("has the digest" in error.message for error in found.errors)
        assert sent(engine) == times


def test_an_image_that_is_not_there_is_reported(engine: EngineSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "docker:nope:1", "--engine", engine.where, "--no-policy"]) == 2
    said = " ".join(capsys.readouterr().out.split())
    assert "has no image 'nope:1'" in said
    assert "image:nope:1" in said
    assert "is the image that" not in said


def test_no_name_at_all_is_reported(engine: EngineSimulator) -> None:
    with pytest.raises(TargetError, match="docker: names no image"):
        read(engine, "")


def test_an_odd_name_is_one_path_of_the_api(engine: EngineSimulator) -> None:
    for name in ("../containers", "a b?all=1#x", "x\r\nHost: y", "é"):
        with pytest.raises(TargetError, match="has no image"):
            read(engine, name)
    assert all(path.startswith(("/_ping", "/v1.45/images/")) for path in engine.asked)


def test_another_platform_is_reported(engine: EngineSimulator) -> None:
    with pytest.raises(TargetError, match="is for linux/amd64, not for linux/arm64"):
        read(engine, platform="linux/arm64")


def test_check_names_its_engine(engine: EngineSimulator, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    words = ["--engine", engine.where, "--no-policy", "--offline", "--no-vulnerabilities", "--output", str(out)]
    main(["check", "docker:app:1", *words])
    report = json.loads(out.read_text())
    assert report["targets"][0]["target"] == "docker:app:1"
    assert report["targets"][0]["kind"] == "image"
    assert report["targets"][0]["errors"] == []
    assert any(engine.where in note for note in report["notes"])


def test_sbom_lists_it(engine: EngineSimulator, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sbom", "docker:app:1", "--engine", engine.where, "--format", "cyclonedx"]) == 0
    assert '"bash"' in capsys.readouterr().out


def test_nothing_is_left_behind(engine: EngineSimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "spool"))
    monkeypatch.setattr("tempfile.tempdir", None)
    read(engine)
    assert list((tmp_path / "spool").iterdir()) == []
