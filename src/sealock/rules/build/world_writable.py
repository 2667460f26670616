from __future__ import annotations

from sealock.rules.build._modes import bits, clauses, modes
from sealock.rules.build._ran import unshipped
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cwe, man


class WorldWritable(Rule[Build]):
    """World-writable files (chmod 777).

    Mode 777 lets every user in the container change the program, so an attacker who takes over any process can persist.
    Give the files to the user that needs them (`COPY --chown`, `chown`) with 755 or 644. A sticky directory (1777, like
    /tmp) is fine.
    """

    id = "B042"
    keywords = ("chmod", "777", "world-writable")
    severity = Severity.MEDIUM
    references = (cwe(732), man("chmod", 1))
    remedy = "Give the files to the user that needs them with chown, and use 755 or 644."
    bad = (
        "FROM debian:12\nRUN chmod -R 777 /app\n",
        "FROM debian:12\nRUN chmod a+rwx /app/run\n",
        "FROM debian:12\nCOPY --chmod=0777 run /app/run\n",
        "FROM debian:12\nRUN chmod 666 /app/config && mkdir -m 777 /data\n",
        "FROM debian:12\nRUN chmod -R o+w /app\n",
        "FROM debian:12\nRUN install -m 0777 run /usr/local/bin/run\n",
    )
    good = (
        "FROM debian:12\nRUN chmod 755 /app && chmod g+w /app && chmod -R g=u /app && chmod 1777 /tmp && chmod +x /a\n",
        "FROM debian:12\nCOPY --chmod=755 run /app/run\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for mode in modes(build):
            octal = bits(mode.text)
            if octal is not None:
                bad = octal & 0o002 and not octal & 0o1000
                fixed = f"{octal & ~0o022:o}".rjust(3, "0")
            else:
                bad = _opens(mode.text) and "t" not in mode.text
                fixed = ",".join(_closed(*clause) for clause in clauses(mode.text))
            if bad:
                yield self.finding(
                    f"makes files world-writable with mode {mode.text}",
                    mode.at,
                    place=mode.place,
                    evidence=mode.evidence,
                    severity=unshipped(build, mode.at, *mode.paths),
                    fix=mode.fixed(build, fixed),
                )


def _opens(text: str) -> bool:
    # Without a class chmod applies the umask, which leaves write access only to the owner.
    named = [part for part in text.split(",") if part[:1] in "ugoa"]
    return any(
        ("o" in who or "a" in who) and operator in "+=" and "w" in what
        for name in named
        for who, operator, what in clauses(name)
    )


def _closed(who: str, operator: str, what: str) -> str:
    """The clause without write access for others: a+rwx becomes u+rwx,go+rx."""
    if "w" not in what or operator == "-" or not ({"o", "a"} & set(who)):
        return f"{who}{operator}{what}"
    owner = "ug" if "g" in who else "u"
    rest = what.replace("w", "")
    others = f",{'go' if owner == 'u' and 'a' in who else 'o'}{operator}{rest}" if rest else ""
    return f"{owner}{operator}{what}{others}"
