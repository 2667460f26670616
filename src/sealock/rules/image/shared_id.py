from __future__ import annotations

from sealock.rules.image._where import origin, place
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cwe, man


class SharedId(Rule[Inventory]):
    """Accounts or groups share an id.

    The kernel knows only numbers: accounts with the same UID own each other's files and can stop each other's
    processes, whatever their names. This is rarely intended: two packages or build steps chose the same number. Give
    each its own id (usermod -u, groupmod -g), and chown the files that it had.
    """

    id = "F007"
    keywords = ("UID", "id", "GID", "duplicate")
    aliases = ("DKL-LI-0002",)
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cwe(286), man("passwd", 5), man("group", 5))
    remedy = "Give each account and group its own id: usermod -u, groupmod -g, and chown their files."
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "double-uid", "path": "etc/passwd", "detail": "app, web (1000)"}]}',
        '{"sealock": "1", "files": [{"kind": "double-gid", "path": "etc/group", "detail": "app, web (1000)"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "double-uid", "path": "etc/passwd", "removed": true}]}',
        '{"sealock": "1", "files": [{"kind": "double-uid", "path": "etc/passwd", "detail": "root, toor (0)"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        for fact in image.files:
            if fact.removed or fact.kind not in {"double-uid", "double-gid"}:
                continue
            accounts = fact.kind == "double-uid"
            names, _, number = fact.detail.removesuffix(")").rpartition(" (")
            if accounts and number == "0":
                continue
            what = "accounts" if accounts else "groups"
            yield self.finding(
                f"gives the {what} {names} the same id {number} in /{fact.path}, from {origin(image, fact.layer)}",
                place=place(fact),
                evidence=f"{fact.kind} {fact.path} {fact.detail}",
                severity=None if accounts else Severity.LOW,
            )
