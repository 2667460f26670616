"""Measures the registry client beside skopeo, against a registry of its own on loopback (docker-registry).

Digests: a hundred references, each in a repository of its own; skopeo is asked for ten of them, one process each, and
its time is multiplied. Pull: an image of this machine's /usr in gzip layers, into a folder, as `skopeo copy` does.
Prints seconds and ratios. Exits 1 when a digest or a layer is not what was pushed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import measurement

from sealock.model.manifest import Manifest
from sealock.net.registry import upload
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference

REFERENCES = 100
LAYERS = 6
LAYER_BYTES = 100_000_000
"""Plain bytes of a layer, about."""
LARGEST = 20_000_000
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
POLICY = '{"default":[{"type":"insecureAcceptAnything"}]}'


def main() -> int:
    """Make, push, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--fill", metavar="HOST", help=argparse.SUPPRESS)
    parser.add_argument("--pull", nargs=2, metavar=("REF", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pull:
        pull(*arguments.pull)
        return 0
    if arguments.fill:
        print(json.dumps(fill(arguments.fill)))
        return 0
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as host:
        (Path(folder) / "policy.json").write_text(POLICY)
        # In a process of its own: its memory would count as that of what is started later.
        filled = subprocess.run([sys.executable, __file__, "--fill", host], check=True, capture_output=True)
        digests, image = json.loads(filled.stdout)
        return max(digest(host, digests, Path(folder), arguments.times), pulls(image, Path(folder), arguments.times))


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run docker-registry."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    storage = {"filesystem": {"rootdirectory": str(folder / "registry")}}
    settings = {"version": 0.1, "log": {"level": "error"}, "storage": storage, "http": {"addr": host}}
    (folder / "registry.yml").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], stdout=log, stderr=log)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", int(host.partition(":")[2]))) == 0:
                    break
            time.sleep(0.1)
        yield host
    finally:
        process.terminate()
        process.wait()


def fill(host: str) -> tuple[dict[str, str], str]:
    """Push a hundred small images and a large one; give the digests of the small ones."""
    registry = open_registry()
    digests = {}
    for number in range(REFERENCES):
        text = f"{host}/small/image-{number}:1.{number}"
        digests[text] = push(registry, text, [])
    text = f"{host}/large:1"
    push(registry, text, layers())
    return digests, text


def push(registry: Registry, text: str, blobs: Iterable[tuple[bytes, str]]) -> str:
    name = reference(text)
    made, plain = [], []
    for data, diff_id in blobs:
        made.append(upload.push_blob(registry, name, data))
        plain.append(diff_id)
    config = json.dumps(
        {
            "os": "linux",
            "architecture": "amd64",
            "rootfs": {"type": "layers", "diff_ids": plain},
            "config": {"Labels": {"name": text.partition("/")[2]}},
        }
    ).encode()
    sent = upload.push_blob(registry, name, config)
    table = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": upload.written(sent) | {"mediaType": CONFIG},
        "layers": [upload.written(layer) | {"mediaType": LAYER} for layer in made],
    }
    return upload.push_manifest(registry, name, json.dumps(table).encode(), MANIFEST, name.tag or "").digest


def layers() -> Iterator[tuple[bytes, str]]:
    """Gzip layers of this machine's files, with the digests of the plain ones."""
    files = iter(sorted(path for path in Path("/usr").rglob("*") if path.is_file() and not path.is_symlink()))
    for _ in range(LAYERS):
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            for path in files:
                if path.stat().st_size <= LARGEST:
                    archive.add(path, str(path).lstrip("/"))
                if made.tell() > LAYER_BYTES:
                    break
        plain = made.getvalue()
        yield gzip.compress(plain, 1), f"sha256:{hashlib.sha256(plain).hexdigest()}"


def digest(host: str, digests: dict[str, str], folder: Path, times: int) -> int:
    own = [sys.executable, "-m", "sealock", "digest", "--no-policy", *digests]
    ten = list(digests)[:10]
    script = " && ".join(
        f"skopeo inspect --no-tags --tls-verify=false --policy {folder}/policy.json -f '{{{{.Digest}}}}' docker://{reference}"
        for reference in ten
    )
    runs = measurement.alternately({"sealock": own, "skopeo": ["sh", "-c", script]}, times)
    resolved = dict(line.split("@", 1) for line in runs["sealock"][0].output.splitlines())
    mine, theirs = measurement.seconds(runs["sealock"]), measurement.seconds(runs["skopeo"]) * REFERENCES / len(ten)
    print(f"digests of {REFERENCES} references at {host}")
    print(f"  sealock digest   {mine:7.2f} s   {measurement.memory(runs['sealock']) >> 20} MiB")
    print(f"  skopeo inspect   {theirs:7.2f} s   (one process each; measured with {len(ten)})")
    print(f"  ratio            {theirs / mine:7.1f}")
    right = resolved == digests and runs["skopeo"][0].output.split() == [digests[reference] for reference in ten]
    return 0 if right else 1


def pulls(image: str, folder: Path, times: int) -> int:
    own, theirs = folder / "own", folder / "theirs"
    commands = {
        "sealock": [sys.executable, __file__, "--pull", image, own],
        "skopeo": [
            "skopeo", "copy", "-q", "--src-tls-verify=false", "--policy", folder / "policy.json",
            f"docker://{image}", f"dir:{theirs}",
        ],
        "sbom": [sys.executable, "-m", "sealock", "sbom", "--no-cache", f"image:{image}"],
    }  # fmt: skip
    runs = measurement.alternately(commands, times)  # type: ignore[arg-type]  # a mixture of texts and paths
    size = sum(path.stat().st_size for path in own.iterdir())
    seconds = {name: measurement.seconds(some) for name, some in runs.items()}
    print(f"pull of {LAYERS} layers, {size / 1e6:.0f} MB as stored, into a folder")
    for name, label in (("sealock", "sealock's client"), ("skopeo", "skopeo copy"), ("sbom", "sealock sbom, listed")):
        peak = measurement.memory(runs[name]) >> 20
        print(f"  {label:<21}{seconds[name]:7.2f} s   {size / 1e6 / seconds[name]:6.0f} MB/s   {peak} MiB")
    print(f"  ratio                {seconds['skopeo'] / seconds['sealock']:7.2f}   (skopeo's time by the client's)")
    same = all((theirs / path.name).read_bytes() == path.read_bytes() for path in own.iterdir())
    return 0 if same and all(run.status == 0 for some in runs.values() for run in some) else 1


def pull(text: str, folder: str) -> None:
    """Bring an image's blobs into a folder, named by their digests."""
    Path(folder).mkdir(exist_ok=True)
    registry, name = open_registry(), reference(text)
    noun = registry.resolve(name).image.noun
    assert isinstance(noun, Manifest)

    def bring(number: int) -> None:
        blob = (noun.config, *noun.layers)[number]
        fd = os.open(Path(folder) / blob.digest.partition(":")[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        try:
            for chunk in registry.blob(name, blob.digest, blob.size):
                os.write(fd, chunk)
        finally:
            os.close(fd)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(bring, range(1 + len(noun.layers))))


if __name__ == "__main__":
    sys.exit(main())
