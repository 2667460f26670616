from __future__ import annotations

from sealock.rules.image._where import origin, place, present
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cwe, man


class EmptyPassword(Rule[Inventory]):
    """Account with an empty password.

    With an empty password field, su, login and often an SSH server accept the account without a password: any process
    in the container can become that account, or root if it is root's. Lock the password (passwd -l NAME), or write `*`
    or `!` into the field.
    """

    id = "F006"
    keywords = ("empty password", "shadow")
    aliases = ("DKL-LI-0001",)
    severity = Severity.HIGH
    reads = ("files",)
    references = (cwe(258), man("shadow", 5))
    remedy = "Lock the password of the account: passwd -l NAME, which writes ! into the field."
    fixable = False
    bad = ('{"sealock": "1", "files": [{"kind": "empty-password", "path": "etc/shadow", "detail": "root"}]}',)
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "empty-password", "path": "etc/shadow", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        for fact in present(image, "empty-password"):
            yield self.finding(
                f"allows a login as {fact.detail} without a password in /{fact.path}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path} {fact.detail}",
            )
