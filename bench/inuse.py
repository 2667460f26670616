"""Grades the vulnerabilities of five single-purpose images by what their containers have in use.

Each image has one program of Debian and what it needs. Prints how many packages and vulnerabilities are loaded,
reachable and present, and compares with two independent lists: what lsof shows of the container's processes, and what
the dynamic linker would load for its program, each file's package by dpkg. Exits 1 where a package of these lists is
graded as present. Needs root, Docker, mmdebstrap, lsof, and a mirror of feeds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hardening import driver

from sealock.runtime.kernel.tree import ProcTree
from sealock.runtime.kernel.usedfiles import used_files
from sealock.scan.images import ImageOptions, read_inventories
from sealock.scan.inuse import package_uses
from sealock.scan.useevidence import UseEvidence
from sealock.vulnerabilities.database.sources import SourceFolder
from sealock.vulnerabilities.database.update import update
from sealock.vulnerabilities.feeds.catalog import FEEDS
from support.realengine import Engine, engine

SUITE = "bookworm"
GRADES = "loaded | reachable | present"
MIRROR = Path(__file__).parents[1].parent / "shared/feeds"


class SinglePurpose(NamedTuple):
    """An image: its packages, what its container runs, and the program whose libraries the linker lists."""

    packages: str
    command: tuple[str, ...]
    program: str


POSTGRES = (
    "mkdir -p /run/db && chown postgres /run/db && cd /run/db && exec su postgres -c "
    "'/usr/lib/postgresql/15/bin/initdb -D /run/db/data >/dev/null && exec /usr/lib/postgresql/15/bin/postgres "
    "-D /run/db/data -k /run/db'"
)
IMAGES = {
    "nginx": SinglePurpose("nginx-light", ("nginx", "-g", "daemon off;"), "/usr/sbin/nginx"),
    "Python": SinglePurpose("python3", ("python3", "-m", "http.server"), "/usr/bin/python3"),
    "Node": SinglePurpose("nodejs", ("node", "-e", "require('http').createServer().listen(8080)"), "/usr/bin/node"),
    "Ruby": SinglePurpose("ruby", ("ruby", "-ropenssl", "-rsocket", "-e", "TCPServer.new(80).accept"), "/usr/bin/ruby"),
    "PostgreSQL": SinglePurpose("postgresql-15", ("sh", "-c", POSTGRES), "/usr/lib/postgresql/15/bin/postgres"),
}  # fmt: skip


def main() -> int:
    """Make, start, grade, print, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", choices=[*IMAGES, []], help="default: all")
    parser.add_argument("--feeds", type=Path, default=MIRROR, help="a mirror of feeds (default: %(default)s)")
    parser.add_argument("--roots", type=Path, help="a directory that keeps the root file systems")
    arguments = parser.parse_args()
    if not arguments.feeds.is_dir():
        print(f"no mirror of feeds at {arguments.feeds}: nothing was measured", file=sys.stderr)
        return 0
    with tempfile.TemporaryDirectory(prefix="sealock-bench-") as directory, engine(driver=driver(directory)) as daemon:
        database = Path(directory, "database")
        database.mkdir()
        update(str(database), SourceFolder(str(arguments.feeds)), [FEEDS["osv/Debian"]])
        daemon.environment |= {"SEALOCK_DB_DIR": str(database), "SEALOCK_CACHE_DIR": str(database / "cache")}
        print(f"| image | packages | {GRADES} | vulnerabilities | {GRADES} | high or critical | loaded |")
        print(f"|{'---|' * 11}", flush=True)
        return max([measured(daemon, name, arguments.roots or Path(directory)) for name in arguments.images or IMAGES])


def measured(daemon: Engine, name: str, roots: Path) -> int:
    """Print the row of an image, and what is graded wrongly; 1 where anything is."""
    image = IMAGES[name]
    container = start(daemon, name, image, roots)
    pids = daemon.docker("top", container, "-eo", "pid").stdout.split()[1:]
    uses = grades(daemon, container, pids)
    packages = Counter(uses.values())
    report = checked(daemon, container)
    (target,) = report["targets"]
    for entry in (*target["errors"], *target["skipped"]):
        print(f"{name}: {entry.get('message') or entry.get('reason')}", file=sys.stderr)
    found = [finding for finding in target["findings"] if finding.get("package") and not finding["suppressed"]]
    flaws = Counter(finding["use"] for finding in found)
    severe = [finding for finding in found if finding["severity"] in {"high", "critical"}]
    loaded = sum(finding["use"] == "loaded" for finding in severe)
    row = [name, len(uses), *(packages[use] for use in ("loaded", "reachable", "present"))]
    row += [len(found), *(flaws[use] for use in ("loaded", "reachable", "present")), len(severe), loaded]
    print(f"| {' | '.join(map(str, row))} |", flush=True)
    shown = {*linked(daemon, container, image.program), *opened(pids)}
    wrong = sorted(package for package in owners(daemon, container, shown) if uses.get(package) == "present")
    if wrong:
        print(f"graded as present though in use: {', '.join(wrong)}", file=sys.stderr)
    daemon.docker("rm", "--force", container)
    return 1 if wrong or not shown else 0


