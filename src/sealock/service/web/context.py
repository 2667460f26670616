"""What every request needs: the state, the settings of this service, and its clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from cryptography.fernet import MultiFernet
from msgspec import Struct, field

from sealock.net.http import AddressGuard
from sealock.service.access.limits import RateLimiter, rate_limiter
from sealock.service.state.database import Database
from sealock.service.web.caching import ViewCache
from sealock.service.work.jobs import Jobs


class SecretBox(Protocol):
    """Encrypts what the state keeps, and decrypts it; SealockError where the key is another."""

    def seal(self, text: str, /) -> bytes:
        """The encrypted text."""

    def unseal(self, data: bytes, /) -> str:
        """The text."""


class ServiceSettings(Struct, frozen=True, kw_only=True):
    """Of one process. `address` is the URL that people use, "" for the one of each request.

    `behind` is how many proxies in front of the service add to X-Forwarded-For; without any the header is ignored.
    """

    address: str = ""
    behind: int = 0
    guard: AddressGuard = AddressGuard()


class Rates(Struct, frozen=True):
    """How often who may ask, over all web processes."""

    requests: RateLimiter
    """For each token and session."""
    logins: RateLimiter
    """For each address, and each account."""
    submissions: RateLimiter
    """For each token that sends in."""


def usual_rates(database: Database) -> Rates:
    """The rates of a service."""
    return Rates(
        rate_limiter(database, "request", 50, 500),
        rate_limiter(database, "login", 0.1, 10),
        rate_limiter(database, "submission", 5, 100),
    )


class ServiceContext(Struct, frozen=True, kw_only=True):
    """Shared by all requests of a process. `clock` gives seconds since 1970."""

    database: Database
    jobs: Jobs
    sealer: SecretBox
    key: MultiFernet | None = None
    """What logins for registries are encrypted with."""
    settings: ServiceSettings = ServiceSettings()
    clock: Callable[[], float] = time.time
    rates: Rates
    cache: ViewCache = field(default_factory=ViewCache)
