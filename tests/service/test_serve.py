"""`sealock serve` as a process: the link for the first administrator, what it takes in, and how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from sealock.errors import UsageError
from sealock.service.access.audit import list_audit
from sealock.service.access.people import is_invitation
from sealock.service.listening import Listener, parse_listener
from sealock.service.state.database import Database, migrate
from sealock.service.state.rows import put
from sealock.service.state.tables import repository, setting
from sealock.service.state.tags import repository_number
from support.commandline import sealock
from support.postgresql import BOTH
from support.waiting import PATIENCE, wait_until

PASSWORD = "correct horse battery"


class Served:
    """A service that runs."""

    def __init__(self, process: subprocess.Popen[str], url: str, link: str, log: Path) -> None:
        self.process, self.url, self.link, self.log = process, url, link, log

    def children(self) -> list[int]:
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(word) for word in text.split()]

    def account(self) -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=PATIENCE)
        form = {"name": "ada", "password": PASSWORD, "again": PASSWORD, "csrf": ""}
        assert client.post(self.link, data=form).status_code == 303
        return client

    def token(self, client: httpx.Client, role: str) -> str:
        page = client.get("/administration").text
        csrf = re.search(r'name="csrf" value="(\w+)"', page)
        assert csrf is not None
        text = client.post("/administration", data={"csrf": csrf[1], "name": role, "role": role}).text
        secret = re.search(r"slk_[\w-]{40,}", text)
        assert secret is not None
        return secret[0]


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def serve(directory: Path, *words: str, first: bool = True) -> Iterator[Served]:
    """Start a service; the `first` time it prints a link too."""
    mirror = directory / "mirror"
    mirror.mkdir(exist_ok=True)
    log = directory / "log"
    command = [sys.executable, "-m", "sealock", "serve", "--state", str(directory / "state"), "--listen", "0"]
    environment = os.environ | {"HOME": str(directory)}
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [*command, "--advisories", str(mirror), *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    try:
        assert process.stdout is not None
        start = process.stdout.readline()
        url = re.search(r"http://\S+", start)
        assert url is not None, log.read_text(encoding="utf-8")
        link = re.search(r"http://\S+", process.stdout.readline() if first else "")
        yield Served(process, url[0], link[0] if link else "", log)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _share_rates(served: Served, directory: Path, words: Sequence[str]) -> None:
    """Two web processes on one database: together they let in as many as one, ten and then one in ten seconds."""
    directory.mkdir()
    with serve(directory, *words, "--workers", "0", first=False) as second:
        began = time.monotonic()
        form = {"name": "nobody", "password": PASSWORD, "csrf": ""}
        tried = [
            httpx.post(f"{url}/login", data=form, timeout=PATIENCE).status_code
            for _ in range(9)
            for url in (served.url, second.url)
        ]
        most = 10 + (time.monotonic() - began + 2) / 10
    assert 0 < tried.count(401) <= most
    assert set(tried) == {401, 429}


@pytest.mark.parametrize("database", BOTH)
def test_a_service_starts_takes_in_survives_its_parts_and_stops(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    words: tuple[str, ...] = ()
    if database == "postgresql":
        words = ("--database", request.getfixturevalue("postgresql").database())
    with serve(tmp_path, *words) as served:
        wait_until(lambda: answers(f"{served.url}/readyz"))
        with closing(served.account()) as ada:
            assert "No images yet" in ada.get("/").text
            assert httpx.get(served.link).status_code == 404  # it works once
            token, reading = served.token(ada, "submit"), served.token(ada, "read")
            environment = {"SEALOCK_TOKEN": token, "SEALOCK_SERVE_URL": served.url}
            # The registry is this machine's, where nothing listens; and it is not allowed either.
            done = sealock("serve", "submit", "127.0.0.1:1/team/app:1", cwd=tmp_path, environment=environment)
            assert (done.returncode, done.stderr) == (0, "")
            assert done.stdout == f"127.0.0.1:1/team/app:1 waits for its scan at {served.url}\n"
            wait_until(lambda: any("internal address" in row["reason"] for row in _scans(served, reading)))
            headers = {"authorization": f"Bearer {token}"}
            event = {"action": "push", "target": {"repository": "team/other", "tag": "2", "mediaType": "application/vnd.oci.image.manifest.v1+json"}}  # fmt: skip
            for body, kind in (
                ({"events": [event]}, "application/vnd.docker.distribution.events.v2+json"),
                ({"images": ["registry.invalid/team/third:1"]}, "application/json"),
            ):
                answer = httpx.post(f"{served.url}/api/v1/notifications?host=registry.invalid", json=body, headers=headers | {"content-type": kind})  # fmt: skip
                assert answer.status_code == 202
                assert len(answer.json()["scans"]) == 1
            if words:
                _share_rates(served, tmp_path / "two", words)
            before = served.children()
            assert len(before) == 2
            for number in before:
                os.kill(number, signal.SIGKILL)
            wait_until(lambda: len(served.children()) == 2 and not set(served.children()) & set(before))
            wait_until(lambda: answers(f"{served.url}/readyz"))
            names = {row["repository"] for row in _scans(served, reading)}
            assert {"127.0.0.1:1/team/app", "registry.invalid/team/other", "registry.invalid/team/third"} <= names
        children = served.children()
        served.process.terminate()
        assert served.process.wait(PATIENCE) == 0
        assert not [number for number in children if Path(f"/proc/{number}").exists()]
        log = served.log.read_text(encoding="utf-8")
        assert "web ended by itself (signal SIGKILL) and starts again" in log
        assert "Traceback" not in log
    assert (tmp_path / "state/key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
    with serve(tmp_path, *words, first=False) as served:
        wait_until(lambda: answers(f"{served.url}/readyz"))
        served.process.terminate()
        assert served.process.stdout is not None
        assert served.process.stdout.read() == ""  # there is an administrator


def _scans(served: Served, token: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = httpx.get(
        f"{served.url}/api/v1/silence", headers={"authorization": f"Bearer {token}"}, timeout=PATIENCE
    ).json()["scans"]
    return rows


def test_the_parts_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with serve(tmp_path, "--workers", "2") as served:
        wait_until(lambda: len(served.children()) == 3)
        wait_until(lambda: answers(f"{served.url}/healthz"))
        children = served.children()
        served.process.kill()
        served.process.wait()
        wait_until(lambda: not [number for number in children if _runs(number)])


def _runs(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8470", Listener("127.0.0.1", 8470)),
        ("0.0.0.0:80", Listener("0.0.0.0", 80)),
        ("[::1]:80", Listener("::1", 80)),
        (":80", Listener("127.0.0.1", 80)),
        ("localhost:0", Listener("localhost", 0)),
    ],
)
def test_where_to_listen(text: str, wanted: Listener) -> None:
    assert parse_listener(text) == wanted
    assert wanted.is_loopback is (wanted.host != "0.0.0.0")


@pytest.mark.parametrize("text", ["", "x", "host:", "host:x", "::1:80", "host:99999", "host:-1", "host:٣"])
def test_what_is_no_place_to_listen(text: str) -> None:
    with pytest.raises(UsageError, match="is no place to listen at"):
        parse_listener(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--listen", "nowhere"), "is no place to listen at"),
        (("--workers", "1000"), "--workers is a number from 0 to 64"),
        (("--behind", "-1"), "--behind and --update are numbers from 0"),
        (("--address", "service.example"), "is no URL"),
        (("--listen", "0", "--database", "mysql://x"), "the database is not one that sealock knows"),
        (("worker",), "there is no state at"),
        (("worker", "--password-file", "no"), "a password is for PostgreSQL only"),
        (
            ("worker", "--database", "postgresql://a@127.0.0.1:1/b", "--password-file", "no"),
            "no cannot be read: No such file",
        ),
        (("submit",), "serve submit needs an image"),
        (("rename", "registry.example/a"), "serve rename needs two names"),
        (("rename", "registry.example/a", "registry.example/b"), "there is no repository registry.example/a"),
        (("forget",), "serve forget needs a repository"),
        (("forget", "Not/A/Name"), "Not/A/Name"),
        (("invite", "a", "b"), "serve invite takes no name: what is 'a'?"),
        (("key", "a"), "serve key takes no name: what is 'a'?"),
        (("backup", "a", "b"), "serve backup takes one name: what is 'b'?"),
        (("--update", "nan"), "--behind and --update are numbers from 0"),
        (("--platform", "arm64"), "--platform arm64 is no platform: write OS/ARCH"),
        (("--allow", "300.1.1.1/8"), "--allow 300.1.1.1/8 is no place: write a host"),
        (("--advisories", "oci:Not/A/Name"), "Not/A/Name"),
        (("submit", "app:1"), "the service is not named"),
        (("submit", "app:1", "--to", "http://127.0.0.1:1"), "needs a token with the role submit"),
        (("submit", "Not/A/Name", "--to", "http://127.0.0.1:1"), "Not/A/Name"),
    ],
)
def test_what_cannot_be_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    environment = {"HOME": str(tmp_path), "SEALOCK_TOKEN": "slk_x" if "Not/A/Name" in words else ""}
    done = sealock("serve", *words, cwd=tmp_path, environment=environment)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_service_that_does_not_answer_or_refuses_is_said(tmp_path: Path) -> None:
    environment = {"SEALOCK_TOKEN": "slk_wrong", "HOME": str(tmp_path)}
    done = sealock("serve", "submit", "app:1", "--to", "http://127.0.0.1:1", cwd=tmp_path, environment=environment)
    assert done.returncode == 2
    assert "nothing listens on port 1" in done.stderr


def test_a_key_is_one_that_encrypts(tmp_path: Path) -> None:
    done = sealock("serve", "key", cwd=tmp_path, environment={"HOME": str(tmp_path)})
    assert done.returncode == 0
    assert re.fullmatch(r"[\w-]{43}=\n", done.stdout)


def test_an_invitation_is_printed_as_a_link(tmp_path: Path) -> None:
    done = sealock(
        "serve", "invite", "--address", "https://s.example", cwd=tmp_path, environment={"HOME": str(tmp_path)}
    )
    assert done.returncode == 0
    assert re.fullmatch(r"https://s\.example/invitation/[\w-]{43}\n", done.stdout)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ((), "http://127.0.0.1:18471"),
        (("--listen", "9000"), "http://127.0.0.1:9000"),
        (("--address", "https://s.example"), "https://s.example"),
    ],
)
def test_an_invitation_leads_to_where_the_service_was_started_last(
    words: tuple[str, ...], where: str, tmp_path: Path
) -> None:
    database = Database(str(tmp_path / "state.db"))
    migrate(database)
    with database.write() as connection:
        put(connection, setting, [{"name": "address", "value": "http://127.0.0.1:18471"}])
    database.close()
    done = sealock("serve", "invite", "--state", ".", *words, cwd=tmp_path, environment={"HOME": str(tmp_path)})
    assert done.stdout.startswith(f"{where}/invitation/")


def test_without_the_extra_the_error_names_it(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in {'starlette', 'sqlalchemy', 'uvicorn', 'argon2', 'jinja2', 'alembic'}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from sealock.cli.main import main\n"
        "status = main(['serve', '--state', sys.argv[1]])\n"
        "assert status == 2\n"
        "status = main(['check', sys.argv[1]])\n"
    )
    (tmp_path / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)
    assert "pip install 'sealock[serve]'" in done.stderr


def test_the_command_renames_and_forgets_repositories(tmp_path: Path) -> None:
    old, new = "registry.example/team/old", "registry.example/team/new"
    state = tmp_path / "state"
    state.mkdir()
    database = Database(str(state / "state.db"))
    migrate(database)
    with database.write() as connection:
        repository_number(connection, old, 1.0)
    for words, said in (
        (("rename", old, new), f"{old} is {new} now, with its history\n"),
        (("forget", old), f"{old} counts as deleted; its history stays\n"),
    ):
        done = sealock("serve", *words, "--state", "state", cwd=tmp_path, environment={"HOME": str(tmp_path)})
        assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    with database.read() as connection:
        query = select(repository.c.name, repository.c.successor, repository.c.gone > 0).order_by(repository.c.name)
        assert connection.execute(query).all() == [(new, "", True), (old, new, False)]
        log = [(row.who, row.action) for row in list_audit(connection)]
    assert log == [("command line", "repository deleted"), ("command line", "repository renamed")]
    database.close()


def test_a_backup_is_restored_elsewhere(tmp_path: Path) -> None:
    environment = {"HOME": str(tmp_path)}
    link = sealock("serve", "invite", "--state", "one", cwd=tmp_path, environment=environment).stdout
    done = sealock("serve", "backup", "copy", "--state", "one", cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"wrote \d+ rows? of \d+ tables to copy; back up the key .*\n", done.stdout)
    done = sealock("serve", "restore", "copy", "--state", "two", cwd=tmp_path, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"restored \d+ rows? of \d+ tables from copy; start the service with the key .*\n", done.stdout)
    database = Database(str(tmp_path / "two/state.db"))
    with database.read() as connection:
        assert is_invitation(connection, link.strip().rpartition("/")[2], time.time())
    database.close()
    for words in (("backup",), ("restore", "gone", "--state", "three")):
        assert sealock("serve", *words, cwd=tmp_path, environment=environment).returncode == 2
