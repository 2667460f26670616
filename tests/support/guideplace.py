"""A place in which the commands of the guide run: files, a registry, and the names that stand for them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import generate, write_private
from support.commandline import sealock
from support.cosignworld import stretched_cheaply
from support.guidecommands import ROOT, GuideCommand, words_of
from support.madeimages import docker_save, info, tar, write
from support.simulators.registry import RegistrySimulator, registry

PASSPHRASE = "a word of mine"
DOING = {"digest", "rules", "init", "run", "show", ("trust", "sign"), ("trust", "attest"), ("trust", "keys")}
"""Commands that answer no question, so that 1 is no answer."""
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
LAYER = tar(
    info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'),
    info("var/lib/dpkg/status", STATUS),
    info("usr/sbin/nginx", b"#!/bin/sh\n", mode=0o755),
    info("usr/lib/postgresql/15/bin/postgres", b"#!/bin/sh\n", mode=0o755),
    info("bin/sh", b"#!/bin/bash\n", mode=0o755),
)
COMPOSE = "services:\n  web:\n    image: nginx:1.27\n    volumes: ['/srv:/srv']\n  api:\n    image: a:1\n  db:\n    image: postgres:17\n"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - {name: a, image: 'a:1'}\n"
VEX = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    "@id": "https://e/1",
    "author": "a",
    "timestamp": "2026-01-01T00:00:00Z",
    "version": 1,
    "statements": [],
}
NAMES = {
    "registry.example.com/app": "app", "registry.example/app": "app", "example.com/app": "app", "nginx:": "library/nginx:",
    "ghcr.io/example/app": "app",
}  # fmt: skip
REMOTE = re.compile(
    r"(?<![\w./-])(registry\.example\.com/app|registry\.example/app|example\.com/app|ghcr\.io/example/app|nginx(?=:))"
)


@contextmanager
def served() -> Iterator[RegistrySimulator]:
    """A registry with the images that the guide names."""
    with registry() as made:
        for repository, tags in {"app": ("1.2", "1.4", "1.5", "2", "latest"), "library/nginx": ("1.27",)}.items():
            config = docker_save(LAYER)
            raw = next(data for name, data in config.items() if name.endswith(".json") and name != "manifest.json")
            image = made.add_image(repository, *tags, config=raw, layers=[LAYER])
            if repository != "app":
                made.add_index(repository, *tags, images={"linux/amd64": image, "linux/arm64": image})
        yield made


def make_place(folder: Path) -> Path:
    """Write what the commands name: a project, an image, its SBOM, a key."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    (folder / "Dockerfile").write_text("FROM debian:13\n", encoding="utf-8")
    (folder / "deploy/prod").mkdir(parents=True)
    for name in ("pod.yaml", "deploy/pod.yaml", "deploy/prod/pod.yaml"):
        (folder / name).write_text(POD, encoding="utf-8")
    (folder / "deploy/prod/kustomization.yaml").write_text("resources: [pod.yaml]\n", encoding="utf-8")
    (folder / "openssl.vex.json").write_text(json.dumps(VEX), encoding="utf-8")
    (folder / "app.whl").write_bytes(b"a wheel")
    (folder / "provenance.json").write_text("{}", encoding="utf-8")
    key = generate()
    with patch("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply):
        (folder / "release.key").write_bytes(write_private(key, PASSPHRASE))
    (folder / "release.pub").write_bytes(write_public(key.public))
    write(folder / "app.tar", docker_save(LAYER))
    for name, data in {
        "usr/sbin/nginx": b"#!/bin/sh\n",
        "etc/os-release": b'ID=debian\nVERSION_ID="13"\n',
        "var/lib/dpkg/status": STATUS,
    }.items():
        (folder / "rootfs" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "rootfs" / name).write_bytes(data)
    (folder / "app.sbom.json").write_text(
        ran(folder, ["sbom", "app.tar", "--format", "cyclonedx"])[1], encoding="utf-8"
    )
    return folder


def ran(folder: Path, words: Sequence[str], more: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run sealock in a directory; its output has the errors too, unless the status is 0."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "COSIGN_PASSWORD": PASSPHRASE,
        "COLUMNS": "80",
        **(more or {}),
    }
    done = sealock(*words, cwd=folder, environment=environment)
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def run(command: GuideCommand, place: Path, server: RegistrySimulator, more: Mapping[str, str], **names: str) -> None:
    """Run a command line as it stands, with a registry of this machine for those that it names."""
    for number, words in enumerate(words_of(command)):
        named = [
            REMOTE.sub(lambda match: f"{server.host}/{NAMES.get(match[0]) or 'library/nginx'}", word) for word in words
        ]
        named = [names.get(word, word) for word in named]
        folder = place
        if command.page.endswith(("agents.md", "tutorial.md", "quickstart.md")):
            folder = place / "examples/shop"
        elif words[0] == "pin" or words[:3] == ["trust", "keys", "generate"]:
            folder = place / f"of-its-own-{command.line}-{number}"
            folder.mkdir()
            (folder / "Dockerfile").write_text(f"FROM {server.host}/app:1.2\n", encoding="utf-8")
        status, output = ran(folder, named, more)
        assert "Traceback" not in output
        # 1 is an answer where a command has one to give. No network: what needs advisories says so.
        allowed = {0} if words[0] in DOING or tuple(words[:2]) in DOING else {0, 1}
        assert status in allowed or re.search(r"advisor(y|ies)", output), f"{command.where}: {output}"
