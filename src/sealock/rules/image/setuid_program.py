from __future__ import annotations

from sealock.rules.image._where import batches, listed, origin, place, present, whose
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe


class SetuidProgram(Rule[Inventory]):
    """setuid or setgid program.

    It runs as its owner for every user, so a flaw in it makes an ordinary user root in the container. The
    few that a distribution brings (su, mount, passwd …) are seldom needed in a container. Take the bit away with chmod
    u-s,g-s in the Dockerfile, remove the package, or run with no-new-privileges, which makes the bit void.
    """

    id = "F001"
    keywords = ("setuid", "setgid")
    aliases = ("CIS-DI-0008",)
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cis_docker("4.8"), cwe(250))
    remedy = "Take the bit away (chmod u-s,g-s) in the instruction that brings the file, or run with no-new-privileges."
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "setuid", "path": "opt/tool", "mode": "4755"}]}',
        '{"sealock": "1", "files": [{"kind": "setgid", "path": "usr/bin/wall", "mode": "2755", "owner": "bsdutils"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "setuid", "path": "opt/tool", "mode": "4755", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        brought = {package.name: package.layer for package in image.packages}
        found = present(image, "setuid", "setgid")
        # A package's own program that a later layer has again was changed there: the bit was set.
        with_package = [fact for fact in found if fact.owner and fact.layer <= brought.get(fact.owner, fact.layer)]
        single = [[fact] for fact in found if fact not in with_package]
        for batch in (*single, *batches(with_package)):
            fact = batch[0]
            mode = f"{whose(fact)} with mode {fact.mode & 0o7777:04o}" if len(batch) == 1 else ""
            yield self.finding(
                f"holds {listed(batch, 'programs of packages')}{mode}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path}",
                severity=Severity.LOW if fact in with_package else None,
            )
