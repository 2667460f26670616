"""Bake files as `docker buildx bake --print` evaluates them: every target is the same, attribute by attribute."""

from __future__ import annotations

import json
import posixpath
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given

from sealock.formats.bake import read
from sealock.formats.bake.targets import BakeTarget
from sealock.formats.hcl.expressions import HclValue, Unresolved
from sealock.model.location import Source
from sealock.scan.fix import fix
from sealock.scan.settings import Settings
from support.bakefiles import bake_files
from support.draws import draws

pytestmark = pytest.mark.live
COMPARED = ("args", "labels", "tags", "platforms", "target", "secret", "cache-from", "contexts", "output", "dockerfile-inline")  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _buildx() -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "buildx", "version"], capture_output=True, check=False).returncode:  # fmt: skip
        pytest.skip("there is no docker buildx")


def printed(path: Path, names: list[str]) -> dict[str, Any] | None:
    """The targets as buildx prints them; None where it refuses the file."""
    command = ["docker", "buildx", "bake", "-f", str(path), "--print", *names]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(path.parent)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=path.parent)
    targets: dict[str, Any] | None = json.loads(done.stdout)["target"] if done.returncode == 0 else None
    return targets


def plain(value: HclValue) -> Any:
    """A value as buildx prints it: what a map holds is text, and a list has each text once."""
    if isinstance(value.data, dict):
        return {name: item.text for name, item in value.data.items() if item.data is not None}
    if isinstance(value.data, list):
        return list(dict.fromkeys(filter(None, (item.text for item in value.data))))
    return value.text


def compare(name: str, text: str) -> list[str]:
    """Compare all targets; the words of what sealock does not decide."""
    with TemporaryDirectory() as directory:
        path = Path(directory, name)
        path.write_text(text)
        document = read(Source(name, text))
        theirs = printed(path, [target.name for target in document.targets])
    if theirs is None:
        assert document.errors, text
        return []
    assert not document.errors, (document.errors, text)
    open_: list[str] = []
    for target in document.targets:
        own = theirs[target.name]
        context = posixpath.normpath(given_or(target, "context", "."))
        assert (posixpath.normpath(own["context"]), own.get("dockerfile") or "Dockerfile") == (context, given_or(target, "dockerfile", "Dockerfile")), text  # fmt: skip
        for attribute in COMPARED:
            value = target.attributes.get(attribute)
            ours = plain(value) if value is not None else None
            if value is not None and undecided(value):
                open_.append(attribute)
                continue
            assert (ours or None) == (own.get(attribute) or None), (target.name, attribute, text)
    return open_


def given_or(target: BakeTarget, name: str, default: str) -> str:
    value = target.attributes.get(name)
    return (value.text if value is not None else "") or default


def undecided(value: HclValue) -> bool:
    if isinstance(value.data, dict):
        return any(map(undecided, value.data.values()))
    return any(map(undecided, value.data)) if isinstance(value.data, list) else isinstance(value.data, Unresolved)


