from __future__ import annotations

import re
from typing import NamedTuple

from sealock.model.shell import Command, Word
from sealock.patterns import compile_lazily
from sealock.rules.build._commands import drop, known, line, rewrite
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import ran
from sealock.rules.build._written import corrected, writings
from sealock.rules.downloads import bundled
from sealock.rules.kit import Build, Edit, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe, man, page


class Manager(NamedTuple):
    """How a package manager skips its signature checks."""

    options: frozenset[str]
    setting: re.Pattern[str] | None = None
    """A setting in an argument of its own, or after one of `prefixes`."""
    prefixes: tuple[str, ...] = ()


_APT_SETTING: Final = compile_lazily(
    r"(?:AllowUnauthenticated|AllowInsecureRepositories|AllowDowngradeToInsecureRepositories|AllowWeakRepositories|force-yes)"
    r"[\s=\"']+(?:true|1|yes|on)\b|Verify-(?:Peer|Host)[\s=\"']+(?:false|0|no|off)\b",
    re.IGNORECASE,
)
_RPM_SETTING: Final = compile_lazily(
    r"(?<![\w])(?:[\w*-]{1,100}\.)?((?:gpgcheck|sslverify)[ \t]*=[ \t]*)(0|false|no)\b", re.IGNORECASE
)
_TLS: Final = compile_lazily(r"sslverify|Verify-(?:Peer|Host)|noverifyssl", re.IGNORECASE)
_PACMAN_SETTING: Final = compile_lazily(r"SigLevel[ \t]*=[ \t]*(?:Never|[^\n]*TrustAll)")
_APT: Final = Manager(
    frozenset({
        "--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories",
        "--allow-releaseinfo-change-insecure",
    }),
    _APT_SETTING,
    ("-o", "--option"),
)  # fmt: skip
_DNF: Final = Manager(
    frozenset({
        "--nogpgcheck", "--nogpgchecks", "--no-gpgchecks", "--no-gpgcheck", "--no-gpg-check", "--no-gpg-checks",
        "--allow-unsigned-rpm", "--gpgcheck-allow-unsigned", "--gpgcheck-allow-unsigned-package",
        "--gpgcheck-allow-unsigned-repo", "--noverifyssl",
    }),
    _RPM_SETTING,
    ("--setopt", "--setopt=", "-o"),
)  # fmt: skip
_MANAGERS: Final[dict[str, Manager]] = {
    **dict.fromkeys(APT, _APT),
    "apk": Manager(frozenset({"--allow-untrusted"})),
    **dict.fromkeys(
        ("yum", "dnf", "dnf5", "microdnf", "tdnf", "zypper", "yum-config-manager", "dnf-3"),
        _DNF,
    ),
    "rpm": Manager(frozenset({"--nosignature", "--nodigest", "--nofiledigest", "--noverify"})),
}


