from __future__ import annotations

import json

from sealock.model.build import Maintainer
from sealock.rules.kit import Build, Edit, Iterator, Rule, RuleFinding, Severity, docker_docs


class MaintainerUsed(Rule[Build]):
    """MAINTAINER is deprecated.

    A label carries the same information, and tools read it with the other labels.
    """

    id = "B140"
    keywords = ("MAINTAINER", "label")
    aliases = ("DL4000", "DS-0022", "CKV_DOCKER_6", "MaintainerDeprecated")
    severity = Severity.INFO
    safe = True
    references = (docker_docs("reference/build-checks/maintainer-deprecated/"),)
    remedy = "Use LABEL org.opencontainers.image.authors=…"
    bad = ("FROM debian:12\nMAINTAINER Jo Doe <jo@example.org>\n", 'FROM debian:12\nMAINTAINER "Jo Doe"\n')
    good = ('FROM debian:12\nLABEL org.opencontainers.image.authors="Jo Doe <jo@example.org>"\n',)

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for at, _, instruction in build.each(Maintainer):
            name = instruction.name.text.strip().strip("\"'").replace("$", "\\$")
            value = json.dumps(name, ensure_ascii=False).replace("\\\\$", "\\$")
            yield self.finding(
                "uses MAINTAINER instead of a label",
                at,
                place=instruction.keyword_place,
                fix=Edit(instruction.place, f"LABEL org.opencontainers.image.authors={value}"),
            )
