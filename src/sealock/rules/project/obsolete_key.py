from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, docker_docs


class ObsoleteKey(Rule[Project]):
    """Obsolete compose key.

    The top-level `version` is ignored since Compose 1.27 and warned of since 2.25. It does no harm, but reads as if it
    chose a format. Take it out.
    """

    id = "P008"
    keywords = ("obsolete", "compose", "version")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("reference/compose-file/version-and-name/"),)
    remedy = "Take the key out."
    bad = ("version: '3.8'\nservices:\n  app:\n    image: acme/app:1\n",)
    good = ("services:\n  app:\n    image: acme/app:1\n",)
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for index, pointer in enumerate(project.obsolete):
            yield self.finding(
                f"has the key {pointer.strip('/')}, which nothing reads", ("obsolete", index), evidence=pointer
            )
