"""`sealock digest`, and images named by reference: what is asked of a registry, what is printed, and the exit status."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import commandline, processenvironment
from support.madeimages import config, info, tar
from support.simulators.registry import RegistrySimulator, Reply, registry

STATUS = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-1\n\n"
LAYER = tar(info("var/lib/dpkg/status", STATUS), info("etc/os-release", b'ID=debian\nVERSION_ID="13"\n'))


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        amd = one.add_image("a", "single", config=config(LAYER), layers=[gzip.compress(LAYER, mtime=0)])
        arm = one.add_image("a", config=config(LAYER, architecture="arm64"), layers=[gzip.compress(LAYER, mtime=0)])
        one.add_index("a", "1", images={"linux/amd64": amd, "linux/arm64/v8": arm})
        yield one


Sealock = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def sealock(tmp_path: Path) -> Sealock:
    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"COLUMNS": "100", "SEALOCK_CACHE_DIR": str(tmp_path / "cache"), **environment}
        return commandline.sealock(*words, cwd=tmp_path, environment=processenvironment.environment(tmp_path, **own))

    return run


def digest_of(server: RegistrySimulator, tag: str) -> str:
    raw = server.manifests["a"][tag][1]
    return next(one for one, (_, other) in server.manifests["a"].items() if other == raw and ":" in one)


def entries(server: RegistrySimulator) -> dict[str, str]:
    table = json.loads(server.manifests["a"]["1"][1])
    return {one["platform"]["architecture"]: one["digest"] for one in table["manifests"]}


def test_a_reference_is_printed_with_its_digest_and_no_pull(server: RegistrySimulator, sealock: Sealock) -> None:
    done = sealock("digest", f"{server.host}/a:1", f"{server.host}/a:single")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{server.host}/a:{tag}@{digest_of(server, tag)}" for tag in ("1", "single")]
    assert {asked.method for asked in server.asked if "manifests" in asked.path} == {"HEAD"}


def test_the_digest_of_a_platform(server: RegistrySimulator, sealock: Sealock) -> None:
    done = sealock("digest", "--platform", "linux/arm64", f"{server.host}/a:1")
    assert done.stdout == f"{server.host}/a:1@{entries(server)['arm64']}\n"


def test_a_platform_that_an_image_is_not_for_is_told(server: RegistrySimulator, sealock: Sealock) -> None:
    done = sealock("digest", "--platform", "linux/arm64", f"{server.host}/a:single")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is for linux/amd64, not for linux/arm64" in done.stderr


def test_the_digests_of_all_platforms(server: RegistrySimulator, sealock: Sealock) -> None:
    done = sealock("digest", "--all", f"{server.host}/a:1")
    where = f"{server.host}/a:1@"
    assert done.stdout.splitlines() == [
        f"{where}{digest_of(server, '1')}",
        f"  linux/amd64     {where}{entries(server)['amd64']}",
        f"  linux/arm64/v8  {where}{entries(server)['arm64']}",
    ]


def test_json_tells_what_was_verified_and_what_failed(server: RegistrySimulator, sealock: Sealock) -> None:
    words = ("digest", "--format", "json", "--verify", f"{server.host}/a:1", f"{server.host}/a:gone", "No Reference")
    done = sealock(*words)
    assert done.returncode == 2
    first, second, third = json.loads(done.stdout)["references"]
    assert (first["digest"], first["verified"]) == (digest_of(server, "1"), True)
    assert "a:gone does not exist" in second["error"]
    assert "not an image reference" in third["error"]


def test_a_reference_that_has_another_digest_than_its_registry_says_is_told(
    server: RegistrySimulator, sealock: Sealock
) -> None:
    headers = {"Docker-Content-Digest": "sha256:" + "1" * 64, "Content-Type": "application/vnd.oci.image.index.v1+json"}
    body = server.manifests["a"]["1"][1]
    server.answers = lambda asked: Reply(200, body, headers) if "manifests" in asked.path else None
    claimed = sealock("digest", f"{server.host}/a:1")
    verified = sealock("digest", "--verify", f"{server.host}/a:1")
    assert claimed.returncode == 0
    assert (verified.returncode, verified.stdout) == (2, "")
    assert "claims to send" in verified.stderr


def test_what_a_registry_says_reaches_no_terminal_raw(server: RegistrySimulator, sealock: Sealock) -> None:
    told = json.dumps({"errors": [{"code": "X", "message": "\x1b[2J\u202eevil\ud800"}]}).encode()
    server.answers = lambda asked: Reply(403, told) if "manifests" in asked.path else None
    done = sealock("digest", f"{server.host}/a:1")
    assert "\x1b" not in done.stderr
    assert "\u202e" not in done.stderr


@pytest.mark.parametrize(("left", "warning"), [(3, "3 of 100 pulls are left"), (1, "1 of 100 pulls is left"), (20, "")])
def test_few_pulls_that_are_left_are_told(server: RegistrySimulator, sealock: Sealock, left: int, warning: str) -> None:
    headers = {
        "Docker-Content-Digest": "sha256:" + "1" * 64, "RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": f"{left};w=21600",
    }  # fmt: skip
    server.answers = lambda asked: Reply(200, b"", headers) if "manifests" in asked.path else None
    done = sealock("digest", f"{server.host}/a:1")
    assert warning in done.stderr
    assert ("left" in done.stderr) is bool(warning)


def test_a_password_stands_in_no_output(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    server.sign_in, server.logins = "basic", {"me": "other"}
    (tmp_path / "config.json").write_text(
        json.dumps({"auths": {server.host: {"username": "me", "password": "secret-word"}}})
    )
    done = sealock("digest", f"{server.host}/a:1", DOCKER_CONFIG=str(tmp_path))
    assert done.returncode == 2
    assert "docker login" in done.stderr
    assert "secret-word" not in done.stdout + done.stderr


def test_the_policy_names_mirrors(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text(f'[registry.mirrors]\n"registry.invalid" = ["{server.host}"]\n')
    done = sealock("digest", "registry.invalid/a:1")
    assert done.stdout == f"registry.invalid/a:1@{digest_of(server, '1')}\n", done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[registry]\ninsecure = 1\n", "[registry] insecure should be a list of strings"),
        ("[registry]\nmirrors = []\n", "[registry] mirrors should be a table"),
        ("[registry.mirrors]\nx = 1\n", "[registry] mirrors: x should be a list of strings"),
        ("[registry]\ninsecur = []\n", "[registry] insecur is not a setting"),
    ],
)
def test_a_policy_that_is_wrong_is_told(sealock: Sealock, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "sealock.toml").write_text(text)
    done = sealock("digest", "127.0.0.1:1/a")
    assert done.returncode == 2
    assert words in done.stderr


# Images by reference.


@pytest.mark.parametrize("prefix", ["", "image:"])
def test_an_image_is_listed_from_its_registry(server: RegistrySimulator, sealock: Sealock, prefix: str) -> None:
    done = sealock("sbom", "--format", "json", "--platform", "linux/arm64", f"{prefix}{server.host}/a:1")
    assert done.returncode == 0, done.stderr
    assert "bash" in done.stdout
    assert entries(server)["arm64"] in done.stdout


def test_a_layer_that_was_listed_before_is_not_pulled_again(server: RegistrySimulator, sealock: Sealock) -> None:
    layer = json.loads(server.manifests["a"]["single"][1])["layers"][0]["digest"]
    first = sealock("sbom", "--format", "json", f"{server.host}/a:single")
    assert server.heard.count(f"GET /v2/a/blobs/{layer}") == 1
    second = sealock("sbom", "--format", "json", f"{server.host}/a:single")
    assert server.heard.count(f"GET /v2/a/blobs/{layer}") == 1
    assert first.stdout == second.stdout


def test_a_wrong_layer_is_a_problem_each_time(server: RegistrySimulator, sealock: Sealock) -> None:
    layer = json.loads(server.manifests["a"]["single"][1])["layers"][0]["digest"]
    wrong = gzip.compress(tar(info("var/lib/dpkg/status", STATUS.replace(b"5.2", b"9.9"))), mtime=0)
    server.answers = lambda asked: Reply(200, wrong) if layer in asked.path else None
    for _ in range(2):
        done = sealock("sbom", "--format", "json", f"{server.host}/a:single")
        assert done.returncode == 2
        assert layer[:19] in done.stderr or "layer 1" in done.stderr
    server.answers = lambda _asked: None
    done = sealock("sbom", "--format", "json", f"{server.host}/a:single")
    assert done.returncode == 0, done.stderr
    assert "9.9" not in done.stdout


def test_check_judges_an_image_of_a_registry(server: RegistrySimulator, sealock: Sealock) -> None:
    done = sealock("check", "--no-vulnerabilities", "--format", "json", f"{server.host}/a:single")
    report = json.loads(done.stdout)
    assert [target["kind"] for target in report["targets"]] == ["image"]
    assert any(finding["rule"] == "C046" for finding in report["targets"][0]["findings"])


def test_one_image_that_cannot_be_had_does_not_cost_the_others(server: RegistrySimulator, sealock: Sealock) -> None:
    words = ("--no-vulnerabilities", "--format", "json", f"{server.host}/a:gone", f"{server.host}/a:single")
    done = sealock("check", *words)
    gone, there = json.loads(done.stdout)["targets"]
    assert done.returncode == 2
    assert "does not exist" in gone["errors"][0]["message"]
    assert there["findings"]


@pytest.mark.parametrize("word", ["compose.yml", "nginx", "docker/compose.yml"])
def test_a_file_that_is_not_there_is_no_image(sealock: Sealock, word: str) -> None:
    done = sealock("check", word)
    assert done.returncode == 2
    assert f"(if an image is meant: image:{word})" in " ".join(done.stdout.split())
