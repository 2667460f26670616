"""What commands of coding agents may do in `sealock run --for agent`: the table [agent] of sealock.toml."""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct

from sealock.model.allowedhosts import AllowedHost, read_host
from sealock.model.durations import read_time
from sealock.model.location import Source
from sealock.policy.tables import TableReader, as_toml

DURATION: Final = "a number of seconds, minutes or hours, such as 90s, 30m or 2h"


class AgentPolicy(Struct, frozen=True):
    """The most that a command may be given; None where the policy leaves it to the command line.

    `hosts` may be connected to, `seconds` may pass, `writable` are protected paths of the workspace that it may write,
    `variables` of the caller's environment may hold secrets.
    """

    hosts: tuple[AllowedHost, ...] | None = None
    seconds: int | None = None
    writable: tuple[str, ...] | None = None
    variables: tuple[str, ...] = ()


def read_duration(text: str) -> int | None:
    """Read a time of the form DURATION in whole seconds, at least one; None where it has another form."""
    return int(read_time(text) or 0) or None


def read_agent(source: Source, table: dict[str, Any]) -> AgentPolicy:
    """Read the table; PolicyError says what is wrong and where."""
    reader = TableReader(source, table, "[agent] ")
    hosts = _hosts(reader) if "hosts" in table else None
    seconds = _seconds(reader) if "time-limit" in table else None
    writable = reader.strings("writable") if "writable" in table else None
    policy = AgentPolicy(hosts, seconds, writable, reader.strings("variables"))
    reader.done()
    return policy


def _hosts(reader: TableReader) -> tuple[AllowedHost, ...]:
    key = "hosts"
    try:
        return tuple(map(read_host, reader.strings(key)))
    except ValueError as error:
        raise reader.fail(key, f"names a host that is none: {error}") from None


def _seconds(reader: TableReader) -> int:
    key = "time-limit"
    text = reader.take(key, str, "")
    if (seconds := read_duration(text)) is None:
        raise reader.fail(key, f"should be {DURATION}, and is {as_toml(text)}")
    return seconds
