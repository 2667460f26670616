from __future__ import annotations

from sealock.rules.build._commands import drop, known, line
from sealock.rules.build._ran import ran
from sealock.rules.build._written import revalued, settings
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page


class GoChecksOff(Rule[Build]):
    """Go checksum database is disabled (GONOSUMDB, GOFLAGS).

    The checksum database proves that everyone gets the same module. With `GOSUMDB=off`, `GONOSUMDB=*`,
    `GOFLAGS=-insecure` or `GOINSECURE`, go accepts whatever the proxy or server sends. For private modules, set their
    prefix in GOPRIVATE.
    """

    id = "B049"
    keywords = ("Go", "checksum", "GONOSUMDB")
    severity = Severity.MEDIUM
    references = (
        cis_docker("4.11"),
        cwe(494),
        page("Go modules reference, GOSUMDB", "https://go.dev/ref/mod#checksum-database"),
    )
    remedy = "Leave the check on, and name the prefix of your private modules in GOPRIVATE."
    bad = (
        "FROM golang:1.23\nENV GOSUMDB=off\n",
        "FROM golang:1.23\nENV GONOSUMDB=* GOFLAGS=-insecure\n",
        "FROM golang:1.23\nRUN GOINSECURE=* go mod download\n",
        "FROM golang:1.23\nRUN go get -insecure example.com/x\n",
        "FROM golang:1.23\nRUN export GONOSUMCHECK=1 && go mod download\n",
    )
    good = (
        ("FROM golang:1.23\nENV GOPRIVATE=git.example.com/acme GOFLAGS=-mod=vendor GONOSUMDB=git.example.com/acme\n"),
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for setting in settings(build, "GOSUMDB", "GONOSUMDB", "GONOSUMCHECK", "GOINSECURE", "GOFLAGS"):
            name, value = setting.name.upper(), setting.value
            if name == "GOSUMDB":
                bad, fixed = value == "off", '""'
            elif name == "GOFLAGS":
                bad, fixed = "-insecure" in value, f'"{value.replace("-insecure", "").strip()}"'
            elif name == "GONOSUMCHECK":
                bad, fixed = value not in {"", "0"}, '""'
            else:
                bad, fixed = value in {"*", "*/*", "**"}, '""'
            if bad:
                yield self.finding(
                    f"sets {name}={value}, so go does not verify modules",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{name}={value}",
                    fix=revalued(setting, fixed),
                )
        for call in ran(build, "go"):
            word = call.command.option("-insecure", "--insecure")
            if word is not None and word.text.strip("-") == "insecure" and "get" in call.command.arguments:
                yield self.finding(
                    "fetches modules without TLS and without verification",
                    call.at,
                    place=known(word.place),
                    evidence=line(call.command),
                    fix=drop(build, call.command, word),
                )
