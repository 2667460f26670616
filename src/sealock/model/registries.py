"""How to connect to registries, from the policy."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Registries(Struct, frozen=True):
    """The table [registry] of sealock.toml.

    `insecure` are hosts (HOST or HOST:PORT) that may use plain HTTP. `mirrors` maps a registry ("docker.io") to hosts
    that a pull tries before it, in order. `token_hosts` maps a registry's host to other hosts that may receive its
    credentials in order to issue tokens for it.
    """

    insecure: tuple[str, ...] = ()
    mirrors: Mapping[str, tuple[str, ...]] = {}
    token_hosts: Mapping[str, tuple[str, ...]] = {}
