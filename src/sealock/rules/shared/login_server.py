from __future__ import annotations

from sealock.model.inventory import OF_DISTRIBUTIONS
from sealock.model.wrappers import unwrap_words
from sealock.rules.enforced._expected import HIDDEN
from sealock.rules.image._where import origin
from sealock.rules.kit import (
    Container,
    Enforced,
    Final,
    Inventory,
    Iterator,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    cwe,
    docker_docs,
    given,
)

_PROGRAMS: Final = frozenset({
    "sshd", "dropbear", "telnetd", "in.telnetd", "rlogind", "in.rlogind", "rshd", "in.rshd", "vsftpd",
})  # fmt: skip
_CLEAR: Final = frozenset({
    "telnetd", "inetutils-telnetd", "telnet-server", "rsh-server", "rsh-redone-server", "ftpd", "vsftpd", "proftpd",
    "proftpd-core", "proftpd-basic", "pure-ftpd", "tftp-server", "tftpd-hpa", "inetutils-inetd",
})  # fmt: skip
"""Packages of servers that send passwords unencrypted, or require none."""
_SECURE: Final = frozenset({"openssh-server", "dropbear", "dropbear-bin", "tinysshd", "openssh-server-pam"})


class LoginServer(Rule[Container | Inventory | Enforced]):
    """SSH or other login server in the container.

    sshd in a container is another way in, with its own keys and passwords, and anyone who logs in is inside the
    container's networks. `docker exec` gives a shell without it, and the engine decides who may use it; copy files with
    `docker cp` or a volume. The rule checks the command of a container, the packages of an image and running processes.
    Images whose purpose is SSH (Git hosting, SFTP) are fine.
    """

    id = "C036"
    keywords = ("SSH", "login server", "sshd", "telnet", "FTP")
    kinds = ("container", "image", "enforced")
    severity = Severity.MEDIUM
    reads = ("command", "entrypoint")
    references = (cis_docker("5.7"), cwe(1188), docker_docs("reference/cli/docker/container/exec/"))
    remedy = "Start the program itself, remove the server's package, and use docker exec for a shell."
    fixable = False
    bad = (
        "docker run alpine /usr/sbin/sshd -D",
        'FROM debian:12\nENTRYPOINT ["/usr/sbin/sshd", "-D"]\n',
        "FROM debian:12\nCMD service ssh start && exec /app\n",
        "services:\n  app:\n    image: alpine:3.20\n    command: sh -c 'dropbear -F & exec app'\n",
        '{"sealock": "1", "packages": [{"type": "deb", "name": "openssh-server", "version": "1:9.2p1-2"}]}',
        '{"sealock": "1", "packages": [{"type": "rpm", "name": "telnet-server", "version": "0.17"}]}',
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {}, "process": '
            '{"pid": 7, "name": "init"}, "others": [{"pid": 9, "name": "sshd"}]}]}}'
        ),
    )
    good = (
        "docker run alpine ssh user@host",
        'FROM debian:12\nCMD ["/app/server", "--no-sshd"]\n',
        '{"sealock": "1", "packages": [{"type": "deb", "name": "openssh-client", "version": "1:9.2p1-2"}]}',
        '{"sealock": "1", "packages": [{"type": "apk", "name": "dropbear", "version": "1", "removed": true}]}',
        (
            '{"observed": {"containers": [{"name": "web", "declared": {}, "effective": {}, "process": '
            '{"pid": 7, "name": "nginx"}, "others": [{"pid": 9, "name": "ssh-agent"}]}]}}'
        ),
    )

    def check(self, noun: Container | Inventory | Enforced, /) -> Iterator[RuleFinding]:
        match noun:
            case Container():
                yield from self._started(noun)
            case Inventory():
                yield from self._installed(noun)
            case Enforced():
                yield from self._running(noun)

    def _started(self, container: Container) -> Iterator[RuleFinding]:
        if any(word in given(container.image, "") for word in ("ssh", "sftp", "git")):
            return
        for field in ("entrypoint", "command"):
            for program in _programs(given(getattr(container, field), ())):
                if program in _PROGRAMS:
                    yield self.finding(f"runs {program}", field, evidence=program)
                    return

    def _installed(self, image: Inventory) -> Iterator[RuleFinding]:
        for package in image.packages:
            if package.removed or package.type not in OF_DISTRIBUTIONS:
                continue
            clear = package.name in _CLEAR
            if clear or package.name in _SECURE:
                why = ", which sends passwords unencrypted" if clear else ""
                yield self.finding(
                    f"contains the package {package.name}{why}, from {origin(image, package.layer)}",
                    evidence=f"package {package.name}",
                    severity=Severity.MEDIUM if clear else Severity.LOW,
                )

    def _running(self, enforced: Enforced) -> Iterator[RuleFinding]:
        processes = (*enforced.others, enforced.process)
        named = {process.name: process for process in processes if isinstance(process.name, str)}
        for name, process in sorted(named.items()):
            # Newer versions of sshd run a session in other programs: "sshd-session", "sshd-auth".
            if name in _PROGRAMS or name.startswith("sshd-"):
                yield self.finding(f"runs {name} (process {process.pid})", evidence=name)
        if enforced.hidden:
            yield self.skip(HIDDEN)


def _programs(words: tuple[str, ...]) -> Iterator[str]:
    """The base names of the programs that a command or shell line starts."""
    if not words:
        return
    yield words[0].rpartition("/")[2]
    yield from _program(unwrap_words(words))
    for word in words[1:] if len(words) > 1 else words:
        if any(mark in word for mark in " ;&|"):
            for piece in word.replace("&", ";").replace("|", ";").split(";"):
                yield from _program(unwrap_words(piece.split()))


def _program(command: tuple[str, ...]) -> Iterator[str]:
    """The base name of a command's program, or the service that it starts."""
    if command[:1] == ("service",) and len(command) > 1:
        yield {"ssh": "sshd"}.get(command[1], command[1])
    elif command:
        yield command[0].rpartition("/")[2]
