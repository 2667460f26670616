"""The public API: the examples of docs/api.md run as they stand, and what is public is what the page says."""

from __future__ import annotations

import doctest
import gzip
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sealock import api
from support.madeimages import config, docker_save, info, tar, write
from support.simulators.registry import RegistrySimulator, registry

PAGE = (Path(__file__).parent.parent / "docs" / "api.md").read_text(encoding="utf-8")
STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
LAYER = tar(info("var/lib/dpkg/status", STATUS))
POLICY = """
[registry]
insecure = ["{host}"]

[[trust.image]]
match = "{host}/**"
cosign = {{keys = ["cosign.pub"]}}
"""
EXAMPLES = re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as simulator:
        simulator.add_image("app", "1", config=config(LAYER), layers=[gzip.compress(LAYER, mtime=0)])
        yield simulator


@pytest.mark.parametrize(("title", "text"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_the_examples_run(
    title: str, text: str, server: RegistrySimulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    compose = f"services:\n  web:\n    image: {server.host}/app:1\n    privileged: true\n"
    (tmp_path / "compose.yaml").write_text(compose, encoding="utf-8")
    write(tmp_path / "app.tar", docker_save(LAYER))
    if title == "Verify":
        (tmp_path / "sealock.toml").write_text(POLICY.format(host=server.host), encoding="utf-8")
        (tmp_path / "cosign.pub").write_bytes(public_key())
    example = doctest.DocTestParser().get_doctest(
        text.replace("registry.example", server.host), {"api": api}, title, "docs/api.md", 0
    )
    assert example.examples
    output: list[str] = []
    doctest.DocTestRunner(verbose=False).run(example, out=output.append)
    assert not output, "".join(output)


def public_key() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("name", api.__all__)
def test_every_public_name_can_be_imported_and_is_documented(name: str) -> None:
    thing = getattr(api, name)
    if inspect.isfunction(thing) or inspect.isclass(thing):
        assert inspect.getdoc(thing)
    if inspect.isfunction(thing):
        assert f"`{name}(" in PAGE
        assert thing.__annotations__["return"]
