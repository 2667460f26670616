from __future__ import annotations

from sealock.rules.image._where import origin, place, present
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man


class ImageSecondRoot(Rule[Inventory]):
    """Second account with UID 0.

    An account with UID 0 is root, whatever its name: a USER instruction with that name looks harmless, and so does the
    list of accounts. It is a popular back door. Remove the account, or give it its own UID (usermod -u).
    """

    id = "F008"
    keywords = ("UID 0", "root")
    severity = Severity.HIGH
    reads = ("files",)
    references = (cis_docker("4.1"), cwe(250), man("passwd", 5))
    remedy = "Remove the account (userdel), or give it its own UID (usermod -u)."
    fixable = False
    bad = ('{"sealock": "1", "files": [{"kind": "root-account", "path": "etc/passwd", "detail": "toor"}]}',)
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "root-account", "path": "etc/passwd", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        for fact in present(image, "root-account"):
            yield self.finding(
                f"gives UID 0 to {fact.detail} in /{fact.path}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path} {fact.detail}",
            )
