"""`./dev release`: built twice it is equal to the byte, its image keeps sealock's own rules and runs, cosign verifies it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from onefile import packages
from releaseimage import MOST_BYTES

from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import generate, write_private
from support.composeworld import GATEWAY, HERE, ComposeWorld, compose_world, composed, push_postgres
from support.realengine import Engine, until_printed

pytestmark = [pytest.mark.live, pytest.mark.untraced]

ROOT = Path(__file__).parents[2]
SECRET = "a word"


class Release(NamedTuple):
    """Two builds of one commit, and the files of the key that signed both."""

    first: Path
    second: Path
    public: Path
    commit: str

    @property
    def artifacts(self) -> list[Path]:
        return sorted(path for path in self.first.iterdir() if path.with_name(f"{path.name}.cdx.json").exists())

    @property
    def version(self) -> str:
        return self.image.name.split("-")[1]

    @property
    def image(self) -> Path:
        return next(path for path in self.artifacts if path.name.endswith("-image.tar"))


@pytest.fixture(scope="module")
def beside() -> Iterator[ComposeWorld]:
    with compose_world() as made:
        yield made


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory, beside: ComposeWorld) -> Release:
    postgres = push_postgres(beside)
    folder = tmp_path_factory.mktemp("release")
    key = generate()
    (folder / "k.key").write_bytes(write_private(key, SECRET))
    (folder / "k.pub").write_bytes(write_public(key.public))
    words: list[str | Path] = ["git", "-C", ROOT, "rev-parse", "HEAD"]
    commit = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    builds = []
    for number, (zone, mask) in enumerate((("UTC", 0o22), ("Asia/Tokyo", 0o27))):
        # At another time, in another directory, for another user's habits.
        time.sleep(1.1 * number)
        output = folder / f"build-{number}" / ("x" * number)
        output.mkdir(parents=True)
        words = [
            sys.executable,
            ROOT / "tools" / "release.py",
            "--output",
            output,
            "--key",
            folder / "k.key",
            "--registry",
            f"{HERE}/sealock",
            "--postgres",
            postgres,
        ]
        environment = os.environ | {"COSIGN_PASSWORD": SECRET, "TZ": zone, "PYTHONHASHSEED": str(number + 1)}
        environment.pop("SOURCE_DATE_EPOCH", None)
        with (folder / f"{number}.log").open("w") as log:
            own = f"{sys.version_info.major}.{sys.version_info.minor}"
            process = subprocess.Popen(
                [*words, "--python", own], stdout=log, stderr=log, env=environment, umask=mask, cwd=folder
            )
        builds.append((output, process))
    for number, (_, process) in enumerate(builds):
        assert process.wait(1500) == 0, (folder / f"{number}.log").read_text()
    return Release(builds[0][0], builds[1][0], folder / "k.pub", commit)


@pytest.fixture(scope="module")
def docker(release: Release, beside: ComposeWorld) -> Engine:
    beside.docker("load", "--input", str(release.image))
    return beside.engine


def sealock(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words], capture_output=True, text=True, check=False, cwd="/"
    )


def statement(bundle: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads(b64decode(json.loads(bundle.read_text())["dsseEnvelope"]["payload"]))
    return table


def test_two_builds_are_equal_to_the_byte(release: Release) -> None:
    names = sorted(path.name for path in release.first.iterdir())
    assert names == sorted(path.name for path in release.second.iterdir())
    assert len(release.artifacts) == 4
    for name in names:
        first, second = release.first / name, release.second / name
        if name.endswith(".sigstore.json"):
            assert statement(first) == statement(second)
        elif name != "SHA256SUMS":
            assert first.read_bytes() == second.read_bytes(), name
            assert first.stat().st_mode & 0o111 == second.stat().st_mode & 0o111


def test_each_file_has_an_sbom_and_a_sum(release: Release) -> None:
    sums = dict(line.split("  ")[::-1] for line in (release.first / "SHA256SUMS").read_text().splitlines())
    for artifact in release.artifacts:
        assert sums[artifact.name] == hashlib.sha256(artifact.read_bytes()).hexdigest()
        components = json.loads(artifact.with_name(f"{artifact.name}.cdx.json").read_text())["components"]
        names = {component["name"] for component in components}
        # The sdist has no built package; its lock file is in the wheel's provenance.
        expected = {"sealock"} if artifact.suffix != ".gz" else set()
        expected |= set(packages()) if artifact.suffix == ".pyz" else set()
        expected |= set(packages("serve")) if artifact.suffix == ".tar" else set()
        expected |= {"libc6", "python3.13-minimal"} if artifact.suffix == ".tar" else set()
        assert expected <= names, artifact.name


def test_each_file_has_provenance_that_sealock_and_cosign_verify(release: Release, tmp_path: Path) -> None:
    commit = release.commit
    (tmp_path / "root.json").write_text('{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}')
    for artifact in release.artifacts:
        done = sealock(
            "trust", "verify", f"file:{artifact}", "--key", release.public, "--attestation", "slsaprovenance1"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"at {commit[:12]}" in " ".join(done.stdout.split())
        bundle = artifact.with_name(f"{artifact.name}.sigstore.json")
        words: list[str | Path] = [
            "--bundle",
            bundle,
            "--new-bundle-format",
            "--key",
            release.public,
            "--type",
            "slsaprovenance1",
        ]
        words += ["--insecure-ignore-tlog=true", "--trusted-root", tmp_path / "root.json"]
        done = subprocess.run(
            ["cosign", "verify-blob-attestation", *words, artifact],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        )
        assert done.returncode == 0, done.stderr
        predicate = statement(bundle)["predicate"]
        assert predicate == json.loads(artifact.with_name(f"{artifact.name}.provenance.json").read_text())
        assert predicate["buildDefinition"]["resolvedDependencies"][0]["digest"] == {"gitCommit": commit}
    changed = tmp_path / "changed.whl"
    changed.write_bytes(release.artifacts[0].read_bytes() + b"x")
    bundle = release.artifacts[0].with_name(f"{release.artifacts[0].name}.sigstore.json")
    done = sealock("trust", "verify", f"file:{changed}", "--key", release.public, "--bundle-file", bundle)
    assert done.returncode == 1, done.stdout


def test_the_image_keeps_sealocks_own_rules(release: Release) -> None:
    done = sealock("check", f"archive:{release.image}", "--fail-on", "low", "--no-policy", "--no-vulnerabilities")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout


def test_the_image_is_small_and_has_no_setuid_program_and_no_shell(release: Release, docker: Engine) -> None:
    done = " ".join(sealock("inspect", f"archive:{release.image}").stdout.split())
    assert "Setuid, setgid none, and no file capabilities" in done
    assert "None of shells, package managers, compilers, network tools" in done
    (facts,) = json.loads(docker.docker("image", "inspect", tag(docker)).stdout)
    assert facts["Size"] <= MOST_BYTES
    assert facts["Config"]["User"] == "65532:65532"


def tag(docker: Engine) -> str:
    return docker.docker("images", "--format", "{{.Repository}}:{{.Tag}}", "sealock").stdout.strip()


def test_the_image_checks_a_project_and_runs_nothing_of_it(docker: Engine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    tmp_path.chmod(0o755)
    (project / "Dockerfile").write_text("FROM debian\n")
    for name in ("sealock", "msgspec", "sitecustomize", "usercustomize"):
        (project / f"{name}.py").write_text("raise SystemExit('the project ran')")
    hard = ("--network=none", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges")
    words = ("check", ".", "--format", "json")
    done = until_printed(lambda: docker.docker("run", "--rm", *hard, "-v", f"{project}:/work:ro", tag(docker), *words))
    assert done.returncode == 1, done.stderr
    rules = {finding["rule"] for target in json.loads(done.stdout)["targets"] for finding in target["findings"]}
    own = json.loads(sealock("check", project, "--format", "json").stdout)
    assert rules == {finding["rule"] for target in own["targets"] for finding in target["findings"]}


@pytest.mark.parametrize(("name", "service"), [("compose.yaml", "serve"), ("compose-postgresql.yaml", "web")])
def test_a_compose_file_keeps_sealocks_own_rules_and_serves(
    release: Release, beside: ComposeWorld, tmp_path: Path, name: str, service: str
) -> None:
    done = sealock("check", release.first / name, "--fail-on", "low", "--no-policy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings" in done.stdout
    assert "ignore" not in (release.first / name).read_text()
    # The release's file names the digest that the image has once it is published.
    where = f"docker://{HERE}/sealock:{release.version}"
    archive = f"oci-archive:{release.image}"
    beside.run("skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", archive, where)
    beside.engine.image(f"{HERE}/team/app:1")
    beside.push("team/app:1")
    with composed(beside, release.first, tmp_path / "composed", name) as running:
        assert running.scan(f"{GATEWAY}:5000/team/app:1", service) == [f"{GATEWAY}:5000/team/app:1"]
