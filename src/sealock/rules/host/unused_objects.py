from __future__ import annotations

from sealock.rules.kit import UNKNOWN, Final, Host, Iterator, Rule, RuleFinding, Severity, cis_docker, given

_MANY: Final = 25


class UnusedObjects(Rule[Host]):
    """Unused images, containers and volumes.

    Stopped containers and unused images keep old vulnerabilities and secrets, and hide what is in use.
    """

    id = "H021"
    keywords = ("unused", "sprawl", "prune")
    severity = Severity.INFO
    references = (cis_docker("6.1"), cis_docker("6.2"))
    remedy = "Review what they list, then run `docker container prune` and `docker image prune --all`."
    fixable = False
    bad = (
        '{"observed": {"host": {"containers": 40, "running": 2}}}',
        '{"observed": {"host": {"images": 60, "images_unused": 58}}}',
    )
    good = ('{"observed": {"host": {"containers": 4, "running": 4, "images": 5, "images_unused": 1}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if UNKNOWN in {host.containers, host.running} and host.images_unused is UNKNOWN:
            yield self.skip("containers and images could not be counted")
        stopped = given(host.containers, 0) - given(host.running, 0)
        if stopped > _MANY:
            yield self.finding(f"has {stopped} stopped containers", evidence="containers")
        if given(host.images_unused, 0) > _MANY:
            yield self.finding(f"has {given(host.images_unused, 0)} images that no container uses", evidence="images")
