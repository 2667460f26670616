from __future__ import annotations

from sealock.rules.kit import Daemon, Iterator, Rule, RuleFinding, Severity, cis_docker, given


class BaseSize(Rule[Daemon]):
    """Default container disk size is changed (dm.basesize).

    With a larger disk one container can fill the host's disk. The setting belongs to devicemapper, which Docker no
    longer supports.
    """

    id = "E026"
    keywords = ("basesize", "dm.basesize", "base device size", "devicemapper")
    severity = Severity.INFO
    reads = ("storage_opts",)
    references = (cis_docker("2.11"),)
    remedy = 'Remove "dm.basesize" from "storage-opts".'
    fixable = False
    bad = ('{"storage-opts": ["dm.basesize=40G"], "icc": false}',)
    good = (
        '{"storage-opts": ["overlay2.size=10G"], "icc": false}',
        '{"icc": false}',
    )

    def check(self, daemon: Daemon, /) -> Iterator[RuleFinding]:
        for index, option in enumerate(given(daemon.storage_opts, ())):
            if option.startswith("dm.basesize="):
                yield self.finding(
                    f"gives each container a disk of {option.partition('=')[2]}", ("storage_opts", index)
                )
