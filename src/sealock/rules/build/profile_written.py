from __future__ import annotations

from sealock.rules.build._ran import ran
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, docker_docs

_PROFILES = (".bashrc", ".bash_profile", ".profile", "/etc/profile", "/etc/bash.bashrc", "/etc/environment", ".zshrc")


class ProfileWritten(Rule[Build]):
    """Variable is set in a shell profile.

    RUN, CMD and ENTRYPOINT start no login shell, so they never read .bashrc, .profile or /etc/environment: the variable
    exists in `docker exec -it … bash`, but not when the program starts.
    """

    id = "B187"
    keywords = ("profile", ".bashrc", "environment variable")
    severity = Severity.INFO
    references = (docker_docs("reference/dockerfile/#env"),)
    remedy = "Use ENV."
    bad = (
        "FROM debian:12\nRUN echo 'export PATH=/app/bin:$PATH' >> ~/.bashrc\n",
        "FROM debian:12\nRUN echo 'A=b' >> /etc/environment\n",
    )
    good = ("FROM debian:12\nENV PATH=/app/bin:$PATH\n", "FROM debian:12\nRUN echo 'alias ll=\"ls -l\"' >> ~/.bashrc\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, "echo", "printf"):
            for redirect in call.command.redirects:
                target = redirect.target.text if redirect.target is not None else ""
                if not target.endswith(_PROFILES) or redirect.operator not in {">", ">>"}:
                    continue
                text = " ".join(call.command.arguments)
                if "export " in text or (target == "/etc/environment" and "=" in text):
                    yield self.finding(
                        f"sets a variable in {target}, which CMD and ENTRYPOINT do not read",
                        call.at,
                        place=call.command.place,
                    )
