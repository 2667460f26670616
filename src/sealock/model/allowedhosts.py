"""Hosts that a sandbox may connect to: by name, by what a name ends with, or by address."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Final

from msgspec import Struct

from sealock.patterns import compile_lazily

FORM: Final = (
    "a name (packages.example.net), what names end with (*.example.com) or an address, with :PORT or =ADDRESS after it"
)
PORTS: Final = (80, 443)
"""Ports of a host that is named without one."""
_ENTRY: Final = compile_lazily(r"(\[[^\]]*\]|[^:=\[\]]*)(?::([0-9]{1,5}))?(?:=(.+))?")
_NAME: Final = compile_lazily(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A name whose last label is no number: programs read those that end with one as addresses, in many spellings."""
_LONGEST: Final = 253


class AllowedHost(Struct, frozen=True):
    """An entry of the list. `name` is in lower case, "*.NAME" for all names below one, or an address.

    `address` is where a name leads, whatever a name server says; "" to look it up, and then only a public address is
    connected to.
    """

    name: str
    ports: tuple[int, ...] = PORTS
    address: str = ""

    @property
    def text(self) -> str:
        """The entry as it is written."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        port = f":{self.ports[0]}" if self.ports != PORTS else ""
        address = f"={self.address}" if self.address not in {"", self.name} else ""
        return f"{name}{port}{address}"

    def covers(self, other: AllowedHost) -> bool:
        """Whether this entry allows all that another one does."""
        names = self.name == other.name or _is_below(other.name.removeprefix("*."), self.name)
        return names and {*other.ports} <= {*self.ports} and self.address == other.address


def read_host(text: str) -> AllowedHost:
    """Read an entry, which has the form FORM; ValueError says what is wrong with it."""
    match = _ENTRY.fullmatch(text.strip())
    if match is None:
        raise ValueError(_wrong(text))
    name = _address(match[1]) or _name(match[1].removeprefix("*."))
    if not name or (match[1].startswith("*.") and "." not in name):
        raise ValueError(_wrong(text))
    if match[1].startswith("*."):
        name = f"*.{name}"
    ports = PORTS if match[2] is None else (int(match[2]),)
    if not 0 < ports[0] < 1 << 16:
        raise ValueError(_wrong(text))
    address = _address(match[3] or "")
    if bool(match[3]) is not bool(address) or (address and _address(name)):
        raise ValueError(_wrong(text))
    return AllowedHost(name, ports, address or _address(name))


def find_host(hosts: Iterable[AllowedHost], host: str, port: int) -> AllowedHost | None:
    """The entry that allows a host of a request and its port; None if there is none, or the host is no name."""
    name = _address(host) or _name(host.removesuffix("."))
    for entry in hosts:
        if name and port in entry.ports and (entry.name == name or _is_below(name, entry.name)):
            return entry
    return None


def _wrong(text: str) -> str:
    return f"{text!r} is no host: it should be {FORM}"


def _is_below(name: str, pattern: str) -> bool:
    return pattern.startswith("*.") and name.endswith(pattern[1:])


def _name(text: str) -> str:
    """A host's name as name servers have it; "" for what is none."""
    try:
        name = text.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    return name if len(name) <= _LONGEST and _NAME.fullmatch(name) else ""


def _address(text: str) -> str:
    """An address in its usual form; "" for what is none, and for one that is bound to an interface."""
    text = text.removeprefix("[").removesuffix("]") if text.startswith("[") else text
    try:
        return "" if "%" in text else str(ip_address(text))
    except ValueError:
        return ""
