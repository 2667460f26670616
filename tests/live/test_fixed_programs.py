"""Programs of Debian start, serve and end with exactly the settings that the fixes write for their image."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from sealock.formats.compose import read
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.scan.fix import fix
from sealock.scan.settings import Settings
from support.containedroot import contained
from support.hardenedprograms import PROGRAMS
from support.programproof import ProgramProof, import_root
from support.realengine import Engine
from support.realengine import engine as started

pytestmark = pytest.mark.live

PACKAGES = (
    "nginx-light", "apache2", "libapache2-mod-php", "php-fpm", "redis-server", "postgresql", "mariadb-server", "memcached",
)  # fmt: skip
GET = "GET / HTTP/1.0\r\n\r\n"
BECOME = "exec setpriv --reuid={0} --regid={0} --init-groups"
APACHE = "mkdir -p /run/apache2 /run/lock && exec apache2 -f /etc/apache2/own.conf -D FOREGROUND"


class Started(Struct, frozen=True):
    """How an image starts, in the words of its entry point; `roots` is how many processes of a name stay root."""

    image: str
    start: str
    port: int
    workers: str
    roots: int
    ask: str = GET
    answer: str = "HTTP/1.1 200"
    volumes: tuple[str, ...] = ()
    user: str = ""


def fastcgi(parameters: dict[str, str]) -> str:
    """A FastCGI request with these parameters and no body."""
    pairs = "".join(f"{chr(len(name))}{chr(len(value))}{name}{value}" for name, value in parameters.items())
    records = ((1, "\x00\x01" + "\x00" * 6), (4, pairs), (4, ""), (5, ""))
    return "".join(f"\x01{chr(kind)}\x00\x01\x00{chr(len(body))}\x00\x00{body}" for kind, body in records)


ROWS = {
    "nginx": Started("nginx:1.29", "exec nginx -c /etc/nginx/own.conf -g 'daemon off;'", 80, "nginx", 1),
    "httpd": Started("httpd:2.4", "exec apache2 -f /etc/apache2/httpd.conf -D FOREGROUND", 80, "apache2", 1),
    "php-apache": Started("php:8.3-apache", APACHE, 80, "apache2", 1, volumes=("/var/www/html",), answer="HTTP/1.1 404"),
    "wordpress": Started(
        "wordpress:6",
        "cd /var/www/html && chown www-data:www-data . && chmod 755 . && echo hello >index.html && "
        f"chown www-data:www-data index.html && chmod 640 index.html && echo more >>index.html && {APACHE}",
        80, "apache2", 1, volumes=("/var/www/html",),
    ),
    "php-fpm": Started(
        "php:8.3-fpm", "exec $(ls /usr/sbin/php-fpm*) -F -y /etc/php/own.conf", 9000, "php-fpm8.4", 1,
        ask=fastcgi({"REQUEST_METHOD": "GET", "SCRIPT_FILENAME": "/ping", "SCRIPT_NAME": "/ping"}),
        answer="pong",
    ),
    "redis": Started(
        "redis:7", f"chown redis /data && cd /data && {BECOME.format('redis')} redis-server --protected-mode no",
        6379, "redis-server", 0, "PING\r\n", "+PONG", ("/data",),
    ),
    "postgres": Started(
        "postgres:17",
        "mkdir -p /data/db && chown postgres /data/db && chmod 700 /data/db && bin=$(ls -d /usr/lib/postgresql/*/bin) && "
        f"({BECOME.format('postgres')} $bin/initdb -D /data/db -A trust >/dev/null) && "
        f"{BECOME.format('postgres')} $bin/postgres -D /data/db -k /run/postgresql",
        # A request for TLS, which the server answers with N.
        5432, "postgres", 0, "\x00\x00\x00\x08\x04\xd2\x16\x2f", "N", ("/data",),
    ),
    "mariadb": Started(
        "mariadb:11",
        "chown mysql /data && mariadb-install-db --user=mysql --datadir=/data --auth-root-authentication-method=normal "
        f">/dev/null && {BECOME.format('mysql')} mariadbd --datadir=/data --socket=/run/mysqld/s --bind-address=127.0.0.1",
        3306, "mariadbd", 0, "", "mysql_native_password", ("/data",),
    ),
    "memcached": Started("memcached:1.6", "exec memcached", 11211, "memcached", 0, "version\r\n", "VERSION", user="memcache"),
    "an unknown image that supervises a server of another user": Started(
        "acme/app:1",
        "chown redis /data; trap 'kill $child; wait $child; exit 0' TERM; "
        "(cd /data; exec setpriv --reuid=redis --regid=redis --clear-groups redis-server --protected-mode no) & child=$!; wait $child",
        6379, "redis-server", 0, "PING\r\n", "+PONG", ("/data",),
    ),
}  # fmt: skip

CONFIGURATIONS = {
    "etc/nginx/own.conf": """
        user www-data; worker_processes 2; pid /run/nginx.pid; error_log /dev/stderr;
        events {}
        http {
            access_log /dev/stdout;
            client_body_temp_path /var/cache/nginx/client_temp; proxy_temp_path /var/cache/nginx/proxy_temp;
            fastcgi_temp_path /var/cache/nginx/fastcgi_temp; uwsgi_temp_path /var/cache/nginx/uwsgi_temp;
            scgi_temp_path /var/cache/nginx/scgi_temp;
            server { listen 80; return 200 "hello"; }
        }""",
    "etc/apache2/httpd.conf": """
        ServerRoot /etc/apache2
        PidFile /usr/local/apache2/logs/httpd.pid
        ErrorLog /dev/stderr
        LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
        User www-data
        Group www-data
        ServerName localhost
        DefaultRuntimeDir /usr/local/apache2/logs
        Listen 80
        DocumentRoot /usr/local/apache2/htdocs
        LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
        """,
    "etc/apache2/own.conf": """
        ServerRoot /etc/apache2
        PidFile /run/apache2/apache2.pid
        Mutex file:/run/lock default
        DefaultRuntimeDir /run/apache2
        ErrorLog /dev/stderr
        LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
        LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
        LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
        LoadModule php_module /usr/lib/apache2/modules/libphp8.4.so
        User www-data
        Group www-data
        ServerName localhost
        Listen 80
        DocumentRoot /var/www/html
        """,
    "etc/php/own.conf": """
        [global]
        error_log = /proc/self/fd/2
        [www]
        user = www-data
        group = www-data
        listen = 127.0.0.1:9000
        ping.path = /ping
        pm = static
        pm.max_children = 2
        """,
    "usr/local/apache2/htdocs/index.html": "hello",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("debian") / "root"
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        "--mode=root",
        "--dpkgopt=force-unsafe-io",
        f"--include={','.join(PACKAGES)}",
        "trixie",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True)
    for name, text in CONFIGURATIONS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join(line.strip() for line in text.splitlines()), encoding="utf-8")
    for name in ("data", "usr/local/apache2/logs", "var/cache/nginx", "run/mysqld", "run/postgresql", "var/www/html"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    # Images keep their page in a directory that no volume hides.
    (folder / "var/www/html/index.html").unlink(missing_ok=True)
    yield folder
    shutil.rmtree(folder)


def fixed(image: str, path: Path) -> Container:
    path.write_text(f"services:\n  a:\n    image: {image}\n", encoding="utf-8")
    (file,) = fix(str(path), settings=Settings(only=("C004", "C006", "C040"), policy_file=""), unsafe=True)
    noun = read(Source("compose.yaml", file.text)).subjects[0].noun
    assert isinstance(noun, Container)
    return noun


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_program_runs_with_what_the_fix_leaves(row: Started, root: Path, tmp_path: Path) -> None:
    noun = fixed(row.image, tmp_path / "compose.yaml")
    assert noun.no_new_privileges is True
    assert noun.cap_drop == ("ALL",)
    assert isinstance(noun.mounts, tuple)
    result = contained(
        root, start=row.start, port=row.port, ask=row.ask, user=row.user, volumes=row.volumes, read_only=noun.read_only is True,
        capabilities=noun.cap_add if isinstance(noun.cap_add, tuple) else (), tmpfs=[mount.target for mount in noun.mounts],
        workers=row.workers, roots=row.roots,
    )  # fmt: skip
    assert row.answer in result["answer"], result["log"]
    users = result["users"][row.workers]
    assert users.count(0) == row.roots, result
    assert len(users) > row.roots, result
    # It ends by itself when the engine asks it to.
    assert result["status"] is not None, result


@pytest.mark.parametrize(
    ("name", "without"),
    [("nginx", "CHOWN"), ("nginx", "SETUID"), ("httpd", "SETGID"), ("redis", "SETUID"), ("postgres", "CHOWN")],
)
def test_a_program_does_not_start_without_a_capability_of_the_table(
    name: str, without: str, root: Path, tmp_path: Path
) -> None:
    row = ROWS[name]
    noun = fixed(row.image, tmp_path / "compose.yaml")
    assert isinstance(noun.mounts, tuple)
    assert isinstance(noun.cap_add, tuple)
    result = contained(
        root, start=row.start, port=row.port, ask=row.ask, user=row.user, volumes=row.volumes, read_only=True,
        capabilities=[name for name in noun.cap_add if name != without], tmpfs=[mount.target for mount in noun.mounts],
        gives_up="cannot be respawned",
    )  # fmt: skip
    users = result["users"].get(row.workers, [])
    assert row.answer not in result["answer"] or users.count(0) != row.roots or len(users) == row.roots, result


@pytest.fixture(scope="module")
def daemon(root: Path) -> Iterator[Engine]:
    # An engine that copies the root for each container takes minutes.
    with started(driver="overlay2") as engine:
        import_root(engine, root)
        yield engine
        assert engine.docker("ps", "--all", "--quiet").stdout == ""


@pytest.mark.parametrize("name", ["nginx", "Redis", "shell job"])
def test_a_program_works_hardened_by_its_profile_and_attacks_fail(name: str, daemon: Engine) -> None:
    figures = ProgramProof(daemon, name, PROGRAMS[name]).prove(starts=2)
    assert figures.faults == ()
    assert 40 <= figures.syscalls <= 100
