from __future__ import annotations

from sealock.rules.build._modes import bits, clauses, modes
from sealock.rules.kit import Build, Iterator, Rule, RuleFinding, Severity, cwe, man


class WorldWritable(Rule[Build]):
    """World-writable files (chmod 777).

    Mode 777 lets every user in the container change the program that runs, so that the first one who breaks in
    stays in. Give the files to the user who needs them (`COPY --chown`, `chown`) with 755 or 644. A sticky directory
    (1777, as /tmp has) is fine.
    """

    id = "B042"
    keywords = ("chmod", "777", "world-writable")
    severity = Severity.MEDIUM
    references = (cwe(732), man("chmod", 1))
    remedy = "Give the files to the user who needs them with chown, and use 755 or 644."
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
        for given in modes(build):
            octal = bits(given.text)
            if octal is not None:
                bad = octal & 0o002 and not octal & 0o1000
                fixed = f"{octal & ~0o022:o}".rjust(3, "0")
            else:
                bad = _opens(given.text) and "t" not in given.text
                fixed = ",".join(_closed(*clause) for clause in clauses(given.text))
            if bad:
                yield self.finding(
                    f"lets everybody write what gets mode {given.text}",
                    given.at,
                    place=given.place,
                    evidence=given.evidence,
                    fix=given.fixed(build, fixed),
                )


def _opens(text: str) -> bool:
    # Without "who" the umask counts, which takes the writing from everybody but the owner.
    named = [part for part in text.split(",") if part[:1] in "ugoa"]
    return any(
        ("o" in who or "a" in who) and operator in "+=" and "w" in what
        for name in named
        for who, operator, what in clauses(name)
    )


def _closed(who: str, operator: str, what: str) -> str:
    """The clause without the writing of all: a+rwx becomes u+rwx,go+rx."""
    if "w" not in what or operator == "-" or not ({"o", "a"} & set(who)):
        return f"{who}{operator}{what}"
    owner = "ug" if "g" in who else "u"
    rest = what.replace("w", "")
    others = f",{'o' if owner == 'ug' else 'go'}{operator}{rest}" if rest and ("a" in who or "u" in who) else ""
    return f"{owner}{operator}{what}{others}"
