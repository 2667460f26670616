"""Looks the parts of an engine up in the advisory database: the engine itself, containerd, runc.

Nothing is fetched for it: a machine is judged by what the database holds. A distribution's own build is mended without
its version changing, so that it is not judged here; the distribution's advisories tell of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.finding import Skipped
from sealock.model.host import Component, Host
from sealock.model.inventory import Inventory, Package
from sealock.model.location import Source
from sealock.policy.ignores import VULNERABILITIES
from sealock.scan.vulnerabilities import LookupOptions, LookupResult, VulnerabilityLookup, opener

SUBJECT: Final = "engine"
_MODULES: Final = {
    "engine": ("github.com/docker/docker", "github.com/moby/moby"),
    "containerd": ("github.com/containerd/containerd",),
    "runc": ("github.com/opencontainers/runc",),
    "buildkit": ("github.com/moby/buildkit",),
}
"""The Go modules that advisories on a part name."""
_OWN: Final = ("+", "~", "-")
"""What stands in the version of a distribution's own build: "26.1.5+dfsg1", "1.7.24~ds1", "27.5.1-0ubuntu3"."""
_PRE_RELEASES: Final = ("-rc", "-beta", "-alpha")


def look_up_parts(host: Host, name: str, options: LookupOptions, note: Callable[[str], None]) -> LookupResult:
    """What is known to be vulnerable in a machine's engine and its parts; without data they are "not judged"."""
    parts = [one for one in given(host.components, ()) if one.name in _MODULES and one.version]
    own = [part for part in parts if _is_own(part.version)]
    silent = tuple(_unchecked(own))
    packages = tuple(package for part in parts if part not in own for package in _packages(part))
    if not packages:
        return LookupResult(skipped=silent)
    inventory = Inventory(("engine",), "", "", (), Container(), packages=packages)
    found = VulnerabilityLookup(options, opener(lambda _name: None, note, offline=True)).look_up(
        inventory, name, SUBJECT, Source("host", "")
    )
    # That the database lacks these is told as "not judged": `sealock db update` is the person's own choice.
    return LookupResult(found.findings, (*silent, *found.skipped))


def _is_own(version: str) -> bool:
    return any(sign in version for sign in _OWN) and not any(sign in version for sign in _PRE_RELEASES)


def _unchecked(own: list[Component]) -> Iterator[Skipped]:
    for one in own:
        words = f"{one.name} {one.version} is a distribution's own build: `sealock check rootfs:/` judges its packages"
        yield Skipped(VULNERABILITIES, SUBJECT, words)


def _packages(component: Component) -> Iterator[Package]:
    for module in _MODULES[component.name]:
        namespace, _, last = module.rpartition("/")
        yield Package("golang", last, component.version.removeprefix("v"), component.name, namespace=namespace)
