"""Where the engine is looked for: the address given, the environment, contexts, the usual sockets."""

from __future__ import annotations

import json
import os
import socket
import ssl
from hashlib import sha256
from pathlib import Path

import pytest

from sealock.errors import EngineError
from sealock.runtime.engine import connect, endpoint
from sealock.runtime.engine.endpoint import DEFAULT
from support.simulators.certificates import certificates
from support.simulators.engine import piped, simulated

VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path


def context(home: Path, name: str, **server: object) -> Path:
    """Make a context as `docker context create` does; give the folder of its TLS files."""
    digest = sha256(name.encode()).hexdigest()
    folder = home / "contexts" / "meta" / digest
    folder.mkdir(parents=True)
    (folder / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": server}}))
    return home / "contexts" / "tls" / digest / "docker"


ADDRESSES = [
    ("unix:///run/x.sock", "unix:///run/x.sock"),
    ("unix://", "unix:///var/run/docker.sock"),
    ("tcp://10.0.0.5:99", "tcp://10.0.0.5:99"),
    ("tcp://10.0.0.5", "tcp://10.0.0.5:2375"),
    ("tcp://[::1]:99", "tcp://[::1]:99"),
    ("10.0.0.5:99", "tcp://10.0.0.5:99"),
    ("ssh://me@host", "ssh://me@host"),
    ("ssh://me@host:22/run/x.sock", "ssh://me@host:22/run/x.sock"),
    ("ssh://host/", "ssh://host"),
]


@pytest.mark.parametrize(("text", "means"), ADDRESSES)
def test_docker_host_names_the_engine(monkeypatch: pytest.MonkeyPatch, text: str, means: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", text)
    found = endpoint()
    assert str(found) == means
    assert found.origin == "DOCKER_HOST"


@pytest.mark.parametrize(
    "text", ["ftp://x", "tcp://", "tcp://x:99999", "tcp://x:y", "ssh://", "npipe:////./pipe/x", "tcp://[::1"]
)
def test_docker_host_that_names_none_is_reported(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", text)
    with pytest.raises(EngineError, match=r"DOCKER_HOST: .* is no engine address"):
        endpoint()


def test_the_first_of_them_counts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(home, "named", Host="tcp://named:1")
    context(home, "current", Host="tcp://current:1")
    assert endpoint().origin == DEFAULT
    (home / "config.json").write_text('{"currentContext": "current", "auths": {}}')
    assert str(endpoint()) == "tcp://current:1"
    monkeypatch.setenv("DOCKER_CONTEXT", "named")
    assert str(endpoint()) == "tcp://named:1"
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert endpoint().origin == DEFAULT
    monkeypatch.setenv("DOCKER_CONTEXT", "named")
    monkeypatch.setenv("DOCKER_HOST", "tcp://host:1")
    assert str(endpoint()) == "tcp://host:1"
    assert str(endpoint("current")) == "tcp://current:1"
    assert str(endpoint("/run/x.sock")) == "unix:///run/x.sock"
    assert str(endpoint("tcp://said:1")) == "tcp://said:1"
    assert endpoint("default").origin == DEFAULT


def test_a_context_that_is_not_there_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="the command line: there is no context 'no'"):
        endpoint("no")
    monkeypatch.setenv("DOCKER_CONTEXT", "../../etc")
    with pytest.raises(EngineError, match="DOCKER_CONTEXT: there is no context"):
        endpoint()
    monkeypatch.delenv("DOCKER_CONTEXT")
    (home / "config.json").write_text('{"currentContext": "gone"}')
    with pytest.raises(EngineError, match="Docker's current context: there is no context 'gone'"):
        endpoint()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"currentContext": 5}', "[" * 100_000, '{"currentContext": ""}'])
def test_settings_that_cannot_be_read_name_no_context(home: Path, text: str) -> None:
    (home / "config.json").write_text(text)
    assert endpoint().origin == DEFAULT


def test_settings_that_are_a_pipe_are_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "config.json")
    assert endpoint().origin == DEFAULT


@pytest.mark.parametrize("text", ["[]", "{", '{"Endpoints": 5}', "[" * 100_000, '{"Endpoints": {"docker": []}}'])
def test_a_context_that_cannot_be_read_is_reported(home: Path, text: str) -> None:
    context(home, "broken")
    (home / "contexts" / "meta" / sha256(b"broken").hexdigest() / "meta.json").write_text(text)
    with pytest.raises(EngineError, match="the context 'broken' could not be read"):
        endpoint("broken")


