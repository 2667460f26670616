from __future__ import annotations

from sealock.rules.kit import (
    Container,
    Iterator,
    Remove,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)


class DeviceRule(Rule[Container]):
    """Device cgroup rule allows a whole class of devices.

    A device cgroup rule with a wildcard lets the container create and open every device of that kind by its number (`b
    *:* rwm`: every disk), even if no device is passed. Name the device with `devices`, or its major and minor number.
    """

    id = "C026"
    keywords = ("device cgroup rule", "device")
    severity = Severity.HIGH
    reads = ("device_rules",)
    references = (cis_docker("5.18"), cwe(668), docker_docs("reference/cli/docker/container/run/#device-cgroup-rule"))
    remedy = "Name the device with --device, or its major and minor number."
    bad = (
        "docker run --device-cgroup-rule='a *:* rwm' alpine",
        "docker run --device-cgroup-rule 'c 188:* rmw' alpine",
        "services:\n  app:\n    image: alpine:3.20\n    device_cgroup_rules: ['b *:* r']\n",
    )
    good = ("docker run --device-cgroup-rule 'c 10:229 rw' alpine", "docker run alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, rule in enumerate(given(container.device_rules, ())):
            kind, _, rest = rule.strip().partition(" ")
            numbers = rest.strip().partition(" ")[0]
            major, _, minor = numbers.partition(":")
            if kind == "a" or major == "*":
                severity, what = Severity.CRITICAL if kind in {"a", "b"} else Severity.HIGH, "every device"
            elif minor == "*":
                severity, what = Severity.HIGH if kind == "b" else Severity.LOW, f"every device of driver {major}"
            else:
                continue
            yield self.finding(
                f"can open {what} ({rule})",
                ("device_rules", index),
                fix=Remove("device_rules", rule),
                severity=severity,
            )
