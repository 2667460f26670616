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

    The cgroup's device list allows more than the engine was asked for. A process that may create device nodes can open
    a disk or the kernel's memory by its number, and so bypasses all other isolation.
    """

    id = "K012"
    keywords = ("device", "cgroup")
    severity = Severity.HIGH
    references = (cis_docker("5.18"), docker_docs("reference/cli/docker/container/run/#device"))
    remedy = "Restart the container, and find out who wrote to devices.allow."
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
        declared, rules = enforced.declared, enforced.effective.device_rules
        if is_privileged(declared):
            return
        if UNKNOWN in {declared.devices, declared.device_rules, rules}:
            yield self.skip("the cgroup's device rules could not be read")
            return
        more = sorted(set(given(rules, ())) - set(given(declared.device_rules, ())))
        if _ALL in more:
            yield self.finding("can use every device of the host", evidence=_ALL, severity=Severity.CRITICAL)
        elif more and len(more) > len(given(declared.devices, ())) and not declared.gpus:
            yield self.finding(
                f"can use devices that its settings do not grant: {', '.join(more[:6])}", evidence=" ".join(more)
            )
