"""Builds what a release consists of, out of the newest commit: wheel, sdist, one-file program, image, compose files.

Next to each it writes what is in it (NAME.cdx.json, by `sealock sbom`), how it was built (NAME.provenance.json, SLSA's
predicate), and with --key that statement signed (NAME.sigstore.json, by `sealock trust attest`). Two builds of one
commit are equal to the byte, apart from signatures, as long as Debian's packages are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from getpass import getpass
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

from debianroot import run
from releaseimage import MOST_BYTES, BuiltImage, build_image, moment

ROOT = Path(__file__).parent.parent
PYTHONS = ("3.11", "3.12", "3.13")
"""The one-file program is for these."""
BUILD_TYPE = "docs/contributing/release.md"
"""What the provenance names as the kind of build: the page that describes it."""


class ReleaseSource(NamedTuple):
    """What is released: an exported commit, its time, and the address of its repository."""

    folder: Path
    commit: str
    epoch: int
    repository: str
    version: str


def export(folder: Path) -> ReleaseSource:
    """Export the newest commit, so that nothing else of the work tree gets in."""
    commit = run("git", "-C", ROOT, "rev-parse", "HEAD").strip()
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "-C", ROOT, "log", "-1", "--format=%ct"))
    run("git", "-C", ROOT, "archive", "--output", folder / "source.tar", "HEAD")
    with tarfile.open(folder / "source.tar") as archive:
        archive.extractall(folder / "source", filter="data")
    project = tomllib.loads((folder / "source/pyproject.toml").read_text(encoding="utf-8"))["project"]
    namespace: dict[str, Any] = {}
    exec((folder / "source/src/sealock/__init__.py").read_text(encoding="utf-8"), namespace)  # noqa: S102  our own
    return ReleaseSource(folder / "source", commit, epoch, project["urls"]["Repository"], str(namespace["__version__"]))


def build_packages(source: ReleaseSource, output: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist."""
    words = (sys.executable, "-m", "hatchling", "build", "--directory", str(output))
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(source.epoch), "PYTHONPATH": ""}
    subprocess.run(words, cwd=source.folder, env=environment, check=True, capture_output=True)
    (wheel,) = output.glob("*.whl")
    (sdist,) = output.glob("*.tar.gz")
    return wheel, sdist


def build_program(source: ReleaseSource, output: Path, pythons: list[str]) -> Path:
    """Build the one-file program."""
    program = output / "sealock.pyz"
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    also = [word for version in pythons if version != own for word in ("--also", version)]
    run(sys.executable, source.folder / "tools/onefile.py", "--output", program, *also)
    return program


def write_compose(source: ReleaseSource, output: Path, image: str, postgres: str) -> list[Path]:
    """Write the compose files of the service, with the digests of their images."""
    if "@" not in postgres:
        postgres = _sealock(source, output, "digest", postgres).strip()
    files = []
    for template in sorted((source.folder / "deploy").glob("*.yaml")):
        text = template.read_text(encoding="utf-8")
        path = output / template.name
        path.write_text(text.replace(": SEALOCK\n", f": {image}\n").replace(": POSTGRES\n", f": {postgres}\n"))
        files.append(path)
    return files


def registry_of(repository: str) -> str:
    """Where the image of a repository at a forge is published."""
    owner, _, name = repository.removeprefix("https://github.com/").partition("/")
    return f"ghcr.io/{owner.lower()}/{name.lower()}"


def write_sbom(source: ReleaseSource, artifact: Path, folder: Path) -> Path:
    """Write what is in a file: of an image as it is, of an archive unpacked."""
    target = f"archive:{artifact.name}"
    where = artifact.parent
    if "image" not in artifact.name:
        where = folder / "contents"
        target = f"rootfs:{artifact.name}"
        if artifact.suffix == ".gz":
            with tarfile.open(artifact) as archive:
                archive.extractall(where / artifact.name, filter="data")
        else:
            with ZipFile(artifact) as zipped:
                zipped.extractall(where / artifact.name)  # noqa: S202  our own file, and zipfile leaves no directory
    sbom = artifact.with_name(f"{artifact.name}.cdx.json")
    _sealock(source, where, "sbom", target, "--no-cache", "--quiet", "--format", "cyclonedx", "--output", str(sbom))
    return sbom


def write_provenance(  # noqa: PLR0913, PLR0917  it says how each part came to be
    source: ReleaseSource, artifact: Path, sbom: Path, image: BuiltImage | None, builder: str, key: str
) -> None:
    """Write how a file was built, and sign it with a key."""
    commit = {"uri": f"git+{source.repository}", "digest": {"gitCommit": source.commit}}
    lock = {"uri": f"git+{source.repository}#requirements.lock", "digest": _sha256(source.folder / "requirements.lock")}
    used: list[dict[str, Any]] = [commit, lock]
    if image is not None and "image" in artifact.name:
        used += [{"uri": one.uri, "digest": {"sha256": one.sha256}} for one in image.dependencies]
    predicate = {
        "buildDefinition": {
            "buildType": f"{source.repository}/blob/{source.commit}/{BUILD_TYPE}",
            "externalParameters": {"source": commit["uri"], "version": source.version, "epoch": source.epoch},
            "resolvedDependencies": used,
        },
        "runDetails": {
            "builder": {"id": builder or f"{source.repository}/blob/{source.commit}/tools/release.py"},
            "byproducts": [{"name": sbom.name, "digest": _sha256(sbom)}],
        },
    }
    if image is not None and "image" in artifact.name:
        predicate["buildDefinition"]["internalParameters"] = {"manifest": image.digest}
    path = artifact.with_name(f"{artifact.name}.provenance.json")
    path.write_text(json.dumps(predicate, indent=2) + "\n", encoding="utf-8")
    if key:
        words = ["trust", "attest", f"file:{artifact.name}", "--key", os.path.abspath(key), "--predicate", path.name]  # noqa: PTH100  links stay
        _sealock(source, artifact.parent, *words, "--type", "slsaprovenance1", "--no-policy")


