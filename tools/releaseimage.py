"""Builds the container image, FROM scratch: Debian's Python, the locked packages, sealock. Equal inputs, equal bytes.

The archive is an OCI layout with the manifest.json of `docker save`, so that Docker, Podman and skopeo read it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from debianroot import STATE, USER, Dependency, make_root, run
from onefile import locked, packages

MOST_BYTES = 170_000_000
"""Of the layers, unpacked."""
ENTRYPOINT = ("/usr/bin/python3", "-I", "-m", "sealock")
"""-I: a module in the directory that is checked must never be imported."""
_MODES = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700, "home/sealock": 0o700, STATE: 0o700}
_CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
_LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_INDEX_TYPE = "application/vnd.oci.image.index.v1+json"


class BuiltImage(NamedTuple):
    """The digest of the image's manifest, the bytes of its layers, and what went into it."""

    digest: str
    unpacked: int
    dependencies: tuple[Dependency, ...]


def build_image(folder: Path, own: Path, output: Path, labels: dict[str, str], epoch: int) -> BuiltImage:
    """Build the image around the wheel `own`, in an empty folder, and write its archive."""
    debian = make_root(folder)
    root = folder / "root"
    version = (root / "usr/bin/python3").readlink().name.removeprefix("python")
    site = Path("usr/local/lib", f"python{version}", "dist-packages")
    wheels = tuple(_fetched(version, folder / "wheels"))
    for wheel in (*sorted((folder / "wheels").iterdir()), own):
        _install(wheel, root / site)
    compile_modules(root, f"/usr/lib/python{version}", f"/{site}")
    ours = (site.as_posix(),)
    layers = [
        _layer(root, lambda name: not name.startswith(ours), epoch),
        _layer(root, lambda name: name.startswith(ours), epoch),
    ]
    architecture = run("dpkg", "--print-architecture").strip()
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": moment(epoch),
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin", "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"],
            "Entrypoint": list(ENTRYPOINT),
            "Cmd": ["--help"],
            "User": f"{USER}:{USER}",
            "WorkingDir": "/work",
            "Labels": dict(sorted(labels.items())),
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]},
        "history": [
            {"created": moment(epoch), "created_by": "mmdebstrap: Debian's Python"},
            {"created": moment(epoch), "created_by": "the locked packages, and sealock"},
        ],
    }
    digest = _write(output, config, layers, labels, epoch)
    return BuiltImage(digest, sum(map(len, layers)), (*debian, *wheels))


def compile_modules(root: Path, *places: str) -> None:
    """Compile the modules below some places of the root, since the image's user can store no bytecode."""
    words = ["/usr/bin/python3", "-I", "-m", "compileall", "-q", "-j1", "--invalidation-mode", "unchecked-hash"]
    run("chroot", root, *words, *places, PYTHONHASHSEED="0")


def moment(epoch: int) -> str:
    """A time as RFC 3339 writes it, in UTC."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _fetched(version: str, folder: Path) -> Iterator[Dependency]:
    """Fetch the wheels of the lock for a version of Python, each by its hash."""
    folder.mkdir()
    lock = folder.with_suffix(".lock")
    lock.write_text(locked(packages("serve")), encoding="utf-8")
    words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    words += ["--require-hashes", "--only-binary=:all:", "--python-version", version, "--dest", str(folder)]
    if subprocess.run([*words, "-r", str(lock)], check=False).returncode:
        sys.exit(f"release: pip could not fetch the packages for Python {version}")
    for path in sorted(folder.iterdir()):
        project, release, *_ = path.name.split("-")
        uri = f"pkg:pypi/{project.lower().replace('_', '-')}@{release.replace('+', '%2B')}"
        yield Dependency(uri, hashlib.sha256(path.read_bytes()).hexdigest())


def _install(wheel: Path, site: Path) -> None:
    """Unpack a wheel as an installer does; programs and C headers have no use here."""
    with ZipFile(wheel) as archive:
        for entry in archive.infolist():
            if ".data/" not in entry.filename.partition("/")[0] + "/" and not entry.is_dir():
                archive.extract(entry, site)


def _layer(root: Path, wanted: Callable[[str], bool], epoch: int) -> bytes:
    """Pack what is wanted of a root, in order of names, with one time and root as owner but for the user's home."""
    out = BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as made:
        for path in sorted(root.rglob("*"), key=lambda path: path.relative_to(root).as_posix()):
            name = path.relative_to(root).as_posix()
            if not wanted(name):
                continue
            facts = path.lstat()
            entry = tarfile.TarInfo(name)
            entry.mtime = epoch
            entry.uid = entry.gid = USER if facts.st_uid == USER else 0
            # Nothing of the umask, and no setuid bit.
            entry.mode = 0o755 if facts.st_mode & stat.S_IXUSR else 0o644
            if path.is_symlink():
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, path.readlink().as_posix(), 0o777
                made.addfile(entry)
            elif path.is_dir():
                entry.type = tarfile.DIRTYPE
                entry.mode = _MODES.get(name, 0o755)
                made.addfile(entry)
            elif stat.S_ISREG(facts.st_mode):
                entry.size = facts.st_size
                with path.open("rb") as file:
                    made.addfile(entry, file)
    return out.getvalue()


def _write(output: Path, config: dict[str, Any], layers: list[bytes], labels: dict[str, str], epoch: int) -> str:
    """Write the archive, and return the digest of the manifest."""
    blobs: dict[str, bytes] = {}

    def add(data: bytes, media_type: str) -> dict[str, Any]:
        digest = hashlib.sha256(data).hexdigest()
        blobs[digest] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    sent = [add(gzip.compress(layer, 6, mtime=0), _LAYER_TYPE) for layer in layers]
    head = add(json.dumps(config, separators=(",", ":")).encode(), _CONFIG_TYPE)
    manifest = {"schemaVersion": 2, "mediaType": _MANIFEST_TYPE, "config": head, "layers": sent}
    described = add(json.dumps(manifest, separators=(",", ":")).encode(), _MANIFEST_TYPE)
    tag = f"sealock:{labels['org.opencontainers.image.version']}"
    names = {"io.containerd.image.name": f"docker.io/library/{tag}", "org.opencontainers.image.ref.name": tag[8:]}
    index = {"schemaVersion": 2, "mediaType": _INDEX_TYPE, "manifests": [described | {"annotations": names}]}
    paths = [f"blobs/sha256/{entry['digest'][7:]}" for entry in sent]
    saved = [{"Config": f"blobs/sha256/{head['digest'][7:]}", "RepoTags": [tag], "Layers": paths}]
    files = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
        "index.json": json.dumps(index, separators=(",", ":")).encode(),
        "manifest.json": json.dumps(saved, separators=(",", ":")).encode(),
        **{f"blobs/sha256/{digest}": data for digest, data in sorted(blobs.items())},
    }
    with tarfile.open(output, "w", format=tarfile.USTAR_FORMAT) as made:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.size, entry.mode = epoch, len(data), 0o644
            made.addfile(entry, BytesIO(data))
    digest: str = described["digest"]
    return digest
