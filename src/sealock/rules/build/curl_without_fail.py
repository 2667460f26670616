from __future__ import annotations

from sealock.model.build import Run
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._ran import once_each, ran
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, page

_SEES: Final = (
    "-f",
    "--fail",
    "--fail-with-body",
    "--fail-early",
    "-w",
    "--write-out",
    "-I",
    "--head",
    "-K",
    "--config",
    "-V",
)
_CHECKS: Final = frozenset(
    {"sha256sum", "sha512sum", "sha1sum", "sha384sum", "md5sum", "b2sum", "shasum", "gpg", "gpgv", "cosign"}
)


class CurlWithoutFail(Rule[Build]):
    """curl without --fail saves an error page.

    Without -f curl succeeds whatever the server answers: the build stores a "404 Not Found" page under the name of the
    program, or passes it to the next command.
    """

    id = "B189"
    keywords = ("curl", "--fail", "-f")
    severity = Severity.LOW
    safe = True
    references = (page("curl manual, --fail", "https://curl.se/docs/manpage.html#-f"),)
    remedy = "Add -f, so that curl fails on HTTP errors."
    bad = (
        "FROM debian:12\nRUN curl -sSLO https://example.org/a\n",
        "FROM debian:12\nRUN curl https://example.org/a > /a\n",
    )
    good = (
        "FROM debian:12\nRUN curl -fsSLO https://example.org/a\n",
        "FROM debian:12\nRUN curl --fail -o a https://example.org/a\n",
        "FROM debian:12\nRUN curl -LO https://example.org/a && echo '0123  a' | sha256sum -c\n",
        "FROM debian:12\nRUN curl --version\n",
        "FROM debian:12\nENV OPTIONS='-f -L'\nRUN curl $OPTIONS -o a https://example.org/a\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        checked = once_each(_checked)
        for call in ran(build, "curl"):
            command = call.expanded
            if command.option(*_SEES) or not any("://" in text or "$" in text for text in command.arguments):
                continue
            if not checked(call):
                yield self.finding(
                    "ignores HTTP errors in curl",
                    call.at,
                    place=command.place,
                    fix=insert_after(call.run, command.words[0], "-f"),
                )


def _checked(run: Run) -> bool:
    return any(command.name in _CHECKS for command in run.script.commands())
