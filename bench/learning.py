"""Measures what watching costs: nginx under a bounded client, a C file compiled, a loop of one cheap system call.

Each runs in a container of an engine of the bench's own, with and without `sealock learn` in turn, and counts the CPU
time that its processes spent, which other work on the machine disturbs least. What is not installed is skipped. Exits 1
when a figure is missed. Needs root, gcc, and nginx.
"""

from __future__ import annotations

import argparse
import io
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from support.realengine import Engine, engine

LIMITS = {"nginx": 1.1, "compile": 1.1, "loop": 2.0}
"""How many times the CPU time may be with watching, by the default mechanism."""
LOOP = """\
#include <sys/syscall.h>
#include <unistd.h>
int main(void) { for (int i = 0; i < 4000000; i++) syscall(SYS_getppid); }
"""
CLIENT = """\
import socket, time
for _ in range(200):
    try:
        connection = socket.create_connection(("127.0.0.1", 8080))
        break
    except OSError:
        time.sleep(0.05)
for number in range(20000):
    if number % 100 == 0:
        connection = socket.create_connection(("127.0.0.1", 8080))
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    assert connection.recv(65536).startswith(b"HTTP/1.1 200")
"""
TEMPORARY = "/tmp"  # noqa: S108  in the container
NGINX = """\
daemon off; worker_processes 1; pid /tmp/pid; error_log stderr;
events {} http { access_log off; keepalive_requests 100000; server { listen 8080; root /bench; } }
"""
SERVE = (
    "nginx -c /bench/nginx.conf -e stderr & /usr/bin/python3 /bench/client.py || { kill $!; exit 1; }; "
    "kill $(cat /tmp/pid); wait"
)
COMMANDS = {
    "nginx": SERVE,
    "compile": "for i in 1 2 3 4 5; do gcc -O2 -o /tmp/out /bench/large.c || exit 1; done",
    "loop": "/bench/loop",
}
NEEDS = {"nginx": "nginx", "compile": "gcc", "loop": "gcc"}
_SPENT = re.compile(r"^(?:user|sys)\s+(\d+\.\d+)$", re.MULTILINE)


class Figures(NamedTuple):
    """The CPU seconds without and with watching, in pairs."""

    plain: list[float]
    watched: list[float]

    @property
    def ratio(self) -> float:
        """The median of the ratios of the pairs."""
        return statistics.median(
            watched / plain for plain, watched in zip(self.plain, self.watched, strict=True) if plain
        )


def main() -> int:
    """Measure, print, and compare with the limits."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(LIMITS), help=f"default: {' '.join(LIMITS)}")
    parser.add_argument("--times", type=int, default=5, metavar="N", help="pairs (default: %(default)s)")
    parser.add_argument("--using", default="", metavar="MECHANISM", help="default: the best that works here")
    arguments = parser.parse_args()
    met = True
    with engine() as daemon:
        prepare(daemon)
        print(f"{'CPU time':10}{'plain':>10}{'watched':>10}{'ratio':>8}{'limit':>8}")
        for name in arguments.names:
            if shutil.which(NEEDS[name]) is None:
                print(f"{name:10} skipped: {NEEDS[name]} is not installed")
                continue
            figures = measured(daemon, name, arguments.times, arguments.using)
            ratio, limit = figures.ratio, LIMITS[name]
            plain, watched = (statistics.median(times) for times in figures)
            word = "" if ratio <= limit else "  MISSED"
            print(f"{name:10}{plain:8.2f} s{watched:8.2f} s{ratio:7.2f}x{limit:7.1f}x{word}", flush=True)
            met = met and ratio <= limit
    return 0 if met else 1


def prepare(daemon: Engine) -> None:
    """Make an image of this machine's programs, and the files that they work on."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name in ("bin", "sbin", "lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(link)
        for text, name in (
            (b"root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n", "passwd"),
            (b"www-data:x:33:\nnogroup:x:65534:\n", "group"),
        ):
            file = tarfile.TarInfo(f"etc/{name}")
            file.size = len(text)
            archive.addfile(file, io.BytesIO(text))
    assert daemon.docker("import", "-", "base", data=made.getvalue()).returncode == 0
    bench = daemon.folder / "bench"
    bench.mkdir()
    (bench / "loop.c").write_text(LOOP)
    (bench / "client.py").write_text(CLIENT)
    (bench / "nginx.conf").write_text(NGINX)
    (bench / "index.html").write_text("x" * 4096)
    (bench / "large.c").write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        + "".join(
            f"int f{i}(int x) {{ for (int j = 0; j < x; j++) x ^= x << {i % 7}; return x; }}\n" for i in range(500)
        )
        + "int main(void) { return f0(1); }\n"
    )
    if shutil.which("gcc"):
        subprocess.run(["gcc", "-O2", "-o", bench / "loop", bench / "loop.c"], check=True)


def measured(daemon: Engine, name: str, times: int, using: str) -> Figures:
    """Run a program without and with watching, in turn."""
    words = (
        "docker", "run", "--network", "none", "--volume", "/usr:/usr:ro",
        "--volume", f"{daemon.folder}/bench:/bench:ro",
        "--tmpfs", f"{TEMPORARY}:exec", "--tmpfs", "/var/lib/nginx", "--tmpfs", "/var/log/nginx", "base",
        "/usr/bin/busybox", "time", "-p", "/bin/sh", "-c", COMMANDS[name],
    )  # fmt: skip
    profile = daemon.folder / f"{name}.json"
    learn = (
        sys.executable,
        "-m",
        "sealock",
        "learn",
        *(("--using", using) if using else ()),
        str(profile),
        "--",
        *words,
    )
    figures = Figures([], [])
    for _ in range(times):
        figures.plain.append(spent(daemon, words))
        figures.watched.append(spent(daemon, learn))
    return figures


def spent(daemon: Engine, words: tuple[str, ...]) -> float:
    """The CPU seconds that the processes of a container spent, as time(1) counts them there."""
    environment = {**os.environ, **daemon.environment, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, cwd=daemon.folder)
    times = _SPENT.findall(done.stderr)
    if done.returncode != 0 or len(times) != 2:
        message = f"{' '.join(words)[:200]}: {done.returncode}: {done.stderr[-1000:]}"
        raise SystemExit(message)
    daemon.docker("container", "prune", "--force")
    return sum(map(float, times))


if __name__ == "__main__":
    assert Path("/usr").is_dir()
    sys.exit(main())
