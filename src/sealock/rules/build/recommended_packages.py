from __future__ import annotations

from sealock.model.build import Heredoc, Stage
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import calls, inherited, reaches_image
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cis_docker, docker_docs


class RecommendedPackages(Rule[Build]):
    """Recommended packages are installed (no --no-install-recommends).

    apt also installs everything that a package recommends: often more packages, with more vulnerabilities, than the
    package itself. Name the packages that you need, and check that the program still works without the others.
    """

    id = "B109"
    keywords = ("--no-install-recommends", "recommended packages", "recommends", "no-install-recommends", "apt-get")
    aliases = ("DL3015", "DS-0029")
    differs = (("DL3015", "a setting in /etc/apt/apt.conf.d counts; stages that do not reach the image do not count"),)
    severity = Severity.INFO
    references = (cis_docker("4.3"), docker_docs("build/building/best-practices/#dont-install-unnecessary-packages"))
    remedy = "Add --no-install-recommends, and name the recommended packages that you need."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y curl\n",
        "FROM debian:12\nRUN dpkg -i a.deb || apt-get -yf install\n",
        'FROM debian:12\nRUN ["apt-get", "install", "-y", "curl"]\n',
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y --no-install-recommends curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get -o APT::Install-Recommends=false install -y curl\n",
        "FROM debian:12\nRUN echo 'APT::Install-Recommends \"0\";' > /etc/apt/apt.conf.d/9 && apt install -y curl\n",
        "FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nFROM scratch\nCOPY --from=build /a /\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        configured = inherited(build, _configured)
        for call in calls(build, APT, ("install",)):
            stage = call.ran.stage
            if stage.index not in reaching or not (call.operands or call.has("-f", "--fix-broken")):
                continue
            if call.operands and all("/" in operand.text for operand in call.operands):
                continue
            if call.has("--no-install-recommends", "--without-recommends") or any(
                "Recommends" in option.text for option in call.options
            ):
                continue
            if not configured(stage):
                yield self.finding(
                    "installs recommended packages",
                    call.ran.at,
                    place=call.verb.place,
                    fix=insert_after(
                        call.ran.run,
                        call.verb,
                        "--without-recommends" if call.manager == "aptitude" else "--no-install-recommends",
                    ),
                )


def _configured(stage: Stage) -> bool:
    """Whether the stage mentions apt's Install-Recommends setting, so the option is not needed."""
    for instruction in stage.instructions:
        heredocs: tuple[Heredoc, ...] = instruction.heredocs
        if any("Install-Recommends" in heredoc.body for heredoc in heredocs):
            return True
        script = getattr(instruction, "script", None)
        if script is not None and any(
            "Install-Recommends" in word.text for command in script.commands() for word in command.words
        ):
            return True
    return False
