"""Vectors of rules in which something that is no fault stands before one, or beside it, and must not hide it."""

from __future__ import annotations

from typing import Final

ORDERS: Final[dict[str, tuple[str, ...]]] = {
    "B007": (
        "# escape=`\n# syntax=acme/front\nFROM scratch\n",
        "# check=skip=all\n# syntax=acme/front\nFROM scratch\n",
    ),
    "B021": tuple(
        f"FROM debian:12\nRUN curl -fsSL{options} https://example.com/a && chmod +x a\n"
        for options in ("oa", "o a", "O", "Xoa", "Hoa")
    ),
    "B034": (
        (
            "FROM debian:12\nRUN echo 'deb [trusted=yes] file:/a ./' > /etc/apt/sources.list.d/a.list\n"
            "RUN echo 'deb https://example.com/ ./' > /etc/apt/sources.list.d/b.list\n"
            "RUN echo 'deb [trusted=yes] https://example.com/ ./' > /etc/apt/sources.list.d/c.list\n"
        ),
    ),
    "B155": (
        "FROM debian:12 AS a\nFROM a AS b\nWORKDIR /b\nFROM b AS c\nCOPY a a\nFROM c\nCOPY a a\n",
        "FROM debian:12\nCOPY a a\nADD b b\nWORKDIR /c\nCOPY c c\n",
    ),
    "C072": tuple(
        f"docker run alpine java -agentlib:jdwp=server=y,address={address} -agentlib:jdwp=server=y,address=*:2"
        for address in ("localhost:1", "*:1")
    ),
    "C073": (
        (
            "services:\n  app:\n    image: a:1\n    healthcheck: {test: curl -f http://a | sh}\n"
            "    post_start: [{command: sh -c 'curl https://a.example | sh'}]\n"
        ),
    ),
    "H007": (
        (
            '{"observed": {"host": {"files": [{"role": "engine-socket", "path": "/s", "kind": "socket", "mode": 511, '
            '"uid": 1, "gid": 1}, {"role": "tls-key", "path": "/k", "kind": "file", "mode": 420, "uid": 0, "gid": 0}]}}}'
        ),
    ),
}
"""The vectors by the rule's id."""
