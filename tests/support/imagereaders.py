"""What is read of an image whose files a text gives, as lines: for `support.edgerecords`.

A text is a JSON object. "files" are those of the archive or directory by their paths, and "blobs" what they refer to: a
text, something that is written as JSON, `{"tar": [[PATH, TEXT], …]}`, or `{"of": NAME}` for a blob. Within JSON
`{"blob": NAME, …}` is the descriptor of a blob, and the text "digest of NAME" its digest; the path "blob NAME" is where
a layout has it.
"""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from sealock.errors import SealockError
from sealock.image.entry import Bounds, ImageSource
from sealock.image.opener import open_image
from support.madeimages import info, sha256, spread, tar, write

_DIGEST_OF: Final = "digest of "
_AT: Final = "blob "
_DEEPEST: Final = 9


class _Blobs:
    """The bytes of the blobs, each made once."""

    def __init__(self, contents: dict[str, Any]) -> None:
        self._contents = contents
        self._depth = 0

    def data(self, content: Any) -> bytes:
        """The bytes of a content."""
        if isinstance(content, str):
            return content.encode(errors="surrogatepass")
        if isinstance(content, dict) and "of" in content:
            return self.named(str(content["of"]))
        if isinstance(content, dict) and "tar" in content:
            made = tar(*(_member(*member) for member in content["tar"]))
            return gzip.compress(made, mtime=0, compresslevel=0) if content.get("gzip") else made
        return json.dumps(self._with_descriptors(content)).encode()

    def named(self, name: str) -> bytes:
        """The bytes of a blob; ValueError where it is within itself."""
        if self._depth > _DEEPEST:
            raise ValueError(name)
        self._depth += 1
        try:
            return self.data(self._contents[name])
        finally:
            self._depth -= 1

    def _with_descriptors(self, value: Any) -> Any:
        if isinstance(value, dict):
            table = {name: self._with_descriptors(each) for name, each in value.items() if name != "blob"}
            if "blob" in value:
                data = self.named(value["blob"])
                return {"digest": sha256(data), "size": len(data)} | table
            return table
        if isinstance(value, list):
            return [self._with_descriptors(each) for each in value]
        if isinstance(value, str) and value.startswith(_DIGEST_OF):
            return sha256(self.named(value.removeprefix(_DIGEST_OF)))
        return value

    def path(self, name: str) -> str:
        """The path of a file, or of a blob."""
        if not name.startswith(_AT):
            return name
        return "blobs/" + sha256(self.named(name.removeprefix(_AT))).replace(":", "/")


def _member(path: str, text: Any, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    if target:
        return info(path, type=tarfile.LNKTYPE if text == "hard" else tarfile.SYMTYPE, linkname=target)
    return info(path, type=tarfile.DIRTYPE, mode=0o755) if text is None else info(path, str(text).encode())


def read_image(text: str) -> list[str]:
    """What the image is, and what its layers have."""
    table = json.loads(text)
    blobs = _Blobs(table.get("blobs", {}))
    files = {blobs.path(name).lstrip("/"): blobs.data(content) for name, content in table.get("files", {}).items()}
    bounds = Bounds(
        **{name: value for name, value in table.get("bounds", {}).items() if name in Bounds.__struct_fields__}
    )
    platform, name = str(table.get("platform", "linux/amd64")), str(table.get("name", ""))
    with TemporaryDirectory(prefix="image-") as directory:
        if table.get("shape") == "directory":
            path = spread(Path(directory), {name: data for name, data in files.items() if ".." not in name})
        else:
            path = write(Path(directory, "app.tar"), files)
            if table.get("shape") == "gzip":
                Path(path).write_bytes(gzip.compress(Path(path).read_bytes(), mtime=0))
        try:
            rows = [
                row
                for image in open_image(
                    path, platform=platform, name=name, bounds=bounds, verify=table.get("verify", True)
                )
                for row in _rows(image)
            ]
        except SealockError as error:
            rows = [f"{type(error).__name__}: {error}"]
    return [row.replace(f"{directory}/app.tar", "app.tar").replace(directory, "DIRECTORY") for row in rows]


def _rows(image: ImageSource) -> list[str]:
    rows = [
        f"image {list(image.names)} {image.id[:19]} {image.manifest[:19]} {image.platform} {len(image.config)} {image.read_as}"
    ]
    for source in image.layers:
        layer = source.layer
        rows.append(f"layer {layer.index} {layer.digest[:19]} {layer.created_by!r} {layer.size}")
        rows += [
            f"  {entry.kind} {entry.path} {entry.size} {entry.target} {entry.read(20) if entry.kind == 'file' else ''!r}"
            for entry in source.entries()
        ]
        rows += [f"  error: {error.message}" for error in source.errors]
    return [*rows, *(f"error: {error.message}" for error in image.errors), *(f"note: {note}" for note in image.notes)]
