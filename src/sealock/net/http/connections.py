"""Connections: addresses, proxies and certificates."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from base64 import b64encode
from collections.abc import Mapping
from time import monotonic
from typing import Final, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from sealock.errors import TransportError, reason_of
from sealock.net.http.guard import AddressGuard
from sealock.net.transport import shown

Reach: TypeAlias = Literal["public", "loopback", "link-local"]
"""The reach of an address: "public" is any that other machines can have, private networks included."""
_MOST_ADDRESSES: Final = 8
_METADATA: Final = frozenset({"fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192"})
"""Cloud metadata services, in addition to 169.254.169.254."""
_REPLY: Final = 16 << 10
_NO_TLS: Final = frozenset(
    {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "UNEXPECTED_EOF_WHILE_READING"}
)
_UNKNOWN_ISSUER: Final = frozenset({18, 19, 20, 21})
"""OpenSSL's codes for a certificate that no trusted authority issued."""


class ServerPlace(Struct, frozen=True):
    """A server; credentials and connections belong to one."""

    scheme: str
    host: str
    port: int

    @property
    def name(self) -> str:
        """HOST:PORT as in URLs, without the scheme's default port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


PORTS: Final = {"https": 443, "http": 80}


class Proxy(Struct, frozen=True):
    """An HTTP proxy. `authorization` is the value of its header, "" for none."""

    host: str
    port: int
    authorization: str = ""


class UnreachedError(Exception):
    """No connection could be established; the text completes "https://HOST: ..."."""


class NothingListensError(UnreachedError):
    """Nothing listens on the port."""


class PlainError(UnreachedError):
    """The server does not speak TLS."""


def reach_of(address: str) -> Reach:
    """The reach of an address (IPv6 with or without brackets); other names count as public."""
    try:
        ip = ipaddress.ip_address(address.removeprefix("[").removesuffix("]").partition("%")[0])
    except ValueError:
        name = address.rstrip(".").lower()
        return "loopback" if name == "localhost" or name.endswith(".localhost") else "public"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback or ip.is_unspecified:
        return "loopback"
    return "link-local" if ip.is_link_local or str(ip) in _METADATA else "public"


def dial(
    host: str, port: int, patience: float, *, only: Reach | None = None, guard: AddressGuard | None = None
) -> tuple[socket.socket, Reach]:
    """Connect to the first address that answers within `patience` seconds, and give its reach; else UnreachedError.

    With `only`, loopback and link-local addresses are refused unless they have that reach; `guard` refuses others.
    """
    until = monotonic() + patience
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[:_MOST_ADDRESSES]
    except (socket.gaierror, UnicodeError) as error:
        reason = reason_of(error)
        # No server answered, whatever the name is; any other failure is about the name.
        silent = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
        hint = "is there a network, and does DNS work?" if silent else "check its spelling"
        why = f"the name {host} cannot be resolved ({reason}): {hint}"
        raise UnreachedError(why) from None
    reason, refused = "it has no address", False
    for family, kind, protocol, _, address in addresses:
        reach, refused = reach_of(str(address[0])), False
        if only is not None and reach not in {"public", only}:
            reason = f"a remote server redirects to {address[0]}, an address of this machine's own network: refused"
            continue
        if guard is not None and (refusal := guard.refusal(host, port, str(address[0]))):
            reason = refusal
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(0.001, until - monotonic()))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            reason = f"no connection within {patience:.0f} s: does a firewall or a proxy block it?"
        except ConnectionRefusedError:
            refused = True
            reason = f"nothing listens on port {port}: is the server up, and is the port right?"
        except OSError as error:
            reason = f"it cannot be reached ({reason_of(error)})"
        else:
            return sock, reach
        sock.close()
    raise (NothingListensError if refused else UnreachedError)(reason)


def through(proxy: Proxy, place: ServerPlace, patience: float, *, only: Reach | None = None) -> socket.socket:
    """Connect to a proxy, and for TLS have it connect to `place`."""
    if only is not None and reach_of(place.host) not in {"public", only}:
        why = f"a remote server redirects to {place.host}, an address of this machine's own network: refused"
        raise UnreachedError(why)
    try:
        sock, _ = dial(proxy.host, proxy.port, patience)
    except UnreachedError as error:
        why = f"the proxy {proxy.host}:{proxy.port} from the environment: {error}"
        raise UnreachedError(why) from None
    if place.scheme == "http":
        return sock
    host = f"[{place.host}]" if ":" in place.host else place.host
    words = [f"CONNECT {host}:{place.port} HTTP/1.1", f"Host: {host}:{place.port}"]
    if proxy.authorization:
        words.append(f"Proxy-Authorization: {proxy.authorization}")
    reply = b""
    until = monotonic() + patience
    try:
        sock.sendall("\r\n".join([*words, "", ""]).encode("ascii"))
        while not reply.endswith(b"\r\n\r\n") and len(reply) < _REPLY:
            sock.settimeout(max(0.001, until - monotonic()))
            # Byte by byte: the bytes after the reply belong to TLS.
            if not (byte := sock.recv(1)):
                break
            reply += byte
    except (OSError, UnicodeError) as error:
        sock.close()
        why = f"the proxy {proxy.host}:{proxy.port} did not connect ({error})"
        raise UnreachedError(why) from None
    status = reply.split(b"\r\n", 1)[0].decode("latin-1")
    if not status.startswith("HTTP/1.") or status[9:10] != "2":
        sock.close()
        why = f"the proxy {proxy.host}:{proxy.port} refuses to connect ({status[:80] or 'no answer'})"
        raise UnreachedError(why)
    return sock


def proxy_for(place: ServerPlace, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy for a server by the environment; None for loopback."""
    if reach_of(place.host) == "loopback":
        return None
    names: tuple[str, ...] = (f"{place.scheme}_proxy", f"{place.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    if "REQUEST_METHOD" in environment:  # in CGI programs, the client can set HTTP_PROXY by a header
        names = tuple(name for name in names if name != "HTTP_PROXY")
    named = next((environment[name] for name in names if environment.get(name)), "")
    if not named or _is_exempt(place, environment.get("no_proxy") or environment.get("NO_PROXY") or ""):
        return None
    address = named if "://" in named else f"http://{named}"
    try:
        parts = urlsplit(address)
        usable = parts.port != 0 and parts.scheme == "http" and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        message = f"the proxy {shown(address)} from the environment cannot be used: only http://HOST:PORT can"
        raise TransportError(message)
    secret = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    authorization = "Basic " + b64encode(secret.encode()).decode() if secret else ""
    return Proxy(parts.hostname or "", parts.port or 80, authorization)


def _is_exempt(place: ServerPlace, exempt: str) -> bool:
    """Whether NO_PROXY names the server: a name or domain, an address, a network, HOST:PORT, or *."""
    for entry in exempt.lower().split(","):
        host, _, port = entry.strip().partition(":") if entry.count(":") == 1 else (entry.strip(), "", "")
        if port and port != str(place.port):
            continue
        bare = host.lstrip("*").lstrip(".")
        if host == "*" or (bare and (place.host == bare or place.host.endswith("." + bare))):
            return True
        if "/" in host and _within(place.host, host):
            return True
    return False


def _within(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def secure(sock: socket.socket, host: str, context: ssl.SSLContext, patience: float, authority: str) -> ssl.SSLSocket:
    """Start TLS on a connection; UnreachedError says what is wrong with it or with the certificate.

    `authority` is the file in which the user names the authority of an own server.
    """
    sock.settimeout(patience)
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        why = f"its certificate is not trusted ({error.verify_message})"
        if error.verify_code in _UNKNOWN_ISSUER:
            why += f": for your own server, put its certificate authority into {authority}"
    except ssl.SSLError as error:
        if isinstance(error, ssl.SSLEOFError) or error.reason in _NO_TLS:
            sock.close()
            no_tls = "it does not speak TLS: is the port right, and does it speak plain HTTP?"
            raise PlainError(no_tls) from None
        why = f"TLS failed ({error.reason or error})"
    except TimeoutError:
        why = f"it accepted the connection, but the TLS handshake did not finish within {patience:.0f} s"
    except ConnectionError:
        sock.close()
        no_tls = "it closed the connection when TLS began: is the port right, and does it speak plain HTTP?"
        raise PlainError(no_tls) from None
    except (OSError, ValueError) as error:
        why = f"TLS failed ({reason_of(error)})"
    sock.close()
    raise UnreachedError(why)