def start(daemon: Engine, name: str, image: SinglePurpose, roots: Path) -> str:
    """Start the container of an image, and wait until its processes are there."""
    archive = roots / f"{name.lower()}.tar"
    if not archive.exists():
        part = archive.with_suffix(".part.tar")
        words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={image.packages}", SUITE, str(part)]
        subprocess.run(words, check=True, capture_output=True)
        part.rename(archive)
    tag = f"{name.lower()}:1"
    with archive.open("rb") as made:
        subprocess.run(
            ["docker", "import", "-", tag], stdin=made, env=daemon.environment, check=True, capture_output=True
        )
    done = daemon.docker("run", "--detach", "--network", "none", tag, *image.command)
    assert done.returncode == 0, done.stderr
    container = done.stdout.strip()
    program = Path(image.program).name
    for _ in range(600):
        if program in daemon.docker("top", container, "-eo", "pid,args").stdout and not starting(daemon, container):
            break
        time.sleep(0.1)
    else:
        raise AssertionError(daemon.docker("logs", container).stderr)
    return container


def starting(daemon: Engine, container: str) -> bool:
    """Whether the container still prepares what it serves."""
    return "initdb" in daemon.docker("top", container, "-eo", "pid,args").stdout.replace("sh -c", "").split("\n", 2)[-1]


def grades(daemon: Engine, container: str, pids: list[str]) -> dict[str, str]:
    """The grade of each of Debian's packages, from the same snapshot as lsof's."""
    (inventory,) = read_inventories(
        f"docker:{daemon.docker('inspect', '--format', '{{.Image}}', container).stdout.strip()}",
        ImageOptions(engine=daemon.environment["DOCKER_HOST"]),
    )
    used = used_files(ProcTree(), map(int, pids))
    assert used.unseen == ()
    uses = package_uses(inventory, UseEvidence(used.paths))
    return {name: use for (kind, name, _, _), use in uses.items() if kind == "deb"}


def checked(daemon: Engine, container: str) -> dict[str, Any]:
    """What `sealock check` reports."""
    words = [sys.executable, "-m", "sealock", "check", f"container:{container}", "--format", "json", "--no-policy"]
    done = subprocess.run(
        [*words, "--offline"], env={**os.environ, **daemon.environment}, capture_output=True, text=True, check=False
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def linked(daemon: Engine, container: str, program: str) -> Iterator[str]:
    """The files that the dynamic linker lists for a program, and the program."""
    yield daemon.docker("exec", container, "readlink", "-f", program).stdout.strip()
    listed = daemon.docker("exec", container, "/lib64/ld-linux-x86-64.so.2", "--list", program).stdout
    for line in listed.splitlines():
        path = line.partition("=>")[2].split(" (")[0].strip() or line.split(" (")[0].strip()
        if path.startswith("/"):
            yield daemon.docker("exec", container, "readlink", "-f", path).stdout.strip()


def opened(pids: list[str]) -> Iterator[str]:
    """The files that lsof shows."""
    words = ["lsof", "-w", "-n", "-P", "-F", "tn", "-p", ",".join(pids)]
    kind = ""
    for line in subprocess.run(words, capture_output=True, text=True, check=False).stdout.splitlines():
        if line.startswith("t"):
            kind = line[1:]
        elif line.startswith("n/") and kind == "REG":
            yield line[1:].split(" (")[0]


def owners(daemon: Engine, container: str, paths: set[str]) -> Iterator[str]:
    """The packages of files, as dpkg says; a file may be listed where /usr was not merged yet."""
    for path in sorted(paths):
        for spelling in (path, path.removeprefix("/usr")):
            answer = daemon.docker("exec", container, "dpkg-query", "--search", spelling)
            if answer.returncode == 0:
                yield from (package.partition(":")[0] for package in answer.stdout.partition(": ")[0].split(", "))
                break


if __name__ == "__main__":
    sys.exit(main())
