from __future__ import annotations

from sealock.rules.kit import Host, Iterator, Rule, RuleFinding, Severity, cis_docker


class DataOnRoot(Rule[Host]):
    """No separate partition for /var/lib/docker.

    Images, volumes and logs grow until the disk is full, and then nothing on the host can write any more. With a
    separate partition only the containers stop.
    """

    id = "H003"
    keywords = ("partition", "/var/lib/docker", "data root")
    severity = Severity.LOW
    reads = ("data_root_mounted",)
    references = (cis_docker("1.1.1"),)
    remedy = "Mount a separate disk at the data directory (Docker Root Dir in docker info)."
    fixable = False
    bad = ('{"observed": {"host": {"data_root_mounted": false}}}',)
    good = ('{"observed": {"host": {"data_root_mounted": true}}}',)

    def check(self, host: Host, /) -> Iterator[RuleFinding]:
        if host.data_root_mounted is False:
            yield self.finding("stores images, volumes and logs on the root partition", evidence="data_root")
