from __future__ import annotations

from sealock.rules.enforced._expected import capabilities, held, is_told, listed
from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class CapabilityGained(Rule[Enforced]):
    """Effective capabilities exceed the declared ones.

    The engine was asked for fewer than its first process can have. Somebody changed the runtime or its configuration,
    or the engine does not do what it says. Find out which before you trust any other limit of this container.
    """

    id = "K001"
    keywords = ("capabilities", "effective")
    severity = Severity.HIGH
    references = (cis_docker("5.4"), man("capabilities", 7))
    remedy = (
        "Start the container anew, and look at the runtime (`docker info`) and its wrappers where the difference stays."
    )
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
        if not is_told(enforced.declared, "privileged", "cap_add", "cap_drop"):
            yield self.skip("nobody told which capabilities it was given")
            return
        asked = capabilities(enforced.declared)
        more = held(process.bounding, process.permitted, process.effective, process.ambient) - (asked or frozenset())
        if asked is not None and more:
            yield self.finding(f"can have {listed(more)}, which nobody asked for", evidence=" ".join(sorted(more)))
