"""Ten programs of Debian, how each is started and used, and the attacks that fail once they are hardened."""

from __future__ import annotations

import io
import struct
import tarfile
from pathlib import Path
from typing import Final

from msgspec import Struct

PACKAGES: Final = (
    "nginx-light", "apache2", "postgresql", "redis-server", "python3-flask", "gunicorn", "nodejs", "caddy", "ruby",
    "ruby-webrick", "busybox-static",
)  # fmt: skip


class HardenedProgram(Struct, frozen=True):
    """A program: the shell command that starts it, and two exercises.

    An exercise is a shell command on this machine. In it, `ask PORT TEXT ANSWER` sends a text to a port of the container
    and looks for an answer, and `inside COMMAND` runs a command in the container. `reloads` if SIGHUP means that.
    """

    start: str
    learn: str
    other: str
    healthy: str = "true"
    packages: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    reloads: bool = False


def get(path: str, answer: str = "200", port: int = 80) -> str:
    """A request over HTTP."""
    return f"ask {port} 'GET {path} HTTP/1.0\\r\\nHost: a\\r\\n\\r\\n' ' {answer}'"


_BECOME: Final = "exec setpriv --reuid={0} --regid={0} --init-groups"
_OTHER: Final = f"{get('/nothing', '404')} && {get('/')} && {get('/')}"
PROGRAMS: Final = {
    "nginx": HardenedProgram(
        "exec nginx -c /srv/nginx.conf -g 'daemon off;'",
        f"{get('/')} && inside test -d /srv",
        f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        healthy="test -e /run/nginx.pid",
        packages=("nginx-light",),
        reloads=True,
    ),
    "httpd": HardenedProgram(
        "exec apache2 -f /srv/httpd.conf -D FOREGROUND",
        f"{get('/')} && inside test -d /srv",
        f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        healthy="test -e /run/apache2.pid",
        packages=("apache2",),
        reloads=True,
    ),
    "PostgreSQL": HardenedProgram(
        "chown postgres /data && chmod 700 /data && mkdir -p /run/postgresql && chown postgres /run/postgresql && "
        "bin=$(ls -d /usr/lib/postgresql/*/bin) && "
        f"(test -e /data/PG_VERSION || {_BECOME.format('postgres')} $bin/initdb -D /data -A trust >/dev/null) && "
        f"{_BECOME.format('postgres')} $bin/postgres -D /data -k /run/postgresql",
        "inside 'psql -h 127.0.0.1 -U postgres -c \"create table if not exists t (a int); insert into t values (1)\"'",
        "inside 'psql -h 127.0.0.1 -U postgres -c \"select count(*), md5(version()) from pg_class\"'",
        healthy="test -e /data/postmaster.pid",
        packages=("postgresql",),
        volumes=("/data",),
        reloads=True,
    ),
    "Redis": HardenedProgram(
        f"chown redis /data && cd /data && {_BECOME.format('redis')} redis-server --protected-mode no",
        "ask 6379 'SET a 1\\r\\nGET a\\r\\n' 1 && ask 6379 'SAVE\\r\\n' +OK && inside test -d /srv",
        "ask 6379 'LPUSH l 1 2 3\\r\\nLRANGE l 0 -1\\r\\n' 3 && ask 6379 'BGSAVE\\r\\n' saving && inside '[ -d /etc ] && echo there'",
        packages=("redis-server",),
        volumes=("/data",),
    ),
    "Flask": HardenedProgram(
        "cd /srv && exec gunicorn --user www-data --bind 0.0.0.0:80 flaskapp:app",
        f"{get('/')} && inside test -d /srv",
        f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        packages=("python3-flask", "gunicorn"),
        reloads=True,
    ),
    "Node": HardenedProgram(
        "exec node /srv/server.js", f"{get('/')} && inside test -d /srv", f"{_OTHER} && inside '[ -d /etc ] && echo there'", packages=("nodejs",)
    ),
    "Caddy (Go)": HardenedProgram(
        "exec caddy file-server --root /srv/www --listen :80",
        f"{get('/')} && inside test -d /srv",
        f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        packages=("caddy",),
    ),
    "Ruby": HardenedProgram(
        "exec ruby /srv/server.rb", f"{get('/')} && inside test -d /srv", f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        packages=("ruby", "ruby-webrick"),
    ),
    "shell job": HardenedProgram(
        "trap 'exit 0' TERM; while :; do seq 99 | sort -r | gzip >/tmp/out.gz; date >/tmp/done; sleep 0.2; done",
        "inside 'zcat /tmp/out.gz | wc -l'",
        "inside 'test $(zcat /tmp/out.gz | sort -n | tail -1) = 99'",
        healthy="test -s /tmp/done",
    ),
    "BusyBox httpd": HardenedProgram(
        "trap 'exit 0' TERM; busybox httpd -f -p 80 -h /srv/www & wait",
        f"{get('/')} && inside test -d /srv",
        f"{_OTHER} && inside '[ -d /etc ] && echo there'",
        packages=("busybox-static",),
    ),
}  # fmt: skip
FILES: Final = {
    "srv/www/index.html": "hello\n",
    "srv/nginx.conf": (
        "user www-data; worker_processes 2; pid /run/nginx.pid; error_log /dev/stderr;\nevents {}\n"
        "http { access_log /dev/stdout; server { listen 80; root /srv/www; } }\n"
    ),
    "srv/httpd.conf": (
        "ServerRoot /etc/apache2\nPidFile /run/apache2.pid\nErrorLog /dev/stderr\nDefaultRuntimeDir /run\n"
        "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
        "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n"
        "LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so\n"
        "User www-data\nGroup www-data\nServerName localhost\nListen 80\nDocumentRoot /srv/www\n"
    ),
    "srv/flaskapp.py": "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef hello():\n    return 'hello'\n",
    "srv/server.js": (
        "const server = require('http').createServer((request, answer) => {\n"
        "  answer.statusCode = request.url == '/' ? 200 : 404; answer.end('hello');\n}).listen(80);\n"
        "process.on('SIGTERM', () => process.exit(0));\n"
    ),
    "srv/server.rb": (
        "require 'webrick'\nserver = WEBrick::HTTPServer.new(Port: 80, DocumentRoot: '/srv/www')\n"
        "trap('TERM') { server.shutdown }\nserver.start\n"
    ),
}
"""Text files of the image."""

