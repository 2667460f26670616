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
"""Path prefixes of files that root's programs obey: write access to one makes root."""


class WritableFile(Rule[Inventory]):
    """World-writable file.

    A world-writable file is everybody's: an intruder in any process of the container changes the
    program, library or setting that others run by. Of /etc/passwd or a shared library that makes root. It is mostly
    the trace of a chmod -R 777. Let the file belong to the user that needs it (COPY --chown, chown), and take the
    right from all others. Another rule reports programs on PATH.
    """

    id = "F003"
    keywords = ("world-writable",)
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cwe(732),)
    remedy = "Give the file to the user that writes to it (COPY --chown, chown), and chmod o-w it."
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
                    f"holds {listed(batch, 'files')}{mode}, which everybody may change, from "
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
