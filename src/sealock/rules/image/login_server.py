from __future__ import annotations

from sealock.model.inventory import OF_DISTRIBUTIONS
from sealock.rules.image._where import origin
from sealock.rules.kit import Final, Inventory, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs

_CLEAR: Final = frozenset({
    "telnetd", "inetutils-telnetd", "telnet-server", "rsh-server", "rsh-redone-server", "ftpd", "vsftpd", "proftpd",
    "proftpd-core", "proftpd-basic", "pure-ftpd", "tftp-server", "tftpd-hpa", "inetutils-inetd",
})  # fmt: skip
"""They send passwords in the clear, or ask for none."""
_SECURE: Final = frozenset({"openssh-server", "dropbear", "dropbear-bin", "tinysshd", "openssh-server-pam"})


class ImageLoginServer(Rule[Inventory]):
    """Image holds a server to log in to.

    A container is looked into with `docker exec`, which asks the engine who may. An SSH or telnet server beside that
    needs keys or passwords in the image or a volume, runs as root, and is one more door to guard and to mend. Leave the
    package out.
    """

    id = "F013"
    severity = Severity.LOW
    references = (cis_docker("5.7"), cwe(1125), docker_docs("reference/cli/docker/container/exec/"))
    remedy = "Leave the package out, and use docker exec."
    fixable = False
    bad = (
        '{"sealock": "1", "packages": [{"type": "deb", "name": "openssh-server", "version": "1:9.2p1-2"}]}',
        '{"sealock": "1", "packages": [{"type": "rpm", "name": "telnet-server", "version": "0.17"}]}',
    )
    good = (
        '{"sealock": "1", "packages": [{"type": "deb", "name": "openssh-client", "version": "1:9.2p1-2"}]}',
        '{"sealock": "1", "packages": [{"type": "apk", "name": "dropbear", "version": "1", "removed": true}]}',
    )

    def check(self, image: Inventory, /) -> Iterator[RuleFinding]:
        for package in image.packages:
            if package.removed or package.type not in OF_DISTRIBUTIONS:
                continue
            clear = package.name in _CLEAR
            if clear or package.name in _SECURE:
                why = ", which protects nothing on its way" if clear else ""
                yield self.finding(
                    f"holds the package {package.name}{why}, from {origin(image, package.layer)}",
                    evidence=f"package {package.name}",
                    severity=Severity.MEDIUM if clear else None,
                )
