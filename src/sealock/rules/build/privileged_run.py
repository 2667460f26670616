from __future__ import annotations

from sealock.model.build import Flag, Run
from sealock.rules.kit import Build, Edit, Iterator, Place, Rule, RuleFinding, Severity, cis_docker, cwe, docker_docs


class PrivilegedRun(Rule[Build]):
    """RUN disables the build sandbox (--security=insecure).

    `--security=insecure` runs the command with all capabilities and devices of the build machine, without seccomp;
    `--network=host` gives it that machine's loopback network. Builders allow either only on request, and a Dockerfile
    should not need them.
    """

    id = "B044"
    keywords = ("sandbox", "insecure", "--security=insecure", "--network=host")
    severity = Severity.HIGH
    references = (cis_docker("5.5"), cwe(250), docker_docs("reference/dockerfile/#run---security"))
    remedy = "Remove the flag; do what needs it outside of the build."
    bad = (
        "# syntax=docker/dockerfile:1-labs\nFROM debian:12\nRUN --security=insecure mount -t tmpfs x /mnt\n",
        "FROM debian:12\nRUN --network=host make test\n",
    )
    good = ("FROM debian:12\nRUN --network=none make test\n", "FROM debian:12\nRUN --security=sandbox make\n")

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, run in build.each(Run):
            for flag in run.flags:
                value = flag.value.text.lower() if flag.value else ""
                if flag.name == "security" and value == "insecure":
                    fix = _without(build, flag)
                    yield self.finding(
                        "runs with every capability and device of the build machine", at, place=flag.place, fix=fix
                    )
                elif flag.name == "network" and value == "host":
                    fix = _without(build, flag)
                    yield self.finding("runs in the network of the build machine", at, place=flag.place, fix=fix)


def _without(build: Build, flag: Flag) -> tuple[Edit, ...]:
    end = flag.place.end
    while build.text[end : end + 1] in {" ", "\t"}:
        end += 1
    return (Edit(Place(flag.place.start, end), ""),)
