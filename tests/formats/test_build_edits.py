"""Rights of builds are taken away in the file's own text, in compose files and bake files: what goes, what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealock import formats
from sealock.errors import FormatError
from sealock.formats import apply_edits
from sealock.formats.buildchanges import builds_of
from sealock.model.change import Add, OnBuild, Remove, Set
from sealock.model.location import Source

NETWORK = OnBuild("a", Set("network", None))
INSECURE, HOST = (OnBuild("a", Remove("entitlements", name)) for name in ("security.insecure", "network.host"))
PRIVILEGED = OnBuild("a", Set("privileged", False))
PARENT = 'target "a" {\n  network = "host"\n}\n'


def changed(kind: Any, name: str, text: str, *changes: OnBuild) -> str:
    document = formats.read(kind, Source(name, text))
    assert not document.errors, document.errors
    return apply_edits(text, formats.build_edits(document, changes))


# The sentence, the lines of the target, the changes, the lines after it.
HCL = [
    ("an attribute goes with its line", '  context = "."\n  network = "host"\n  ssh = ["default"]\n', (NETWORK,), '  context = "."\n  ssh = ["default"]\n'),
    ("and with the comment behind it", '  # é\n  network = "host" # for now\n  context = "."\n', (NETWORK,), '  # é\n  context = "."\n'),
    ("the first of a list", '  entitlements = ["security.insecure", "network.host"]\n', (INSECURE,), '  entitlements = ["network.host"]\n'),
    ("the last of a list", '  entitlements = ["security.insecure", "network.host"]\n', (HOST,), '  entitlements = ["security.insecure"]\n'),
    ("the only one of a list takes the attribute along", '  entitlements = ["network.host"]\n', (HOST,), ""),
    ("all of a list", '  entitlements = [\n    "security.insecure",\n    "network.host",\n  ]\n', (INSECURE, HOST), ""),
    ("an item with a line and comment of its own", '  entitlements = [\n    "security.insecure", # why\n    "network.host", # this\n  ]\n', (INSECURE,), '  entitlements = [\n    "network.host", # this\n  ]\n'),
    ("several at once", '  network = "host"\n  entitlements = ["network.host", "security.insecure"]\n', (INSECURE, NETWORK), '  entitlements = ["network.host"]\n'),
    ("a value from a variable", '  network = "${N}"\n  context = "."\n', (NETWORK,), '  context = "."\n'),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "changes", "after"), [pytest.param(*row, id=sentence) for sentence, *row in HCL])
def test_a_target_of_hcl_loses_rights(lines: str, changes: tuple[OnBuild, ...], after: str) -> None:
    head, tail = 'variable "N" {\n  default = "host"\n}\ntarget "a" {\n', '}\ntarget "b" {\n  network = "host"\n}\n'
    assert changed("bake", "docker-bake.hcl", head + lines + tail, *changes) == head + after + tail


def test_a_block_on_one_line_keeps_its_braces() -> None:
    assert changed("bake", "x.hcl", 'target "a" { network = "host" }\n', NETWORK) == 'target "a" {  }\n'


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize(
    ("members", "changes", "after"),
    [
        ({"network": "host", "context": "."}, (NETWORK,), {"context": "."}),
        ({"context": ".", "entitlements": ["network.host", "security.insecure"]}, (INSECURE,), {"context": ".", "entitlements": ["network.host"]}),
        ({"context": ".", "entitlements": ["network.host", "security.insecure"]}, (HOST, INSECURE), {"context": "."}),
        ({"entitlements": ["network.host"]}, (HOST,), {}),
    ],
)  # fmt: skip
def test_a_target_of_json_loses_rights(members: Any, changes: Any, after: Any, indent: int | None) -> None:
    text = json.dumps({"target": {"a": members, "b": {"network": "host"}}}, indent=indent)
    fixed = changed("bake", "docker-bake.json", text, *changes)
    assert json.loads(fixed) == {"target": {"a": after, "b": {"network": "host"}}}


COMPOSE = [
    ("privileged", "      context: .\n      privileged: true # now\n", (PRIVILEGED,), "      context: .\n"),
    ("the network", "      network: host\n      context: .\n", (NETWORK,), "      context: .\n"),
    ("an item", "      context: .\n      entitlements:\n        - network.host # a\n        - security.insecure\n", (HOST,), "      context: .\n      entitlements:\n        - security.insecure\n"),
    ("all items", "      context: .\n      entitlements: [network.host, security.insecure]\n", (HOST, INSECURE), "      context: .\n"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "changes", "after"), [pytest.param(*row, id=sentence) for sentence, *row in COMPOSE])
def test_a_service_of_a_compose_file_loses_rights(lines: str, changes: tuple[OnBuild, ...], after: str) -> None:
    head, tail = "services:\n  a:\n    build:\n", "  b:\n    build:\n      network: host\n"
    assert changed("compose", "compose.yaml", head + lines + tail, *changes) == head + after + tail


REFUSED: list[tuple[str, str, str, str, OnBuild, str]] = [
    ("a list that is computed", "bake", "x.hcl", 'target "a" {\n  entitlements = concat(["network.host"], [])\n}\n', HOST, "it is computed"),
    ("another block sets the same", "bake", "x.hcl", PARENT + PARENT, NETWORK, "another place sets the same"),
    ("a parent sets the same", "bake", "x.hcl", 'target "a" {\n  inherits = ["p"]\n  network = "host"\n}\ntarget "p" {\n  network = "none"\n}\n', NETWORK, "another place sets the same"),
    ("a target that is not there", "bake", "x.hcl", 'target "b" {\n}\n', NETWORK, "a is not built"),
    ("what it does not have", "bake", "x.hcl", 'target "a" {\n}\n', HOST, "entitlements is not set for a"),
    ("what gives rights", "bake", "x.hcl", PARENT, OnBuild("a", Add("entitlements", "x")), "taken away"),
    ("what gives rights", "compose", "c.yaml", "services: {a: {build: .}}", OnBuild("a", Set("network", "host")), "taken away"),
    ("an anchor", "compose", "c.yaml", "x: &b {network: host}\nservices:\n  a:\n    build: *b\n", NETWORK, "not written in the service itself"),
    ("what a variable sets", "compose", "c.yaml", "services:\n  a:\n    build:\n      context: .\n      entitlements: ['${E:-network.host}']\n", HOST, "another place sets the same"),
    ("a file that builds nothing", "run", "a.sh", "docker run x\n", NETWORK, "does not change how a.sh builds"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "text", "change", "why"), [pytest.param(*row, id=f"{row[0]}: {sentence}") for sentence, *row in REFUSED]
)  # fmt: skip
def test_what_cannot_be_done_in_place_is_refused(kind: Any, name: str, text: str, change: OnBuild, why: str) -> None:
    with pytest.raises(FormatError, match=why):
        formats.build_edits(formats.read(kind, Source(name, text)), (change,))


def test_targets_that_inherit_lose_what_they_had_from_another() -> None:
    text = PARENT + 'target "b" {\n  inherits = ["a"]\n}\n'
    fixed = changed("bake", "x.hcl", text, NETWORK)
    assert [build.network for build in builds_of(formats.read("bake", Source("x.hcl", fixed))).values()] == [None, None]
