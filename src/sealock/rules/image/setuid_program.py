"""Programs that run as their owner, whoever starts them."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.finding import Fault, Severity
from sealock.model.inventory import Inventory
from sealock.rules.image._where import origin, place, whose
from sealock.rules.references import cis_docker, cwe
from sealock.rules.rule import Rule


class SetuidProgram(Rule[Inventory]):
    """Image holds a setuid or setgid program.

    It runs as its owner, whoever starts it, so a fault in it makes root of an ordinary user within the container. The
    few that a distribution brings (su, mount, passwd …) are seldom needed in a container. Take the bit away with chmod
    u-s,g-s in the Dockerfile, remove the package, or run with no-new-privileges, which makes the bit void.
    """

    id = "F001"
    severity = Severity.MEDIUM
    references = (cis_docker("4.8"), cwe(250))
    remedy = "Take the bit away (chmod u-s,g-s) in the instruction that brings the file, or run with no-new-privileges."
    mends = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "setuid", "path": "opt/tool", "mode": "4755"}]}',
        '{"sealock": "1", "files": [{"kind": "setgid", "path": "usr/bin/wall", "mode": "2755", "owner": "bsdutils"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "setuid", "path": "opt/tool", "mode": "4755", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[Fault]:
        """Tell of every one that is still there; those that a distribution's package brings count less."""
        for fact in image.files:
            if fact.kind in {"setuid", "setgid"} and not fact.removed:
                yield self.fault(
                    f"holds /{fact.path}{whose(fact)} with mode {fact.mode & 0o7777:04o}, from "
                    f"{origin(image, fact.layer)}",
                    place=place(fact),
                    evidence=f"{fact.kind} {fact.path}",
                    severity=Severity.LOW if fact.owner else None,
                )
