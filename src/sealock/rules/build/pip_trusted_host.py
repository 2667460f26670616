from __future__ import annotations

from sealock.rules.build._commands import drop, known, line, settings
from sealock.rules.build._ran import calls, ran
from sealock.rules.build._written import revalued
from sealock.rules.build._written import settings as variables
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page


class PipTrustedHost(Rule[Build]):
    """pip does not check the server's certificate.

    `--trusted-host` lets pip take packages from a server with any certificate or none, and a package's setup code
    runs at once. Give pip your own authority instead: `--cert`, or `PIP_CERT`.
    """

    id = "B026"
    severity = Severity.MEDIUM
    references = (cis_docker("4.11"), cwe(295), page("pip, --trusted-host", "https://pip.pypa.io/en/stable/cli/pip/"))
    remedy = "Leave --trusted-host out; name your own authority with --cert."
    bad = (
        "FROM python:3.12\nRUN pip install --trusted-host pypi.example.com -r requirements.txt\n",
        (
            "FROM python:3.12\n"
            "RUN python3 -m pip install --trusted-host=pypi.example.org --trusted-host=files.example.org x\n"
        ),
        "FROM python:3.12\nENV PIP_TRUSTED_HOST=pypi.example.com\n",
    )
    good = ("FROM python:3.12\nRUN pip install --cert /ca.pem -r requirements.txt\n",)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in calls(build, ("pip",)):
            command = call.ran.command
            given = settings(command, "--trusted-host")
            if given:
                yield self.finding(
                    "takes packages from a server that nobody has checked",
                    call.ran.at,
                    place=known(given[0].place),
                    evidence=line(command),
                    fix=drop(build, command, *given),
                )
            elif call.verb.text == "config" and any("trusted-host" in word.text for word in call.operands):
                place = known(command.place)
                yield self.finding("trusts a host for all of pip", call.ran.at, place=place, evidence=line(command))
        for one in ran(build, "uv"):
            if (given := settings(one.command, "--allow-insecure-host")) or (
                given := settings(one.command, "--trusted-host")
            ):
                yield self.finding(
                    "takes packages from a server that nobody has checked",
                    one.at,
                    place=known(given[0].place),
                    evidence=line(one.command),
                    fix=drop(build, one.command, *given),
                )
        for setting in variables(build, "PIP_TRUSTED_HOST", "UV_INSECURE_HOST"):
            if setting.value:
                yield self.finding(
                    f"lets pip trust {setting.value}",
                    setting.at,
                    place=known(setting.place),
                    evidence=f"{setting.name}={setting.value}",
                    fix=revalued(setting, '""'),
                )
