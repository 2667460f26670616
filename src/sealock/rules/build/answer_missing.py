from __future__ import annotations

from itertools import pairwise

from sealock.model.build import Env, Run, Stage
from sealock.rules.build._fixes import insert_after
from sealock.rules.build._managers import APT
from sealock.rules.build._ran import Call, calls, inherited, once_each
from sealock.rules.kit import Build, Final, Iterator, Rule, RuleFinding, Severity, man

_APT: Final = (
    frozenset(
        {
            "install",
            "upgrade",
            "dist-upgrade",
            "full-upgrade",
            "remove",
            "purge",
            "autoremove",
            "build-dep",
            "reinstall",
        }
    ),
    ("-y", "--yes", "--assume-yes", "-qq", "--force-yes", "--dry-run", "-s", "--download-only", "-d", "--print-uris"),
    "-y",
)
_RPM: Final = (
    frozenset({
        "install", "update", "upgrade", "remove", "erase", "autoremove", "reinstall", "groupinstall", "localinstall",
        "distro-sync", "builddep", "swap", "group",
    }),
    ("-y", "--assumeyes", "--assumeno"),
    "-y",
)  # fmt: skip
_CONDA: Final = (frozenset({"install", "create", "update", "remove"}), ("-y", "--yes", "-q", "--dry-run"), "-y")
_FALSE: Final = frozenset({"false", "no", "off", "n", "0"})
"""Values with which conda asks; it reads its settings as YAML does."""
_ASKING: Final[dict[str, tuple[frozenset[str], tuple[str, ...], str]]] = {
    # The verbs that prompt, the options that answer, and the option to add.
    **dict.fromkeys(APT, _APT),
    "yum": _RPM,
    "dnf": _RPM,
    "dnf5": _RPM,
    "microdnf": _RPM,
    "tdnf": _RPM,
    "zypper": (
        frozenset({"install", "in", "update", "up", "remove", "rm", "dist-upgrade", "dup", "patch"}),
        ("-n", "--non-interactive", "-y", "--no-confirm"),
        "-y",
    ),
    "pacman": (frozenset({""}), ("--noconfirm",), "--noconfirm"),
    "conda": _CONDA,
    "mamba": _CONDA,
}


class AnswerMissing(Rule[Build]):
    """Package manager prompts for confirmation (missing -y).

    A build has no terminal: the package manager reads end of file as "no" and fails, or waits forever. Give the option
    that answers yes.
    """

    id = "B115"
    keywords = ("-y", "prompt", "non-interactive", "apt-get")
    aliases = ("DL3014", "DL3030", "DL3034", "DL3038", "DS-0021")
    differs = (
        (
            "DL3014 DL3030 DL3034 DL3038",
            "also pacman and conda; an answer that comes through a pipe or a setting counts",
        ),
    )
    severity = Severity.LOW
    safe = True
    references = (man("apt-get", 8),)
    remedy = "Add -y (for pacman --noconfirm)."
    bad = (
        "FROM debian:12\nRUN apt-get update && apt-get install curl\n",
        "FROM fedora:40\nRUN dnf install curl && dnf clean all\n",
        "FROM opensuse/leap:15.6\nRUN zypper in curl && zypper clean\n",
        "FROM archlinux:base\nRUN pacman -S curl\n",
        "FROM continuumio/miniconda3:24.5.0-0\nRUN conda install numpy=2.0\n",
    )
    good = (
        "FROM debian:12\nRUN apt-get update && apt-get install -qy curl\n",
        "FROM debian:12\nRUN apt-get update && apt-get -qq install curl && yes | apt-get install git\n",
        "FROM debian:12\nRUN apt-get install -o APT::Get::Assume-Yes=true curl\n",
        "FROM debian:12\nARG OPTIONS='-y -q'\nRUN apt-get update && apt-get install $OPTIONS curl\n",
        "FROM debian:12\nRUN apt-get remove -y git && apt-get purge\n",
        "FROM fedora:40\nRUN dnf -y install curl && dnf clean all\n",
        "FROM opensuse/leap:15.6\nRUN zypper --non-interactive in curl && zypper clean\n",
        "FROM archlinux:base\nRUN pacman -Syy && pacman -S --noconfirm curl\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        configured, piped = inherited(build, _configured), once_each(_piped)
        for call in calls(build, _ASKING):
            verbs, answers, addition = _ASKING[call.manager]
            if call.verb.text not in verbs or _answered(call, answers) or id(call.ran.command) in piped(call.ran):
                continue
            if (call.manager == "pacman" and not _pacman_asks(call)) or _removes_nothing(call):
                continue
            if configured(call.ran.stage):
                continue
            word = call.verb if call.verb.text else call.ran.command.words[0]
            yield self.finding(
                f"runs `{call.manager} {call.verb.text}".rstrip() + "`, which waits for confirmation",
                call.ran.at,
                place=call.ran.command.place,
                fix=insert_after(call.ran.run, word, addition),
            )


def _removes_nothing(call: Call) -> bool:
    """Whether a call of apt removes no package: it has none, and asks nobody."""
    removes = call.manager in APT and call.verb.text in {"remove", "purge"} and not call.operands
    return removes and not call.has("--auto-remove", "--autoremove")


def _pacman_asks(call: Call) -> bool:
    """Whether pacman installs or removes: -Sy alone refreshes the index, -Ss and the like only print."""
    if not call.has("-S", "-R", "-U"):
        return False
    short = {letter for word in call.options if word.text[:2] != "--" for letter in word.text[1:]}
    if "S" not in short:
        return True
    return short.isdisjoint("siglp") and ("u" in short or bool(call.operands) or "c" in short)


def _answered(call: Call, answers: tuple[str, ...]) -> bool:
    if call.has(*(answer for answer in answers if answer != "-qq")) or any(
        "Assume-Yes" in option.text for option in call.options
    ):
        return True
    # -qq, -q -q and -q=2 imply -y.
    quiet = sum(
        2 if word.text == "-q=2" else word.text.count("q")
        for word in call.options
        if word.text[:2] != "--" and word.text[:1] == "-"
    )
    return ("-qq" in answers and quiet >= 2) or any(
        redirect.operator in {"<", "<<", "<<-", "<<<"} for redirect in call.ran.command.redirects
    )


def _piped(run: Run) -> frozenset[int]:
    """The commands (by identity) that read their answer from a pipe."""
    return frozenset(
        id(command)
        for pipeline in run.script.every_pipeline()
        for earlier in pipeline.commands[1:]
        for command in earlier.walk()
    )


def _configured(stage: Stage) -> bool:
    """Whether the stage configures the manager to answer yes to all prompts."""
    for instruction in stage.instructions:
        if isinstance(instruction, Env) and any(
            pair.name == "CONDA_ALWAYS_YES" and pair.value is not None and pair.value.text.lower() not in _FALSE
            for pair in instruction.pairs
        ):
            return True
        if any("Assume-Yes" in heredoc.body for heredoc in instruction.heredocs):
            return True
        script = getattr(instruction, "script", None)
        if script is not None and any(
            "Assume-Yes" in text
            or text in {"assumeyes=1", "assumeyes=True"}
            or (text == "always_yes" and value.lower() not in _FALSE)
            for command in script.commands()
            for text, value in pairwise((*command.arguments, ""))
        ):
            return True
    return False