def _sealock(source: ReleaseSource, folder: Path, *words: str) -> str:
    """Run the released sealock itself, and give what it prints."""
    environment = os.environ | {"PYTHONPATH": str(source.folder / "src")}
    command = [sys.executable, "-m", "sealock", *words]
    done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}release: sealock {words[0]} ended with {done.returncode}")
    return done.stdout


def _sha256(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def build(  # noqa: PLR0913  what the options say
    output: Path,
    *,
    key: str = "",
    builder: str = "",
    pythons: list[str],
    registry: str = "",
    postgres: str = "",
    with_image: bool = True,
) -> None:
    """Build everything into an empty directory."""
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        source = export(folder)
        began = time.monotonic()

        def done(path: Path) -> Path:
            nonlocal began
            size = path.stat().st_size / 1e6
            print(f"  {path.name}: {size:.1f} MB in {time.monotonic() - began:.0f} s", flush=True)
            began = time.monotonic()
            return path

        print(f"building sealock {source.version} of commit {source.commit[:12]} into {output}", flush=True)
        wheel, sdist = build_packages(source, output)
        artifacts = [done(wheel), done(sdist), done(build_program(source, output, pythons))]
        image = None
        if with_image:
            print("building the container image; mmdebstrap and pip fetch what is in it", flush=True)
            archive = output / f"sealock-{source.version}-image.tar"
            labels = {
                "org.opencontainers.image.licenses": "Apache-2.0",
                "org.opencontainers.image.revision": source.commit,
                "org.opencontainers.image.source": source.repository,
                "org.opencontainers.image.title": "sealock",
                "org.opencontainers.image.version": source.version,
            }
            (folder / "image").mkdir()
            image = build_image(folder / "image", wheel, archive, labels, source.epoch)
            artifacts.append(done(archive))
            if image.unpacked > MOST_BYTES:
                sys.exit(f"release: the image has {image.unpacked / 1e6:.1f} MB, and may have {MOST_BYTES / 1e6:.0f}")
            print(f"  {image.unpacked / 1e6:.1f} MB unpacked, {image.digest}, of {moment(source.epoch)}")
            reference = f"{registry or registry_of(source.repository)}:{source.version}@{image.digest}"
            for path in write_compose(source, output, reference, postgres):
                done(path)
        print("writing SBOMs and provenance" + ("" if key else " (not signed: --key names a key)"), flush=True)
        for artifact in artifacts:
            write_provenance(source, artifact, write_sbom(source, artifact, folder), image, builder, key)
    files = sorted(path for path in output.iterdir() if path.is_file())
    sums = "".join(f"{_sha256(path)['sha256']}  {path.name}\n" for path in files)
    (output / "SHA256SUMS").write_text(sums, encoding="utf-8")
    print(f"{len(files) + 1} files in {output}")


def main() -> int:
    """Build a release."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "dist" / "release",
        help="an empty or new directory (default: dist/release, which is emptied)",
    )
    parser.add_argument("--key", default="", metavar="FILE", help="sign the provenance; $COSIGN_PASSWORD opens the key")
    parser.add_argument("--builder", default="", metavar="URI", help="who builds, for the provenance")
    parser.add_argument("--no-image", action="store_true", help="build no image, which needs root and mmdebstrap")
    parser.add_argument(
        "--registry", default="", metavar="NAME", help="where the image is published (default: the forge's registry)"
    )
    parser.add_argument(
        "--postgres",
        default="docker.io/library/postgres:17",
        metavar="REF",
        help="image of the compose file's database; its digest is asked for (default: docker.io/library/postgres:17)",
    )
    parser.add_argument("--python", action="append", metavar="3.N", help=f"for sealock.pyz (default: {PYTHONS})")
    given = parser.parse_args()
    if given.key:
        if not Path(given.key).is_file():
            parser.error(f"--key {given.key}: there is no such file")
        if "COSIGN_PASSWORD" not in os.environ:
            os.environ["COSIGN_PASSWORD"] = getpass(f"Passphrase of {given.key}: ")
    if not given.no_image and (os.geteuid() != 0 or shutil.which("mmdebstrap") is None):
        parser.error("the image needs root and mmdebstrap (apt-get install mmdebstrap); --no-image builds the rest")
    if given.output == ROOT / "dist" / "release":
        shutil.rmtree(given.output, ignore_errors=True)
    elif given.output.exists() and any(given.output.iterdir()):
        parser.error(f"--output {given.output}: it is not empty")
    given.output.mkdir(parents=True, exist_ok=True)
    with_image = not given.no_image
    pythons = given.python or list(PYTHONS)
    build(
        given.output.resolve(),
        key=given.key,
        builder=given.builder,
        pythons=pythons,
        registry=given.registry,
        postgres=given.postgres,
        with_image=with_image,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
