"""`sealock trust verify` of files and directories, and its short output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.trust.cosign.keys import write_public
from support.cosignworld import World, world


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A directory whose policy requires a signature, which R/app:1 has and R/evil:1 has not."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    with world() as made:
        made.sign()
        made.push("evil:1")
        Path("k.pub").write_bytes(write_public(made.key.public))
        write_policy(made)
        Path("app").mkdir()
        Path("app", "Dockerfile").write_text(f"FROM {made.server.host}/app:1\n", encoding="utf-8")
        yield made


def write_policy(here: World, more: str = "") -> None:
    entry = f'[[trust.image]]\nmatch = ["{here.server.host}/*"]\ncosign = {{ keys = ["k.pub"] }}\n'
    Path("sealock.toml").write_text(f'[trust]\ndefault = "refuse"\n{more}{entry}', encoding="utf-8")


POD = '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "IMAGE"}]}}'
BLOCK = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: IMAGE\n"
COMPOSE = "services: {a: {image: R/app:1, SERVICE}}"

FILES = {
    "a manifest in JSON": ("pod.json", POD),
    "a manifest in JSON on several lines": ("deep/pod.json", POD.replace(",", ",\n")),
    "a manifest in YAML on one line": ("pod.yaml", POD),
    "a byte order mark": ("pod.yaml", "\ufeff" + BLOCK),
    "line ends of old Macs": ("pod.yaml", BLOCK.replace("\n", "\r")),
    "UTF-16": ("pod.yaml", ("\ufeff" + BLOCK).replace("IMAGE", "R/evil:1").encode("utf-16-le")),
    "UTF-16, big-endian": ("pod.json", ("\ufeff" + POD).replace("IMAGE", "R/evil:1").encode("utf-16-be")),
    "an escaped key": ("pod.yaml", POD.replace("apiVersion", "api\\x56ersion")),
    "an escaped image": ("pod.yaml", POD.replace('"image"', '"im\\x61ge"')),
    "every key escaped": ("pod.json", POD.replace("apiVersion", "\\u0061piVersion").replace('"image"', '"\\u0069mage"')),
    "a compose file by another name": ("stack.yml", '{"services": {"a": {"image": "IMAGE"}}}'),
    "an image that a service mounts": ("compose.yaml", COMPOSE.replace("SERVICE", "volumes: [{type: image, source: IMAGE, target: /m}]")),
    "a service with an image and a build": ("compose.yaml", "services: {a: {image: IMAGE, build: .}}"),
    "an image that is always pulled and then built": ("compose.yaml", "services: {a: {image: IMAGE, build: ., pull_policy: always}}"),
    "a task of Tekton": ("task.yaml", "apiVersion: tekton.dev/v1\nkind: Task\nspec: {steps: [{image: IMAGE}]}"),
    "a pipeline's job": (".gitlab-ci.yml", "job: {image: 'IMAGE'}\n"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("named", [True, False], ids=["named", "in a directory"])
def test_an_untrusted_image_is_found(
    here: World, capsys: pytest.CaptureFixture[str], name: str, text: str | bytes, *, named: bool
) -> None:
    host = here.server.host
    path = Path("app", name)
    path.parent.mkdir(exist_ok=True)
    if isinstance(text, bytes):
        codec = "utf-16-le" if text[:1] == b"\xff" else "utf-16-be"
        path.write_bytes(text.decode(codec).replace("R/", f"{host}/").encode(codec))
    else:
        path.write_text(text.replace("IMAGE", "R/evil:1").replace("R/", f"{host}/"), encoding="utf-8", newline="")
    assert main(["trust", "verify", str(path) if named else "app"]) == 1, capsys.readouterr()
    assert f"{host}/evil:1 is not trusted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        pytest.param("robot.yaml", "apiVersion: example.com/v1\nkind: Robot\nspec: {image: R/evil:1}", "may be an image that a Robot runs", id="a kind that nobody knows"),
        pytest.param("pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: '${IMAGE}'}]}", "could not be resolved to an image", id="an image that is filled in later"),
        pytest.param("pod.yaml", "apiVersion: v1\nkind: Pod\nspec: {containers: [", "pod.yaml: ", id="a manifest that is cut off"),
        pytest.param("compose.yaml", "services: {a: {image: '${NO_SUCH_VARIABLE:?}'}}", "could not be resolved to an image", id="a variable without a value"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("named", [True, False], ids=["named", "in a directory"])
def test_an_image_that_cannot_be_read_is_an_error(
    here: World, capsys: pytest.CaptureFixture[str], name: str, text: str, *, why: str, named: bool
) -> None:
    Path("app", name).write_text(text.replace("R/", f"{here.server.host}/"), encoding="utf-8")
    assert main(["trust", "verify", f"app/{name}" if named else "app"]) == 2
    assert why in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize("policy", ["build", "never"])
def test_an_image_that_compose_never_pulls_is_not_verified(here: World, policy: str) -> None:
    text = f"services: {{a: {{image: {here.server.host}/evil:1, build: ., pull_policy: {policy}}}}}"
    Path("app", "compose.yaml").write_text(text, encoding="utf-8")
    assert main(["trust", "verify", "app"]) == 0


@pytest.mark.parametrize(
    "options", [(), ("--key", "k.pub"), ("--notation",), ("--no-first-use",)], ids=["", "cosign", "Notation", "Notary"]
)
@pytest.mark.parametrize("word", ["app", "./app", "k.pub", "/no/such/file"])
@pytest.mark.usefixtures("here")
def test_a_file_without_a_policy_is_an_error_that_says_what_to_do(
    capsys: pytest.CaptureFixture[str], word: str, options: tuple[str, ...]
) -> None:
    assert main(["trust", "verify", word, "--no-policy", *options]) == 2
    assert f"{word} is a file: the images in files are verified by the [trust] table" in capsys.readouterr().err


SKIPPED = [
    (".cirrus.yml", "task:\n  container:\n    image: x\n", "the containers that a pipeline runs in"),
    ("ci.yml", "image_resource:\n  type: registry-image\n  source: {repository: x}\n", "Concourse"),
    ("fly.toml", "[build]\nimage = 'x'\n", "hosting platform"),
    ("Jenkinsfile", "pipeline { agent { docker { image 'x' } } }\n", "Jenkins"),
    ("main.tf", 'resource "docker_image" "x" {\n  name = "x"\n}\n', "Terraform"),
    ("web.nomad.hcl", 'task "x" {\n  driver = "docker"\n}\n', "Nomad"),
    ("chart/values.yaml", "image: {repository: x}\n", "values of Helm charts"),
    ("kustomization.yaml", "images:\n- name: x\n", "kustomization"),
    ("play.yml", "- hosts: all\n  tasks:\n  - docker_container:\n      image: x\n", "Ansible"),
]


@pytest.mark.parametrize(("name", "text", "what"), SKIPPED, ids=[name for name, _, _ in SKIPPED])
def test_what_is_recognised_and_not_read_is_named(
    here: World, capsys: pytest.CaptureFixture[str], name: str, text: str, what: str
) -> None:
    path = Path("app", name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert main(["trust", "verify", "app"]) == 0
    err = " ".join(capsys.readouterr().err.split())
    assert f"skipped: app/{name}: " in err
    assert what in err
    assert main(["trust", "verify", "app", "--format", "json"]) == 0
    (skipped,) = json.loads(capsys.readouterr().out)["skipped"]
    assert skipped.startswith(f"app/{name}: ")
    assert main(["pin", "--check", "app"]) == 1
    assert f"skipped: app/{name}: " in " ".join(capsys.readouterr().err.split())
    assert main(["pin", "--check", "app", "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["skipped"] == [skipped]
    # Named itself, it is an error.
    assert main(["trust", "verify", f"app/{name}"]) == 2
    assert here.server.host in Path("app", "Dockerfile").read_text(encoding="utf-8")


# Output for commands that pull.


def test_a_quiet_run_prints_what_to_pull(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    host = here.server.host
    assert main(["trust", "verify", "-q", f"{host}/app:1"]) == 0
    assert capsys.readouterr() == (f"{host}/app:1@{here.digest}\n", "")
    assert main(["trust", "verify", "-q", "--no-policy", "--key", "k.pub", f"{host}/app@{here.digest}"]) == 0
    assert capsys.readouterr() == (f"{host}/app@{here.digest}\n", "")


def test_a_quiet_run_prints_nothing_to_pull_of_an_untrusted_image(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["trust", "verify", "-q", f"{here.server.host}/evil:1"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{here.server.host}/evil:1 is not trusted: cosign: it has no signature" in err
    assert main(["trust", "verify", "-q", f"{here.server.host}/none:1"]) == 2
    assert capsys.readouterr().out == ""


def test_a_quiet_run_looks_up_the_digest_of_what_needs_no_signature(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sealock.toml").write_text('[trust]\ndefault = "accept"\n', encoding="utf-8")
    assert main(["trust", "verify", "-q", f"{here.server.host}/app:1"]) == 0
    assert capsys.readouterr().out == f"{here.server.host}/app:1@{here.digest}\n"
    assert main(["trust", "verify", "-q", f"{here.server.host}/none:1"]) == 2
    assert capsys.readouterr().out == ""


def test_a_quiet_run_has_no_json(here: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trust", "verify", "-q", "--format", "json", f"{here.server.host}/app:1"]) == 2
    assert "--format json does not go with it" in capsys.readouterr().err


def test_an_untrusted_image_is_reported_and_accepted_by_a_policy_that_warns(
    here: World, capsys: pytest.CaptureFixture[str]
) -> None:
    write_policy(here, 'mode = "warn"\n')
    evil = f"{here.server.host}/evil:1"
    assert main(["trust", "verify", evil]) == 0
    assert f"{evil} is not trusted (accepted by the policy)" in capsys.readouterr().out
    assert main(["trust", "verify", evil, "--format", "json"]) == 0
    (result,) = json.loads(capsys.readouterr().out)["references"]
    assert (result["result"], result["passes"]) == ("untrusted", True)
