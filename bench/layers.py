"""Measures walking layers alone: one large archive as docker save writes it, and as a layout with gzip layers.

Each is walked with and without its digests verified; prints seconds, processor seconds and peak memory. Without
--archive an image is made of this machine's /usr. Exits 1 when a walk did not run to its end.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

import measurement

from sealock.model.finding import InputError

ENTRIES = 20_000
"""Entries in a layer; four layers are made."""
LAYERS = 4
LARGEST = 3_000_000
"""Bytes of the largest file that is taken."""


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, help="a docker archive to walk")
    parser.add_argument("--times", type=int, default=3, metavar="N", help="repetitions (default: %(default)s)")
    parser.add_argument("--walk", metavar="PATH", help=argparse.SUPPRESS)
    parser.add_argument("--no-verify", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.walk:
        walk(arguments.walk, verify=not arguments.no_verify)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        archive = arguments.archive or made(Path(folder))
        packed = Path(folder) / "layout"
        shapes = {"docker archive": archive}
        print(f"{archive.stat().st_size / 1e9:.1f} GB")
        copy = ["skopeo", "copy", "--insecure-policy", f"docker-archive:{archive}", f"oci:{packed}:image"]
        if subprocess.run(copy, check=False, capture_output=True).returncode == 0:
            shapes["gzip layout"] = packed
        me = [sys.executable, __file__, "--walk"]
        runs = measurement.alternately(
            {f"{shape}{', verified' * verify}": [*me, path, *["--no-verify"] * (not verify)]
             for shape, path in shapes.items() for verify in (False, True)},
            arguments.times,
        )  # fmt: skip
    print(f"{'':26}{'entries':>10}{'median':>10}{'processor':>11}{'memory':>10}")
    for name, repeats in runs.items():
        entries, processor = repeats[0].output.split() or ["0", "0"]
        seconds, memory = measurement.seconds(repeats), measurement.memory(repeats) / 1e6
        print(f"{name:26}{entries:>10}{seconds:8.2f} s{processor:>9} s{memory:7.0f} MB")
    return int(any(ran.status != 0 for run in runs.values() for ran in run))


def walk(path: str, *, verify: bool) -> None:
    """Walk every layer once; print how many entries there were, and the processor's seconds."""
    from sealock.image.opener import open_image  # noqa: PLC0415  the measured process alone needs it

    entries = 0
    errors: list[InputError] = []
    for image in open_image(path, verify=verify):
        for layer in image.layers:
            entries += sum(1 for _ in layer.entries())
            errors += layer.errors
        errors += image.errors
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(entries, f"{used.ru_utime + used.ru_stime:.2f}")
    for error in errors:
        print(error.message, file=sys.stderr)
    if errors:
        sys.exit(1)


def made(folder: Path) -> Path:
    """A docker archive of the files of /usr, taken again from the start where they do not suffice."""
    archive = folder / "app.tar"
    started = time.perf_counter()
    digests: list[str] = []
    paths = sorted(Path("/usr").rglob("*"))
    with tarfile.open(archive, "w") as whole:
        for number in range(LAYERS):
            layer = folder / "layer.tar"
            with tarfile.open(layer, "w") as tar:
                for place in range(ENTRIES):
                    path = paths[(number * ENTRIES + place) % len(paths)]
                    if path.is_symlink() or not path.is_file() or path.stat().st_size < LARGEST:
                        tar.add(path, recursive=False)
            with layer.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
            whole.add(layer, f"blobs/sha256/{digests[-1]}")
            layer.unlink()
        diff_ids = [f"sha256:{digest}" for digest in digests]
        config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"diff_ids": diff_ids}}).encode()
        name = f"{hashlib.sha256(config).hexdigest()}.json"
        layers = [f"blobs/sha256/{digest}" for digest in digests]
        manifest = json.dumps([{"Config": name, "RepoTags": ["bench:1"], "Layers": layers}]).encode()
        for member, data in ((name, config), ("manifest.json", manifest)):
            info = tarfile.TarInfo(member)
            info.size = len(data)
            whole.addfile(info, io.BytesIO(data))
    print(f"made {archive.stat().st_size / 1e9:.1f} GB in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return archive


if __name__ == "__main__":
    sys.exit(main())
