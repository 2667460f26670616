from __future__ import annotations

from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, docker_docs


class ShellSyntaxBroken(Rule[Build]):
    """Shell syntax error.

    A quote or bracket without its partner, an `if` without `fi`: the RUN fails, or does something else than it seems
    to. What could not be read was not judged by the other rules.
    """

    id = "B180"
    keywords = ("shell", "syntax", "syntax error")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (docker_docs("reference/dockerfile/#shell-and-exec-form"),)
    remedy = "Mend the syntax; `sh -n` shows what the shell makes of it."
    bad = ('FROM debian:12\nRUN echo "no end\n', "FROM debian:12\nRUN if [ -f /a ]; then echo a\n")
    good = ('FROM debian:12\nRUN echo "it has an end"\n', "FROM debian:12\nRUN if [ -f /a ]; then echo a; fi\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction, script in build.scripts():
            # Brackets at the start are a broken exec form, which is another rule's matter.
            if script.broken and not build.text[script.broken[0].start :].startswith("["):
                place = script.broken[0]
                yield self.finding(
                    f"{instruction.keyword} holds a command that could not be read",
                    at,
                    place=place if place.start >= 0 else None,
                )
