"""Builds sealock.pyz: sealock and all that it needs in one file, which any Python of the right version starts.

It holds the sources of this checkout and the packages that are installed beside it, as requirements.lock names them;
`--also 3.12` adds the extension modules for another version of Python, which pip fetches by the same hashes. The same
input makes the same bytes.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, distribution
from importlib.metadata import requires as needs
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

HERE = Path(__file__).parent
ROOT = HERE.parent
LOCK = ROOT / "requirements.lock"
FIRST_LINE = b"#!/usr/bin/env python3\n"
TAGS = "sealock.pyz.txt"
"""In the archive: the Pythons that it is for, as the names of their extension modules have them."""
_SKIPPED = re.compile(
    r"(^|/)(__pycache__|tests?)/|\.(pyc|pyi|pxd|pyx|c|h)$|\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url)"
)
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def packages(*extras: str) -> list[str]:
    """What sealock needs to run, with these of its extras, and what that needs in turn, by name."""
    from packaging.requirements import Requirement  # noqa: PLC0415  of the development tools

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    waiting = [(text, "") for text in own]
    seen: set[tuple[str, str]] = set()
    while waiting:
        text, extra = waiting.pop()
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate({"extra": extra}):
            continue
        name = re.sub(r"[-_.]+", "-", one.name).lower()  # as the lock spells it
        for wanted in {"", *one.extras} - {extra for known, extra in seen if known == name}:
            seen.add((name, wanted))
            waiting += [(below, wanted) for below in needs(name) or ()]
    return sorted({name for name, _ in seen})


def sources() -> Iterator[tuple[str, bytes]]:
    """This checkout's own modules."""
    package = ROOT / "src"
    for path in sorted((package / "sealock").rglob("*")):
        name = path.relative_to(package).as_posix()
        if path.is_file() and not _SKIPPED.search(name):
            yield name, path.read_bytes()


def installed(one: Distribution) -> Iterator[tuple[str, bytes]]:
    """The files of a package, with its licences."""
    for file in one.files or ():
        name = file.as_posix()
        if ".libs/" in name:
            sys.exit(
                f"onefile: {one.name} brings libraries of its own ({name}), which cannot be loaded out of one file"
            )
        if not name.startswith(("..", "/")) and not _SKIPPED.search(name):
            yield name, Path(str(one.locate_file(file))).read_bytes()


def fetched(version: str, names: list[str]) -> Iterator[tuple[str, bytes]]:
    """The same packages for another version of Python: what pip finds by the hashes of the lock."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "lock")
        wanted.write_text(locked(names), encoding="utf-8")
        words = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        words += ["--require-hashes", "--only-binary=:all:", "--no-compile", "--python-version", version]
        done = subprocess.run([*words, "--target", f"{folder}/here", "-r", str(wanted)], check=False)
        if done.returncode:
            sys.exit(f"onefile: pip could not fetch the packages for Python {version}")
        for path in sorted(Path(folder, "here").rglob("*")):
            name = path.relative_to(f"{folder}/here").as_posix()
            if path.is_file() and not _SKIPPED.search(name) and not name.startswith("bin/"):
                yield name, path.read_bytes()


def locked(names: list[str]) -> str:
    """The lines of the lock on these packages: a name and its hashes below it."""
    text = LOCK.read_text(encoding="utf-8").replace("\\\n", "\\\0").split("\n")
    rows = [row.replace("\\\0", "\\\n") for row in text]
    return "\n".join(row for row in rows if (match := _NAME.match(row)) and match[0] in names) + "\n"


def build(output: Path, also: list[str]) -> int:
    """Write the archive, and give the number of its files."""
    names = packages()
    held: dict[str, bytes] = {"__main__.py": (HERE / "onefile_start.py").read_bytes()}
    held["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    held |= dict(sources())
    # So that an SBOM of the file names sealock too.
    version = re.findall(r'__version__ = "(.+)"', held["sealock/__init__.py"].decode())[0]
    about = f"Metadata-Version: 2.4\nName: sealock\nVersion: {version}\nLicense-Expression: Apache-2.0\n"
    held[f"sealock-{version}.dist-info/METADATA"] = about.encode()
    for name in names:
        held |= dict(installed(distribution(name)))
    tags = [EXTENSION_SUFFIXES[0].split(".")[1]]
    for version in also:
        more = dict(fetched(version, names))
        tags.append(tags[0].replace(tags[0].split("-")[1], version.replace(".", "")))
        held = more | held
    held[TAGS] = "\n".join(tags).encode()
    folders = {f"{folder.as_posix()}/" for name in held for folder in Path(name).parents if folder.name}
    output.parent.mkdir(parents=True, exist_ok=True)
    with output.open("wb") as file:
        file.write(FIRST_LINE)
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            # Packages without an __init__.py are found by the entries of their folders.
            for name in sorted({*folders, *held}):
                entry = ZipInfo(name)
                entry.compress_type = ZIP_DEFLATED
                entry.external_attr = (0o40755 if name.endswith("/") else 0o100644) << 16
                archive.writestr(entry, held.get(name, b""))
    output.chmod(0o755)
    return len(held)


def main() -> int:
    """Build it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "sealock.pyz")
    parser.add_argument("--also", action="append", default=[], metavar="3.N", help="another version of Python")
    given = parser.parse_args()
    for version in given.also:
        if not re.fullmatch(r"3\.\d{1,2}", version):
            parser.error(f"--also {version}: it should be a version of Python such as 3.12")
    files = build(given.output, given.also)
    print(f"{given.output}: {files} files, {given.output.stat().st_size / (1 << 20):.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
