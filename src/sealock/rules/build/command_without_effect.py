from __future__ import annotations

from sealock.rules.build._ran import Ran, ran
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_NAMES: Final = (
    "ssh",
    "vim",
    "vi",
    "nano",
    "shutdown",
    "reboot",
    "service",
    "ps",
    "free",
    "top",
    "kill",
    "mount",
    "ifconfig",
)
_WHY: Final = {
    "service": "starts a process that ends with this RUN",
    "systemctl": "needs an init system, which a build does not run",
    "mount": "needs privileges that a build does not have",
}


_TIDYING: Final = frozenset(
    {"", "service", "rm", "echo", "printf", "sleep", "true", ":", "exit", "apt-get", "apt", "apk", "yum", "dnf"}
)
"""Commands that need no service that runs."""


class CommandWithoutEffect(Rule[Build]):
    """Command has no effect in a build.

    Processes end with the layer that started them, there is no init system, and no terminal: editors, process lists,
    `service start` and the like do nothing for the image. Start services when the container starts.
    """

    id = "B121"
    keywords = ("no effect", "systemctl", "service", "ssh", "shutdown", "without effect")
    aliases = ("DL3001",)
    differs = (
        (
            "DL3001",
            "also `systemctl start`; not if it stops a process that the same RUN started, or starts one that it uses",
        ),
    )
    severity = Severity.INFO
    references = (docker_docs("build/building/best-practices/#decouple-applications"),)
    remedy = "Remove it; start services from ENTRYPOINT or CMD."
    bad = (
        "FROM debian:12\nRUN service nginx start\n",
        "FROM debian:12\nRUN apt-get update && systemctl restart nginx\n",
        "FROM debian:12\nRUN free -m\n",
    )
    good = (
        "FROM debian:12\nRUN systemctl enable nginx\n",
        "FROM debian:12\nRUN mkdir /srv/service\n",
        'FROM debian:12\nRUN service mysql start && mysql -e "create database a"\n',
        'FROM debian:12\nRUN mysqld & sleep 5 && mysql -e "select 1" && kill %1\n',
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, *_NAMES):
            name = call.command.name
            # A RUN may stop a process that it started itself.
            own = name in {"kill", "ps"} and any(line.joint == "&" for line in call.run.script.every_pipeline())
            if not own and not (name == "service" and _is_used(call)):
                yield self.finding(
                    f"runs `{name}`, which {_WHY.get(name, 'has no effect on the image')}",
                    call.at,
                    place=call.command.place,
                )
        for call in ran(build, "systemctl"):
            if call.command.arguments[:1] and call.command.arguments[0] in {
                "start",
                "restart",
                "reload",
                "status",
                "stop",
            }:
                yield self.finding(f"runs `systemctl`, which {_WHY['systemctl']}", call.at, place=call.command.place)


def _is_used(call: Ran) -> bool:
    """Whether a later command of the same RUN may use the service: one that only tidies up does not."""
    start = call.command.place.start
    return any(command.place.start > start and command.name not in _TIDYING for command in call.run.script.commands())
