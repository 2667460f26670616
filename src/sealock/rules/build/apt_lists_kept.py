from __future__ import annotations

from sealock.rules.build._fixes import append_command
from sealock.rules.build._ran import calls, mounted, reaches_image, removes
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs

_APT = ("apt-get", "apt", "aptitude")


class AptListsKept(Rule[Build]):
    """Package lists of apt stay in the image.

    Some 20 to 50 MB that the program never reads, old from the first day on. Remove them in the RUN that fetched them,
    since a later one only hides them; or keep them in a cache mount.
    """

    id = "B110"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("build/building/best-practices/#apt-get"),)
    remedy = "End the RUN with `&& rm -rf /var/lib/apt/lists/*`, or mount a cache on /var/lib/apt."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*\n",
        "FROM debian:12\nRUN <<EOF\nset -e\napt-get update\napt-get install -y curl\nEOF\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*\n",
        "FROM debian:13\nRUN apt-get update && apt-get install -y curl && apt-get dist-clean\n",
        "FROM debian:12\nRUN --mount=type=cache,target=/var/lib/apt apt-get update && apt-get install -y curl\n",
        "FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nFROM scratch\nCOPY --from=build /a /\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        updating = [call for call in calls(build, _APT, ("update",)) if call.ran.stage.index in reaching]
        updated = {call.ran.at for call in updating}
        reused = any(call.ran.at not in updated for call in calls(build, _APT, ("install", "build-dep")))
        seen = {call.ran.at for call in calls(build, _APT, ("dist-clean", "distclean"))}
        for call in updating:
            run = call.ran.run
            if call.ran.at in seen or mounted(run, "/var/lib/apt/lists"):
                continue
            seen.add(call.ran.at)
            if not removes(run, "/var/lib/apt/lists", "/var/lib/apt"):
                yield self.finding(
                    "leaves apt's package lists in the layer",
                    call.ran.at,
                    place=call.ran.command.place,
                    fix=append_command(build, run, "rm -rf /var/lib/apt/lists/*"),
                    # A later RUN that installs without an update of its own needs the lists.
                    safe=not reused,
                )
