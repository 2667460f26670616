from __future__ import annotations

from sealock.model.build import Expose
from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class ExposeProtocolCase(Rule[Build]):
    """Protocol in EXPOSE is not written in lower case.

    BuildKit warns of it: tools that compare ports as text take 80/TCP and 80/tcp for two.
    """

    id = "B133"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/expose-proto-casing/"),)
    remedy = "Write tcp, udp or sctp."
    bad = ("FROM debian:12\nEXPOSE 80/TcP 443/tcp\n",)
    good = ("FROM debian:12\nEXPOSE 80/tcp 53/udp 443\n", "FROM debian:12\nARG P=80\nEXPOSE ${P}/tcp\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Expose):
            if isinstance(instruction, Expose):
                for text in instruction.ports:
                    port, slash, protocol = text.raw.rpartition("/")
                    if slash and protocol != protocol.lower() and "$" not in protocol and "}" not in protocol:
                        yield self.finding(
                            f"writes {protocol} for {protocol.lower()}",
                            at,
                            place=text.place,
                            fix=Edit(text.place, f"{port}/{protocol.lower()}"),
                        )
