"""Options that do not go together, or not with what is named: a sentence that says so, and exit status 2."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sealock.cli.cijobs import read_job
from sealock.cli.submitting import service_of
from sealock.errors import UsageError
from support import commandline, processenvironment

OF_NOTATION = "--notation does not go with"
SIGNER = "which signer do you trust?"
MANIFESTS = "checks Kubernetes manifests: name a file or a directory of them"
PIN = "f" * 64
REFUSED = {
    "Notation with a key of cosign": ("trust verify r.io/a:1 --notation --key k.pub", OF_NOTATION),
    "Notation with an identity of cosign": ("trust verify r.io/a:1 --notation --identity a@b.c", OF_NOTATION),
    "Notation with a pin of Notary": (f"trust verify r.io/a:1 --notation --pin {PIN}", OF_NOTATION),
    "Notation with an authority of Notary": ("trust verify r.io/a:1 --notation --pin-authority ca.pem", OF_NOTATION),
    "Notation with a server of Notary": ("trust verify r.io/a:1 --notation --server https://n", OF_NOTATION),
    "an annotation without a signer": ("trust verify r.io/a:1 --annotation a=b", SIGNER),
    "an issuer without a signer": ("trust verify r.io/a:1 --issuer https://i", SIGNER),
    "a file without a signer": ("trust verify file:a", SIGNER),
    "a level of Notation without an authority": (
        "trust verify r.io/a:1 --notation --level strict", "--subject, --stamper and --level go with --authority"),
    "a stamper of Notation without an authority": (
        "trust verify r.io/a:1 --notation --stamper ca.pem", "--subject, --stamper and --level go with --authority"),
    "a pin of 64 characters that are no digits": (
        f"trust verify r.io/a:1 --pin {'x' * 64}", "a certificate's id has 64 hexadecimal digits"),
    "a pin that is too long": (f"trust verify r.io/a:1 --pin {PIN}f", "a certificate's id has 64 hexadecimal digits"),
    "a digest where a repository is named": (
        f"trust list r.io/a@sha256:{PIN}", "names an image; name its repository instead: r.io/a"),
    "a tag where a repository is named": ("trust list r.io:5000/a:1", "name its repository instead: r.io:5000/a"),
    "a root key for cosign": ("trust keys generate --cosign --root", "--cosign goes with `keys generate`"),
    "a backup of no keys": ("trust keys backup keys.tar", "there are no private keys"),
    "a backup of a key that is not there": (f"trust keys backup keys.tar --id {PIN}", f"there is no private key {PIN}"),
    "a map that is verified of a file": ("map --verify compose.yaml", "--verify needs running containers"),
    "a map of what is rendered without a target": ("map --render", "--render needs a TARGET"),
    "a map of a path without its end": ("map --from a", "--from needs --to"),
    "rendered manifests with a diff": ("check --render --diff .", "--render cannot be used with --fix and --diff"),
    "rendered manifests with a fix": ("check --render --fix .", "--render cannot be used with --fix and --diff"),
    "unsafe fixes without any": ("check --unsafe .", "--unsafe needs --fix or --diff"),
    "a benchmark of pods for compose files": ("check --benchmark pod-security-baseline --compose-file c.yaml .", MANIFESTS),
    "a benchmark of pods for nothing": ("check --benchmark pod-security-baseline", MANIFESTS),
    "a benchmark of a machine for compose files": (
        "check --benchmark cis-docker-1.7.0 --compose-file c.yaml host", "checks this machine: the target must be host"),
    "a benchmark of a machine for a directory": (
        "check --benchmark cis-docker-1.7.0 .", "checks this machine: the target must be host"),
    "a benchmark that is none": ("check --benchmark none .", "there is no benchmark 'none'"),
    "what a cache should hold, without a prune": ("cache show --max-size 1G", "--max-size needs `cache prune`"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_together_is_refused(tmp_path: Path, words: str, said: str) -> None:
    done = run(tmp_path, *words.split())
    assert said in " ".join(done.stderr.split())
    assert (done.returncode, done.stdout) == (2, "")


def run(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return commandline.sealock(
        *words, cwd=directory, environment=processenvironment.environment(directory, COLUMNS="400")
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(("show",), "", id="what it holds"),
        pytest.param(("clear",), "", id="clear it"),
        pytest.param(("show", "--format", "json"), "not a directory", id="what it holds, as JSON"),
        pytest.param(("clear", "--format", "json"), "not a directory", id="clear it, as JSON"),
    ],
)
def test_a_cache_that_cannot_be_used_is_an_error_in_every_format(
    tmp_path: Path, words: Sequence[str], told: str
) -> None:
    (tmp_path / "file").write_text("x")
    done = run(tmp_path, "cache", *words, "--cache-dir", "file")
    assert "the cache is not used: " in done.stderr
    assert done.returncode == 2
    assert (told in json.loads(done.stdout)["error"].lower()) if told else done.stdout == ""


def test_a_cache_that_cannot_be_used_is_told_in_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    done = run(tmp_path, "cache", "show", "--cache-dir", "file", "--output", "out.txt")
    assert (done.returncode, done.stdout) == (2, "")
    assert (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize(
    ("environment", "branch"),
    [
        pytest.param({"BRANCH_NAME": "feature", "GIT_BRANCH": "origin/other"}, "feature", id="of several branches"),
        pytest.param({"GIT_BRANCH": "origin/other"}, "other", id="of one branch"),
        pytest.param({}, "", id="of none"),
    ],
)
def test_a_job_of_jenkins_has_its_branch(environment: dict[str, str], branch: str) -> None:
    assert read_job({"JENKINS_URL": "https://j", **environment}, lambda _: "").branch == branch


@pytest.mark.parametrize(
    ("to", "named", "address"),
    [
        pytest.param("https://a/", "https://b", "https://a", id="an option before the environment"),
        pytest.param("", "https://b/", "https://b", id="the environment"),
        pytest.param("", "", "", id="neither"),
    ],
)
def test_the_service_is_named_by_an_option_or_the_environment(to: str, named: str, address: str) -> None:
    environment = {"SEALOCK_SERVE_URL": named, "SEALOCK_TOKEN": "slk_" + "a" * 40}
    if address:
        assert service_of(to, environment)[0] == address
    else:
        with pytest.raises(UsageError, match="the service is not named"):
            service_of(to, environment)
