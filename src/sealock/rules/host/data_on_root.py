from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker


class DataOnRoot(Rule[Host]):
    """No separate partition for /var/lib/docker.

    Images, volumes and logs grow until the disk is full, and then nothing on this machine can write any more. On a
    partition of its own only the containers stop.
    """

    id = "H003"
    keywords = ("partition", "/var/lib/docker", "data root")
    severity = Severity.LOW
    reads = ("data_root_mounted",)
    references = (cis_docker("1.1.1"),)
    remedy = "Mount a disk of its own at the data folder (docker info shows it as Docker Root Dir)."
    fixable = False
    bad = ('{"observed": {"host": {"data_root_mounted": false}}}',)
    good = ('{"observed": {"host": {"data_root_mounted": true}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if host.data_root_mounted is False:
            yield self.finding("keeps images, volumes and logs beside the system", evidence="data_root")
