"""Makes images for benchmarks: runs tools, packs folders."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path


def run(*words: str | Path, folder: Path | None = None, **variables: str) -> str:
    """Run a tool to its end; what it says on standard error is shown when it fails."""
    environment = os.environ | {"LC_ALL": "C"} | variables
    done = subprocess.run(
        [str(word) for word in words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-4000:], sep="\n", file=sys.stderr)
        sys.exit(f"{words[0]} failed")
    return done.stdout


def bootstrap(suite: str, to: Path, packages: Sequence[str]) -> None:
    """Install a Debian release, from the same place as this machine's."""
    targets = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").split()
    home = next(target for target in targets if target.startswith("http") and "security" not in target)
    include = f"--include={','.join(packages)}"
    run("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", include, suite, to, f"deb {home} {suite} main")


def archive(layer: Path, to: Path, name: str) -> Path:
    """Make a docker archive of one plain layer."""
    with layer.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/bin/sh"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created_by": "ADD rootfs.tar /"}],
        }
    ).encode()
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(to, "w") as made:
        for path, data in ((config_name, config), ("manifest.json", manifest)):
            member = tarfile.TarInfo(path)
            member.size = len(data)
            made.addfile(member, BytesIO(data))
        member = tarfile.TarInfo("layer.tar")
        member.size = layer.stat().st_size
        with layer.open("rb") as file:
            made.addfile(member, file)
    return to


def packed(root: Path, to: Path, name: str) -> Path:
    """Make a docker archive of a folder."""
    layer = to.with_suffix(".layer")
    run("tar", "--numeric-owner", "-cf", layer, "-C", root, ".")
    archive(layer, to, name)
    layer.unlink()
    return to


def write(path: Path, text: str) -> Path:
    """Write a text into a folder that may not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def unpacked(folder: Path, packages: Sequence[str]) -> Path:
    """Fetch Debian's packages and unpack them side by side."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run("apt-get", "download", "-q", *packages, folder=folder)
    for file in folder.glob("*.deb"):
        run("dpkg-deb", "-x", file, folder)
    return folder
