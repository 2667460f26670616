from __future__ import annotations

from sealock.model.build import Instruction
from sealock.rules.kit import At, Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class KeywordCaseMixed(Rule[Build]):
    """Keywords are not all written in the same case.

    BuildKit reads them all alike and warns: the eye does not find what it looks for in one spelling.
    """

    id = "B147"
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/consistent-instruction-casing/"),)
    remedy = "Write them as most of the file has them, best in upper case."
    bad = ("FROM debian:12\nrun make\nRUN make install\n", "FROM debian:12\nRun make\n")
    good = ("FROM debian:12\nRUN make\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        found: list[tuple[At, Instruction, str]] = []
        for stage in build.stages:
            found.append((("stages", stage.index), stage.start, build.excerpt(stage.start.keyword_place)))
            for index, one in enumerate(stage.instructions):
                found.append((("stages", stage.index, "instructions", index), one, build.excerpt(one.keyword_place)))
        lower = sum(word.islower() for *_, word in found)
        upper = sum(word.isupper() for *_, word in found)
        for at, instruction, word in found:
            wanted = word.lower() if lower > upper else word.upper()
            if word != wanted:
                yield self.finding(
                    f"writes {word} for {wanted}",
                    at,
                    place=instruction.keyword_place,
                    fix=Edit(instruction.keyword_place, wanted),
                )