_OPEN, _MOUNT, _PTRACE, _SOCKET, _UNSHARE = 2, 165, 101, 41, 272
_TEXTS: Final = b"/usr/outside\0/tmp\0tmpfs\0"
_BASE: Final = 0x400000
_HEAD: Final = 120
"""Bytes of the two headers of an ELF program with one segment."""
ATTACKS: Final = {
    "write outside": (_OPEN, 0, 0o101, 0o644),
    "mount": (_MOUNT, 18, 13, 18),
    "ptrace": (_PTRACE, 16, 1, 0),
    "raw socket": (_SOCKET, 2, 3, 1),
    "unshare": (_UNSHARE, 0x10000000, 0, 0),
}
"""The system calls of each attack on x86-64, and their first three arguments."""
_POINTERS: Final = {"write outside": (0,), "mount": (0, 1, 2)}


def attack(name: str) -> bytes:
    """A program for x86-64 that makes one system call: its exit status is 0 if that worked, else the error number.

    It is all that it does, so what fails is the attack, and not what a larger program would need for it.
    """
    call, *arguments = ATTACKS[name]
    at = _BASE + _HEAD
    for index in _POINTERS.get(name, ()):
        arguments[index] += at
    code = b"".join(
        opcode + struct.pack("<I", value & 0xFFFFFFFF)
        for opcode, value in zip((b"\xb8", b"\xbf", b"\xbe", b"\xba"), (call, *arguments), strict=True)
    )
    # xor r10, r10; xor r8, r8; syscall; test eax, eax; js +4; xor edi, edi; jmp +4; mov edi, eax; neg edi; exit_group
    code += b"\x4d\x31\xd2\x4d\x31\xc0\x0f\x05\x85\xc0\x78\x04\x31\xff\xeb\x04\x89\xc7\xf7\xdf\xb8\xe7\0\0\0\x0f\x05"
    body = _TEXTS + code
    size = _HEAD + len(body)
    head = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01", 2, 62, 1, at + len(_TEXTS), 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000) + body


def add_files(archive: tarfile.TarFile) -> None:
    """Add the text files and the attacks (/attack/NAME) to the archive of an image."""
    for path, text in FILES.items():
        _add(archive, path, text.encode(), 0o644)
    for name in ATTACKS:
        _add(archive, f"attack/{name.replace(' ', '-')}", attack(name), 0o755)


def _add(archive: tarfile.TarFile, path: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size, entry.mode = len(data), mode
    archive.addfile(entry, io.BytesIO(data))


_ASK: Final = """
import socket, sys
port, text, answer = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape").encode(), sys.argv[3].encode()
with socket.create_connection(("127.0.0.1", port), 5) as s:
    s.settimeout(5); s.sendall(text); got = b""
    while answer not in got:
        more = s.recv(65536)
        if not more: sys.exit(f"answered {got[:200]!r}")
        got += more
"""


def write_exercise(folder: Path, name: str, exercise: str, python: str) -> str:
    """Write an exercise as a script that takes the container from $CONTAINER, and return the command that runs it."""
    (folder / "ask.py").write_text(_ASK, encoding="utf-8")
    script = folder / f"{name}.sh"
    script.write_text(
        "set -e\n"
        f'ask() {{ nsenter -t "$(docker inspect -f \'{{{{.State.Pid}}}}\' "$CONTAINER")" -n {python} {folder}/ask.py "$@"; }}\n'
        'inside() { docker exec "$CONTAINER" sh -c "$*" >/dev/null; }\n'
        f"{exercise}\n",
        encoding="utf-8",
    )
    return f"sh {script}"
