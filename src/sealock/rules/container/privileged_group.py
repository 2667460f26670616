from __future__ import annotations

from sealock.rules.container._users import POWERFUL_GROUPS, is_zero
from sealock.rules.kit import Container, Iterator, Remove, Rule, RuleFinding, Severity, cwe, docker_docs, given

_BY_NAME = frozenset({"sudo", "wheel"})
"""Groups that programs of the container look up by name: the host's name of a number means nothing to them."""


class PrivilegedGroup(Rule[Container]):
    """Process belongs to a privileged group (docker, disk).

    A supplementary group gives an ordinary user access to the files of that group: docker to the engine's socket, disk
    to the disks, shadow to the password hashes, root to files with group permissions for root. Give the program a file
    or device of its own, with a group made for it.
    """

    id = "C047"
    keywords = ("group", "group_add", "docker group")
    severity = Severity.HIGH
    reads = ("groups",)
    references = (cwe(269), docker_docs("engine/security/#docker-daemon-attack-surface"))
    remedy = "Remove the group, and give the program's own group access to what it needs."
    bad = (
        "docker run --group-add docker alpine",
        "docker run --group-add 0 alpine",
        "services:\n  app:\n    image: alpine:3.20\n    group_add: [disk]\n",
    )
    good = ("docker run --group-add audio alpine", "docker run --group-add 1001 alpine")

    def check(self, container: Container, /) -> Iterator[RuleFinding]:
        for index, group in enumerate(given(container.groups, ())):
            # The kernel knows numbers; what the host calls them says which of its files they open.
            number, bracket, name = group.rstrip(")").partition("(")
            name = name or number
            if name == "root" or is_zero(number):
                reach, severity = "may use every file that root's group can access", Severity.MEDIUM
            elif name in POWERFUL_GROUPS:
                reach = POWERFUL_GROUPS[name]
                severity = Severity.LOW if name == "adm" or (bracket and name in _BY_NAME) else Severity.HIGH
            else:
                continue
            shown = f"{number} ({name} on the host)" if bracket else group
            yield self.finding(
                f"belongs to group {shown}: it {reach}",
                ("groups", index),
                fix=Remove("groups", number),
                severity=severity,
            )
