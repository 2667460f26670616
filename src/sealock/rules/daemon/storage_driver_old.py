from __future__ import annotations

from sealock.rules.kit import Daemon, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_OLD: Final = {
    "aufs": "which was taken out in Docker 24",
    "overlay": "which was taken out in Docker 24",
    "devicemapper": "which was taken out in Docker 25",
    "vfs": "which is meant for tests",
}


class StorageDriverOld(Rule[Daemon]):
    """Storage driver is deprecated.

    aufs, overlay and devicemapper are gone from current engines and get no repairs; vfs copies every layer whole.
    Images and containers of one driver are not seen by another, so plan the move.
    """

    id = "E006"
    keywords = ("storage driver", "aufs", "devicemapper")
    severity = Severity.LOW
    reads = ("storage_driver",)
    references = (cis_docker("2.6"), docker_docs("engine/storage/drivers/select-storage-driver/"))
    remedy = 'Move to overlay2: save what you need, set "storage-driver" to "overlay2", and pull the images again.'
    fixable = False
    bad = (
        '{"storage-driver": "aufs"}',
        '{"storage-driver": "devicemapper"}',
    )
    good = (
        '{"storage-driver": "overlay2"}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        if isinstance(daemon.storage_driver, str) and (why := _OLD.get(daemon.storage_driver)):
            yield self.finding(f"keeps its data with {daemon.storage_driver}, {why}", "storage_driver")