def test_a_context_has_its_own_say_of_tls(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context(home, "plain", Host="tcp://x:1")
    context(home, "sure", Host="tcp://x:1").mkdir(parents=True)
    context(home, "blind", Host="tcp://x:1", SkipTLSVerify=True).mkdir(parents=True)
    monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
    assert [(one.encrypted, one.verify) for one in map(endpoint, ("plain", "sure", "blind"))] == [
        (False, False), (True, True), (True, False),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("variables", "encrypted", "verified", "port"),
    [
        ({}, False, False, 2375),
        ({"DOCKER_TLS_VERIFY": "1"}, True, True, 2376),
        ({"DOCKER_TLS": "1"}, True, False, 2376),
        ({"DOCKER_TLS_VERIFY": ""}, False, False, 2375),
    ],
)
def test_the_environment_asks_for_tls(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], encrypted: object, verified: object, port: int
) -> None:
    for name, value in ({"DOCKER_HOST": "tcp://x"} | variables).items():
        monkeypatch.setenv(name, value)
    found = endpoint()
    assert (found.encrypted, found.verify, found.port) == (encrypted, verified, port)


def test_the_usual_sockets_are_tried_in_their_order(home: Path) -> None:
    if Path("/var/run/docker.sock").exists():
        assert endpoint().path == "/var/run/docker.sock"
        return
    assert endpoint().path == "/var/run/docker.sock"
    (home / "run" / "podman").mkdir(parents=True)
    podman = home / "run" / "podman" / "podman.sock"
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(podman))
    assert endpoint().path == str(podman)
    (home / "run" / "docker.sock").write_text("no socket")
    assert endpoint().path == str(podman)


def served(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's side of TLS, and a client's folder that trusts it."""
    (folder / "made").mkdir()
    made = certificates(folder / "made")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    ours = folder / "client"
    ours.mkdir()
    (ours / "ca.pem").write_bytes(Path(made.authority).read_bytes())
    return context, ours


def test_tls_with_an_authority_of_ones_own(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, ours = served(home)
    with simulated(home, tls=tls) as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.where)
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(ours))
        with connect() as one:
            for _ in range(3):
                assert "26.1.5" in one.version()
        assert engine.connections == 1
        (ours / "ca.pem").unlink()
        with pytest.raises(EngineError, match="certificate is not trusted"):
            connect()
        monkeypatch.delenv("DOCKER_TLS_VERIFY")
        monkeypatch.setenv("DOCKER_TLS", "1")
        connect().close()
        monkeypatch.delenv("DOCKER_TLS")
        with pytest.raises(EngineError, match=r"does not speak HTTP|broke off|closed the connection"):
            connect()


@pytest.mark.parametrize("name", ["ca.pem", "cert.pem"])
def test_a_file_that_is_no_certificate_is_named(home: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    tls, ours = served(home)
    (ours / name).write_text("nothing of the kind")
    with simulated(home, tls=tls) as engine:
        monkeypatch.setenv("DOCKER_TLS_VERIFY", "1")
        monkeypatch.setenv("DOCKER_CERT_PATH", str(ours))
        with pytest.raises(EngineError, match=f"{name} could not be used for TLS"):
            connect(engine.where)


def test_ssh_carries_what_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with simulated(home) as engine:
        piped(engine.where.removeprefix("unix://"), home)
        monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
        with connect("ssh://me@machine:2222") as ours:
            assert "26.1.5" in ours.version()
            assert ours.process() == 0
        connect("ssh://machine/run/my engine.sock").close()
    words = (home / "ssh-words").read_text().splitlines()
    assert words[0].endswith("'-p', '2222', '-l', 'me', '--', 'machine', 'docker', 'system', 'dial-stdio']")
    assert words[-1].endswith("""'docker', '--host', "'unix:///run/my engine.sock'", 'system', 'dial-stdio']""")


def test_what_ssh_complains_of_is_reported(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped("/nowhere", home, "Welcome.\nme@machine: Permission denied (publickey).\r\n\r\n")
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    with pytest.raises(EngineError, match=r"ssh says: me@machine: Permission denied"):
        connect("ssh://me@machine")


def test_without_ssh_it_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(home))
    with pytest.raises(EngineError, match="the program ssh is not installed"):
        connect("ssh://me@machine")


@pytest.mark.parametrize("where", ["ssh://-oProxyCommand=x", "ssh://-l@host"])
def test_no_address_becomes_an_option_of_ssh(home: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    piped("/nowhere", home)
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    with pytest.raises(EngineError, match="starts with a dash"):
        connect(where)
    assert not (home / "ssh-words").exists()
