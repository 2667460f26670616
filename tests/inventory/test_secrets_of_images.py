"""Secrets in whole images: layers, configuration and history; and none of them in anything that is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from sealock.reports import sbom
from sealock.scan.images import How, inventories
from support.madeimages import Layout, config, docker_save, info, spread, tar, write
from support.madesecrets import Maker

make = Maker(3)
TOKEN = make.checked("ghp_")
PASSWORD = make.password()
BASE = tar(info("app/.npmrc", b"registry=https://npm.corp/\n"), info("app/.env", f"PASSWORD={PASSWORD}\n".encode()))
UPPER = tar(info("app/.wh..env", b""), info("app/id_rsa", b"no key"), info("srv/x.conf", f"t {TOKEN}\n".encode()))


def test_a_secret_that_a_later_layer_removes_is_found_with_both_layers(tmp_path: Path) -> None:
    (image,) = inventories(write(tmp_path / "a.tar", docker_save(BASE, UPPER)), How())
    told = {(fact.kind, fact.path): (fact.layer, fact.removed, fact.removed_in, fact.line) for fact in image.files}
    assert told == {
        ("secret", "app/.env"): (0, True, 1, 1),
        ("credential-file", "app/.env"): (0, True, 1, 0),
        ("credential-file", "app/id_rsa"): (1, False, -1, 0),
        ("secret", "srv/x.conf"): (1, False, -1, 1),
    }


def with_secrets(folder: Path) -> str:
    made = Layout()
    told = json.loads(config(BASE, UPPER))
    told["config"] = {"Env": [f"API_TOKEN={TOKEN}"], "Labels": {"a": TOKEN}, "Cmd": ["x", f"--password={PASSWORD}"]}
    told["history"] = [
        {"created_by": f"RUN |1 TOKEN={TOKEN} curl -u bob:{PASSWORD} https://x"},
        {"created_by": "RUN b"},
    ]
    layers = made.image((BASE, BASE), (UPPER, UPPER), configuration=json.dumps(told).encode())
    return spread(folder, made.index(layers))


@pytest.mark.parametrize("how", ["table", "json", "cyclonedx", "spdx"])
def test_no_list_of_contents_shows_a_secret(how: Literal["table", "json", "cyclonedx", "spdx"], tmp_path: Path) -> None:
    (image,) = inventories(with_secrets(tmp_path), How())
    text = sbom.render(how, image)
    assert TOKEN not in text
    assert PASSWORD not in text
    if how in {"table", "json"}:
        assert "TOKEN=ghp_" in text
        assert "curl -u bob:" in text
