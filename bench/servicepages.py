"""Pages of the service with 10,000 images: the 99th percentile at 50 requests a second, and the CPU time of each page.

    python bench/servicepages.py [--images 10000] [--seconds 30] [--rate 50]

The state is that of bench/service.py after 1,000 advisories came. Half of the requests are for pages that people look
at again and again; the others each for another image, repository or advisory, so that keeping answers is no answer.
Requests come at their times whether or not earlier ones were answered, from threads that share the cores with the
service.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
from msgspec import Struct
from servicestate import MadeAdvisories, fill, name_of
from sqlalchemy import select

from sealock.service.access.people import accept, invite
from sealock.service.state.database import Database
from sealock.service.state.matchagain import match_again
from sealock.service.state.tables import finding, image, repository

BAR_SECONDS = 0.1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rate", type=float, default=50)
    given = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="pages"))
    try:
        pages, session = make(directory, given.images)
        with served(directory) as (url, web):
            print(f"idle: {memory(web.pid)} MB in all of its processes, shared ones once")
            measure((url, web.pid), session, pages, given.seconds, given.rate)
    finally:
        shutil.rmtree(directory)


class AskedPages(Struct, frozen=True):
    """The pages that are asked again and again, and those of which each is asked once in a long time."""

    usual: list[str]
    images: list[str]
    repositories: list[str]
    advisories: list[str]

    def of(self, number: int) -> str:
        """The page of a request: every second one is another, six images to each repository and advisory."""
        turn, is_other = divmod(number, 2)
        if not is_other:
            return self.usual[turn % len(self.usual)]
        kinds = (self.repositories, self.advisories, *[self.images] * 6)
        pages = kinds[turn % len(kinds)]
        # A step that has no factor in common with their number leads to each of them before any comes again.
        return pages[turn * 7919 % len(pages)]


def make(directory: Path, images: int) -> tuple[AskedPages, str]:
    database = Database(str(directory / "state.db"))
    fill(database, images=images, layers=300, packages=60, names=2000)
    match_again(database, MadeAdvisories(name_of(number * 2) for number in range(1000)), "new", time.time())
    with database.write() as connection:
        secret = invite(connection, "admin", "", time.time())
        names = connection.execute(select(repository.c.name)).scalars().all()
        digests = connection.execute(select(image.c.digest)).scalars().all()
        rules = connection.execute(select(finding.c.rule).distinct()).scalars().all()
    session = accept(database, secret, "bench", "correct horse battery", now=time.time())
    database.close()
    repositories = [f"/repository?name={name}" for name in names]
    usual = ["/", "/images", "/events", "/silence", "/search?words=CVE", *repositories[:5]]
    usual += [f"/image/{digest}" for digest in digests[:10]]
    others = [f"/image/{digest}" for digest in digests], repositories, [f"/advisory/{rule}" for rule in rules]
    return AskedPages(usual, *others), session


@contextmanager
def served(directory: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    mirror = directory / "mirror"
    mirror.mkdir()
    words = [sys.executable, "-m", "sealock", "serve", "--state", str(directory), "--listen", "0", "--update", "0"]
    with subprocess.Popen([*words, "--advisories", str(mirror)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        while True:
            try:
                if httpx.get(f"{found[0]}/readyz", timeout=60).status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        time.sleep(2)
        try:
            yield found[0], process
        finally:
            process.terminate()


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *map(int, children)]


def memory(pid: int) -> int:
    total = 0
    for number in family(pid):
        text = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]  # it is always there
    return total // 1024


def cpu(pid: int) -> float:
    total = 0.0
    for number in family(pid):
        fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(web: tuple[str, int], session: str, pages: AskedPages, seconds: float, rate: float) -> None:
    url, pid = web
    with httpx.Client(base_url=url, cookies={"sealock_session": session}, timeout=60) as client:
        for page in (*pages.usual[:6], pages.images[-1], pages.advisories[-1]):
            client.get(page)
            started = time.perf_counter()
            for _ in range(5):
                answer = client.get(page)
                assert answer.status_code == 200, (page, answer.status_code)
            took, size = (time.perf_counter() - started) * 200, len(answer.content) / 1024
            print(f"  {page[:40]:40} {took:6.0f} ms, {size:.0f} KiB")
        start, used = time.perf_counter() + 0.2, cpu(pid)

        def ask(number: int) -> float:
            at = start + number / rate
            time.sleep(max(0.0, at - time.perf_counter()))
            assert client.get(pages.of(number)).status_code == 200
            return time.perf_counter() - at

        with ThreadPoolExecutor(64) as pool:
            times = sorted(pool.map(ask, range(int(seconds * rate))))
    used = (cpu(pid) - used) / len(times)
    middle, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"{len(times)} requests, {rate:g} a second: {middle * 1000:.0f} ms in the middle,")
    print(f"  {late * 1000:.0f} ms at the 99th percentile, {used * 1000:.1f} ms of CPU for each")
    print(f"  the bar is {BAR_SECONDS * 1000:.0f} ms: {'held' if late <= BAR_SECONDS else 'not held'}")


if __name__ == "__main__":
    main()
