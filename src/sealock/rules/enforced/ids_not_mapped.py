from __future__ import annotations

from sealock.rules.kit import Absent, Enforced, Iterator, Rule, RuleFinding, Severity, cis_docker, man


class IdsNotMapped(Rule[Enforced]):
    """Root is not remapped despite the user namespace.

    It is in a user namespace of its own, and user id 0 in it maps to 0 of the host: the namespace parts nothing. Root
    in the container is then root on the host for every file and process that it can reach.
    """

    id = "K014"
    keywords = ("user namespace", "userns", "root")
    severity = Severity.HIGH
    references = (cis_docker("2.9"), man("user_namespaces", 7))
    remedy = "Give the engine a range of subordinate ids (`sealock userns plan`), and start the container anew."
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
        if enforced.effective.userns != "private":
            return
        ranges = enforced.process.uid_map
        if isinstance(ranges, Absent):
            yield self.skip("the map of user ids could not be read")
        elif any(
            range_.inside <= 0 < range_.inside + range_.count and range_.outside - range_.inside == 0
            for range_ in ranges
        ):
            yield self.finding("maps its root to root of the host", evidence="uid_map")
