from __future__ import annotations

from sealock.model.build import AddFile, Copy, Stage
from sealock.rules.build._ran import once, ran, reaches_image
from sealock.rules.kit import At, Build, Iterator, Rule, RuleFinding, Severity, docker_docs


class OwnerChangedAfterCopy(Rule[Build]):
    """chown or chmod in a later layer doubles the files.

    A layer contains whole files, so every changed file is in the image twice. COPY --chown and --chmod set owner and
    mode while copying.
    """

    id = "B188"
    keywords = ("chown", "chmod", "layer", "COPY --chown")
    severity = Severity.INFO
    references = (docker_docs("reference/dockerfile/#copy---chown---chmod"),)
    remedy = "Use COPY --chown=… (or --chmod=…) and remove the RUN."
    bad = (
        "FROM debian:12\nCOPY app /srv/app\nRUN chown -R 1000:1000 /srv/app\n",
        "FROM debian:12\nCOPY . /srv/\nRUN chmod -R g+w /srv\n",
    )
    good = (
        "FROM debian:12\nCOPY --chown=1000:1000 app /srv/app\n",
        "FROM debian:12\nCOPY app /srv/app\nRUN chown -R 1000:1000 /var/lib/app\n",
    )
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        copied = once(_copied)
        for call in ran(build, "chown", "chmod", "chgrp"):
            if call.stage.index not in reaching or not call.command.option("-R", "--recursive"):
                continue
            named = {text.rstrip("/") for text in call.command.arguments if text[:1] == "/" and text != "/"}
            targets = copied(call.stage)
            for target in sorted(named):
                if targets.get(target, call.at) < call.at:
                    yield self.finding(
                        f"stores {target} a second time through {call.command.name}", call.at, place=call.command.place
                    )
                    break


def _copied(stage: Stage) -> dict[str, At]:
    """The first COPY or ADD of each target."""
    targets: dict[str, At] = {}
    for index, instruction in enumerate(stage.instructions):
        if isinstance(instruction, Copy | AddFile):
            targets.setdefault(instruction.target.text.rstrip("/"), ("stages", stage.index, "instructions", index))
    return targets