class SignatureCheckOff(Rule[Build]):
    """Package signature or TLS verification is disabled.

    Signatures make mirrors harmless. `--allow-unauthenticated` (apt), `--allow-untrusted` (apk), `--nogpgcheck` and
    `gpgcheck=0` (dnf, yum, zypper) or `--nosignature` (rpm) accept any package from any attacker on the network, and
    its scripts run as root. Name the key of the repository instead: `signed-by` for apt, /etc/apk/keys, `gpgkey=`, `rpm
    --import`.
    """

    id = "B030"
    keywords = ("signature", "GPG", "gpgcheck", "allow-unauthenticated")
    aliases = ("CKV2_DOCKER_7", "CKV2_DOCKER_8", "CKV2_DOCKER_9", "CKV2_DOCKER_10", "CKV2_DOCKER_11", "CKV2_DOCKER_15")
    severity = Severity.HIGH
    references = (
        cis_docker("4.11"),
        cwe(347),
        page("apt-secure(8)", "https://manpages.debian.org/stable/apt/apt-secure.8.en.html"),
        page("Alpine Linux wiki, apk", "https://wiki.alpinelinux.org/wiki/Alpine_Package_Keeper"),
        page("dnf.conf(5)", "https://dnf.readthedocs.io/en/latest/conf_ref.html"),
        man("rpm", 8),
    )
    remedy = "Remove the option, and name the key that signs the packages (signed-by, /etc/apk/keys, gpgkey)."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y --allow-unauthenticated x\n",
        "FROM debian:12\nRUN apt-get --force-yes install x\n",
        "FROM debian:12\nRUN apt-get -y -o APT::Get::AllowUnauthenticated=true install x\n",
        "FROM debian:12\nRUN apt-get -oAcquire::https::Verify-Peer=false update\n",
        "FROM alpine:3.20\nRUN apk add --no-cache --allow-untrusted ./x.apk\n",
        'FROM alpine:3.20\nRUN ["apk", "--allow-untrusted", "add", "x"]\n',
        "FROM rockylinux:9\nRUN dnf install -y --nogpgcheck x\n",
        "FROM rockylinux:9\nRUN yum -y --setopt=sslverify=false install x\n",
        "FROM fedora:41\nRUN dnf --setopt '*.gpgcheck=0' install -y x\n",
        "FROM opensuse/leap:15.6\nRUN zypper --no-gpg-checks install -y x\n",
        "FROM rockylinux:9\nRUN printf '[x]\\nbaseurl=https://e.com/\\ngpgcheck=0\\n' > /etc/yum.repos.d/x.repo\n",
        "FROM rockylinux:9\nCOPY <<EOF /etc/yum.repos.d/x.repo\n[x]\nbaseurl=https://e.com/\ngpgcheck = 0\nEOF\n",
        "FROM rockylinux:9\nRUN rpm -ivh --nosignature https://example.com/x.rpm\n",
        "FROM rockylinux:9\nRUN rpm --nodigest --nosignature -i x.rpm\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -y x && rm -rf /var/lib/apt/lists/*\n",
        (
            "FROM debian:12\n"
            "RUN apt-get -o Acquire::Check-Valid-Until=false -o APT::Get::AllowUnauthenticated=false update\n"
        ),
        "FROM alpine:3.20\nCOPY x.rsa.pub /etc/apk/keys/\nRUN apk add --no-cache ./x.apk\n",
        "FROM rockylinux:9\nRUN dnf install -y x\n",
        "FROM rockylinux:9\nCOPY <<EOF /etc/yum.repos.d/x.repo\n[x]\ngpgcheck=1\nrepo_gpgcheck=0\nsslverify=1\nEOF\n",
        "FROM rockylinux:9\nRUN rpm --import /keys/x.asc && rpm -ivh https://example.com/x.rpm\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        for call in ran(build, *_MANAGERS):
            command = call.command
            for index, word in enumerate(command.words[1:], 1):
                if not _switches_off(_MANAGERS[command.name], word, command.words[index - 1]):
                    continue
                tls = _TLS.search(word.text)
                yield self.finding(
                    "fetches packages without verifying TLS certificates"
                    if tls
                    else "installs packages without checking their signatures",
                    call.at,
                    place=known(word.place),
                    evidence=f"{word.text}: {line(command)}" if command.name == "rpm" else line(command),
                    fix=_without(build, command, index, word),
                )
        for writing in writings(build):
            if "/apt" in writing.file and (match := _APT_SETTING.search(writing.text)):
                yield self.finding(
                    "configures apt to accept any TLS certificate"
                    if _TLS.search(match[0])
                    else "configures apt to accept unsigned packages",
                    writing.at,
                    place=known(writing.place),
                    evidence=match[0],
                )
            if match := _RPM_SETTING.search(writing.text) or _PACMAN_SETTING.search(writing.text):
                on = {"0": "1", "false": "true", "no": "yes"}
                fixed = match[1] + on[match[2].lower()] if match.lastindex else ""
                yield self.finding(
                    f"writes {match[0].strip()} to {writing.file}",
                    writing.at,
                    place=known(writing.place),
                    evidence=f"{writing.file}: {match[0].strip()}",
                    fix=corrected(build, writing, match[1] + match[2], fixed) if fixed else (),
                )


def _switches_off(manager: Manager, word: Word, before: Word) -> bool:
    if word.text in manager.options:
        return True
    if manager.setting is None or not manager.setting.search(word.text):
        return False
    return before.text in manager.prefixes or word.text.startswith(("--setopt=", "-o", "--option="))


def _without(build: Build, command: Command, index: int, word: Word) -> tuple[Edit, ...]:
    if word.text == "--force-yes" and bundled(command, "y") is None and command.option("--yes", "--assume-yes") is None:
        # It implies -y, which may stay.
        return rewrite(build, word, "-y")
    before = command.words[index - 1]
    if before.text in _MANAGERS[command.name].prefixes and word.text not in _MANAGERS[command.name].options:
        return drop(build, command, before, word)
    return drop(build, command, word)
