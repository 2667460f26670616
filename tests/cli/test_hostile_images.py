"""Hostile archives, listed by a process that may take little memory: told with layer and file, and the rest is listed."""

from __future__ import annotations

import gzip
import io
import json
import resource
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from backports import zstd

from support.madeimages import Layout, config, docker_save, info, sha256, tar, write

SOUND = tar(info("app/node_modules/sound/package.json", b'{"name": "sound", "version": "1.2.3"}'))
MEMORY = 1 << 30
"""Bytes of address space."""
SECONDS = 60
"""Far more than any of these takes."""


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def header(name: bytes, size: bytes, flag: bytes = b"0", real: bytes = b"", off: int = 0) -> bytes:
    """A header of GNU's tar with any bytes for its size; `real` is that of a sparse file, `off` the checksum's error."""
    block = bytearray(512)
    fields = {0: name, 100: b"0000644\0" + b"0000000\0" * 2, 124: size, 156: flag, 257: b"ustar  \0", 483: real}
    for at, value in fields.items():
        block[at : at + len(value)] = value
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % (sum(block) + off)
    return bytes(block)


def layered(*layers: bytes, stored: Callable[[bytes], bytes] = bytes) -> dict[str, bytes]:
    """An image with these layers, and a sound one at its end."""
    made = Layout()
    return made.index(made.image(*((layer, stored(layer)) for layer in layers), (SOUND, SOUND)))


def nested_jars() -> bytes:
    data = b""
    for _ in range(40):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("n.jar", data)
        data = buffer.getvalue()
    return tar(info("app/a.jar", data))


def cyclic() -> dict[str, bytes]:
    made = Layout()
    itself = sha256(b"")
    made.files["blobs/" + itself.replace(":", "/")] = json.dumps({"manifests": [{"digest": itself}]}).encode()
    return made.index({"digest": itself}, made.image((SOUND, SOUND)))


def again_and_again() -> dict[str, bytes]:
    """A manifest that names a layer very often, of which one is not what it is to be."""
    made = Layout()
    layer, large = made.blob(SOUND), made.blob(tar(info("x", bytes(1 << 20))))
    about = made.blob(config(*([SOUND] * 1000)))
    manifest = {"schemaVersion": 2, "config": about, "layers": [*[layer] * 500, large, *[layer] * 499]}
    return made.index(made.blob(json.dumps(manifest).encode()))


EIGHT = b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7
HOLED = header(b"a.jar", b"00000000000\0", b"S", b"04000000000\0")
ESCAPES = "a\x1b[2J\n::error::b\u202e"
ODD: dict[str, tuple[Callable[[], dict[str, bytes]], str]] = {
    "a header that claims eight exbibytes": (lambda: layered(header(b"big", EIGHT) + bytes(1024)), "'big' should have 9223372036854775807 bytes"),
    "an extension that lies of its length": (lambda: layered(header(b"x", b"77777777777\0", b"L") + bytes(1024)), "claims 8589934591 bytes"),
    "a header with a wrong checksum": (lambda: layered(header(b"x", b"00000000000\0", off=1) + bytes(1024)), "has a wrong checksum"),
    "a header whose checksum is off by the modulus of adler32": (lambda: layered(header(b"x", b"00000000000\0", off=65521) + bytes(1024)), "has a wrong checksum"),
    "sparse files of half a gigabyte": (lambda: layered(HOLED * 2000 + bytes(1024)), "is not read: those of its layer exceed"),
    "names that lead outside": (lambda: layered(tar(info("../../etc/shadow", b"x"))), "leads outside the root"),
    "a bomb of gzip": (lambda: layered(tar(info("x", bytes(300 << 20))), stored=gzip.compress), "like a decompression bomb"),
    "a bomb of zstd": (lambda: layered(tar(info("x", bytes(300 << 20))), stored=zstd.compress), "like a decompression bomb"),
    "jars in jars": (lambda: layered(nested_jars()), "lies more than 8 archives deep"),
    "a list of nothing but lists": (lambda: layered(tar(info("app/package-lock.json", b'{"packages": {"a": [' + b"[]," * (5 << 20)))), "holds too many values"),
    "an index that leads to itself": (cyclic, "leads back to itself"),
    "a layer that stands there a thousand times": (again_and_again, "has the digest"),
    "a configuration that is no JSON": (lambda: (made := Layout()).index(made.image((SOUND, SOUND), configuration=b"\xff\xfe")), "it is not valid JSON of the expected shape"),
    "a path of a layer that leads outside": (lambda: docker_save(SOUND, Layers=["../../../etc/passwd", next(name for name in docker_save(SOUND) if name.endswith("layer.tar"))]), "it is not in the archive"),
    "names with what terminals obey": (lambda: layered(tar(info(f"a/node_modules/{ESCAPES}/package.json", b"{"))), "is not valid JSON"),
}  # fmt: skip


@pytest.mark.parametrize(("making", "told"), ODD.values(), ids=ODD)
def test_hostile_archives_are_told_of_and_the_rest_is_listed(
    making: Callable[[], dict[str, bytes]], told: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "app.tar", making())
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "sbom", path, "--format", "json", "--no-cache", "-q"],
        capture_output=True, text=True, check=False, timeout=SECONDS, preexec_fn=limited,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == 2
    report = json.loads(done.stdout)
    errors = [f"{one['location']['file']}: {one['message']}" for one in report["errors"]]
    assert any(told in error for error in errors), errors
    assert all(error.startswith(path) for error in errors)
    assert "sound" in {package["name"] for package in report["packages"]}
    assert not {"\x1b", "\u202e"} & set(done.stderr)


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE], ids=str)
def test_devices_pipes_and_links_in_a_circle_are_not_read_and_a_database_among_them_is_an_error(
    kind: bytes, tmp_path: Path
) -> None:
    pairs = (("etc/passwd", "etc/passwd"), ("var", "../../var"), ("lib/apk/db/installed", "/proc/self/environ"))
    layer = tar(*(info(name, type=kind, linkname=target) for name, target in pairs))
    path = write(tmp_path / "app.tar", docker_save(layer, SOUND))
    done = subprocess.run(
        [sys.executable, "-m", "sealock", "sbom", path, "--format", "json", "--no-cache", "-q"],
        capture_output=True, text=True, check=False, timeout=SECONDS, preexec_fn=limited,
    )  # fmt: skip
    assert done.returncode == 2
    assert "lib/apk/db/installed" in done.stderr
    assert "Traceback" not in done.stderr
    assert [package["name"] for package in json.loads(done.stdout)["packages"]] == ["sound"]
