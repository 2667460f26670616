"""What a policy says of registries: who may be spoken to how."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Registries(Struct, frozen=True):
    """The table [registry] of sealock.toml.

    `insecure` are hosts (HOST or HOST:PORT) that may be spoken to over plain HTTP. `mirrors` maps a registry
    ("docker.io") to hosts that are asked before it, in order, when something is pulled. `token_hosts` maps a registry's
    host to further hosts that may see its credentials to give tokens for it.
    """

    insecure: tuple[str, ...] = ()
    mirrors: Mapping[str, tuple[str, ...]] = {}
    token_hosts: Mapping[str, tuple[str, ...]] = {}
