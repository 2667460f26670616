from __future__ import annotations

from sealock.rules.enforced._expected import is_privileged
from sealock.rules.kit import (
    UNKNOWN,
    UNSET,
    Absent,
    Enforced,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    docker_docs,
)


class SeccompMissing(Rule[Enforced]):
    """Declared seccomp filter is not in effect.

    The engine reports that system calls are filtered, but the first process has no filter: the kernel was built without
    seccomp, the runtime dropped it, or the container was started in another way.
    """

    id = "K002"
    keywords = ("seccomp",)
    severity = Severity.HIGH
    references = (cis_docker("5.22"), docker_docs("engine/security/seccomp/"))
    remedy = "Look for seccomp in `docker info` and in the kernel (CONFIG_SECCOMP_FILTER), then restart the container."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "seccomp": null}, '
            '"effective": {}, "process": {"pid": 7, "seccomp": 0}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, "seccomp": null}, '
            '"effective": {}, "process": {"pid": 7, "seccomp": 2}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        declared, mode = enforced.declared, enforced.process.seccomp
        if is_privileged(declared) or declared.seccomp == "unconfined":
            return
        if isinstance(mode, Absent) or declared.seccomp is UNKNOWN:
            yield self.skip("the seccomp mode could not be read")
        elif mode == 0:
            profile = "the built-in seccomp profile" if declared.seccomp in {UNSET, "builtin"} else declared.seccomp
            yield self.finding(f"should run under {profile}, but has no seccomp filter", evidence="seccomp")
