"""Makes images of every shape from tables of files, with Python's own tar writer."""

from __future__ import annotations

import hashlib
import json
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

from sealock.image.entry import ImageSource, LayerEntry


def info(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    """A member, with any of tarfile's fields."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in fields.items():
        setattr(member, key, value)
    return member, data


def tar(*members: tuple[tarfile.TarInfo, bytes], format: int = tarfile.PAX_FORMAT) -> bytes:  # noqa: A002  as tarfile's
    """An archive."""
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=format) as archive:
        for member, data in members:
            archive.addfile(member, BytesIO(data))
    return made.getvalue()


def files(**contents: bytes | str) -> bytes:
    """An archive of files; "__" in a name stands for a slash."""
    return tar(*(info(name.replace("__", "/"), _bytes(data)) for name, data in contents.items()))


def _bytes(data: bytes | str) -> bytes:
    return data.encode() if isinstance(data, str) else data


def sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def config(*plain: bytes, **more: Any) -> bytes:
    """An image's configuration for plain layers."""
    told: dict[str, Any] = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [sha256(layer) for layer in plain]},
        "history": [{"created_by": "ENV a=b", "empty_layer": True}]
        + [{"created_by": f"RUN {number}"} for number, _ in enumerate(plain, 1)],
    }
    return json.dumps(told | more).encode()


def docker_save(*plain: bytes, names: tuple[str, ...] = ("app:1",), **more: Any) -> dict[str, bytes]:
    """The members of an archive as Docker wrote them before version 25."""
    configuration = config(*plain)
    name = hashlib.sha256(configuration).hexdigest()
    members: dict[str, bytes] = {}
    paths: list[str] = []
    for number, layer in enumerate(plain):
        directory = hashlib.sha256(str(number).encode()).hexdigest()
        members |= {f"{directory}/VERSION": b"1.0", f"{directory}/json": b"{}", f"{directory}/layer.tar": layer}
        paths.append(f"{directory}/layer.tar")
    members[f"{name}.json"] = configuration
    told = {"Config": f"{name}.json", "RepoTags": list(names), "Layers": paths} | more
    members["manifest.json"] = json.dumps([told]).encode()
    return members


class Layout:
    """The files of an OCI layout."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}

    def blob(self, data: bytes, media: str = "", **more: Any) -> dict[str, Any]:
        """Store a blob; return its descriptor."""
        digest = sha256(data)
        self.files["blobs/" + digest.replace(":", "/")] = data
        return {"mediaType": media, "digest": digest, "size": len(data)} | more

    def image(self, *layers: tuple[bytes, bytes], configuration: bytes | None = None, **more: Any) -> dict[str, Any]:
        """Store an image of (plain, stored) layers."""
        raw = config(*(plain for plain, _ in layers)) if configuration is None else configuration
        manifest = {
            "schemaVersion": 2,
            "config": self.blob(raw, "application/vnd.oci.image.config.v1+json"),
            "layers": [self.blob(stored, "application/vnd.oci.image.layer.v1.tar") for _, stored in layers],
        }
        return self.blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json", **more)

    def nested(self, *manifests: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Store an index."""
        return self.blob(
            json.dumps({"manifests": manifests}).encode(), "application/vnd.oci.image.index.v1+json", **more
        )

    def index(self, *manifests: dict[str, Any]) -> dict[str, bytes]:
        """Write index.json; return all files."""
        return self.files | {"index.json": json.dumps({"schemaVersion": 2, "manifests": manifests}).encode()}


def write(path: Path, members: dict[str, bytes]) -> str:
    """Put files into an archive."""
    path.write_bytes(tar(*(info(name, data) for name, data in members.items())))
    return str(path)


def spread(directory: Path, members: dict[str, bytes]) -> str:
    """Put files into a directory."""
    for name, data in members.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(data)
    return str(directory)


def listed(image: ImageSource) -> list[list[tuple[str, str]]]:
    """Kind and path of each entry, layer by layer."""
    return [[(entry.kind, entry.path) for entry in layer.entries()] for layer in image.layers]


def troubles(image: ImageSource) -> str:
    """All problems' texts, after the layers were read."""
    for layer in image.layers:
        for _ in layer.entries():
            pass
    return "\n".join(
        error.message for errors in (*(layer.errors for layer in image.layers), image.errors) for error in errors
    )


def contents(image: ImageSource, limit: int = 1 << 20) -> dict[str, bytes]:
    """The bytes of every regular file."""
    return {
        entry.path: entry.read(limit) for layer in image.layers for entry in layer.entries() if entry.kind == "file"
    }


def facts(entry: LayerEntry) -> tuple[str, str, int, int, int, int, str]:
    """What tarfile knows of an entry as well."""
    return entry.path, entry.kind, entry.mode, entry.uid, entry.gid, entry.size, entry.target
