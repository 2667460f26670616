from __future__ import annotations

from sealock.rules.build._commands import known
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls, reaches_image
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe

_SERVERS: Final = frozenset({
    "openssh-server", "openssh", "ssh", "dropbear", "telnetd", "inetutils-telnetd", "telnet-server",
    "rsh-server", "rsh-redone-server", "xinetd", "vsftpd", "proftpd", "tftpd", "tftpd-hpa",
    "tigervnc-standalone-server", "x11vnc", "tightvncserver", "xrdp", "webmin", "shellinabox", "ttyd",
    "cockpit",
})  # fmt: skip
_CLIENTS: Final = frozenset({
    "telnet", "inetutils-telnet", "netcat", "netcat-openbsd", "netcat-traditional", "nc", "ncat", "nmap",
    "nmap-ncat", "rsh", "rsh-client", "rsh-redone-client", "socat", "tcpdump", "hping3", "ftp", "tftp",
    "busybox-extras", "proxychains4", "hydra", "john", "sqlmap",
})  # fmt: skip
_MANAGERS: Final = (*APT, "apk", "yum", "dnf", "dnf5", "microdnf", "tdnf", "zypper", "pacman")


class RemoteAccess(Rule[Build]):
    """Remote access or network attack tool is installed.

    An SSH or telnet server in a container is another way in, with keys and passwords that need management; `docker
    exec` and `docker logs` replace it. Attackers fetch tools like netcat and nmap first: keep them in a separate
    debugging image.
    """

    id = "B047"
    keywords = ("remote access", "ssh", "telnet", "netcat", "nmap")
    severity = Severity.LOW
    references = (cis_docker("5.7"), cwe(1188))
    remedy = "Remove the package; use docker exec, and a debugging image next to the container."
    fixable = False
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y openssh-server\n",
        "FROM alpine:3.20\nRUN apk add --no-cache netcat-openbsd socat\n",
        "FROM rockylinux:9\nRUN dnf install -y telnet-server\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y openssh-client curl\n",
        "FROM debian:12 AS debug\nRUN apt-get install -y nmap\nFROM debian:12\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        for call in calls(build, _MANAGERS):
            if call.verb.text not in {"install", "add", "in", ""} or call.ran.stage.index not in reaching:
                continue
            for word in call.operands:
                name = word.text.partition("=")[0]
                # "openssh" and "ssh" install both client and server.
                if name in _SERVERS or name in _CLIENTS:
                    server = name in _SERVERS
                    yield self.finding(
                        f"installs {name}",
                        call.ran.at,
                        place=known(word.place),
                        evidence=f"{call.manager} {name}",
                        severity=Severity.MEDIUM if server else None,
                        confidence=Confidence.MEDIUM if name in {"openssh", "ssh"} else None,
                    )
