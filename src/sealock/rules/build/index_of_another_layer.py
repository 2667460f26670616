from __future__ import annotations

from sealock.model.shell import Command
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls, mounted, ran
from sealock.rules.downloads import SHELLS
from sealock.rules.kit import At, Build, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_UPDATERS: Final = frozenset({"add-apt-repository", "apt-add-repository"})
"""Programs that update the index after what they do."""


class IndexOfAnotherLayer(Rule[Build]):
    """Packages are installed with the index of an earlier layer.

    An earlier RUN updated the index, and this one relies on it: from the build cache the index may be months old, and
    if that RUN cleans up there is none at all. Update the index in every RUN that installs packages.
    """

    id = "B102"
    keywords = ("index", "layer", "package index", "apt-get update")
    severity = Severity.INFO
    references = (docker_docs("build/building/best-practices/#apt-get"),)
    remedy = "Begin the RUN with `apt-get update &&`, or install in the RUN that updates."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN apt-get install -y git\n",
        "FROM debian:12\nRUN apt-get update && apt-get -y upgrade\nUSER root\nRUN apt-get install -y git\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl git\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN apt-get update && apt-get install -y git\n",
        (
            "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN --mount=type=cache,target=/var/lib/apt "
            "apt-get install -y git\n"
        ),
        (
            "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n"
            "RUN curl -fsSL https://example.com/setup | bash - && apt-get install -y nodejs\n"
        ),
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN ./add-repo.sh && apt-get install -y git\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        updating = {call.ran.at: call.ran.stage.index for call in calls(build, APT, ("update",))}
        installing = {call.ran.at for call in calls(build, APT, ("install", "upgrade", "dist-upgrade", "full-upgrade"))}
        unknown = {ran.at for ran in ran(build) if _may_update(ran.command)}
        first: dict[int, At] = {}
        for at, stage in sorted(updating.items()):
            if at in installing:
                first.setdefault(stage, at)
        for call in calls(build, APT, ("install",)):
            at = call.ran.at
            earlier = call.ran.stage.index in first and first[call.ran.stage.index] < at
            local = call.operands and all("/" in word.text for word in call.operands)
            updates = at in updating or at in unknown
            if earlier and not updates and not local and not mounted(call.ran.run, "/var/lib/apt/lists"):
                yield self.finding(
                    "installs packages without updating the index in this RUN", at, place=call.ran.command.place
                )


def _may_update(command: Command) -> bool:
    """Whether a command updates the index, or may: a script that cannot be read."""
    is_script = command.name in SHELLS or command.name.endswith(".sh")
    return command.name in _UPDATERS or (is_script and not command.nested)
