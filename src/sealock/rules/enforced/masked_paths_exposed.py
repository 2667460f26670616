from __future__ import annotations

from sealock.rules.enforced._expected import is_privileged
from sealock.rules.kit import UNKNOWN, Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cwe, man


class MaskedPathsExposed(Rule[Enforced]):
    """Masked paths are exposed.

    Engines mask /proc/kcore, /proc/sys and the like, but the kernel shows them unmasked. Someone unmounted the masks,
    or the runtime never made them; these paths give access to the kernel's memory and settings.
    """

    id = "K013"
    keywords = ("masked paths", "/proc")
    severity = Severity.HIGH
    references = (cwe(732), man("proc", 5))
    remedy = "Restart the container without SYS_ADMIN; if the difference stays, check the runtime."
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
        declared, unconfined = enforced.declared, enforced.effective.unconfined_paths
        if is_privileged(declared) or declared.unconfined_paths is True:
            return
        paths = enforced.process.uncovered
        if declared.unconfined_paths is UNKNOWN or (isinstance(unconfined, Absent) and isinstance(paths, Absent)):
            yield self.skip("its mounts could not be read")
        elif isinstance(paths, tuple) and paths:
            yield self.finding(
                f"can read or write {', '.join(paths)}, which the engine should mask", evidence=" ".join(paths)
            )
        elif unconfined is True:
            yield self.finding(
                "can read /proc/kcore and write /proc/sys, which the engine should mask", evidence="unconfined_paths"
            )
