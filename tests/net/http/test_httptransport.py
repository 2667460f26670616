"""What the one HTTP client does against servers that are down, slow, broken or hostile."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TransportError
from sealock.net.http import HttpTimeouts, HttpTransport
from sealock.net.http.connections import ServerPlace, proxy_for, reach_of
from sealock.net.transport import BrokenOffError, NoTlsError, read_json, shown
from support.ports import reserved_port
from support.simulators.certificates import certificates
from support.simulators.registry import RegistrySimulator, Reply, registry

CALM = HttpTimeouts(connect=20.0, quiet=20.0, head=40.0)
QUICK = HttpTimeouts(connect=1.0, quiet=0.3, head=0.6)
"""For servers that keep silent."""
STRICT = HttpTimeouts(connect=20.0, quiet=20.0, head=3.0, rate=1e6)
"""For those that drip: the rate alone ends what they send."""
TOKEN = {"authorization": "Bearer secret", "x-secret": "1", "cookie": "a=b"}


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


@pytest.fixture
def other() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


def transport(patience: HttpTimeouts = CALM, **more: Any) -> HttpTransport:
    return HttpTransport(environment={}, patience=patience, **more)


def get(url: str, limit: int = 1000, **more: Any) -> bytes:
    with transport(**more).request("GET", url) as answer:
        return answer.read(limit)


@contextmanager
def listener(says: bytes = b"") -> Iterator[int]:
    """A socket that takes connections, says the same to each, and closes it; b"" keeps silent."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        kept: list[socket.socket] = []

        def serve() -> None:
            while True:
                try:
                    sock, _ = listening.accept()
                except OSError:
                    return
                if not says:
                    kept.append(sock)
                    continue
                sock.recv(65536)
                sock.sendall(says)
                sock.close()

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for sock in kept:
                sock.close()


