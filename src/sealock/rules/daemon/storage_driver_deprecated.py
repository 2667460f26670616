from __future__ import annotations

from sealock.rules.kit import Daemon, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs

_OLD: Final = {
    "aufs": "which Docker 24 removed",
    "overlay": "which Docker 24 removed",
    "devicemapper": "which Docker 25 removed",
    "vfs": "which is for tests only",
}


class StorageDriverDeprecated(Rule[Daemon]):
    """Storage driver is deprecated.

    Current engines no longer have aufs, overlay and devicemapper, which get no fixes; vfs copies every layer. The
    images and containers of one driver are invisible to another, so plan the move.
    """

    id = "E006"
    keywords = ("storage driver", "aufs", "devicemapper")
    severity = Severity.LOW
    reads = ("storage_driver",)
    references = (cis_docker("2.6"), docker_docs("engine/storage/drivers/select-storage-driver/"))
    remedy = 'Move to overlay2: back up what you need, set "storage-driver" to "overlay2", and pull the images again.'
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
            yield self.finding(f"uses the storage driver {daemon.storage_driver}, {why}", "storage_driver")
