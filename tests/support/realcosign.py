"""The real cosign, beside a real registry with fresh images in it, and key pairs in cosign's files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sealock.model.trust import TrustResult
from sealock.net.http import HttpTransport
from sealock.net.registry import upload
from sealock.net.registry.client import Registry
from sealock.net.registry.names import reference
from sealock.trust.cosign.keys import read_public, write_public
from sealock.trust.cosign.privatekeys import KeyKind, generate, write_private
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.verifier import verify_cosign
from support.madeimages import config, files, info, tar
from support.realregistry import real_registry
from support.waiting import PATIENCE

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SECRET = "a word"
PLAIN = ["--allow-insecure-registry", "--allow-http-registry"]
UNLOGGED = ["--insecure-ignore-tlog=true", *PLAIN]
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"


class Place:
    """A registry, a folder with key pairs, and the real cosign."""

    def __init__(self, host: str, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.client = Registry(HttpTransport(environment={}))
        self.pushed = 0
        (folder / "root.json").write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
        (folder / "predicate.json").write_text('{"bomFormat":"CycloneDX"}')

    def cosign(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run it, with no network beyond this machine and a home of its own."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "COSIGN_PASSWORD": SECRET,
            "COSIGN_EXPERIMENTAL": "1",
            **more,
        }
        return subprocess.run(
            ["cosign", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment,
            cwd=self.folder,
        )

    def sealock(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COSIGN_PASSWORD": SECRET, "SEALOCK_CACHE_DIR": str(self.folder / "cache"), **more}
        return subprocess.run(
            [sys.executable, "-m", "sealock", *words],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
            env=environment,
            cwd=self.folder,
        )

    def image(self) -> str:
        """A fresh image: REPO@DIGEST."""
        self.pushed += 1
        base = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))
        top = files(app=os.urandom(64))
        name = reference(f"{self.host}/app{self.pushed}:1")
        blobs = [upload.push_blob(self.client, name, one) for one in (config(base, top), base, top)]
        kinds = ["image.config.v1+json", "image.layer.v1.tar", "image.layer.v1.tar"]
        told = [
            upload.written(one) | {"mediaType": f"application/vnd.oci.{kind}"}
            for one, kind in zip(blobs, kinds, strict=True)
        ]
        table = {"schemaVersion": 2, "mediaType": MANIFEST, "config": told[0], "layers": told[1:]}
        pushed = upload.push_manifest(self.client, name, json.dumps(table).encode(), MANIFEST, "1")
        return f"{self.host}/app{self.pushed}@{pushed.digest}"

    def pair(self, kind: KeyKind) -> tuple[Path, Path]:
        """A key pair that we made, in cosign's files."""
        private, public = self.folder / f"{kind}.key", self.folder / f"{kind}.pub"
        if not private.exists():
            key = generate(kind)
            private.write_bytes(write_private(key, SECRET))
            public.write_bytes(write_public(key.public))
        return private, public

    def result(self, image: str, public: Path) -> TrustResult:
        name = reference(image)
        expected = CosignRequirements((read_public(public.read_bytes(), public.name),))
        return verify_cosign(self.client, name, name.digest or "", expected)


@contextmanager
def cosign_place(folder: Path) -> Iterator[Place]:
    with real_registry(folder / "registry") as host:
        yield Place(host, folder)


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout
