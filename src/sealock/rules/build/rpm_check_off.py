from __future__ import annotations

import re

from sealock.rules.build._commands import drop, known, line
from sealock.rules.build._ran import ran
from sealock.rules.build._written import corrected, writings
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, page

_OPTIONS: Final = frozenset({
    "--nogpgcheck", "--nogpgchecks", "--no-gpgchecks", "--no-gpgcheck", "--no-gpg-check", "--no-gpg-checks",
    "--allow-unsigned-rpm", "--gpgcheck-allow-unsigned", "--gpgcheck-allow-unsigned-package",
    "--gpgcheck-allow-unsigned-repo", "--noverifyssl",
})  # fmt: skip
_SETTING: Final = re.compile(
    r"(?<![\w])(?:[\w*-]+\.)?((?:gpgcheck|sslverify)[ \t]*=[ \t]*)(0|false|no)\b", re.IGNORECASE
)
_PACMAN: Final = re.compile(r"SigLevel[ \t]*=[ \t]*(?:Never|[^\n]*TrustAll)")


class RpmCheckOff(Rule[Build]):
    """yum, dnf or zypper does not check signatures or certificates.

    `--nogpgcheck`, `gpgcheck=0` and `sslverify=0` take packages from anybody on the way, and their scripts run as
    root. Import the repository's key (`gpgkey=https://…`) and leave the checks on.
    """

    id = "B032"
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(347),
        page("dnf.conf(5)", "https://dnf.readthedocs.io/en/latest/conf_ref.html"),
    )
    remedy = "Leave the check on, and name the key that signs the packages with gpgkey=."
    bad = (
        "FROM rockylinux:9\nRUN dnf install -y --nogpgcheck x\n",
        "FROM rockylinux:9\nRUN yum -y --setopt=sslverify=false install x\n",
        "FROM fedora:41\nRUN dnf --setopt '*.gpgcheck=0' install -y x\n",
        "FROM opensuse/leap:15.6\nRUN zypper --no-gpg-checks install -y x\n",
        "FROM rockylinux:9\nRUN printf '[x]\\nbaseurl=https://e.com/\\ngpgcheck=0\\n' > /etc/yum.repos.d/x.repo\n",
        "FROM rockylinux:9\nCOPY <<EOF /etc/yum.repos.d/x.repo\n[x]\nbaseurl=https://e.com/\ngpgcheck = 0\nEOF\n",
    )
    good = (
        "FROM rockylinux:9\nRUN dnf install -y x\n",
        "FROM rockylinux:9\nCOPY <<EOF /etc/yum.repos.d/x.repo\n[x]\ngpgcheck=1\nrepo_gpgcheck=0\nsslverify=1\nEOF\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for one in ran(build, "yum", "dnf", "dnf5", "microdnf", "tdnf", "zypper", "yum-config-manager", "dnf-3"):
            words = one.command.words
            for index, word in enumerate(words):
                before = words[index - 1]
                off = _SETTING.search(word.text)
                if word.text in _OPTIONS or (off and word.text.startswith("--setopt=")):
                    fix = drop(build, one.command, word)
                elif off and before.text in {"--setopt", "--setopt=", "-o"}:
                    fix = drop(build, one.command, before, word)
                else:
                    continue
                yield self.finding(
                    "takes packages that nobody has checked",
                    one.at,
                    place=known(word.place),
                    evidence=line(one.command),
                    fix=fix,
                )
        for writing in writings(build):
            if match := _SETTING.search(writing.text) or _PACMAN.search(writing.text):
                on = {"0": "1", "false": "true", "no": "yes"}
                fixed = match[1] + on[match[2].lower()] if match.re is _SETTING else ""
                yield self.finding(
                    f"writes {match[0].strip()} to {writing.file}",
                    writing.at,
                    place=known(writing.place),
                    evidence=f"{writing.file}: {match[0].strip()}",
                    fix=corrected(build, writing, match[1] + match[2], fixed) if fixed else (),
                )
