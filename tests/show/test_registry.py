"""The registry and the notary server of a demonstration: one that is installed, or sealock's own registry."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Mapping
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest

from sealock.errors import TargetError
from sealock.show import notary as notaries
from sealock.show.notary import is_installed, notary, wait_for
from sealock.show.registry import registry

BLOB, LIMIT = b"a blob", 1 << 20
DIGEST = f"sha256:{sha256(BLOB).hexdigest()}"
MANIFEST = f"sha256:{sha256(b'{}').hexdigest()}"
PLACE = f"/v2/a/b/blobs/{DIGEST}"
UPLOADS = "/v2/a/b/blobs/uploads/"
UNKNOWN = b'{"errors": [{"code": "BLOB_UNKNOWN"}]}'
NO_MANIFEST = b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'
INVALID = b'{"errors": [{"code": "DIGEST_INVALID"}]}'
NONE = b'{"errors": []}'
"""What the registry answers."""
LISTENER = """#!{0} -I
import json, os, socket, sys, time
with open(sys.argv[2]) as file:
    settings = json.load(file)
with open(os.path.join(os.path.dirname(sys.argv[0]), "given"), "w") as file:
    json.dump([sys.argv[1], settings, os.getpid()], file)
address = settings["http"]["addr"] if "http" in settings else settings["server"]["http_addr"]
host, port = address.split(":")
with socket.create_server((host, int(port))) as server:
    time.sleep(60)
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PATH of one directory, which is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(programs: Path, name: str) -> None:
    """Install a program that listens where its settings say."""
    (programs / name).write_text(LISTENER.format(sys.executable), encoding="utf-8")
    (programs / name).chmod(0o755)


def given(programs: Path) -> tuple[str, Mapping[str, Mapping[str, object]], Path]:
    """The first word and the settings that a program was started with, and what is there while it runs."""
    word, settings, process = json.loads((programs / "given").read_text(encoding="utf-8"))
    return word, settings, Path("/proc", str(process))


def serving() -> set[threading.Thread]:
    """The threads that serve."""
    return {thread for thread in threading.enumerate() if "serve_forever" in thread.name}


@pytest.mark.parametrize(
    "exchanges",
    [
        pytest.param([("GET", "/v2/", b"", 200, b"{}", {"Content-Length": "2"})], id="it is a registry"),
        pytest.param([("GET", "/v1/", b"", 404, NONE, {}), ("GET", "/v2/a/b/tags/list", b"", 404, NONE, {}), ("GET", "/v2/A/blobs/x", b"", 404, NONE, {})], id="it has nothing else"),
        pytest.param([("GET", PLACE, b"", 404, UNKNOWN, {}), ("HEAD", PLACE, b"", 404, b"", {"Content-Length": str(len(UNKNOWN))})], id="a blob that was not pushed"),
        pytest.param(
            [
                ("POST", UPLOADS, b"", 202, b"", {"Location": f"{UPLOADS}1", "Range": "0-0"}),
                ("PUT", f"{UPLOADS}1?digest={DIGEST}", BLOB, 201, b"", {"Location": PLACE, "Docker-Content-Digest": DIGEST}),
                ("GET", PLACE, b"", 200, BLOB, {"Docker-Content-Digest": DIGEST}),
                ("HEAD", PLACE, b"", 200, b"", {"Content-Length": "6"}),
            ],
            id="a blob that is pushed after the upload began",
        ),
        pytest.param([("POST", f"{UPLOADS}?digest={DIGEST}", BLOB, 201, b"", {"Location": PLACE}), ("GET", PLACE, b"", 200, BLOB, {})], id="a blob that is pushed at once"),
        pytest.param([("PUT", f"{UPLOADS}1?digest={MANIFEST}", BLOB, 400, INVALID, {}), ("PUT", f"{UPLOADS}1", BLOB, 400, INVALID, {}), ("GET", f"/v2/a/b/blobs/{MANIFEST}", b"", 404, UNKNOWN, {})], id="a blob with another digest"),
        pytest.param([("POST", f"{UPLOADS}?digest=sha256:{sha256(bytes(LIMIT)).hexdigest()}", bytes(LIMIT), 201, b"", {})], id="the largest blob"),
        pytest.param([("POST", f"{UPLOADS}?digest={DIGEST}", bytes(LIMIT + 1), 404, NONE, {})], id="a blob that is larger"),
        pytest.param([("GET", "/v2/a/b/manifests/1", b"", 404, NO_MANIFEST, {})], id="a manifest that was not pushed"),
        pytest.param(
            [
                ("PUT", "/v2/a/b/manifests/1", b"{}", 201, b"", {"Docker-Content-Digest": MANIFEST, "Location": "/v2/a/b/manifests/1"}),
                ("GET", "/v2/a/b/manifests/1", b"", 200, b"{}", {"Content-Type": "text/x", "Docker-Content-Digest": MANIFEST}),
                ("GET", f"/v2/a/b/manifests/{MANIFEST}", b"", 200, b"{}", {"Content-Type": "text/x"}),
                ("GET", "/v2/a/manifests/1", b"", 404, NO_MANIFEST, {}),
                ("PUT", "/v2/a/b/manifests/1", b"[]", 201, b"", {}),
                ("GET", "/v2/a/b/manifests/1", b"", 200, b"[]", {}),
                ("GET", f"/v2/a/b/manifests/{MANIFEST}", b"", 200, b"{}", {}),
            ],
            id="a tag that moves to another manifest",
        ),
    ],
)  # fmt: skip
def test_the_own_registry_answers(
    programs: Path,
    capfd: pytest.CaptureFixture[str],
    exchanges: list[tuple[str, str, bytes, int, bytes, dict[str, str]]],
) -> None:
    before = serving()
    with registry() as server:
        assert server.program == "sealock's own registry"
        assert len(serving()) == len(before) + 1
        for method, path, sent, status, body, headers in exchanges:
            connection = HTTPConnection(server.host, timeout=30)
            connection.request(method, path, sent, {"Content-Type": "text/x"})
            answer = connection.getresponse()
            assert (answer.version, answer.status, answer.read()) == (11, status, body)
            assert headers.items() <= dict(answer.getheaders()).items()
            connection.close()
    assert serving() == before
    assert (list(programs.iterdir()), capfd.readouterr()) == ([], ("", ""))