FAULTS = [
    ("an endless body", Reply(200, b"x" * 1000, endless=True), TransportError, "more than 1000 bytes"),
    ("a body longer than is taken, as declared", Reply(200, b"x" * 1001), TransportError, "more than 1000 bytes"),
    ("a body that breaks off", Reply(200, b"x" * 100, cut=50), BrokenOffError, "broke off after 50 of 100 bytes"),
    ("a body that drips", Reply(200, b"x" * 100, drip=0.1), BrokenOffError, "too slowly"),
    ("no answer", Reply(silent=True), BrokenOffError, "sent nothing for"),
    ("a body that nobody asked to be packed", Reply(200, b"x", {"Content-Encoding": "gzip"}), TransportError, "encoding"),
    ("an answer that is not answer with HTTP", Reply(raw=b"SSH-2.0-OpenSSH\r\n"), TransportError, "not answer with HTTP"),
    ("an empty answer", Reply(raw=b""), BrokenOffError, "closed the connection"),
    ("a head without end", Reply(raw=b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300), TransportError, "not answer with HTTP"),
    ("interim answers without end", Reply(raw=b"HTTP/1.1 100 C\r\nA: b\r\n\r\n" * 99999), TransportError, "endless headers"),
    ("a header line without end", Reply(raw=b"HTTP/1.1 200 OK\r\nX: " + b"y" * 99999), TransportError, "not answer with HTTP"),
    ("two different content lengths", Reply(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"), TransportError, "two different content lengths"),
    ("a chunk of no length", Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), BrokenOffError, "broke off"),
    ("chunks that break off", Reply(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), BrokenOffError, "broke off"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "kind", "words"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_a_fault_is_an_error_with_words(
    server: RegistrySimulator, reply: Reply, kind: type[TransportError], words: str
) -> None:
    server.answers = lambda _asked: reply
    with pytest.raises(kind, match=words):
        get(f"{server.url}/x", patience=QUICK if reply.silent else STRICT if reply.drip else CALM)


def test_a_whole_body_comes_in_chunks(server: RegistrySimulator) -> None:
    raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
    server.answers = lambda _asked: Reply(raw=raw)
    assert get(f"{server.url}/x") == b"hello world"


def test_a_body_of_exactly_the_limit_is_taken(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(200, b"x" * 1000)
    assert get(f"{server.url}/x", 1000) == b"x" * 1000


def test_any_status_is_an_answer(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(503, b"later", {"Retry-After": "7"})
    with transport().request("GET", f"{server.url}/x") as answer:
        assert (answer.status, answer.headers["retry-after"], answer.read(10)) == (503, "7", b"later")


def test_a_connection_is_used_again_and_again(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(200, b"x")
    one = transport()
    for _ in range(3):
        with one.request("GET", f"{server.url}/x") as answer:
            answer.read(1)
    assert len({asked.port for asked in server.asked}) == 1


def test_a_kept_connection_that_was_closed_from_afar_is_replaced(server: RegistrySimulator) -> None:
    replies = iter([Reply(200, b"a"), Reply(200, b"b", {"Connection": "close"}), Reply(200, b"c")])
    server.answers = lambda _asked: next(replies)
    one = transport()
    bodies = []
    for _ in range(3):
        with one.request("GET", f"{server.url}/x") as answer:
            bodies.append(answer.read(1))
    assert bodies == [b"a", b"b", b"c"]


def test_a_large_body_is_sent(server: RegistrySimulator) -> None:
    server.answers = lambda asked: Reply(201, str(len(asked.body)).encode())
    with transport().request("PUT", f"{server.url}/x", body=b"x" * 3_000_000) as answer:
        assert answer.read(10) == b"3000000"


# Redirects.


def redirect(to: str) -> Reply:
    return Reply(302, b"", {"Location": to})


def test_a_redirect_within_a_server_keeps_credentials(server: RegistrySimulator) -> None:
    server.answers = lambda asked: redirect("/there") if asked.path == "/x" else Reply(200, b"there")
    with transport().request("GET", f"{server.url}/x", headers=TOKEN) as answer:
        assert (answer.read(10), answer.url) == (b"there", f"{server.url}/there")
    assert server.asked[-1].headers["authorization"] == "Bearer secret"


def test_a_redirect_to_another_port_takes_no_credentials_along(
    server: RegistrySimulator, other: RegistrySimulator
) -> None:
    server.answers = lambda _asked: redirect(f"{other.url}/there")
    other.answers = lambda _asked: Reply(200, b"there")
    headers = {**TOKEN, "range": "bytes=1-", "accept": "x/y"}
    with transport().request("GET", f"{server.url}/x", headers=headers) as answer:
        assert answer.read(10) == b"there"
    told = other.asked[-1].headers
    assert not {"authorization", "x-secret", "cookie"} & set(told)
    assert (told["range"], told["accept"]) == ("bytes=1-", "x/y")


def test_credentials_do_not_come_back_with_a_redirect_back(server: RegistrySimulator, other: RegistrySimulator) -> None:
    server.answers = lambda asked: redirect(f"{other.url}/b") if asked.path == "/a" else Reply(200, b"end")
    other.answers = lambda _asked: redirect(f"{server.url}/c")
    with transport().request("GET", f"{server.url}/a", headers=TOKEN) as answer:
        assert answer.read(10) == b"end"
    assert "authorization" not in server.asked[-1].headers


@pytest.mark.parametrize(
    ("to", "words"),
    [
        (
            "http://169.254.169.254/latest/meta-data/",
            r"http://127.0.0.1:\d+/x sends us to http://169.254.169.254/\S+ uses plain HTTP.*own network: refused$",
        ),
        ("https://169.254.169.254/latest/meta-data/", "of this machine's own network"),
        ("https://[fd00:ec2::254]/", "of this machine's own network"),
        ("https://[fe80::1]/", "of this machine's own network"),
        (
            "http://example.com/",
            r"http://127.0.0.1:\d+/x sends us to http://example.com/ uses plain HTTP.*add example.com to the insecure",
        ),
        ("ftp://example.com/", "not an address"),
        ("file:///etc/passwd", "not an address"),
        ("https://user:password@example.com/", "not an address"),
        ("https://example.com:99999/", "not an address"),
        ("/x", "more than 5 times"),
    ],
)
def test_a_redirect_is_refused(server: RegistrySimulator, to: str, words: str) -> None:
    server.answers = lambda _asked: redirect(to)
    with pytest.raises(TransportError, match=words) as told:
        get(f"{server.url}/x")
    assert "password" not in str(told.value)


def test_https_never_leads_to_http(tmp_path: Path, other: RegistrySimulator) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as secure:
        secure.answers = lambda _asked: redirect(f"{other.url}/x")
        with pytest.raises(TransportError, match="from HTTPS to"):
            get(f"{secure.url}/x", authorities={secure.host: made.authority})
    assert other.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_reading_follows_redirects(server: RegistrySimulator, method: str) -> None:
    server.answers = lambda _asked: redirect("/there")
    with transport().request(method, f"{server.url}/x") as answer:
        assert answer.status == 302
    assert len(server.asked) == 1


def test_an_address_that_a_public_server_named_is_not_within_this_machine(server: RegistrySimulator) -> None:
    with pytest.raises(TransportError, match="of this machine's own network"):
        transport(insecure=["example.com"]).request("GET", f"{server.url}/x", named_by="http://example.com/")
    assert server.asked == []


def test_an_address_that_a_server_on_this_machine_named_may_be(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(200, b"x")
    with transport().request("GET", f"{server.url}/x", named_by="http://127.0.0.1:1/") as answer:
        assert answer.read(1) == b"x"


# TLS.


def test_a_certificate_of_a_named_authority_is_trusted(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as server:
        server.answers = lambda _asked: Reply(200, b"x")
        assert get(f"{server.url}/x", authorities={server.host: made.authority}) == b"x"


@pytest.mark.parametrize(
    ("trusted", "expired", "words"),
    [(False, False, "not trusted"), (True, True, "not trusted.*expired")],
    ids=["of nobody known", "expired"],
)
def test_a_certificate_is_refused(tmp_path: Path, *, trusted: bool, expired: bool, words: str) -> None:
    made = certificates(tmp_path, expired=expired)
    with registry((made.certificate, made.key)) as server:
        authorities = {server.host: made.authority} if trusted else {}
        with pytest.raises(TransportError, match=words):
            get(f"{server.url}/x", authorities=authorities)
        assert server.asked == []


def test_a_certificate_of_another_host_is_refused(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as server:
        port = server.host.rpartition(":")[2]
        with pytest.raises(TransportError, match=r"not trusted.*[Hh]ostname"):
            get(f"https://localhost:{port}/x", authorities={f"localhost:{port}": made.authority})


def test_an_authority_is_trusted_for_its_host_alone(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with (
        registry((made.certificate, made.key)) as server,
        pytest.raises(TransportError, match="not trusted"),
    ):
        get(f"{server.url}/x", authorities={"127.0.0.1:1": made.authority})


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key)) as server, pytest.raises(TransportError, match=r"nothing\.crt"):
        get(f"{server.url}/x", authorities={server.host: str(tmp_path / "nothing.crt")})


def test_plain_http_where_tls_is_spoken_to_is_told(server: RegistrySimulator) -> None:
    with pytest.raises(NoTlsError, match="does not speak TLS"):
        get(f"https://{server.host}/x")


def test_a_handshake_that_never_comes_is_told() -> None:
    with listener() as port, pytest.raises(TransportError, match="TLS handshake did not finish"):
        get(f"https://127.0.0.1:{port}/x", patience=QUICK)


# Addresses, and who may be spoken to.


def test_a_port_that_nobody_listens_on_is_told() -> None:
    with reserved_port() as port, pytest.raises(TransportError, match=f"nothing listens on port {port}"):
        get(f"http://127.0.0.1:{port}/x")


def test_a_name_that_is_not_known_is_told() -> None:
    with pytest.raises(TransportError, match=r"the name nowhere\.invalid cannot be resolved"):
        get("https://nowhere.invalid/x")


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("[::1]", "loopback"),
        ("127.0.0.1", "loopback"), ("127.9.9.9", "loopback"), ("::1", "loopback"), ("localhost", "loopback"), ("a.localhost", "loopback"),
        ("0.0.0.0", "loopback"),
        ("::ffff:127.0.0.1", "loopback"), ("169.254.169.254", "link-local"), ("fe80::1%eth0", "link-local"),
        ("100.100.100.200", "link-local"), ("fd00:ec2::254", "link-local"), ("10.0.0.1", "public"), ("8.8.8.8", "public"), ("localhost.example.com", "public"),
    ],
)  # fmt: skip
def test_where_an_address_leads(address: str, reach: str) -> None:
    assert reach_of(address) == reach


def test_plain_http_beyond_this_machine_is_refused() -> None:
    with pytest.raises(TransportError, match=r"add example\.com to the insecure registries"):
        get("http://example.com/x")


# Proxies.


@pytest.mark.parametrize(
    ("url", "environment", "host"),
    [
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:3128"}, "proxy"),
        ("https://example.com", {"https_proxy": "proxy:3128"}, "proxy"),
        ("https://example.com", {"ALL_PROXY": "http://proxy:3128"}, "proxy"),
        ("https://example.com", {"HTTP_PROXY": "http://proxy:3128"}, None),
        ("http://example.com", {"HTTP_PROXY": "http://proxy:3128"}, "proxy"),
        ("http://example.com", {"HTTP_PROXY": "http://proxy:3128", "REQUEST_METHOD": "GET"}, None),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"}, None),
        ("https://a.example.com", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".example.com"}, None),
        ("https://badexample.com", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com"}, "proxy"),
        ("https://example.com:5000", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com:443"}, "proxy"),
        ("https://10.1.2.3", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8"}, None),
        ("https://11.1.2.3", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "10.0.0.0/8"}, "proxy"),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": "example.com"}, None),
        ("https://example.com:5000", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "example.com:5000"}, None),
        ("https://example.com", {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, None),
        ("https://127.0.0.1:5000", {"HTTPS_PROXY": "http://proxy:3128"}, None),
    ],
)
def test_the_proxy_of_the_environment(url: str, environment: dict[str, str], host: str | None) -> None:
    scheme, _, rest = url.partition("://")
    name, _, port = rest.partition(":")
    found = proxy_for(ServerPlace(scheme, name, int(port or {"https": 443, "http": 80}[scheme])), environment)
    assert (found.host if found else None) == host


@pytest.mark.parametrize(
    "proxy", ["socks5://user:secret@proxy:1080", "https://user:secret@proxy", "http://", "http://me:secret@proxy:99999"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(proxy: str) -> None:
    with pytest.raises(TransportError, match="cannot be used") as told:
        HttpTransport(environment={"HTTPS_PROXY": proxy}).request("GET", "https://example.com/")
    assert "secret" not in str(told.value)


def test_a_proxy_that_refuses_to_connect_is_told(server: RegistrySimulator) -> None:
    environment = {"HTTPS_PROXY": f"http://user:secret@{server.host}"}
    with pytest.raises(TransportError, match="refuses to connect") as told:
        HttpTransport(environment=environment).request("GET", "https://example.com/")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        pytest.param(
            b"HTTP/1.1 403 Forbidden\r\n", "(HTTP/1.1 403 Forbidden)", id="closes before the end of its answer"
        ),
        pytest.param(b"\r\n", "(no answer)", id="closes without a status"),
        pytest.param(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", "(SSH-2.0-OpenSSH_9.9)", id="speaks another protocol"),
        pytest.param(b"HTTP/1.0 502 Bad\r\n" + b"a: b\r\n" * 3000, "(HTTP/1.0 502 Bad)", id="answers without end"),
    ],
)
def test_what_is_no_connection_of_a_proxy_is_its_refusal(says: bytes, reason: str) -> None:
    with listener(says) as port:
        one = HttpTransport(environment={"HTTPS_PROXY": f"http://127.0.0.1:{port}"})
        with pytest.raises(TransportError) as told:
            one.request("GET", "https://example.com/")
    assert str(told.value).endswith(f"refuses to connect {reason}")


@contextmanager
def relay(port: int) -> Iterator[tuple[int, list[bytes]]]:
    """A proxy that connects whoever asks to one port of this machine; give its own, and what it was asked."""
    asked: list[bytes] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        sock, _ = listening.accept()
        asked.append(sock.recv(65536))
        sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with sock, socket.create_connection(("127.0.0.1", port)) as behind:
            back = threading.Thread(target=pump, args=(behind, sock), daemon=True)
            back.start()
            pump(sock, behind)
            back.join()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], asked
        thread.join()


def test_https_goes_through_a_proxy_and_is_checked_all_the_same(tmp_path: Path) -> None:
    made = certificates(tmp_path, "example.com")
    with (
        registry((made.certificate, made.key)) as server,
        relay(int(server.host.rpartition(":")[2])) as (port, asked),
    ):
        server.answers = lambda _asked: Reply(200, b"x")
        environment = {"HTTPS_PROXY": f"http://user:secret@127.0.0.1:{port}"}
        one = HttpTransport(environment=environment, authorities={"example.com": made.authority})
        with one.request("GET", "https://example.com/x", headers=TOKEN) as answer:
            assert answer.read(1) == b"x"
        one.close()
    assert asked[0].startswith(b"CONNECT example.com:443 HTTP/1.1\r\n")
    assert b"Bearer" not in asked[0]
    assert "proxy-authorization" not in server.asked[0].headers


def test_a_client_certificate_is_shown_where_it_is_named(tmp_path: Path) -> None:
    made = certificates(tmp_path)
    with registry((made.certificate, made.key), client_authority=made.authority) as server:
        server.answers = lambda _asked: Reply(200, b"x")
        with pytest.raises(TransportError):
            get(f"{server.url}/x", authorities={server.host: made.authority})
        shown_there = {server.host: (made.certificate, made.key)}
        assert get(f"{server.url}/x", authorities={server.host: made.authority}, certificates=shown_there) == b"x"


def test_plain_http_goes_through_a_proxy_with_its_whole_address(server: RegistrySimulator) -> None:
    server.answers = lambda _asked: Reply(200, b"x")
    environment = {"HTTP_PROXY": f"http://user:secret@{server.host}"}
    one = HttpTransport(environment=environment, insecure=["example.com"])
    with one.request("GET", "http://example.com/path?a=b") as answer:
        assert answer.read(1) == b"x"
    assert server.asked[0].headers["host"] == "example.com"
    assert server.asked[0].headers["proxy-authorization"].startswith("Basic ")


# What messages may hold, and JSON.


def test_messages_hold_neither_passwords_nor_signatures() -> None:
    assert shown("https://user:password@host/path?X-Signature=abc#x") == "https://host/path"


@pytest.mark.parametrize(
    "reply", [Reply(200, b"{}", {"Content-Type": "text/html"}), Reply(200, b"\n<html>sign in</html>")]
)
def test_a_page_for_people_in_place_of_json_is_told(server: RegistrySimulator, reply: Reply) -> None:
    server.answers = lambda _asked: reply
    with transport().request("GET", f"{server.url}/x") as answer, pytest.raises(TransportError, match="web page"):
        read_json(answer, 100)
