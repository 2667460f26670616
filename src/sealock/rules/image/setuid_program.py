from __future__ import annotations

from sealock.rules.image._where import batches, listed, origin, place, present, whose
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe


class SetuidProgram(Rule[Inventory]):
    """setuid or setgid program.

    A setuid program runs as its owner for every user, so a flaw in it makes an ordinary user root in the container.
    Containers seldom need the few that a distribution has (su, mount, passwd …). Remove the bit with chmod u-s,g-s in
    the Dockerfile, remove the package, or run with no-new-privileges, which disables the bit.
    """

    id = "F001"
    keywords = ("setuid", "setgid")
    aliases = ("CIS-DI-0008",)
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cis_docker("4.8"), cwe(250))
    remedy = "Remove the bit (chmod u-s,g-s) in the instruction that adds the file, or run with no-new-privileges."
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
        package_layers = {package.name: package.layer for package in image.packages}
        programs = present(image, "setuid", "setgid")
        # A later layer that has the program of a package again changed it there: an instruction set the bit.
        with_package = [
            fact for fact in programs if fact.owner and fact.layer <= package_layers.get(fact.owner, fact.layer)
        ]
        others = [[fact] for fact in programs if fact not in with_package]
        for batch in (*others, *batches(with_package)):
            fact = batch[0]
            mode = f"{whose(fact)} with mode {fact.mode & 0o7777:04o}" if len(batch) == 1 else ""
            yield self.finding(
                f"contains {listed(batch, 'programs of packages')}{mode}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path}",
                severity=Severity.LOW if fact in with_package else None,
            )
