"""Counts the C libraries that sealock finds in programs that use them and never ask for their version.

The programs below call what a library is there for: decompress, parse, encrypt, store. Each is compiled against
Debian's -dev packages and linked with the static archives, once with -O2 and once with -flto and --gc-sections, both
without symbols. Fails when more than MISSES programs are missed in either way, or when one library has a version that
is not Debian's. It needs gcc, apt-get and dpkg-deb; nothing is installed, and no program is started.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, NamedTuple

from imagebuilder import run
from libraryprograms import PROGRAMS, LinkedProgram

from sealock.inventory.analyzer import AnalyzedFile
from sealock.inventory.staticlibs import StaticLibraries

MISSES: Final = 2
WAYS: Final = {"-O2": ("-O2",), "-flto --gc-sections": ("-O2", "-flto", "-Wl,--gc-sections")}
LIBRARY_OF: Final = {"libssl-dev": "openssl", "libgpg-error-dev": "libgpg-error"}
"""Packages of libraries that other libraries need."""


class LibraryResult(NamedTuple):
    """What sealock finds in one program: libraries and their versions; `expected` by Debian's packages."""

    program: LinkedProgram
    expected: dict[str, str]
    libraries: dict[str, set[str]]

    @property
    def is_found(self) -> bool:
        return self.program.library in self.libraries

    @property
    def is_dated(self) -> bool:
        """Whether the version is found too."""
        return self.expected[self.program.library] in self.libraries.get(self.program.library, ())

    @property
    def false(self) -> list[str]:
        """Versions that no linked library has."""
        return [
            f"{name} {version}"
            for name, versions in sorted(self.libraries.items())
            for version in sorted(versions)
            if version and name in self.expected and version != self.expected[name]
        ]


def main() -> int:
    """Fetch, compile, read, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="where packages and programs are kept (default: nowhere)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = options.work or Path(folder)
        versions = fetch(work)
        results = {name: [look(work, program, versions, flags) for program in PROGRAMS] for name, flags in WAYS.items()}
    met = [report(name, rows) for name, rows in results.items()]
    return 0 if all(met) else 1


def fetch(work: Path) -> dict[str, str]:
    """Unpack Debian's packages below `work`, and return upstream's version of each."""
    wanted = sorted({package for program in PROGRAMS for package in program.packages})
    folder = work / "packages"
    folder.mkdir(parents=True, exist_ok=True)
    if missing := [package for package in wanted if not list(folder.glob(f"{package}_*.deb"))]:
        run("apt-get", "download", "-q", *missing, folder=folder)
    versions: dict[str, str] = {}
    for package in wanted:
        file = next(folder.glob(f"{package}_*.deb"))
        run("dpkg-deb", "-x", file, work / "root")
        versions[package] = upstream(run("dpkg-deb", "-f", file, "Version").strip())
    return versions


def upstream(version: str) -> str:
    """Upstream's version in a Debian version: 1:1.3.dfsg+really1.3.1-1 is 1.3.1."""
    version = version.rpartition(":")[2].rpartition("-")[0]
    version = re.sub(r"^.*\+really", "", version)
    return re.sub(r"\+(?:dfsg|ds).*|~.*|-stable$", "", version).replace("+", ".")


def look(work: Path, program: LinkedProgram, versions: dict[str, str], flags: tuple[str, ...]) -> LibraryResult:
    """Compile a program, and read it as an image's file."""
    usr = work / "root" / "usr"
    source, made = work / "program.c", work / "program"
    source.write_text(program.source, encoding="utf-8")
    include = [f"-I{usr}/include/{part}" for part in ("", "x86_64-linux-gnu", *program.includes)]
    archives = [next(usr.rglob(archive)) for archive in program.archives]
    # The libraries that these need in their turn are of no interest: the program is never started.
    ignored = "-Wl,--unresolved-symbols=ignore-all"
    run("gcc", "-w", "-s", *flags, *include, "-o", made, source, *archives, ignored, "-lm")
    libraries: dict[str, set[str]] = {}
    for package in StaticLibraries().read(AnalyzedFile("usr/bin/program", made.read_bytes())):
        libraries.setdefault(package.name, set()).add(package.version)
    expected = {LIBRARY_OF.get(package, program.library): versions[package] for package in program.packages}
    return LibraryResult(program, expected, libraries)


def report(way: str, results: list[LibraryResult]) -> bool:
    """Print the counts and every exception; whether the bar is met."""
    located = [result for result in results if result.is_found]
    dated = sum(result.is_dated for result in results)
    false = [(result, text) for result in results for text in result.false]
    print(f"{way}: {len(located)} of {len(results)} found, {dated} with their version, {len(false)} false versions")
    for result in results:
        if not result.is_found:
            print(f"  missed: {result.program.library} ({result.program.does})")
        elif not result.is_dated:
            print(f"  without its version: {result.program.library} ({result.program.does})")
    for result, text in false:
        print(f"  false: {text} in the program with {result.program.library}")
    return len(results) - len(located) <= MISSES and not false


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
