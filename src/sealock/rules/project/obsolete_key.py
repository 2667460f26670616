from __future__ import annotations

from sealock.rules.kit import Iterator, Project, Rule, RuleFinding, Severity, docker_docs


class ObsoleteKey(Rule[Project]):
    """Obsolete compose key.

    Compose ignores the top-level `version` since 1.27 and warns since 2.25. It does no harm, but suggests that it
    selects a format. Remove it.
    """

    id = "P008"
    keywords = ("obsolete", "compose", "version")
    severity = Severity.INFO
    pedantic = True
    references = (docker_docs("reference/compose-file/version-and-name/"),)
    remedy = "Remove the key."
    bad = ("version: '3.8'\nservices:\n  app:\n    image: acme/app:1\n",)
    good = ("services:\n  app:\n    image: acme/app:1\n",)
    fixable = False

    def check(self, project: Project, /) -> Iterator[RuleFinding]:
        for index, pointer in enumerate(project.obsolete):
            yield self.finding(
                f"sets {pointer.strip('/')}, which Compose ignores", ("obsolete", index), evidence=pointer
            )
