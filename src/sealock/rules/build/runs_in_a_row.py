from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._ran import reaches_image
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class RunsInARow(Rule[Build]):
    """Several RUN instructions in a row.

    Each RUN makes a layer, and files that a later RUN deletes stay in the earlier layer. Separate RUNs are cached
    separately, which may be intended.
    """

    id = "B157"
    keywords = ("RUN", "layer")
    aliases = ("DL3059",)
    differs = (("DL3059", "only with `--pedantic`"),)
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("build/building/best-practices/#run"),)
    remedy = "Join them with &&, or write one RUN with a here-document."
    bad = ("FROM debian:12\nRUN make\nRUN make install\n",)
    good = (
        "FROM debian:12\nRUN make && make install\n",
        "FROM debian:12\nRUN make\nRUN --mount=type=secret,id=k make install\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        for stage in build.stages:
            if stage.index not in reaching:
                continue
            for index, (first, second) in enumerate(zip(stage.instructions, stage.instructions[1:], strict=False), 1):
                if not isinstance(first, Run) or not isinstance(second, Run) or first.form != second.form:
                    continue
                if not first.flags and not second.flags:
                    yield self.finding(
                        "has a RUN that can be joined with the one before",
                        ("stages", stage.index, "instructions", index),
                    )
