from __future__ import annotations

from sealock.model.build import Expose, Instruction
from sealock.rules.kit import At, Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, docker_docs


class InconsistentCase(Rule[Build]):
    """Inconsistent casing of keywords, stage names or protocols.

    BuildKit accepts these but warns. It compares stage names in lower case but image names literally, so Build and
    build look like two stages; tools that compare ports as text treat 80/TCP and 80/tcp as two; and keywords in one
    case are easier to find.
    """

    id = "B147"
    keywords = ("casing", "case", "keyword")
    aliases = ("ConsistentInstructionCasing", "ExposeProtoCasing", "FromAsCasing", "StageNameCasing")
    severity = Severity.INFO
    safe = True
    references = (
        docker_docs("reference/build-checks/consistent-instruction-casing/"),
        docker_docs("reference/build-checks/from-as-casing/"),
        docker_docs("reference/build-checks/stage-name-casing/"),
        docker_docs("reference/build-checks/expose-proto-casing/"),
    )
    remedy = "Write keywords in the case that most of the file uses; stage names and protocols in lower case."
    bad = (
        "FROM debian:12\nrun make\nRUN make install\n",
        "FROM debian:12\nRun make\n",
        "FROM debian:12 as build\nRUN make\n",
        "FROM debian:12 AS Build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",
        "FROM debian:12\nEXPOSE 80/TcP 443/tcp\n",
    )
    good = (
        "FROM debian:12\nRUN make\n",
        "FROM debian:12 AS build\nRUN make\n",
        "FROM debian:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /a /\n",
        "FROM debian:12\nEXPOSE 80/tcp 53/udp 443\n",
        "FROM debian:12\nARG P=80\nEXPOSE ${P}/tcp\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, place, word, expected in (*_keywords(build), *_stages(build), *_protocols(build)):
            yield self.finding(f"writes {word} instead of {expected}", at, place=place, fix=Edit(place, expected))


def _keywords(build: Build) -> Iterator[tuple[At, Place, str, str]]:
    """Each keyword that differs in case from most of them."""
    instructions: list[tuple[At, Instruction, str]] = []
    for stage in build.stages:
        instructions.append((("stages", stage.index), stage.start, build.excerpt(stage.start.keyword_place)))
        for index, instruction in enumerate(stage.instructions):
            word = build.excerpt(instruction.keyword_place)
            instructions.append((("stages", stage.index, "instructions", index), instruction, word))
    is_lower = _writes_lower_case(build)
    for at, instruction, word in instructions:
        expected = word.lower() if is_lower else word.upper()
        if word != expected:
            yield at, instruction.keyword_place, word, expected


def _writes_lower_case(build: Build) -> bool:
    """Whether most keywords are in lower case."""
    words = [
        build.excerpt(instruction.keyword_place)
        for stage in build.stages
        for instruction in (stage.start, *stage.instructions)
    ]
    return sum(word.islower() for word in words) > sum(word.isupper() for word in words)


def _stages(build: Build) -> Iterator[tuple[At, Place, str, str]]:
    """Each stage name that is not in lower case, and each AS that differs in case from what FROM should have."""
    keyword = "as" if _writes_lower_case(build) else "AS"
    for stage in build.stages:
        start, alias = stage.start, stage.start.alias
        if alias is None:
            continue
        if alias.raw != alias.raw.lower():
            yield ("stages", stage.index), alias.place, alias.raw, alias.raw.lower()
        between = Place(start.image.place.end, alias.place.start)
        offset = build.excerpt(between).lower().find("as")
        if offset >= 0:
            place = Place(between.start + offset, between.start + offset + 2)
            word = build.excerpt(place)
            if word != keyword:
                yield ("stages", stage.index), place, word, keyword


def _protocols(build: Build) -> Iterator[tuple[At, Place, str, str]]:
    """Each port of EXPOSE whose protocol is not in lower case."""
    for at, _, expose in build.each(Expose):
        for text in expose.ports:
            port, slash, protocol = text.raw.rpartition("/")
            if slash and protocol != protocol.lower() and "$" not in protocol and "}" not in protocol:
                yield at, text.place, text.raw, f"{port}/{protocol.lower()}"
