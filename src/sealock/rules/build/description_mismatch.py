from __future__ import annotations

from sealock.model.build import Arg, Instruction
from sealock.rules.kit import At, Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class DescriptionMismatch(Rule[Build]):
    """Comment above a stage or ARG is not its description.

    `docker build --call=outline` shows the comment directly above FROM or ARG as its description if the comment begins
    with the name: "# NAME is …". Separate any other comment with an empty line.
    """

    id = "B165"
    keywords = ("comment", "description")
    aliases = ("InvalidDefinitionDescription",)
    differs = (("InvalidDefinitionDescription", "only with `--pedantic`"),)
    severity = Severity.INFO
    pedantic = True
    safe = True
    references = (docker_docs("reference/build-checks/invalid-definition-description/"),)
    remedy = "Begin the comment with the name, or insert an empty line below it."
    bad = (
        "# the version to build\nARG VERSION=1\nFROM debian:12\n",
        "FROM debian:12\n# this compiles it\nFROM debian:12 AS build\nRUN make\n",
    )
    good = (
        "# VERSION is the version to build\nARG VERSION=1\nFROM debian:12\n",
        "# syntax=docker/dockerfile:1\nFROM debian:12 AS build\n",
        "# about this file\n\nFROM debian:12 AS build\n# made by hand\nRUN make\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for index, arg in enumerate(build.arguments):
            yield from self._above(build, ("arguments", index), arg, arg.pairs[0].name)
        for stage in build.stages:
            if stage.start.alias is not None:
                yield from self._above(build, ("stages", stage.index), stage.start, stage.start.alias.text)
        for at, _, declared in build.each(Arg):
            if not declared.onbuild:
                yield from self._above(build, at, declared, declared.pairs[0].name)

    def _above(self, build: Build, at: At, instruction: Instruction, name: str) -> Iterator[RuleFinding]:
        end = build.text.rfind("\n", 0, instruction.place.start)
        start = build.text.rfind("\n", 0, max(end, 0)) + 1
        line = build.text[start : max(end, 0)]
        bare = line.lstrip(" \t")
        comment = bare[1:].strip()
        if bare[:1] != "#" or not comment or comment.split()[0].lower() == name.lower():
            return
        if any(start <= directive.place.start < end for directive in build.directives):
            return
        at_text = start + len(line) - len(bare) + 1
        at_text += len(bare) - 1 - len(bare[1:].lstrip())
        yield self.finding(
            f"has a comment above {name} that does not begin with this name",
            at,
            place=Place(start, end),
            fix=Edit(Place(at_text, at_text), f"{name} " if bare[1:2].isspace() else f" {name} "),
        )
