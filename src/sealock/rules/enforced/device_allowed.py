from __future__ import annotations

from sealock.rules.enforced._expected import is_privileged
from sealock.rules.kit import (
    UNKNOWN,
    Enforced,
    Final,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    docker_docs,
    given,
)

_ALL: Final = "a *:* rwm"


class DeviceAllowed(Rule[Enforced]):
    """Device access beyond the declared devices.

    The control group's list of devices has more in it than the engine was asked for. With the number of a disk or of
    the kernel's memory, a process that may make device files reads and writes past every other wall.
    """

    id = "K012"
    keywords = ("device", "cgroup")
    severity = Severity.HIGH
    references = (cis_docker("5.18"), docker_docs("reference/cli/docker/container/run/#device"))
    remedy = "Start the container anew, and find who wrote into devices.allow."
    fixable = False
    bad = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, '
            '"devices": null, "device_rules": null}, '
            '"effective": {"device_rules": ["b 8:0 rwm"]}, "process": {"pid": 7}}]}}'
        ),
    )
    good = (
        (
            '{"observed": {"containers": [{"name": "web", "declared": {"privileged": false, '
            '"devices": null, "device_rules": ["b 8:0 rwm"]}, '
            '"effective": {"device_rules": ["b 8:0 rwm"]}, "process": {"pid": 7}}]}}'
        ),
    )

    def check(self, enforced: Enforced, /) -> Iterator[RuleFinding]:
        declared, there = enforced.declared, enforced.effective.device_rules
        if is_privileged(declared):
            return
        if UNKNOWN in {declared.devices, declared.device_rules, there}:
            yield self.skip("the rules on devices could not be read")
            return
        more = sorted(set(given(there, ())) - set(given(declared.device_rules, ())))
        if _ALL in more:
            yield self.finding("may use every device of the host", evidence=_ALL, severity=Severity.CRITICAL)
        elif more and len(more) > len(given(declared.devices, ())) and not declared.gpus:
            yield self.finding(f"may use devices that nobody gave it: {', '.join(more[:6])}", evidence=" ".join(more))
