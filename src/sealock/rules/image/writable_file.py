from __future__ import annotations

from sealock.model.inventory import FileFact
from sealock.rules.image._path import directories, is_on_path
from sealock.rules.image._where import batches, listed, origin, place, present
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cwe

_TRUSTED: Final = (
    "etc/passwd", "etc/shadow", "etc/group", "etc/gshadow", "etc/sudoers", "etc/ld.so.", "etc/cron", "etc/profile",
    "etc/pam.d/", "etc/security/", "etc/init.d/", "etc/systemd/", "etc/ssh/", "root/", "var/spool/cron/",
    "usr/lib/systemd/",
)  # fmt: skip
"""Path prefixes of files that programs of root trust: write access to one makes root."""


class WritableFile(Rule[Inventory]):
    """World-writable file.

    Every user can change a world-writable file: an attacker in any process of the container changes the program,
    library or setting that others use. For /etc/passwd or a shared library that makes root. The usual cause is chmod -R
    777. Give the file to the user that needs it (COPY --chown, chown), and remove write access for others. Another rule
    reports programs in PATH.
    """

    id = "F003"
    keywords = ("world-writable",)
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cwe(732),)
    remedy = (
        "Give the file to the user that writes to it (COPY --chown, chown), and remove write access with chmod o-w."
    )
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "app/settings.py", "mode": "666"}]}',
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "etc/passwd", "mode": "666"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "a", "mode": "666", "removed": true}]}',
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "usr/bin/tool", "mode": "777"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        path = directories(image)
        by_severity: dict[Severity, list[FileFact]] = {}
        for fact in present(image, "world-writable"):
            if not is_on_path(fact, path):
                by_severity.setdefault(_severity(fact), []).append(fact)
        for severity in sorted(by_severity, reverse=True):
            for batch in batches(by_severity[severity]):
                fact = batch[0]
                mode = f" with mode {fact.mode & 0o7777:04o}" if len(batch) == 1 else ""
                yield self.finding(
                    f"contains {listed(batch, 'files')}{mode}, which every user can change, from "
                    f"{origin(image, fact.layer)}",
                    place=place(fact),
                    evidence=f"{fact.kind} {fact.path}",
                    severity=severity,
                )


def _severity(fact: FileFact) -> Severity:
    name = fact.path.rpartition("/")[2]
    if fact.path.startswith(_TRUSTED) or name.endswith(".so") or ".so." in name:
        return Severity.HIGH
    return Severity.MEDIUM if fact.mode & 0o111 or not fact.owner else Severity.LOW
