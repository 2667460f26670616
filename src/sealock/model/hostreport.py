"""What a host or a build machine sends to the scanning service: targets, findings, and what of them is loaded."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from sealock.model.advisory import PackageUse

SeverityName: TypeAlias = Literal["info", "low", "medium", "high", "critical"]


class ReportedFinding(Struct, frozen=True, omit_defaults=True):
    """A finding by the identity that all commands share. `use` is "unknown" where it is not known what is loaded."""

    rule: str
    thing: str
    severity: SeverityName
    title: str = ""
    message: str = ""
    use: PackageUse = "unknown"
    remedy: str = ""


class ReportedTarget(Struct, frozen=True, omit_defaults=True):
    """What was checked: `name` as the command line names it ("container:web", "host"), `image` as its engine does.

    `manifest` and `configuration` are digests of its image, "" where they are not known. `errors` say what could not be
    read, `skipped` why checks were not evaluated.
    """

    name: str
    kind: str
    image: str = ""
    manifest: str = ""
    configuration: str = ""
    findings: tuple[ReportedFinding, ...] = ()
    errors: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()


class HostReport(Struct, frozen=True, omit_defaults=True):
    """A report of one host. `complete`: its containers are all that the host has, so that others are gone."""

    host: str
    version: str
    targets: tuple[ReportedTarget, ...] = ()
    complete: bool = False
    engine: str = ""
    map: str = ""
    """The network map, as `sealock map --format json` prints it; "" where none was made."""
