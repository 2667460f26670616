from __future__ import annotations

from sealock.model.shell import Command
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import Ran, ran, unshipped
from sealock.rules.downloads import option_text
from sealock.rules.kit import At, Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man

_GROUPS: Final = frozenset({"sudo", "wheel", "disk", "shadow"})
_ENGINES: Final = frozenset({"docker", "lxd", "incus", "podman"})
"""Groups that lead to root only where a container gets the engine's socket."""
_FILES: Final = ("/etc/passwd", "/etc/group", "/etc/shadow")


class SecondRoot(Rule[Build]):
    """User is root by another name or group.

    UID 0 is root, whatever the user name. Members of sudo, wheel, disk or shadow become root in one step if the
    matching program is installed; those of docker, as soon as the engine's socket is mounted. The user that runs the
    program needs none of these.
    """

    id = "B060"
    keywords = ("root", "UID 0")
    severity = Severity.MEDIUM
    references = (cis_docker("4.1"), cwe(250), man("useradd", 8))
    remedy = "Give the user its own UID above 0, and no group that leads to root."
    fixable = False
    bad = (
        "FROM debian:12\nRUN useradd -o -u 0 app\n",
        "FROM debian:12\nRUN usermod -aG sudo,video app\n",
        "FROM alpine:3.20\nRUN adduser -D -u 0 app && addgroup app wheel\n",
        "FROM debian:12\nRUN echo 'app:x:0:0::/:/bin/sh' >> /etc/passwd\n",
    )
    good = (
        "FROM debian:12\nRUN groupadd -g 10001 app && useradd -u 10001 -g app -G video app\n",
        "FROM alpine:3.20\nRUN addgroup -S app && adduser -S -G app app\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "useradd", "adduser", "usermod"):
            number = option_text(call.command, "-u", "--uid")
            if number and not number.strip("0"):
                yield self._fault(build, call.at, call.command, "creates a user with UID 0", Severity.HIGH)
            groups = set((option_text(call.command, "-G", "--groups") or "").split(","))
            groups |= set((option_text(call.command, "-aG") or "").split(","))
            words = [text for text in call.command.arguments if not text.startswith("-")]
            if call.command.name == "adduser" and len(words) == 2:
                groups.add(words[1])
            yield from self._grouped(build, call, groups)
        for call in ran(build, "addgroup", "gpasswd", "groupmems"):
            words = [text for text in call.command.arguments if not text.startswith("-")]
            if len(words) == 2:
                yield from self._grouped(build, call, set(words))
        for call in ran(build, "echo", "printf"):
            files = {redirect.target.text for redirect in call.command.redirects if redirect.target}
            if "/etc/passwd" in files and any(
                text.split(":")[2:3] == ["0"] and not text.startswith("root:") for text in call.command.arguments
            ):
                message = "writes a user with UID 0 to /etc/passwd"
                yield self._fault(build, call.at, call.command, message, Severity.HIGH)

    def _grouped(self, build: Build, call: Ran, groups: set[str]) -> Iterator[RuleFinding]:
        if privileged := sorted(groups & _GROUPS):
            yield self._fault(build, call.at, call.command, f"adds a user to {', '.join(privileged)}", Severity.MEDIUM)
        elif engines := sorted(groups & _ENGINES):
            message = f"adds a user to {', '.join(engines)}: root on the host if the engine's socket is mounted"
            yield self._fault(build, call.at, call.command, message, Severity.LOW)

    def _fault(self, build: Build, at: At, command: Command, message: str, severity: Severity) -> RuleFinding:
        confidence = Confidence.HIGH if severity is Severity.HIGH else Confidence.MEDIUM
        severity = unshipped(build, at, *_FILES) or severity
        place = known(command.place)
        return self.finding(message, at, place=place, evidence=line(command), severity=severity, confidence=confidence)
