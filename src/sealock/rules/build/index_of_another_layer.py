from __future__ import annotations

from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls, mounted
from sealock.rules.kit import At, Build, Iterator, Rule, RuleFinding, Severity, docker_docs


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
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        updating = {call.ran.at: call.ran.stage.index for call in calls(build, APT, ("update",))}
        installing = {call.ran.at for call in calls(build, APT, ("install", "upgrade", "dist-upgrade", "full-upgrade"))}
        first: dict[int, At] = {}
        for at, stage in sorted(updating.items()):
            if at in installing:
                first.setdefault(stage, at)
        for call in calls(build, APT, ("install",)):
            at = call.ran.at
            earlier = call.ran.stage.index in first and first[call.ran.stage.index] < at
            local = call.operands and all("/" in word.text for word in call.operands)
            if earlier and at not in updating and not local and not mounted(call.ran.run, "/var/lib/apt/lists"):
                yield self.finding(
                    "installs packages without updating the index in this RUN", at, place=call.ran.command.place
                )
