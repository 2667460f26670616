from __future__ import annotations

from sealock.rules.enforced._expected import is_privileged
from sealock.rules.kit import UNKNOWN, Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cwe, man


class PathsUnmasked(Rule[Enforced]):
    """Masked paths are exposed.

    Engines cover /proc/kcore, /proc/sys and the like, and the kernel shows them uncovered. Somebody unmounted the
    covers, or the runtime never made them; they lead to the kernel's memory and settings.
    """

    id = "K013"
    keywords = ("masked paths", "/proc")
    severity = Severity.HIGH
    references = (cwe(732), man("proc", 5))
    remedy = "Start the container anew, without SYS_ADMIN, and look at the runtime where the difference stays."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "unconfined_paths": null}, '
            '"effective": {"unconfined_paths": true}, "process": {"pid": 7}}]}}'
        ),
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "unconfined_paths": null}, '
            '"effective": {"unconfined_paths": false}, "process": {"pid": 7, "uncovered": ["/proc/keys"]}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "unconfined_paths": null}, '
            '"effective": {"unconfined_paths": false}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        declared, there = enforced.declared, enforced.effective.unconfined_paths
        if is_privileged(declared) or declared.unconfined_paths is True:
            return
        paths = enforced.process.uncovered
        if declared.unconfined_paths is UNKNOWN or (isinstance(there, Absent) and isinstance(paths, Absent)):
            yield self.skip("its mounts could not be read")
        elif isinstance(paths, tuple) and paths:
            yield self.finding(f"sees {', '.join(paths)} uncovered, or may write there", evidence=" ".join(paths))
        elif there is True:
            yield self.finding("sees /proc/kcore and /proc/sys uncovered", evidence="unconfined_paths")
