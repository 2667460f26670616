from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._ran import ran
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
            (
                "also `systemctl start`; not if it stops a process that the same RUN started, or starts one that it"
                " uses, nor for `--version` and `--help`"
            ),
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
        uses: dict[object, int] = {}
        for call in ran(build, *_NAMES):
            name = call.command.name
            # A RUN may stop a process that it started itself.
            own = name in {"kill", "ps"} and any(line.joint == "&" for line in call.run.script.every_pipeline())
            if call.command.option("--version", "--help", "-V"):
                continue  # what prints its version shows that it is there
            if name == "service":
                used_until = uses.get(call.at)
                if used_until is None:
                    used_until = uses[call.at] = _last_use(call.run)
                own = call.command.place.start < used_until
            if not own:
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


def _last_use(run: Run) -> int:
    """Where the last command stands that may use a service: one that only tidies up does not."""
    starts = (command.place.start for command in run.script.commands() if command.name not in _TIDYING)
    return max(starts, default=-1)
