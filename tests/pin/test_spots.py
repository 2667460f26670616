"""Which references are found in a text, what each stands for, and what the text looks like with their digests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from sealock.formats.kubernetes.images import find_images
from sealock.model.location import Place, Source
from sealock.pin import run, texts
from sealock.pin.assessment import PinResult
from sealock.pin.digestplaces import VariableSource, seat
from sealock.pin.spot import FoundReferences
from sealock.pin.writer import rewritten
from support.pinworld import NEW, OLD, digest_of, pin

# (the file's name, the line, the same line pinned); @@ stands for the digest of what was looked up.
LINES = {
    "a base image": ("Dockerfile", "FROM python:3.12", "FROM python:3.12@@"),
    "with a platform and a name": ("Dockerfile", "FROM --platform=$BUILDPLATFORM go:1 AS a  ", "FROM --platform=$BUILDPLATFORM go:1@@ AS a  "),
    "without a tag, latest is said": ("Dockerfile", "FROM nginx", "FROM nginx:latest@@"),
    "in quotes": ("Dockerfile", 'FROM "node:20"', 'FROM "node:20@@"'),
    "by registry with a port": ("Dockerfile", "FROM host:5000/x/y:1", "FROM host:5000/x/y:1@@"),
    "a stale digest": ("Dockerfile", f"FROM x:1@{OLD}", "FROM x:1@@"),
    "every image of several": ("Dockerfile", "FROM a:1 AS b\nFROM c:2", "FROM a:1@@ AS b\nFROM c:2@@"),
    "small letters": ("Dockerfile", "from a:1 as b", "from a:1@@ as b"),
    "the syntax directive": ("Dockerfile", "# syntax=docker/dockerfile:1\nFROM scratch", "# syntax=docker/dockerfile:1@@\nFROM scratch"),
    "what COPY takes from": ("Dockerfile", "FROM scratch\nCOPY --from=tool:1 /a /", "FROM scratch\nCOPY --from=tool:1@@ /a /"),
    "what a known image's bare name copies from": ("Dockerfile", "FROM scratch\nCOPY --from=nginx /a /", "FROM scratch\nCOPY --from=nginx:latest@@ /a /"),
    "what RUN mounts from": (
        "Dockerfile",
        "FROM scratch\nRUN --mount=type=bind,from=m:3,target=/x \\\n  go",
        "FROM scratch\nRUN --mount=type=bind,from=m:3@@,target=/x \\\n  go",
    ),
    "what ONBUILD copies from": ("Dockerfile", "FROM scratch\nONBUILD COPY --from=t:1 a b", "FROM scratch\nONBUILD COPY --from=t:1@@ a b"),
    "Windows line ends": ("Dockerfile", "FROM a:1\r\nRUN x\r\n", "FROM a:1@@\r\nRUN x\r\n"),
    "a continued line": ("Dockerfile", "FROM \\\n  # why\n  a:1 \\\n  AS b", "FROM \\\n  # why\n  a:1@@ \\\n  AS b"),
    "an ARG that is the image": ("Dockerfile", "ARG B=a:1\nFROM ${B}", "ARG B=a:1@@\nFROM ${B}"),
    "an ARG that is the image, in quotes": ("Dockerfile", "ARG B='a:1'\nFROM $B", "ARG B='a:1@@'\nFROM $B"),
    "an ARG of several stages": ("Dockerfile", "ARG B=a:1\nFROM $B AS x\nFROM $B", "ARG B=a:1@@\nFROM $B AS x\nFROM $B"),
    "an ARG that is the tag": ("Dockerfile", "ARG V=3\nFROM a:${V}", "ARG V=3@@\nFROM a:${V}"),
    "ARGs through one another": ("Dockerfile", "ARG V=3\nARG B=a:$V\nFROM $B", "ARG V=3@@\nARG B=a:$V\nFROM $B"),
    "the default of an ARG": ("Dockerfile", "ARG V\nFROM a:${V:-3}", "ARG V\nFROM a:${V:-3@@}"),
    "an ARG that is the registry": ("Dockerfile", "ARG R=host\nFROM $R/a:3", "ARG R=host\nFROM $R/a:3@@"),
    "a digest behind an ARG": ("Dockerfile", f"ARG V=3\nFROM a:${{V}}-x@{OLD}", "ARG V=3\nFROM a:${V}-x@@"),
    "an image whose name a stage's begins with": ("Dockerfile", "ARG V=3\nFROM scratch AS node-x\nFROM node$V", "ARG V=3:latest@@\nFROM scratch AS node-x\nFROM node$V"),
    "a compose image": ("compose.yaml", "services:\n  a:\n    image: x:1  # why", "services:\n  a:\n    image: x:1@@  # why"),
    "in double quotes": ("compose.yaml", 'services: {a: {image: "x:1"}}', 'services: {a: {image: "x:1@@"}}'),
    "in flow style": ("compose.yaml", "services: {a: {image: x:1}}", "services: {a: {image: x:1@@}}"),
    "behind an anchor": ("compose.yaml", "services:\n  a: {image: &i x:1}\n  b: {image: *i}", "services:\n  a: {image: &i x:1@@}\n  b: {image: *i}"),
    "by a merge": ("compose.yaml", "x-b: &b\n  image: x:1\nservices:\n  a:\n    <<: *b", "x-b: &b\n  image: x:1@@\nservices:\n  a:\n    <<: *b"),
    "by a variable's default": ("compose.yaml", "services: {a: {image: 'x:${T:-1}'}}", "services: {a: {image: 'x:${T:-1@@}'}}"),
    "as a variable's default": ("compose.yaml", "services: {a: {image: '${I:-x}'}}", "services: {a: {image: '${I:-x:latest@@}'}}"),
    "behind the registry's variable": ("compose.yaml", "services: {a: {image: '${R-h.io}/x:1'}}", "services: {a: {image: '${R-h.io}/x:1@@'}}"),
    "a Dockerfile in a compose file": (
        "compose.yaml",
        "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM x:1 AS b\n        FROM y\n        COPY --from=z:2 /a /\n",
        "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM x:1@@ AS b\n        FROM y:latest@@\n        COPY --from=z:2@@ /a /\n",
    ),
    "a Dockerfile in a bake file": (
        "docker-bake.hcl",
        'target "a" {\n  dockerfile-inline = <<-E\n    FROM x:1\n    FROM y\n  E\n}\n',
        'target "a" {\n  dockerfile-inline = <<-E\n    FROM x:1@@\n    FROM y:latest@@\n  E\n}\n',
    ),
    "a build's context": (
        "compose.yaml",
        "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        b: docker-image://x:1",
        "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        b: docker-image://x:1@@",
    ),
    "a build's context in a list": (
        "compose.yaml",
        "services: {a: {build: {additional_contexts: [b=docker-image://x:1]}}}",
        "services: {a: {build: {additional_contexts: [b=docker-image://x:1@@]}}}",
    ),
    "an image that a service mounts": (
        "compose.yaml",
        "services:\n  a:\n    image: x:1\n    volumes:\n    - {type: image, source: y:1, target: /m}\n    - {type: bind, source: z:1, target: /n}",
        "services:\n  a:\n    image: x:1@@\n    volumes:\n    - {type: image, source: y:1@@, target: /m}\n    - {type: bind, source: z:1, target: /n}",
    ),
    "images of containers that run before a service starts": (
        "compose.yaml",
        "services:\n  a:\n    image: x:1\n    pre_start:\n    - {image: y:1, command: a}\n    - {command: b}\n    post_start: [{command: z:1}]",
        "services:\n  a:\n    image: x:1@@\n    pre_start:\n    - {image: y:1@@, command: a}\n    - {command: b}\n    post_start: [{command: z:1}]",
    ),
    "a pod after a byte order mark": ("k.yaml", "\ufeffapiVersion: v1\nkind: Pod\nspec: {containers: [{image: x:1}]}", "\ufeffapiVersion: v1\nkind: Pod\nspec: {containers: [{image: x:1@@}]}"),
    "a pod with line ends of old Macs": ("k.yaml", "apiVersion: v1\rkind: Pod\rspec:\r  containers:\r  - image: x:1\r", "apiVersion: v1\rkind: Pod\rspec:\r  containers:\r  - image: x:1@@\r"),
    "a pod": ("k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x:1", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x:1@@"),
    "a cron job": (
        "k.yaml",
        "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {initContainers: [{image: 'x:1'}]}}}}}",
        "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {template: {spec: {initContainers: [{image: 'x:1@@'}]}}}}}",
    ),
    "a volume that is an image": (
        "k.yaml",
        "apiVersion: v1\nkind: Pod\nspec: {volumes: [{image: {reference: x:1}}]}",
        "apiVersion: v1\nkind: Pod\nspec: {volumes: [{image: {reference: x:1@@}}]}",
    ),
    "the second document": ("k.yaml", "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: Pod\ncontainers: [{image: x}]", "apiVersion: v1\nkind: A\n---\napiVersion: v1\nkind: Pod\ncontainers: [{image: x:latest@@}]"),
    "a list in JSON": ("k.json", '{"apiVersion":"v1","kind":"List","items":[{"spec":{"containers":[{"image":"x:1"}]}}]}', None),
    "a run line": ("a.sh", "docker run --rm -v $PWD:/x x:1 sh -c 'x:1'", "docker run --rm -v $PWD:/x x:1@@ sh -c 'x:1'"),
    "a run line in quotes": ("a.sh", 'docker run "x:1" && podman create y:2', 'docker run "x:1@@" && podman create y:2@@'),
    "a variable of a script": ("a.sh", 'I=x:1\ndocker run "$I"\ndocker run ${I}', 'I=x:1@@\ndocker run "$I"\ndocker run ${I}'),
    "a shell's default": ("a.sh", "docker run x:${T:-1}", "docker run x:${T:-1@@}"),
    "a recipe": ("Makefile", "run:\n\tdocker run x:1 $(ARGS)\n", "run:\n\tdocker run x:1@@ $(ARGS)\n"),
    "a variable of a Makefile": ("Makefile", "IMAGE ?= x:1\nrun:\n\tdocker run $(IMAGE) a\n", "IMAGE ?= x:1@@\nrun:\n\tdocker run $(IMAGE) a\n"),
    "a page": ("a.md", "# x:1\n\n```sh\n$ docker run x:1\n```\n", "# x:1\n\n```sh\n$ docker run x:1@@\n```\n"),
    "a run line of a pod": ("a.yml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x:1\n    args: [docker run y:2]\n", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x:1@@\n    args: [docker run y:2@@]\n"),
    "a run line of a service": ("compose.yml", "services:\n  a:\n    image: x:1\n    command: docker run y:2\n", "services:\n  a:\n    image: x:1@@\n    command: docker run y:2@@\n"),
    "an array of a service": ("compose.yml", "services:\n  a:\n    image: x:1\n    command: [docker, run, y:2]\n", "services:\n  a:\n    image: x:1@@\n    command: [docker, run, y:2@@]\n"),
    "a CI file": (".gitlab-ci.yml", "a:\n  script:\n    - docker run x:1\n", "a:\n  script:\n    - docker run x:1@@\n"),
    "the images of GitLab's jobs": (
        ".gitlab-ci.yml",
        "image: ruby:3\ndefault:\n  image: {name: x:1, entrypoint: ['']}\njob:\n  image: &i \"y:2\"\n  services: [redis:7, {name: pg:16}]\nother: {image: *i}\n",
        "image: ruby:3@@\ndefault:\n  image: {name: x:1@@, entrypoint: ['']}\njob:\n  image: &i \"y:2@@\"\n  services: [redis:7@@, {name: pg:16@@}]\nother: {image: *i}\n",
    ),
    "the images of a composite action": (
        "action.yml",
        "runs:\n  using: composite\n  steps:\n  - uses: docker://x:1\n  - uses: actions/checkout@v4\n  - run: docker run y:2 z\n",
        "runs:\n  using: composite\n  steps:\n  - uses: docker://x:1@@\n  - uses: actions/checkout@v4\n  - run: docker run y:2@@ z\n",
    ),
    "the image of an action": ("action.yaml", "runs: {using: docker, image: 'docker://x'}\n", "runs: {using: docker, image: 'docker://x:latest@@'}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "wanted"), LINES.values(), ids=LINES)
def test_the_reference_changes_and_nothing_else(tmp_path: Path, name: str, text: str, wanted: str | None) -> None:
    new, results = pin(tmp_path, name, text)
    assert {result.state for result in results} <= {"missing", "moved"}
    if wanted is None:
        assert new != text
        assert {spot.name.digest for spot in texts.read(str(tmp_path / name)).reread(new).spots if spot.name} == {NEW}
    else:
        assert new == wanted.replace("@@", f"@{NEW}")
    assert pin(tmp_path, name, new)[0] == new


LEFT = {
    "scratch": ("Dockerfile", "FROM scratch", 0),
    "a stage": ("Dockerfile", "FROM scratch AS a\nFROM a\nCOPY --from=a x y\nCOPY --from=0 x y\nRUN --mount=from=a,target=/x true", 0),
    "a stage by architecture": ("Dockerfile", "FROM scratch AS b-amd64\nFROM b-${TARGETARCH}", 0),
    "a service that is built": ("compose.yaml", "services: {a: {build: ., image: x:1}}", 1),
    "what a script builds": ("a.sh", "docker build --pull -t x:1 .\ndocker run x:1", 1),
    "a placeholder in a page": ("a.md", "```sh\ndocker run <image>\n```\n", 0),
    "a digest without a tag": ("Dockerfile", f"FROM x@{OLD}", 1),
    "a Dockerfile of an action": ("action.yml", "runs: {using: docker, image: Dockerfile}\n", 0),
    "an image field of what is no container": ("k.yaml", "apiVersion: v1\nkind: X\nspec: {rbd: {image: x:1}}", 0),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "spots"), LEFT.values(), ids=LEFT)
def test_what_is_left_alone(tmp_path: Path, name: str, text: str, spots: int) -> None:
    new, results = pin(tmp_path, name, text)
    assert new == text
    assert len(results) == spots
    assert {result.state for result in results} <= {"built", "fixed"}


STUCK = {
    "a tag with a variable in its middle": ("Dockerfile", "ARG V=3\nFROM a:${V}-slim", "$V is part of its name or tag"),
    "a variable name with a tag": ("Dockerfile", "ARG N=a\nFROM $N:3", "$N is part of its name or tag"),
    "an ARG of two images": ("Dockerfile", "ARG V=3\nFROM a:$V\nFROM b:$V", "ARG V is used in line 3 too"),
    "an ARG of one image whose name ends in another's": ("Dockerfile", "ARG V=3\nFROM x/a:$V\nFROM x/x/a:$V", "ARG V is used in line"),
    "an ARG that is handed on to a label": ("Dockerfile", "ARG V=3\nARG W=$V\nFROM a:$V\nLABEL w=$W", "ARG V is used in line 4 too"),
    "an ARG that is handed on to an address": ("Dockerfile", "ARG V=3\nARG W=http://x/$V\nFROM a:$V\nADD $W /", "ARG V is used in line 2 too"),
    "an ARG that is handed on to a stage": ("Dockerfile", "ARG V=3\nARG W=$V\nFROM a:$V\nARG W", "ARG V is used in line 4 too"),
    "an ARG that a stage sees": ("Dockerfile", "ARG V=3\nFROM a:$V\nARG V", "ARG V is used in line 3 too"),
    "an ARG that a label has": ("Dockerfile", "ARG V=3\nFROM a:$V\nLABEL v=$V", "ARG V is used in line 3 too"),
    "an ARG without a default": ("Dockerfile", "ARG V\nFROM a:$V", "ARG without a default"),
    "an ARG of the builder": ("Dockerfile", "FROM a:$TARGETARCH", "the builder sets $TARGETARCH"),
    "a word that may be a context": ("Dockerfile", "FROM scratch\nCOPY --from=docs a b", "may be a build context"),
    "a variable without a value": ("compose.yaml", "services: {a: {image: 'x:${T}'}}", "${T} has no value here"),
    "a variable that must be set": ("compose.yaml", "services: {a: {image: 'x:${T:?}'}}", "${T:?} has no value here"),
    "a variable of .env": ("compose.yaml", "services: {a: {image: 'x:${SET:-1}'}}", "from .env"),
    "escapes": ("compose.yaml", 'services: {a: {image: "x\\x3a1"}}', "written with escapes"),
    "a block": ("compose.yaml", "services:\n  a:\n    image: >-\n      x:1\n", "written with escapes or over several lines"),
    "a Dockerfile in quotes": ("compose.yaml", 'services:\n  a:\n    build:\n      dockerfile_inline: "FROM x:1\\nUSER 1"\n', "with variables, with escapes or over several lines"),
    "a variable in a Dockerfile of a compose file": ("compose.yaml", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        ARG V=1\n        FROM x:$$V\n", "with variables, with escapes or over several lines"),
    "a variable of compose in its Dockerfile": ("compose.yaml", "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM x:${T:-1}\n", "with variables, with escapes or over several lines"),
    "a Dockerfile that a bake file makes": ("docker-bake.hcl", 'target "a" {\n  dockerfile-inline = "FROM x:${timestamp()}"\n}\n', "is not known before it is built"),
    "a variable of a bake file": ("docker-bake.hcl", 'variable "V" {\n  default = "FROM x:1"\n}\ntarget "a" {\n  dockerfile-inline = V\n}\n', "with variables, with escapes or over several lines"),
    "a template": ("k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  {{- if .x }}\n  containers: [{image: x}]\n", "it is a template"),
    "a placeholder in a manifest": ("k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: <yours>}]\n", "or you, must fill it in"),
    "a template's value": ("k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers: [{image: 'x:{{ .tag }}'}]\n", "another program"),
    "an argument of a script": ("a.sh", "docker run x:$1", "the value of a variable in it is unknown"),
    "a variable with two values": ("a.sh", "I=x:1\nI=y:1\ndocker run $I", "no"),
    "a variable of two other commands": ("a.sh", "I=x:1\necho $I\ndocker run $I\necho $I", "$I is used in line 2 too"),
    "a variable of other commands": ("a.sh", "I=x:1\necho $I\ndocker run $I", "$I is used in line 2 too"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "why"), STUCK.values(), ids=STUCK)
def test_what_cannot_be_pinned_says_why(tmp_path: Path, name: str, text: str, why: str) -> None:
    (tmp_path / ".env").write_text("SET=2\n")
    new, results = pin(tmp_path, name, text)
    stuck = [result for result in results if result.state == "stuck"]
    assert stuck
    assert why in stuck[0].note
    assert "$" not in text or new == text


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("a:1", 3),
        ("'a:1'", 4),
        ("${R}/a:1", 8),
        ("${R}/a:${T:-1}", 13),
        ("${R}a:1", "$R is part"),
        ("$X", 102),
        ("${LOOP}", "too deeply"),
        ("$GONE", "out of reach"),
        ("$NONE", "has no value"),
        ("${NONE:+x}", "cannot be parsed here"),
        ("a:`x`", "cannot be parsed here"),
        ("", "cannot be parsed here"),
        ("${X", "cannot be parsed here"),
        ("$1", "cannot be parsed here"),
    ],
)
def test_where_a_digest_goes(raw: str, wanted: int | str) -> None:
    values: dict[str, VariableSource | str] = {
        "X": VariableSource("v2", 100),
        "LOOP": VariableSource("$LOOP", 0),
        "GONE": "out of reach",
    }
    found = seat(raw, 0, values.get)
    if isinstance(wanted, str):
        assert isinstance(found, str)
        assert wanted in found
    else:
        assert not isinstance(found, str)
        assert (found.start, found.end) == (wanted, wanted)


@pytest.mark.parametrize(
    ("walked", "found"),
    [
        pytest.param("p", ["x:1"], id="from a directory of the project that is walked"),
        pytest.param("p/app", [], id="but from none above what is walked"),
        pytest.param("p/app/Makefile", [], id="nor from another than that of a file that is named"),
    ],
)
def test_a_makefile_has_the_variables_of_what_it_includes(tmp_path: Path, walked: str, found: list[str]) -> None:
    (tmp_path / "p/app").mkdir(parents=True)
    (tmp_path / "p/common.mk").write_text("RUN = docker run --rm\n")
    (tmp_path / "p/app/Makefile").write_text("include ../common.mk\nr:\n\t$(RUN) x:1\n# docker run\n")
    spots = [spot for text in texts.gather([str(tmp_path / walked)]) for spot in text.references.spots]
    assert [spot.reference for spot in spots] == found


BUILDS_A = "services: {a: {build: .}, b: {image: y:1}}\n"


@pytest.mark.parametrize(
    ("name", "beside", "built"),
    [
        ("compose.override.yaml", {"compose.yaml": BUILDS_A}, True),
        ("compose.override.yml", {"docker-compose.yaml": BUILDS_A}, True),
        ("docker-compose.override.yml", {"compose.yml": BUILDS_A}, True),
        ("docker-compose.yml", {"docker-compose.override.yaml": BUILDS_A}, True),
        ("compose.yaml", {"compose.override.yml": BUILDS_A}, True),
        ("compose.yaml", {"compose.override.yml": "services: {}\n", "compose.override.yaml": BUILDS_A}, False),
        ("compose.yaml", {"compose.override.yml": "", "compose.override.yaml": BUILDS_A}, False),
        ("compose.yaml", {"compose.yml": BUILDS_A}, False),
        ("compose.override.yaml", {"compose.override.yml": BUILDS_A}, False),
        ("compose.prod.yaml", {"compose.yaml": BUILDS_A}, False),
        ("compose.override.yaml", {"compose.yaml": "services: {a: {build: null}}\n"}, True),
        ("compose.override.yaml", {"compose.yaml": "services: {b: {build: .}}\n"}, False),
        ("compose.override.yaml", {"compose.yaml": "x: &x {build: .}\nservices: {a: *x}\n"}, True),
        ("compose.override.yaml", {"compose.yaml": "x: &x {build: .}\nservices: {a: {<<: *x}}\n"}, True),
        ("compose.override.yaml", {"compose.yaml": "services: [a]\n"}, False),
    ],
)
def test_an_override_does_not_pin_what_the_file_beside_it_builds(
    name: str, beside: dict[str, str], tmp_path: Path, *, built: bool
) -> None:
    for other, text in beside.items():
        (tmp_path / other).write_text(text)
    _, results = pin(tmp_path, name, "services: {a: {image: x:1}, c: {image: y:2}}\n")
    states = [(result.spot.written, result.state) for result in results]
    assert states == [("x:1", "built" if built else "missing"), ("y:2", "missing")]


def test_the_images_of_a_workflow_are_found_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    text = "jobs:\n  a:\n    container: x:1\n    services: {db: {image: pg:16}}\n  b:\n    container: {image: y:2}\n  c: {container: '${{ matrix.image }}'}\n"
    (tmp_path / ".github" / "workflows" / "ci.yml").write_text(text)
    ((one),) = texts.gather([str(tmp_path)])
    assert [(spot.reference, bool(spot.stuck)) for spot in one.references.spots] == [
        ("x:1", False),
        ("pg:16", False),
        ("y:2", False),
        ("", True),
    ]


POD = '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "x:1"}]}}'
BLOCK = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x:1\n"
PROJECT = '{"services": {"a": {"image": "x:1"}}}'


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        pytest.param("pod.json", POD, "kubernetes", id="JSON on one line"),
        pytest.param("pod.json", POD.replace("{", "{\n\t"), "kubernetes", id="JSON with tabs"),
        pytest.param("pod.yaml", POD, "kubernetes", id="JSON in a file of YAML"),
        pytest.param("pod.yaml", "\ufeff" + BLOCK, "kubernetes", id="a byte order mark"),
        pytest.param("pod.json", "\ufeff" + POD, "kubernetes", id="a byte order mark before JSON"),
        pytest.param("pod.yaml", BLOCK.replace("\n", "\r"), "kubernetes", id="line ends of old Macs"),
        pytest.param("pod.yaml", BLOCK.replace("\n", "\r\n"), "kubernetes", id="line ends of Windows"),
        pytest.param("pod.yaml", ("\ufeff" + BLOCK).encode("utf-16-le"), "kubernetes", id="UTF-16, little-endian"),
        pytest.param("pod.yaml", ("\ufeff" + BLOCK).encode("utf-16-be"), "kubernetes", id="UTF-16, big-endian"),
        pytest.param("pod.yaml", POD.replace("apiVersion", "api\\x56ersion").replace("image", "im\\u0061ge"), "kubernetes", id="escaped keys"),
        pytest.param("pod.yaml", BLOCK.replace("apiVersion", "? apiVersion\n"), "kubernetes", id="an explicit key"),
        pytest.param("pod.yaml", BLOCK.replace("x:1", '"x\\x3a1"'), "kubernetes", id="an escaped value"),
        pytest.param("pod.json", POD.replace('"v1"', '"v1", "metadata": {"a": "\\ud83d\\ude00 \\uD83D"}'), "kubernetes", id="JSON with characters in two halves"),
        pytest.param("pod.json", POD.replace('"v1"', '"v1", "metadata": {"a": "a\\/b"}'), "kubernetes", id="JSON with an escaped slash"),
        pytest.param("stack.yml", PROJECT, "compose", id="a compose file on one line, by another name"),
        pytest.param("stack.json", PROJECT, "compose", id="a compose file in JSON"),
        pytest.param("stack.yml", PROJECT.replace("services", "serv\\x69ces"), "compose", id="services with an escape"),
    ],
)  # fmt: skip
def test_the_image_of_a_manifest_is_found_however_it_is_written(
    tmp_path: Path, name: str, data: str | bytes, kind: str
) -> None:
    (tmp_path / name).write_bytes(data.encode() if isinstance(data, str) else data)
    text = texts.read(str(tmp_path / name))
    assert (text.error, text.references.broken, text.kind) == ("", (), kind)
    assert [spot.reference for spot in text.references.spots] == ["x:1"]


@pytest.mark.parametrize("text", ["kind: Pod\nimage: x\n", "{services: [a]}\n", "a: &a [*a]\n"])
def test_other_data_is_no_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert "has nothing to pin" in texts.read(str(tmp_path / "a.yaml")).error


def test_text_in_utf_16_is_read_and_not_written(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_bytes(("\ufeff" + BLOCK).encode("utf-16-le"))
    (spot,) = texts.read(str(tmp_path / "pod.yaml")).references.spots
    assert spot.seat is None
    assert "UTF-16" in spot.stuck


RESOURCE = "apiVersion: {group}/v1\nkind: {kind}\nmetadata: {{name: a, labels: {{image: no}}}}\n"


@pytest.mark.parametrize(
    ("group", "kind", "body", "spots"),
    [
        pytest.param("tekton.dev", "Task", "spec: {steps: [{image: x:1}], sidecars: [{image: y:1}]}", [("x:1", False), ("y:1", False)], id="Tekton"),
        pytest.param("argoproj.io", "Workflow", "spec: {templates: [{container: {image: x:1}}]}", [("x:1", False)], id="Argo"),
        pytest.param("monitoring.coreos.com", "Prometheus", "spec: {image: x:1}", [("x:1", False)], id="Prometheus"),
        pytest.param("sparkoperator.k8s.io", "SparkApplication", "spec: {image: x:1, driver: {image: y:1}}", [("x:1", False), ("y:1", False)], id="Spark"),
        pytest.param("example.com", "Robot", "spec: {image: x:1}", [("", True)], id="a kind that nobody knows"),
        pytest.param("example.com", "Robot", "spec: {template: {spec: {containers: [{image: x:1}]}}}", [("x:1", False)], id="a container in such a kind"),
        pytest.param("example.com", "Robot", "spec: {image: {repository: x}}", [], id="a mapping"),
        pytest.param("v1", "ConfigMap", "data: {image: x:1}", [], id="a text in a ConfigMap"),
        pytest.param("v1", "PersistentVolume", "spec: {rbd: {image: foo, pool: bar}}", [], id="an image of a block device"),
        pytest.param("apiextensions.k8s.io", "CustomResourceDefinition", "spec: {versions: [{schema: {openAPIV3Schema: {default: {image: x}}}}]}", [], id="a schema"),
        pytest.param("v1", "List", "items: [{apiVersion: tekton.dev/v1, kind: Task, spec: {steps: [{image: x:1}]}}]", [("x:1", False)], id="a kind in a list"),
        pytest.param("v1", "Pod", "spec: {containers: [{image: x:1}]}\nstatus: {containerStatuses: [{image: z:1}]}", [("x:1", False)], id="a state"),
    ],
)  # fmt: skip
def test_an_image_of_a_resource_is_read_or_reported(
    group: str, kind: str, body: str, spots: list[tuple[str, bool]]
) -> None:
    text = RESOURCE.format(group=group, kind=kind) + body
    references = texts.find("kubernetes", Source("a.yaml", text))
    assert [(spot.reference, spot.seat is None) for spot in references.spots] == spots
    assert all(f"that a {kind} runs" in spot.stuck for spot in references.spots if spot.seat is None)


@pytest.mark.parametrize(
    ("service", "built", "pulled"),
    [
        pytest.param("{image: x:1, build: .}", {"x:1"}, {"x:1"}, id="built where it cannot be pulled"),
        pytest.param("{image: x:1, build: ., pull_policy: always}", {"x:1"}, {"x:1"}, id="always pulled"),
        pytest.param("{image: x:1, build: ., pull_policy: build}", {"x:1"}, set(), id="always built"),
        pytest.param("{image: x:1, build: ., pull_policy: never}", {"x:1"}, set(), id="never pulled"),
        pytest.param("{image: x:1}", set(), set(), id="not built"),
        pytest.param(
            "{image: x:1, build: {tags: [y:2, '${T:-z}:3']}}", {"x:1", "y:2", "z:3"}, {"x:1"}, id="further tags"
        ),
        pytest.param("{image: x:1, build: {tags: y}}", {"x:1"}, {"x:1"}, id="no list of tags"),
    ],
)
def test_a_service_with_an_image_and_a_build(service: str, built: set[str], pulled: set[str]) -> None:
    references = texts.find("compose", Source("compose.yaml", f"services: {{a: {service}}}"))
    assert [spot.reference for spot in references.spots] == ["x:1"]
    assert (set(references.built), set(references.pulled)) == (built, pulled)


def test_images_are_told_by_container() -> None:
    fields, flaws = find_images("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: w, image: 1}, {image: x}]}\n")
    assert [(field.scalar.text, field.kind, field.container) for field in fields] == [("x", "Pod", "")]
    assert flaws == ()


def test_many_uses_of_one_argument_are_read_in_line_with_their_number() -> None:
    lines = "\n".join(f"FROM $B AS s{number}" for number in range(3000))
    found = texts.find("dockerfile", Source("Dockerfile", f"ARG B=a:1\n{lines}\n"))
    assert len(found.spots) == 3000
    assert len({spot.seat for spot in found.spots}) == 1


class Reread(texts.PinText, frozen=True):
    """A file that has other references once it is written."""

    after: FoundReferences = FoundReferences()

    def reread(self, text: str) -> FoundReferences:
        del text
        return self.after


PINNED = f"a:1@{NEW}"
AFTER = {
    "the image with its digest": ((PINNED, "b:1"), 0, True),
    "another image": ((PINNED, "c:1"), 0, False),
    "the image without its digest": (("a:1", "b:1"), 0, False),
    "one image less": ((PINNED,), 0, False),
    "one image more": ((PINNED, "b:1", "c:1"), 0, False),
    "an error more": ((PINNED, "b:1"), 1, False),
    "another image, and an error more": ((PINNED, "c:1"), 1, False),
}


@pytest.mark.parametrize("before", [0, 1], ids=["sound before", "with an error before"])
@pytest.mark.parametrize(("references", "errors", "written"), AFTER.values(), ids=AFTER)
def test_a_digest_is_written_where_the_new_text_names_the_same_images(
    references: tuple[str, ...], errors: int, before: int, *, written: bool
) -> None:
    source = Source("Dockerfile", "FROM a:1\nFROM b:1\n")
    found = texts.find("dockerfile", source)
    broken = (("odd", Place(0, 1)),) * before
    more = (("new", Place(0, 1)),) * errors
    spots = tuple(replace(found.spots[0], reference=reference) for reference in references)
    text = Reread(
        "Dockerfile",
        "dockerfile",
        source,
        replace(found, broken=broken),
        after=FoundReferences(spots, (*broken, *more)),
    )
    new, (first, second) = rewritten(
        text, [PinResult(found.spots[0], "missing", new=NEW), PinResult(found.spots[1], "pinned")]
    )
    assert new == (source.text.replace("a:1", PINNED) if written else source.text)
    assert first.state == ("missing" if written else "stuck")
    assert second.state == "pinned"


def test_digests_are_those_that_were_asked_for(tmp_path: Path) -> None:
    new, _ = pin(tmp_path, "Dockerfile", "FROM a:1\nFROM b:1\n", distinct=True)
    assert new == f"FROM a:1@{digest_of('docker.io/library/a:1')}\nFROM b:1@{digest_of('docker.io/library/b:1')}\n"


def test_what_would_break_the_file_is_left_and_the_rest_is_written(tmp_path: Path) -> None:
    long = "RUN --mount=from=m:3,target=/x echo ".ljust(65_530, "a")
    new, results = pin(tmp_path, "Dockerfile", f"FROM a:1\n{long}\n")
    assert new == f"FROM a:1@{NEW}\n{long}\n"
    assert [result.state for result in results] == ["missing", "stuck"]
    assert "cannot be written there safely" in results[1].note


def test_a_named_context_is_no_image_to_ask_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").write_text("FROM base\nCOPY --from=tool:1 /a /\n", encoding="utf-8")
    (tmp_path / "b.Dockerfile").write_text("FROM base\n", encoding="utf-8")
    build = "services: {a: {build: {context: ., additional_contexts: {base: ./b}}}}\n"
    (tmp_path / "compose.yaml").write_text(build, encoding="utf-8")
    spots = {
        (os.path.normpath(text.path), spot.written): (spot.reference, spot.stuck)
        for text in run.gather(["."], None)
        for spot in text.references.spots
    }
    assert spots == {
        ("Dockerfile", "base"): ("", "a compose or bake file builds it with a named context in place of this image"),
        ("Dockerfile", "tool:1"): ("tool:1", ""),
        ("b.Dockerfile", "base"): ("base", ""),
    }


def test_a_directory_with_more_files_than_are_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_FILES", 2)
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.dockerfile").write_text("FROM a:1\n", encoding="utf-8")
    some = [str(tmp_path / f"{name}.dockerfile") for name in ("a", "a", "b", "a")]
    assert [text.error for text in texts.gather(some)] == ["", ""]
    *_, last = gathered = list(texts.gather([str(tmp_path)]))
    assert len(gathered) == 3
    assert last.error == f"{tmp_path} has more than 2 files to read: name directories below it"
