from __future__ import annotations

from sealock.rules.enforced._expected import capabilities, in_any, is_declared
from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man
from sealock.text import list_first


class CapabilityGained(Rule[Enforced]):
    """Effective capabilities exceed the declared ones.

    The engine was asked for fewer capabilities than the container's first process can have. Someone changed the runtime
    or its configuration, or the engine does not do what it reports. Find the cause before you trust any other limit of
    this container.
    """

    id = "K001"
    keywords = ("capabilities", "effective")
    severity = Severity.HIGH
    references = (cis_docker("5.4"), man("capabilities", 7))
    remedy = "Restart the container; if the difference stays, check the runtime (`docker info`) and its wrappers."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, '
            '"cap_add": null, "cap_drop": ["ALL"]}, '
            '"effective": {}, "process": {"pid": 7, "bounding": 2097152}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, '
            '"cap_add": ["NET_ADMIN"], "cap_drop": ["ALL"]}, '
            '"effective": {}, "process": {"pid": 7, "bounding": 4096}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        process = enforced.process
        if isinstance(process.bounding, Absent):
            yield self.skip("the kernel's capability sets could not be read")
            return
        if not is_declared(enforced.declared, "privileged", "cap_add", "cap_drop"):
            yield self.skip("the declared capabilities are not known")
            return
        allowed = capabilities(enforced.declared)
        more = in_any(process.bounding, process.permitted, process.effective, process.ambient) - (
            allowed or frozenset()
        )
        if allowed is not None and more:
            yield self.finding(
                f"can have {list_first(sorted(more), 6)}, which its settings do not grant",
                evidence=" ".join(sorted(more)),
            )