def test_an_installed_registry_is_used(programs: Path) -> None:
    install(programs, "docker-registry")
    with registry() as server:
        assert server.program == "docker-registry"
        word, settings, process = given(programs)
        assert process.exists()
        assert (word, settings["http"], settings["log"]) == ("serve", {"addr": server.host}, {"level": "error"})
        storage = settings["storage"]["filesystem"]
        assert isinstance(storage, dict)
        directory = Path(storage["rootdirectory"])
        assert (directory.name, directory.parent.is_dir()) == ("storage", True)
    assert not directory.parent.exists()
    assert not process.exists()


def test_an_installed_notary_server_is_used(programs: Path, tmp_path: Path) -> None:
    assert not is_installed()
    install(programs, "notary-server")
    assert is_installed()
    with notary(tmp_path) as environment:
        word, settings, process = given(programs)
        assert process.exists()
        host = settings["server"]["http_addr"]
        assert word == "-config"
        assert environment == {
            "DOCKER_CONFIG": str(tmp_path / "docker"),
            "DOCKER_CONTENT_TRUST_SERVER": f"https://{host}",
            "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": "a passphrase of the workshop",
            "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "a passphrase of the workshop",
        }
        assert (settings["trust_service"], settings["storage"]) == ({"type": "local"}, {"backend": "memory"})
        key = Path(str(settings["server"]["tls_key_file"]))
        assert key.stat().st_mode & 0o777 == 0o600
        known = tmp_path / "docker" / "tls" / str(host) / "ca.crt"
        assert known.read_bytes() == Path(str(settings["server"]["tls_cert_file"])).read_bytes()
    assert not process.exists()


def test_a_server_that_does_not_listen(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notaries, "_PATIENCE", 0.1)
    for name in ("notary-server", "docker-registry"):
        (programs / name).write_text("#!/bin/sh\n")
        (programs / name).chmod(0o755)
    with pytest.raises(TargetError, match=r"^notary-server does not listen on 127\.0\.0\.1:\d+$"), notary(tmp_path):
        pass
    with pytest.raises(TargetError, match=r"^docker-registry does not listen on 127\.0\.0\.1:\d+$"), registry():
        pass
    with socket.create_server(("127.0.0.1", 0)) as server:
        wait_for(f"127.0.0.1:{server.getsockname()[1]}", "it")
