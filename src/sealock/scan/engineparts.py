"""Looks the components of an engine up in the advisory database: the engine itself, containerd, runc, BuildKit.

It fetches nothing. A distribution backports fixes without a new upstream version, so its builds are skipped here: the
distribution's advisories cover them.
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
"""The Go modules that advisories on a component name."""
_OWN: Final = ("+", "~", "-")
"""Marks the version of a distribution's build: "26.1.5+dfsg1", "1.7.24~ds1", "27.5.1-0ubuntu3"."""
_PRE_RELEASES: Final = ("-rc", "-beta", "-alpha")


def look_up_parts(host: Host, name: str, options: LookupOptions, note: Callable[[str], None]) -> LookupResult:
    """Find the known vulnerabilities of an engine's components; without data they are skipped."""
    components = [part for part in given(host.components, ()) if part.name in _MODULES and part.version]
    own = [component for component in components if _is_own(component.version)]
    skipped = tuple(_skipped(own))
    packages = tuple(package for part in components if part not in own for package in _packages(part))
    if not packages:
        return LookupResult(skipped=skipped)
    inventory = Inventory(("engine",), "", "", (), Container(), packages=packages)
    result = VulnerabilityLookup(options, opener(lambda _name: None, note, offline=True)).look_up(
        inventory, name, SUBJECT, Source("host", "")
    )
    # Missing data is skipped, not an error: `sealock db update` is the user's choice.
    return LookupResult(result.findings, (*skipped, *result.skipped))


def _is_own(version: str) -> bool:
    return any(sign in version for sign in _OWN) and not any(sign in version for sign in _PRE_RELEASES)


def _skipped(own: list[Component]) -> Iterator[Skipped]:
    for component in own:
        name = f"{component.name} {component.version}"
        reason = f"{name} is a distribution's build: `sealock check rootfs:/` checks the distribution's packages"
        yield Skipped(VULNERABILITIES, SUBJECT, reason)


def _packages(component: Component) -> Iterator[Package]:
    for module in _MODULES[component.name]:
        namespace, _, last = module.rpartition("/")
        yield Package("golang", last, component.version.removeprefix("v"), component.name, namespace=namespace)
