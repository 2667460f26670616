from __future__ import annotations

from sealock.rules.image._path import directories, is_on_path
from sealock.rules.image._where import batches, listed, origin, place, present
from sealock.rules.kit import Inventory, Iterator, Rule, RuleFinding, Severity, cwe


class WritableProgram(Rule[Inventory]):
    """World-writable program in PATH.

    Every user can write to a directory in PATH, one above it, or a program in it: an attacker in any process of the
    container puts a program where root, the health check or the next `docker exec` will start it. Remove write access
    with chmod o-w; programs belong to root, and others only run them.
    """

    id = "F005"
    keywords = ("world-writable", "PATH")
    severity = Severity.HIGH
    reads = ("files",)
    references = (cwe(732), cwe(426))
    remedy = "Remove write access (chmod o-w) in the instruction that adds the directory or file."
    fixable = False
    bad = (
        '{"sealock": "1", "files": [{"kind": "world-writable-directory", "path": "usr/local/bin", "mode": "777"}]}',
        '{"sealock": "1", "files": [{"kind": "world-writable-directory", "path": "usr/local", "mode": "777"}]}',
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "usr/bin/tool", "mode": "777"}]}',
    )
    good = (
        '{"sealock": "1", "files": []}',
        '{"sealock": "1", "files": [{"kind": "world-writable", "path": "usr/bin/x", "mode": "777", "removed": true}]}',
        '{"sealock": "1", "files": [{"kind": "setuid", "path": "usr/bin/tool", "mode": "4755"}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        path = directories(image)
        for kind, many in (("world-writable-directory", "directories"), ("world-writable", "programs")):
            writable = [fact for fact in present(image, kind) if is_on_path(fact, path)]
            for batch in batches(writable):
                fact = batch[0]
                mode = f" with mode {fact.mode & 0o7777:04o}" if len(batch) == 1 else ""
                yield self.finding(
                    f"contains {listed(batch, many)}{mode} in PATH, which every user can write to, from "
                    f"{origin(image, fact.layer)}",
                    place=place(fact),
                    evidence=f"{kind} {fact.path}",
                )
