from __future__ import annotations

from sealock.model.build import AddFile, Copy, Healthcheck, Run
from sealock.model.container import Health
from sealock.model.imagename import family
from sealock.model.shell import Command
from sealock.model.wrappers import unwrap_words
from sealock.rules.build._ran import lineage, ran
from sealock.rules.images import lacks
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, docker_docs

_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "."})
_OF_SYSTEM: Final = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")


class HealthToolNotInstalled(Rule[Build]):
    """HEALTHCHECK calls a program that the image lacks.

    The health check always fails if its program is missing: the container stays unhealthy. Alpine has wget but not
    curl, slim images have neither, and distroless images have no shell. Let the program check itself (`app --healthy`),
    use a tool of the image, or install one.
    """

    id = "B191"
    keywords = ("HEALTHCHECK", "curl", "wget")
    severity = Severity.LOW
    confidence = Confidence.MEDIUM
    references = (docker_docs("reference/dockerfile/#healthcheck"),)
    remedy = "Let the program check itself, or use a tool that the image has (wget on Alpine)."
    bad = (
        "FROM node:22-alpine\nHEALTHCHECK CMD curl -f http://localhost:3000\n",
        'FROM python:3.12-slim\nHEALTHCHECK CMD ["wget", "-q", "http://localhost"]\n',
        "FROM gcr.io/distroless/static:nonroot\nHEALTHCHECK CMD /app --healthy\n",
        "FROM node:22-alpine\nRUN /bin/mkdir /a && sh -c 'touch b'\nHEALTHCHECK CMD curl -f http://localhost\n",
    )
    good = (
        "FROM node:22-alpine\nHEALTHCHECK CMD wget -qO- http://localhost:3000\n",
        "FROM python:3.12-slim\nRUN apt-get update && apt-get install -y curl\nHEALTHCHECK CMD curl -f http://localhost\n",
        'FROM gcr.io/distroless/static:nonroot\nHEALTHCHECK CMD ["/app", "--healthy"]\n',
        "FROM debian:12\nCOPY . /a\nRUN /a/install --all\nHEALTHCHECK CMD curl -f http://localhost\n",
        "FROM debian:12 AS a\nRUN bash -x ./install\nFROM a\nHEALTHCHECK CMD curl -f http://localhost\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        final = build.final
        if (
            final is None
            or not isinstance(final.container.health, Health)
            or not isinstance(final.container.image, str)
        ):
            return
        test, image = final.container.health.test, final.container.image
        checks = [
            at for at, stage, instruction in build.each(Healthcheck) if stage is final and not instruction.onbuild
        ]
        if len(test) < 2 or not checks:
            return
        shell = test[0] == "CMD-SHELL"
        words = unwrap_words(test[1].split() if shell else test[1:])
        program = words[0].rpartition("/")[2] if words else ""
        absent = "a shell" if shell and family(image) == "none" else program
        if absent != "a shell" and (program not in {"curl", "wget"} or not lacks(image, program)):
            return
        needle = "/sh" if absent == "a shell" else program
        stages = {stage.index: stage for stage in lineage(build, final)}
        installers = (instruction for stage in stages.values() for instruction in stage.of(Run, Copy, AddFile))
        if not any(needle in build.excerpt(instruction.place) for instruction in installers) and not any(
            _is_brought(call.command) for call in ran(build) if call.stage.index in stages
        ):
            yield self.finding(f"runs its HEALTHCHECK with {absent}, which {image} does not have", checks[-1])


def _is_brought(command: Command) -> bool:
    """Whether a command is a script or program that the build brings along, which may install anything."""
    words = [word.text for word in command.words if not word.text.startswith("-")]
    name = words[1] if len(words) > 1 and command.name in _SHELLS else words[0] if words else ""
    return "/" in name and not name.startswith(_OF_SYSTEM)
