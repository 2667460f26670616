from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, given


class BaseSize(Rule[Daemon]):
    """Default container disk size is changed (dm.basesize).

    A larger disk for each container lets one of them fill the machine's; the setting is for devicemapper, which is out
    of support.
    """

    id = "E026"
    keywords = ("basesize", "dm.basesize", "base device size", "devicemapper")
    severity = Severity.INFO
    reads = ("storage_opts",)
    references = (cis_docker("2.11"),)
    remedy = 'Take "dm.basesize" out of "storage-opts".'
    fixable = False
    bad = ('{"storage-opts": ["dm.basesize=40G"], "icc": false}',)
    good = (
        '{"storage-opts": ["overlay2.size=10G"], "icc": false}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, one in enumerate(given(daemon.storage_opts, ())):
            if one.startswith("dm.basesize="):
                yield self.finding(f"gives containers disks of {one.partition('=')[2]}", ("storage_opts", index))
