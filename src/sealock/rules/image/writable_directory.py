from __future__ import annotations

from sealock.rules.image._path import directories, is_on_path
from sealock.rules.image._where import batches, listed, origin, place, present
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cwe


class WritableDirectory(Rule[Inventory]):
    """World-writable directory without sticky bit.

    In a directory with mode 777 and no sticky bit, every user can remove, rename and replace every file of any owner,
    including the code and settings of a program. Give the directory to the user that needs it (COPY --chown,
    chown), or, if it is shared on purpose like /tmp, set the sticky bit (mode 1777). Another rule reports directories
    in PATH.
    """

    id = "F004"
    keywords = ("world-writable", "sticky bit")
    severity = Severity.MEDIUM
    reads = ("files",)
    references = (cwe(732),)
    remedy = "Give the directory to the user that writes to it (chown, chmod o-w); use chmod +t if it is shared."
    fixable = False
    bad = ('{"sealock": "1", "files": [{"kind": "world-writable-directory", "path": "srv/app", "mode": "777"}]}',)
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "world-writable-directory", "path": "x", "mode":"777", "removed": true}]}',
        '{"sealock": "1", "files": [{"kind": "world-writable-directory", "path": "usr/local/bin", "mode": "777"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        path = directories(image)
        writable = [fact for fact in present(image, "world-writable-directory") if not is_on_path(fact, path)]
        for owned in (False, True):
            for batch in batches(fact for fact in writable if bool(fact.owner) is owned):
                fact = batch[0]
                mode = f" with mode {fact.mode & 0o7777:04o}" if len(batch) == 1 else ""
                yield self.finding(
                    f"contains {listed(batch, 'directories')}{mode}, in which every user can replace files, from "
                    f"{origin(image, fact.layer)}",
                    place=place(fact),
                    evidence=f"{fact.kind} {fact.path}",
                    severity=Severity.LOW if owned else None,
                )
