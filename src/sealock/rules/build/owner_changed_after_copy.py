"""B188."""

from __future__ import annotations

from collections.abc import Iterator

from sealock.model.build import AddFile, Build, Copy
from sealock.model.finding import Fault, Severity
from sealock.rules.build._ran import ran, reaches_image
from sealock.rules.references import docker_docs
from sealock.rules.rule import Rule


class OwnerChangedAfterCopy(Rule[Build]):
    """Owner or mode of files is changed in a layer after they were copied.

    Every file that is touched is in the image twice, since a layer holds whole files. COPY --chown and --chmod set
    both as it copies.
    """

    id = "B188"
    severity = Severity.INFO
    references = (docker_docs("reference/dockerfile/#copy---chown---chmod"),)
    remedy = "Use COPY --chown=… (or --chmod=…) and leave the RUN out."
    bad = (
        "FROM debian:12\nCOPY app /srv/app\nRUN chown -R 1000:1000 /srv/app\n",
        "FROM debian:12\nCOPY . /srv/\nRUN chmod -R g+w /srv\n",
    )
    good = (
        "FROM debian:12\nCOPY --chown=1000:1000 app /srv/app\n",
        "FROM debian:12\nCOPY app /srv/app\nRUN chown -R 1000:1000 /var/lib/app\n",
    )
    mends = False

    def check(self, build: Build, /) -> Iterator[Fault]:
        """Compare what chown -R and chmod -R name with the targets of COPY before."""
        reaching = reaches_image(build)
        for one in ran(build, "chown", "chmod", "chgrp"):
            if one.stage.index not in reaching or not one.command.option("-R", "--recursive"):
                continue
            named = {text.rstrip("/") for text in one.command.arguments if text[:1] == "/" and text != "/"}
            if not named:
                continue
            for index, copy in enumerate(one.stage.instructions):
                if ("stages", one.stage.index, "instructions", index) >= one.at:
                    break
                if isinstance(copy, Copy | AddFile) and copy.target.text.rstrip("/") in named:
                    yield self.fault(
                        f"{one.command.name} stores {copy.target.text.rstrip('/')} a second time",
                        one.at,
                        place=one.command.place,
                    )
                    break
