from __future__ import annotations

from sealock.model.build import Env
from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class DebianFrontendInEnv(Rule[Build]):
    """DEBIAN_FRONTEND is set for the running container.

    ENV persists in the image: in the container, and in images built on it, the package manager never prompts, and its
    users do not know why. ARG has the same effect and ends with the build.
    """

    id = "B116"
    keywords = ("DEBIAN_FRONTEND", "ENV")
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/dockerfile/#arg"),)
    remedy = "Use ARG DEBIAN_FRONTEND=noninteractive, or set it for the one command that needs it."
    bad = (
        "FROM debian:12\nENV DEBIAN_FRONTEND=noninteractive\nRUN apt-get update\n",
        "FROM debian:12\nENV DEBIAN_FRONTEND noninteractive\nRUN apt-get update\n",
    )
    good = (
        "FROM debian:12\nARG DEBIAN_FRONTEND=noninteractive\nRUN apt-get update\n",
        "FROM debian:12\nENV DEBIAN_FRONTEND=\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        parents = {stage.start.stage for stage in build.stages}
        for at, stage, instruction in build.each(Env):
            for pair in instruction.pairs:
                if pair.name == "DEBIAN_FRONTEND" and pair.value is not None and pair.value.text not in {"", "dialog"}:
                    single = len(instruction.pairs) == 1 and not instruction.onbuild
                    fix = (
                        Edit(instruction.keyword_place, "ARG"),
                        Edit(pair.place, f"DEBIAN_FRONTEND={pair.value.raw}"),
                    )
                    yield self.finding(
                        f"keeps DEBIAN_FRONTEND={pair.value.text} in the image",
                        at,
                        place=pair.place,
                        fix=fix if single else (),
                        # A stage that builds on this one inherits ENV, but not ARG.
                        safe=stage.index not in parents,
                    )
