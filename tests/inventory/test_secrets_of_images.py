"""Secrets in whole images: layers, configuration and history; and none of them in anything that is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from sealock.cli.check import FORMATS as CHECK_FORMATS
from sealock.cli.inspect import FORMATS as INSPECT_FORMATS
from sealock.reports import sbom
from sealock.scan.images import ImageOptions, read_inventories
from support.commandline import sealock
from support.madeimages import Layout, config, docker_save, info, spread, tar, write
from support.madesecrets import Maker

make = Maker(3)
TOKEN = make.checked("ghp_")
PASSWORD = make.password()
BASE = tar(info("app/.npmrc", b"registry=https://npm.corp/\n"), info("app/.env", f"PASSWORD={PASSWORD}\n".encode()))
UPPER = tar(info("app/.wh..env", b""), info("app/id_rsa", b"no key"), info("srv/x.conf", f"t {TOKEN}\n".encode()))


def test_a_secret_that_a_later_layer_removes_is_found_with_both_layers(tmp_path: Path) -> None:
    (image,) = read_inventories(write(tmp_path / "a.tar", docker_save(BASE, UPPER)), ImageOptions())
    told = {(fact.kind, fact.path): (fact.layer, fact.removed, fact.removed_in, fact.line) for fact in image.files}
    assert told == {
        ("secret", "app/.env"): (0, True, 1, 1),
        ("credential-file", "app/.env"): (0, True, 1, 0),
        ("credential-file", "app/id_rsa"): (1, False, -1, 0),
        ("secret", "srv/x.conf"): (1, False, -1, 1),
    }


def with_secrets(directory: Path) -> str:
    made = Layout()
    told = json.loads(config(BASE, UPPER))
    told["config"] = {"Env": [f"API_TOKEN={TOKEN}"], "Labels": {"a": TOKEN}, "Cmd": ["x", f"--password={PASSWORD}"]}
    told["history"] = [
        {"created_by": f"RUN |1 TOKEN={TOKEN} curl -u bob:{PASSWORD} https://x"},
        {"created_by": "RUN b"},
    ]
    layers = made.image((BASE, BASE), (UPPER, UPPER), configuration=json.dumps(told).encode())
    return spread(directory, made.index(layers))


@pytest.mark.parametrize("how", ["table", "json", "cyclonedx", "spdx"])
def test_no_list_of_contents_shows_a_secret(how: Literal["table", "json", "cyclonedx", "spdx"], tmp_path: Path) -> None:
    (image,) = read_inventories(with_secrets(tmp_path), ImageOptions())
    text = sbom.render(how, image)
    assert TOKEN not in text
    assert PASSWORD not in text
    if how in {"table", "json"}:
        assert "TOKEN=ghp_" in text
        assert "curl -u bob:" in text


REPORTS = [
    *(("sbom", "--offline", "--format", kind) for kind in ("table", "cyclonedx", "spdx", "json")),
    ("sbom", "--offline", "--format", "cyclonedx", "--vulnerabilities"),
    *(("check", "--offline", "--pedantic", "--format", kind) for kind in CHECK_FORMATS),
    *(("inspect", "--format", kind) for kind in INSPECT_FORMATS if kind != "files"),
]


@pytest.mark.parametrize("words", REPORTS, ids=" ".join)
@pytest.mark.parametrize("runs", [1, 2])
def test_no_report_shows_a_secret_of_the_history(words: tuple[str, ...], runs: int, tmp_path: Path) -> None:
    lines = [
        f"RUN |1 TOKEN={TOKEN} curl -u bob:{PASSWORD} https://x # buildkit",
        f"/bin/sh -c #(nop) ENV API_TOKEN={TOKEN}",
        f"ARG PASSWORD={PASSWORD}",
        "x" * ((16 << 10) - 20) + f" TOKEN={TOKEN}",
    ]
    layers = [tar(info(name, b"x", mode=0o4755)) for name in "abcd"]
    raw = config(*layers, history=[{"created_by": line} for line in lines])
    made = Layout()
    image = spread(tmp_path / "image", made.index(made.image(*((layer, layer) for layer in layers), configuration=raw)))
    environment = {"SEALOCK_CACHE_DIR": str(tmp_path / "cache"), "SEALOCK_DATABASE": str(tmp_path / "none")}
    for _ in range(runs):
        ran = sealock(*words, image, cwd=tmp_path, environment=environment)
        assert len(ran.stdout) > 100, ran.stderr
        for secret in (TOKEN, PASSWORD, TOKEN[:20]):
            assert secret not in ran.stdout + ran.stderr
