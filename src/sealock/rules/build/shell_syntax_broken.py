from __future__ import annotations

from sealock.rules.kit import Build, Confidence, Iterator, Rule, RuleFinding, Severity, docker_docs


class ShellSyntaxBroken(Rule[Build]):
    """Shell syntax error.

    An unmatched quote or bracket, or an `if` without `fi`: the RUN fails, or does something other than it seems to. The
    other rules cannot check this command.
    """

    id = "B180"
    keywords = ("shell", "syntax", "syntax error")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (docker_docs("reference/dockerfile/#shell-and-exec-form"),)
    remedy = "Correct the syntax; `sh -n` shows how the shell reads it."
    bad = ('FROM debian:12\nRUN echo "no end\n', "FROM debian:12\nRUN if [ -f /a ]; then echo a\n")
    good = ('FROM debian:12\nRUN echo "it has an end"\n', "FROM debian:12\nRUN if [ -f /a ]; then echo a; fi\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction, script in build.scripts():
            # A bracket at the start is a malformed exec form, which MalformedExecForm reports.
            if script.broken and not build.text[script.broken[0].start :].startswith("["):
                place = script.broken[0]
                yield self.finding(
                    f"has a shell syntax error in {instruction.keyword}",
                    at,
                    place=place if place.start >= 0 else None,
                )
