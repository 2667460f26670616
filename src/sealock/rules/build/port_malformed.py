from __future__ import annotations

from sealock.model.build import BuildText, Expose
from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs

_HIGHEST = 65535


class PortMalformed(Rule[Build]):
    """EXPOSE has an invalid port.

    EXPOSE takes a port or a range, with a protocol: 8080, 8000-8010/udp. Host ports and addresses belong to `docker run
    -p`; BuildKit ignores them or fails.
    """

    id = "B132"
    keywords = ("EXPOSE", "port")
    aliases = ("DL3011", "DS-0008", "ExposeInvalidFormat")
    differs = (("DL3011", "also malformed ones"),)
    severity = Severity.LOW
    references = (docker_docs("reference/build-checks/expose-invalid-format/"),)
    remedy = "Write only the port of the container: a number from 1 to 65535, with /tcp, /udp or /sctp."
    bad = (
        "FROM debian:12\nEXPOSE 80000\n",
        "FROM debian:12\nEXPOSE 8080:80\n",
        "FROM debian:12\nEXPOSE 127.0.0.1:8080:80/tcp 443\n",
        "FROM debian:12\nEXPOSE http\n",
        "FROM debian:12\nEXPOSE 80/http\n",
        "FROM debian:12\nEXPOSE 9000-8000\n",
    )
    good = (
        "FROM debian:12\nEXPOSE 80 443/tcp 8000-8010/udp 9/sctp\n",
        "FROM debian:12\nARG PORT\nEXPOSE $PORT 80/TCP\n",
        "FROM debian:12\nARG PORT=8080\nEXPOSE ${PORT}/tcp\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Expose):
            for text in instruction.ports:
                if isinstance(text.value, str) and (why := _wrong(text.value)):
                    yield self.finding(f"exposes {text.value[:60]}, which {why}", at, place=text.place, fix=_fix(text))


def _wrong(value: str) -> str:
    port, slash, protocol = value.strip("\"'").partition("/")
    if ":" in port:
        return "has a host port or address"
    if slash and protocol.lower() not in {"tcp", "udp", "sctp"}:
        return f"has an unknown protocol ({protocol[:20] or 'none'})"
    low, dash, high = port.partition("-")
    numbers = [_number(bound) for bound in ((low, high) if dash else (low,))]
    if any(number is None for number in numbers):
        return "is not a port number"
    if any(not 0 < (number or 0) <= _HIGHEST for number in numbers):
        return "is outside the range from 1 to 65535"
    return "is a range that ends before it begins" if (numbers[0] or 0) > (numbers[-1] or 0) else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _fix(text: BuildText) -> tuple[Edit, ...]:
    """Keep only the container port of a host and container port."""
    inner = text.raw.rpartition(":")[2]
    return (Edit(text.place, inner),) if ":" in text.raw and "$" not in text.raw and not _wrong(inner) else ()