TABLE = {
    "blanks around what is filled in": 'x = "1"\ntarget "a" {\n  args = { A = " a ${x} b  ${x} ${x} " }\n  dockerfile-inline = <<EOT\n  FROM ${x}  as  ${x} \n\n  ${x} y\nEOT\n}\n',
    "inheritance": 'target "a" {\n  args = { A = "1", B = "2" }\n  tags = ["x"]\n  secret = ["id=a,src=/etc/passwd"]\n}\ntarget "b" {\n  inherits = ["a"]\n  args = { B = "3" }\n  tags = ["y"]\n}\n',
    "a matrix": 'target "m" {\n  name = "m-${x}-${replace(y, ".", "-")}"\n  matrix = {\n    x = ["a", "b"]\n    y = ["1.0", "2.0"]\n  }\n  args = { X = x, Y = y }\n}\ntarget "n" {\n  inherits = ["m-a-1-0"]\n}\n',
    "a Dockerfile within": 'target "a" {\n  dockerfile-inline = <<EOT\nFROM scratch\nRUN x\nEOT\n}\n',
    "an indented Dockerfile within": 'target "a" {\n  dockerfile-inline = <<-EOT\n    FROM scratch\n      RUN x\n  EOT\n}\n',
    "contexts": 'target "a" {\n  contexts = {\n    b = "docker-image://alpine:3"\n    c = "target:d"\n  }\n}\ntarget "d" {\n}\n',
    "top-level attributes": 'x = "1"\ntarget "a" {\n  args = { A = "${x}" }\n}\n',
    "numbers and booleans": 'target "a" {\n  args = { A = 1, B = true, C = 1.5, D = null, E = 2 * 3 }\n}\n',
    "a variadic function": 'function "f" {\n  params = [a]\n  variadic_params = r\n  result = "${a}${length(r)}"\n}\ntarget "a" {\n  args = { A = f("x", "y", "z") }\n}\n',
    "a group in a group": 'group "default" {\n  targets = ["g"]\n}\ngroup "g" {\n  targets = ["a"]\n}\ntarget "a" {\n}\n',
    "one target in two blocks": 'target "a" {\n  args = { A = "1" }\n}\ntarget "a" {\n  args = { B = "2" }\n}\n',
    "a variable that is not there": 'target "a" {\n  args = { A = NOPE }\n}\n',
    "no HCL": 'target "a" {\n  args = {\n',
    "a parent that is not there": 'target "a" {\n  inherits = ["nope"]\n}\n',
}  # fmt: skip
JSON = {
    "variables": {"variable": {"V": {"default": "1"}}, "target": {"a": {"args": {"A": "${V}-x"}, "tags": ["r:${V}"]}}},
    "inheritance": {"target": {"a": {"args": {"A": "1"}}, "b": {"inherits": ["a"], "dockerfile": "D"}}},
    "escapes": {"target": {"a": {"args": {"A": 'q"\\ $${x} é'}}}},
}


@pytest.mark.parametrize("name", list(TABLE))
def test_buildx_prints_the_same_targets(name: str) -> None:
    assert compare("docker-bake.hcl", TABLE[name]) == []


@pytest.mark.parametrize("name", list(JSON))
def test_buildx_prints_the_same_targets_of_json(name: str) -> None:
    assert compare("docker-bake.json", json.dumps(JSON[name], indent=2)) == []


@draws(25, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))  # fmt: skip
@given(bake_files())
def test_files_of_any_expressions_have_the_same_targets(text: str) -> None:
    assert compare("docker-bake.hcl", text) == []


FIXED = {
    "docker-bake.hcl": 'target "a" {\n  args = { A = "1" }\n  network = "host" # now\n  entitlements = [\n    "security.insecure",\n    "network.host",\n  ]\n}\ntarget "b" {\n  inherits = ["a"]\n  entitlements = ["network.host", "device"]\n  tags = ["x"]\n}\n',
    "m/docker-bake.hcl": 'target "a" {\n  name = "a-${x}"\n  matrix = { x = ["1", "2"] }\n  network = "host"\n  tags = ["t:${x}"]\n}\n',
    "docker-bake.json": '{"target": {"a": {"network": "host", "entitlements": ["security.insecure"], "args": {"A": "1"}},\n "b": {"inherits": ["a"], "network": "host"}}}',
}  # fmt: skip


@pytest.mark.parametrize("name", list(FIXED))
def test_buildx_prints_a_fixed_file_without_the_rights_and_else_the_same(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(FIXED[name])
    names = [target.name for target in read(Source(path.name, FIXED[name])).targets]
    before = printed(path, names)
    (file,) = fix(str(path), settings=Settings(policy_file="", only=("P006",)), unsafe=True, write=True)
    after = printed(path, names)
    assert file.failed == ()
    assert before is not None
    rights = {"network", "entitlements"}
    assert after == {name: {key: value for key, value in target.items() if key not in rights} for name, target in before.items()}  # fmt: skip
    assert fix(str(path), settings=Settings(policy_file="", only=("P006",)), unsafe=True) == ()
