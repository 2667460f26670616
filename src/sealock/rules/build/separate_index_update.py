from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import Call, Ran, calls, ran
from sealock.rules.kit import (
    At,
    Build,
    Edit,
    Final,
    Iterator,
    Place,
    Rule,
    RuleFinding,
    Severity,
    cis_docker,
    docker_docs,
)

_MANAGERS: Final = (*APT, "apk", "zypper")
_UPDATES: Final = frozenset({"update", "refresh", "ref"})
_USES: Final = frozenset(
    {"install", "reinstall", "add", "in", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "download", "source"}
)
_INSTALLERS: Final = frozenset({
    "rosdep", "mk-build-deps", "gdebi", "tasksel", "nala", "apt-fast", "install_packages", "install-packages",
    "playwright", "npx", "ubuntu-drivers", "debi", "make", "just", "ansible-playbook", "chef-client", "puppet",
    "salt-call", "sh", "bash", "ash", "dash", "zsh", "ksh", ".", "source", "eval",
})  # fmt: skip
"""Programs that install with the index, or may, as a script that a shell runs."""
_DIRECTORIES: Final = ("/bin/", "/sbin/", "/usr/")


class SeparateIndexUpdate(Rule[Build]):
    """Package index is updated in a separate layer (only apt-get update).

    The build cache keeps this layer: a later build installs from the old index, so packages come in old, vulnerable
    versions or are no longer available. Update and install in one RUN.
    """

    id = "B101"
    keywords = ("apt-get update", "package index", "cache")
    aliases = ("DS-0017", "CKV_DOCKER_5", "CIS-DI-0007")
    differs = (("DS-0017", "an upgrade uses the index too, and is B103"),)
    severity = Severity.LOW
    references = (cis_docker("4.7"), docker_docs("build/building/best-practices/#apt-get"))
    remedy = "Update the index and install in the same RUN, joined by &&."
    bad = (
        "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\n",
        "FROM alpine:3.20\nRUN apk update\nRUN apk add curl\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nEOF\n",
        "FROM debian:12\nRUN apt-get update && apt-get -y reinstall --no-install-recommends tzdata\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        updates = tuple(calls(build, _MANAGERS, _UPDATES))
        if not updates:
            return
        used = {call.ran.at for call in calls(build, _MANAGERS, _USES)}
        perhaps = {command.at for command in ran(build) if _may_install(command)}
        for call in updates:
            if call.ran.at not in used and call.ran.at not in perhaps:
                yield self.finding(
                    f"updates the {call.manager} index but installs nothing from it",
                    call.ran.at,
                    place=call.ran.command.place,
                    fix=_joined(build, call, used),
                )


def _may_install(command: Ran) -> bool:
    """Whether a command runs what may install packages: a script, or a program that does it by itself."""
    program = command.command.words[0]
    script = "/" in program.text and not program.text.startswith(_DIRECTORIES)
    return script or not program.literal or command.command.name in _INSTALLERS


def _joined(build: Build, call: Call, used: set[At]) -> tuple[Edit, ...]:
    """Join the RUN with the next one, if that follows directly and installs packages."""
    ran = call.ran
    index = ran.at[-1]
    if not isinstance(index, int) or index + 1 >= len(ran.stage.instructions):
        return ()
    following = ran.stage.instructions[index + 1]
    if (
        not isinstance(following, Run)
        or (ran.run.form, following.form) != ("shell", "shell")
        or ran.run.flags
        or following.flags
        or following.heredocs
        or ran.run.heredocs
        or ran.run.place.end != ran.command.place.end
        or build.text[ran.run.place.end : following.place.start].strip()
        or (*ran.at[:-1], index + 1) not in used
        or not following.script.pipelines
        or not following.script.pipelines[0].commands[0].words
    ):
        return ()
    first = following.script.pipelines[0].commands[0].place.start
    return (Edit(Place(ran.run.place.end, first), f" {build.escape}\n    && "),)
