"""Debian's own builds of servers and languages start in a root of exactly the files that the advice lists."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.model.advice import BaseAdvice, BaseFit
from sealock.reports.bases.files import render
from sealock.scan.baseimages import advised
from sealock.scan.images import ImageOptions
from support.documents import read
from support.waiting import PATIENCE

pytestmark = pytest.mark.live

PACKAGES = "postgresql,git,nginx,python3,nodejs,ruby"
POSTGRES = "/usr/lib/postgresql/15/bin/postgres"
NULL, ZERO, RANDOM = (1, 3), (1, 5), (1, 9)


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("debian")
    options = ("--variant=minbase", "--mode=root", "--dpkgopt=force-unsafe-io", f"--include={PACKAGES}")
    subprocess.run(["mmdebstrap", *options, "bookworm", str(root)], check=True, capture_output=True)
    initdb = [POSTGRES.replace("bin/postgres", "bin/initdb"), "-D", "/var/lib/postgresql/data"]
    run(root, *initdb, user=postgres(root))
    return root


def postgres(root: Path) -> str:
    line = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith("postgres:"))
    return ":".join(line.split(":")[2:4])


def run(root: Path, *words: str, user: str = "0:0", given: str = "", net: bool = False) -> str:
    """Run a program with this root, and return what it prints."""
    command = [*(("unshare", "--net") if net else ()), "chroot", f"--userspec={user}", str(root), *words]
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, check=False, timeout=PATIENCE, env=ENVIRONMENT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def advise(debian: Path, start: str) -> tuple[BaseAdvice, BaseFit]:
    advice = advised(str(debian), ImageOptions(verify=False), tuple(shlex.split(start))).advice
    return advice, next(fit for fit in advice.results if fit.base == "distroless")


@pytest.fixture
def new_root(debian: Path, tmp_path: Path) -> Iterator[Path]:
    """An empty root with the devices that every container has; `fill` puts the listed files there."""
    root = tmp_path / "root"
    (root / "dev").mkdir(parents=True)
    for name, device in {"null": NULL, "zero": ZERO, "urandom": RANDOM}.items():
        os.mknod(root / "dev" / name, 0o20666, os.makedev(*device))
        (root / "dev" / name).chmod(0o666)
    yield root
    (debian / "files.txt").unlink(missing_ok=True)


def fill(debian: Path, root: Path, advice: BaseAdvice, extra: str = "") -> None:
    """Copy exactly the listed files, with the options of tar that the Dockerfile has."""
    (debian / "files.txt").write_text(render(advice) + extra, encoding="utf-8")
    read_list = [
        "tar",
        "-C",
        str(debian),
        "--no-recursion",
        "--verbatim-files-from",
        "-T",
        str(debian / "files.txt"),
        "-c",
    ]
    packed = subprocess.run(read_list, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-C", str(root), "-xp"], input=packed, check=True)


@pytest.mark.parametrize(
    ("start", "words", "prints"),
    [
        ("python3 -m http.server", ("python3", "-c", "import ctypes, http.server, json, sqlite3, ssl; print('well')"), "well\n"),
        ("node app.js", ("node", "-e", "console.log(require('crypto').randomBytes(2).length, require('zlib').constants.Z_OK)"), "2 0\n"),
        ("ruby app.rb", ("ruby", "-rjson", "-ropenssl", "-e", "puts JSON.generate([OpenSSL::Digest::SHA256.hexdigest('').size])"), "[64]\n"),
        ("git daemon", ("git", "daemon", "--help"), None),
        ("git daemon", ("git", "-c", "init.defaultBranch=m", "init", "/tmp/a"), "Initialized empty Git repository in /tmp/a/.git/\n"),
    ],
    ids=["Python with its library", "Node.js with its library", "Ruby with its library", "git's daemon", "git with its templates"],
)  # fmt: skip
def test_a_program_starts_in_the_root_that_is_listed(
    start: str, words: tuple[str, ...], prints: str | None, debian: Path, new_root: Path
) -> None:
    advice, fit = advise(debian, start)
    assert (fit.answer, fit.sure) == ("yes", "likely")
    fill(debian, new_root, advice)
    if prints is None:
        # It would serve for ever; without its own program it says that daemon is no git command.
        serving = [
            "timeout",
            "5",
            "unshare",
            "--net",
            "chroot",
            str(new_root),
            "git",
            "daemon",
            "--verbose",
            "--listen=127.0.0.1",
        ]
        done = subprocess.run(serving, capture_output=True, text=True, check=False, env=ENVIRONMENT)
        assert "not a git command" not in done.stderr
        assert "Ready to rumble" in done.stderr or "listening socket" in done.stderr
    else:
        assert run(new_root, *words) == prints


def test_postgresql_answers_a_query_in_the_root_that_is_listed(debian: Path, new_root: Path) -> None:
    advice, fit = advise(debian, f"{POSTGRES} -D /var/lib/postgresql/data")
    assert fit.answer == "yes"
    assert fit.image == "scratch"
    fill(debian, new_root, advice)
    data = "var/lib/postgresql/data"
    subprocess.run(["cp", "-a", debian / data, new_root / "var/lib/postgresql/"], check=True)
    words = (POSTGRES, "--single", "-D", f"/{data}", "postgres")
    assert '= "42"' in run(new_root, *words, user=postgres(debian), given="select 6 * 7 as answer\n")


def test_nginx_serves_its_page_in_the_root_that_is_listed(debian: Path, new_root: Path) -> None:
    advice, fit = advise(debian, "nginx -g 'daemon off;'")
    assert fit.answer == "yes"
    # The page is data, which no list can know.
    fill(debian, new_root, advice, "var/www/html/index.nginx-debian.html\n")
    script = (
        f"ip link set lo up && chroot {new_root} nginx && busybox wget -qO- http://127.0.0.1/ ; "
        f"chroot {new_root} nginx -s quit"
    )
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert "Welcome to nginx" in done.stdout, done.stderr


def test_a_root_that_lacks_a_package_does_not_start(debian: Path, new_root: Path) -> None:
    """The list is not larger than need be: without the package's own files, PostgreSQL does not start."""
    advice, _ = advise(debian, f"{POSTGRES} -D /var/lib/postgresql/data")
    fill(debian, new_root, advice)
    data = "var/lib/postgresql/data"
    subprocess.run(["cp", "-a", debian / data, new_root / "var/lib/postgresql/"], check=True)
    subprocess.run(["rm", "-r", new_root / "usr/share/postgresql"], check=True)
    with pytest.raises(AssertionError, match="/usr/share/postgresql"):
        run(new_root, POSTGRES, "--single", "-D", f"/{data}", "postgres", user=postgres(debian))


@pytest.mark.parametrize(
    ("start", "image", "line"),
    [
        ("python3 app.py", "gcr.io/distroless/python3-debian12:nonroot", 'ENTRYPOINT ["/usr/bin/python3", "app.py"]'),
        ("ruby app.rb", "scratch", "COPY --from=app /new-root /"),
        ("node app.js", "scratch", 'ENTRYPOINT ["node", "app.js"]'),
    ],
    ids=["Python 3.11 has a distroless image", "Ruby has none", "Node.js 18 has none any more"],
)
def test_the_dockerfile_is_one_and_names_an_image(start: str, image: str, line: str, debian: Path) -> None:
    _, fit = advise(debian, start)
    assert fit.image == image
    assert f"FROM {image}" in fit.dockerfile
    assert line in fit.dockerfile
    document = read("\n".join(fit.dockerfile) + "\n")
    assert document.errors == ()
