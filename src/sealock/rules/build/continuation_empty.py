from __future__ import annotations

from sealock.model.build import Instruction
from sealock.rules.kit import At, Build, Edit, Final, Iterator, Place, Rule, RuleFinding, Severity, docker_docs

_KEYWORDS: Final = frozenset({
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN",
    "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
})  # fmt: skip


class ContinuationEmpty(Rule[Build]):
    """Empty continuation line.

    BuildKit still skips it, but warns that this will become an error. A stray backslash at the end of an instruction
    has the same effect and then swallows the next instruction, which never runs.
    """

    id = "B148"
    keywords = ("continuation line", "continuation", "empty line", "backslash")
    aliases = ("NoEmptyContinuation",)
    differs = (("NoEmptyContinuation", "also reports a swallowed instruction"),)
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/no-empty-continuation/"),)
    remedy = "Remove the empty line, or the backslash before it if the instruction ends there."
    bad = (
        "FROM debian:12\nRUN a && \\\n\n    b\n",
        "FROM debian:12\nRUN a && \\\n  \n\n    b\n",
        "FROM debian:12\nRUN a \\\n\nCOPY b /c\n",
    )
    good = (
        "FROM debian:12\nRUN a && \\\n    # and then\n    b\n",
        "FROM debian:12\nRUN <<EOF\na\n\nb\nEOF\n",
        "FROM debian:12\nRUN a \\\n  && echo COPY \\\n  b\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for stage in build.stages:
            yield from self._within(build, ("stages", stage.index), stage.start)
            for index, instruction in enumerate(stage.instructions):
                yield from self._within(build, ("stages", stage.index, "instructions", index), instruction)

    def _within(self, build: Build, at: At, instruction: Instruction) -> Iterator[RuleFinding]:
        text = build.text
        end = instruction.heredocs[0].place.start if instruction.heredocs else instruction.place.end
        start = text.find("\n", instruction.place.start, end)
        while 0 <= start < end:
            following = text.find("\n", start + 1)
            if following < 0 or following >= end:
                return
            if not text[start + 1 : following].strip():
                blank = Place(start + 1, following + 1)
                swallowed = text[following + 1 : end].lstrip().partition("\n")[0].split(None, 1)
                escape = text.rfind(build.escape, instruction.place.start, start)
                arguments = text[instruction.keyword_place.end : escape].strip()
                if len(swallowed) > 1 and swallowed[0] in _KEYWORDS and escape > 0:
                    yield self.finding(
                        f"has a stray backslash that swallows the {swallowed[0]} below",
                        at,
                        place=Place(escape, escape + 1),
                        fix=Edit(Place(escape, escape + 1), "") if arguments and "<<" not in arguments else (),
                        safe=False,
                        severity=Severity.MEDIUM,
                        evidence=f"{instruction.keyword} {swallowed[0]}",
                    )
                    return
                yield self.finding(
                    "contains an empty continuation line",
                    at,
                    place=blank,
                    fix=Edit(blank, ""),
                    evidence=instruction.keyword,
                )
            start = following
