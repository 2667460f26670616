from __future__ import annotations

from sealock.rules.kit import Container, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, given

_SERVERS = frozenset({"sshd", "dropbear", "telnetd", "in.telnetd", "rlogind", "rshd", "vsftpd"})


def _programs(words: tuple[str, ...]) -> Iterator[str]:
    """The programs that words or a shell line start, by their last names."""
    if not words:
        return
    yield words[0].rpartition("/")[2]
    for word in words[1:] if len(words) > 1 else words:
        if any(mark in word for mark in " ;&|") or words[0].rpartition("/")[2] in {
            "exec",
            "env",
            "sudo",
            "dumb-init",
            "tini",
        }:
            for piece in word.replace("&", ";").replace("|", ";").split(";"):
                found = piece.split()
                found = found[1:] if found[:1] == ["exec"] else found
                if found[:1] == ["service"] and len(found) > 1:
                    found = [{"ssh": "sshd"}.get(found[1], found[1])]
                if found:
                    yield found[0].rpartition("/")[2]


class LoginServer(Rule[Container]):
    """Container runs a login server.

    sshd in a container is one more door with keys and passwords of its own, and whoever comes through it is inside the
    container's networks. `docker exec` gives a shell without it; files travel by `docker cp` or a volume. Images whose
    purpose is SSH (Git hosting, SFTP) are fine.
    """

    id = "C036"
    severity = Severity.MEDIUM
    reads = ("command", "entrypoint")
    references = (cis_docker("5.7"), cwe(1188))
    remedy = "Start the program itself, and use docker exec for a shell."
    bad = (
        "docker run alpine /usr/sbin/sshd -D",
        'FROM debian:12\nENTRYPOINT ["/usr/sbin/sshd", "-D"]\n',
        "FROM debian:12\nCMD service ssh start && exec /app\n",
        "services:\n  app:\n    image: alpine:3.20\n    command: sh -c 'dropbear -F & exec app'\n",
    )
    good = ("docker run alpine ssh user@host", 'FROM debian:12\nCMD ["/app/server", "--no-sshd"]\n')
    fixable = False

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        if any(word in given(container.image, "") for word in ("ssh", "sftp", "git")):
            return
        for field in ("entrypoint", "command"):
            for program in _programs(given(getattr(container, field), ())):
                if program in _SERVERS:
                    yield self.finding(f"runs {program}", field, evidence=program)
                    return
