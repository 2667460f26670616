from __future__ import annotations

from sealock.model.build import User
from sealock.rules.build._ran import lineage
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, page

_OTHERS = frozenset({"root", "ContainerUser", "ContainerAdministrator"})
"""Other rules cover root, and Windows has no UIDs."""


class UserByName(Rule[Build]):
    """USER is a name instead of a number.

    Kubernetes cannot know that a name is not root: with runAsNonRoot it refuses to start the image. Write the number.
    """

    id = "B159"
    keywords = ("USER", "UID", "runAsNonRoot")
    aliases = ("DL3066",)
    differs = (("DL3066", "only with `--pedantic`, and only for the user that the image ends with"),)
    severity = Severity.INFO
    pedantic = True
    references = (
        page(
            "Kubernetes documentation, security context",
            "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
        ),
    )
    remedy = "Write the number: USER 10001:10001."
    bad = ("FROM debian:12\nUSER app\n", "FROM debian:12\nUSER app:app\n")
    good = ("FROM debian:12\nUSER 10001:10001\n", "FROM debian:12\nUSER root\n", "FROM debian:12\nARG U\nUSER $U\n")
    fixable = False

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        if build.final is None:
            return
        for stage in lineage(build, build.final):
            users = [
                (index, instruction)
                for index, instruction in enumerate(stage.instructions)
                if isinstance(instruction, User) and not instruction.onbuild
            ]
            if users:
                index, instruction = users[-1]
                name = instruction.user.value.partition(":")[0] if isinstance(instruction.user.value, str) else ""
                if name and not name.isdigit() and name not in _OTHERS:
                    yield self.finding(
                        f"runs as {name} instead of a UID",
                        ("stages", stage.index, "instructions", index),
                        place=instruction.user.place,
                    )
                return
