from __future__ import annotations

import re

from sealock.patterns import compile_lazily
from sealock.rules.build._commands import known, line
from sealock.rules.build._modes import GivenMode, bits, clauses, modes
from sealock.rules.build._ran import ran, unshipped
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man

_SETS: Final = compile_lazily(r"(?P<who>[ugoa]{0,16})(?P<sign>[+=])(?P<what>[rwxXtugo]*s[rwxXstugo]*)")
_MILD: Final = frozenset({"cap_net_bind_service", "cap_net_raw", "cap_ipc_lock", "cap_sys_nice", "cap_wake_alarm", "cap_net_admin"})  # fmt: skip  # noqa: E501  a list of names


class SetuidAdded(Rule[Build]):
    """Program is made setuid or gets file capabilities.

    A setuid program runs as its owner (usually root) for every user: a flaw in it, or in a library it loads, makes any
    user root. File capabilities grant a part of that. Start the container with the user, group or capability that the
    program needs (`--cap-add`), and with no-new-privileges, which disables both.
    """

    id = "B043"
    keywords = ("setuid", "capabilities", "setgid", "setcap", "capability")
    severity = Severity.MEDIUM
    references = (cis_docker("4.8"), cwe(250), man("capabilities", 7))
    remedy = "Remove the bit; give the container the user or capability that the program needs."
    fixable = False
    bad = (
        "FROM debian:12\nRUN chmod u+s /usr/local/bin/tool\n",
        "FROM debian:12\nRUN chmod 4755 /usr/local/bin/tool\n",
        "FROM debian:12\nCOPY --chmod=6755 tool /usr/local/bin/tool\n",
        "FROM debian:12\nRUN setcap cap_sys_admin+ep /usr/local/bin/tool\n",
        "FROM debian:12\nRUN install -m 4755 tool /usr/local/bin/tool\n",
    )
    good = (
        "FROM debian:12\nRUN chmod 2775 /data && chmod u-s,g-s /bin/su && find / -perm /6000 -exec chmod a-s {} +\n",
        "FROM debian:12\nRUN setcap -r /usr/local/bin/tool && setcap -v cap_chown+ep /x && chmod 0755 /x\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for mode in modes(build):
            octal = bits(mode.text)
            if octal is not None and octal & 0o4000:
                yield self._fault(build, mode, mode.fixed(build, f"{octal & ~0o6000:04o}"))
            elif octal is None and any(
                operator in "+=" and "s" in what and set(who) & {"u", "a"} for who, operator, what in clauses(mode.text)
            ):
                yield self._fault(build, mode, mode.fixed(build, _SETS.sub(_unset, mode.text)))
        for call in ran(build, "setcap"):
            text = next((text for text in call.command.arguments if re.search(r"[+=]\w", text)), "")
            if text and {"-r", "-v"}.isdisjoint(call.command.arguments):  # it removes, or compares
                names = set(re.findall(r"cap_\w+", text.lower()))
                files = tuple(word for word in call.command.arguments if word != text and not word.startswith("-"))
                mild = names <= _MILD if names else False
                yield self.finding(
                    f"grants {', '.join(sorted(names)) or text} to every user of a program",
                    call.at,
                    place=known(call.command.place),
                    evidence=line(call.command),
                    severity=Severity.LOW
                    if mild or _maps_ids(files)
                    else unshipped(build, call.at, *files) or Severity.HIGH,
                )

    def _fault(self, build: Build, mode: GivenMode, fix: tuple[Edit, ...]) -> RuleFinding:
        return self.finding(
            f"makes a program setuid with mode {mode.text}",
            mode.at,
            place=mode.place,
            evidence=mode.evidence,
            fix=fix,
            severity=Severity.LOW if _maps_ids(mode.paths) else unshipped(build, mode.at, *mode.paths),
        )


def _unset(clause: re.Match[str]) -> str:
    """A clause without s, which it takes away if it does nothing else."""
    rest = clause["what"].replace("s", "")
    return f"{clause['who']}{clause['sign']}{rest}" if rest else f"{clause['who']}-s"


def _maps_ids(paths: tuple[str, ...]) -> bool:
    """Whether these are the helpers of rootless engines, which need the privilege and check /etc/subuid themselves."""
    return bool(paths) and all(path.rpartition("/")[2] in {"newuidmap", "newgidmap"} for path in paths)
