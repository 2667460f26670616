from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class IdsNotMapped(Rule[Enforced]):
    """Root is not remapped despite the user namespace.

    The container has its own user namespace, but UID 0 in it is UID 0 of the host, so the namespace isolates nothing.
    Root in the container is root on the host for every file and process that it can reach.
    """

    id = "K014"
    keywords = ("user namespace", "userns", "root")
    severity = Severity.HIGH
    references = (cis_docker("2.9"), man("user_namespaces", 7))
    remedy = "Give the engine a range of subordinate UIDs (`sealock userns plan`), and restart the container."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, '
            '"effective": {"userns": "private"}, "process": {"pid": 7, "uid_map": [{"inside": 0, '
            '"outside": 0, "count": 65536}]}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, '
            '"effective": {"userns": "private"}, "process": {"pid": 7, "uid_map": [{"inside": 0, '
            '"outside": 100000, "count": 65536}]}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        if enforced.effective.userns is UNKNOWN:
            yield self.skip("its user namespace could not be read")
            return
        if enforced.effective.userns != "private":
            return
        ranges = enforced.process.uid_map
        if isinstance(ranges, Absent):
            yield self.skip("the UID map could not be read")
        elif any(
            mapping.inside <= 0 < mapping.inside + mapping.count and mapping.outside - mapping.inside == 0
            for mapping in ranges
        ):
            yield self.finding("maps its root to the host's root", evidence="uid_map")
