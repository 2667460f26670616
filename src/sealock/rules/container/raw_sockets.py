from __future__ import annotations

from sealock.model.change import Change
from sealock.rules.container._capabilities import CapabilityHold, added, dropped, hold
from sealock.rules.kit import Add, Container, Iterator, Remove, Rule, RuleFinding, Severity, cis_docker, man


class RawSockets(Rule[Container]):
    """NET_RAW capability allows packet spoofing.

    With NET_RAW a process can spoof other containers' addresses (ARP, DNS) and sniff their traffic; on the host's
    network, all of the host's. `ping` works without it on current engines. Drop it.
    """

    id = "C005"
    keywords = ("NET_RAW", "capability", "raw socket")
    aliases = ("CKV_K8S_28",)
    differs = (("CKV_K8S_28", "C004 reports NET_RAW with the other capabilities that are kept, C001 a privileged one"),)
    severity = Severity.LOW
    reads = ("cap_add", "cap_drop")
    references = (cis_docker("5.4"), man("raw", 7))
    remedy = "Drop NET_RAW."
    bad = (
        "docker run --cap-drop ALL --cap-add NET_RAW alpine",
        "docker run --network host alpine",
        "docker run --network host --cap-add NET_RAW alpine",
        "podman run --network host --cap-add NET_RAW alpine",
    )
    good = (
        "docker run --cap-drop NET_RAW alpine",
        "docker run --network host --cap-drop ALL alpine",
        "podman run --network host alpine",
    )

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        drops, adds, host = dropped(container), added(container), container.network_mode == "host"
        grasp = hold(container, "NET_RAW")
        if container.privileged is True or grasp == "none" or "ALL" in adds or "NET_RAW" in drops:
            return
        if "NET_RAW" in adds:
            drop = () if "ALL" in drops else (Add("cap_drop", "NET_RAW"),)
            yield self._fault("cap_add", (Remove("cap_add", "NET_RAW"), *drop), host=host, grasp=grasp)
        elif "ALL" not in drops and host:
            # On other networks C004 reports it with the other default capabilities.
            yield self._fault("cap_drop", (Add("cap_drop", "NET_RAW"),), host=host, grasp=grasp)

    def _fault(self, field: str, fix: tuple[Change, ...], *, host: bool, grasp: CapabilityHold) -> RuleFinding:
        where = "on the host's network" if host else "on its networks"
        severity = Severity.MEDIUM if host and grasp == "held" else Severity.LOW
        who = "it" if grasp == "held" else "a setuid program in it"
        return self.finding(
            f"keeps NET_RAW, so {who} can spoof and sniff packets {where}",
            field,
            fix=fix,
            severity=severity,
            evidence="NET_RAW",
        )
