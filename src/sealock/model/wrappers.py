"""Programs that run another command, as sudo, env and timeout do: which words are their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

MAX_WRAPPERS: Final = 20
"""Wrappers around one command."""


class Wrapper(Struct, frozen=True):
    """How a program that runs another command takes its arguments.

    `short` and `long` are the options that take the next word; `before` counts the words before the inner command; with
    an option in `silent` the program runs no command.
    """

    short: str = ""
    long: frozenset[str] = frozenset()
    before: int = 0
    assignments: bool = False
    silent: frozenset[str] = frozenset()


def _long(names: str) -> frozenset[str]:
    return frozenset("--" + name for name in names.split())


_PLAIN: Final = Wrapper()
WRAPPERS: Final[dict[str, Wrapper]] = {
    "sudo": Wrapper(
        "ugprtCDhTRU",
        _long("user group prompt role type close-from chdir host command-timeout chroot other-user"),
        assignments=True,
        silent=frozenset({"-l", "-v", "-e", "-k", "-K", "--list", "--validate", "--edit"}),
    ),
    "doas": Wrapper("uC", assignments=False),
    "env": Wrapper("uC", _long("unset chdir"), assignments=True),
    "exec": Wrapper("a"),
    "command": Wrapper(silent=frozenset({"-v", "-V"})),
    "builtin": _PLAIN,
    "time": Wrapper("fo", _long("format output")),
    "nice": Wrapper("n", _long("adjustment")),
    "ionice": Wrapper("cnpPu", _long("class classdata")),
    "nohup": _PLAIN,
    "setsid": _PLAIN,
    "timeout": Wrapper("ks", _long("kill-after signal"), 1),
    "chroot": Wrapper("", _long("userspec groups"), 1),
    "gosu": Wrapper(before=1),
    "su-exec": Wrapper(before=1),
    "setpriv": Wrapper(
        "",
        _long("reuid ruid euid regid rgid egid groups inh-caps ambient-caps bounding-set securebits pdeathsig")
        | _long("selinux-label apparmor-profile landlock-access landlock-rule seccomp-filter"),
    ),
    "runuser": Wrapper("ugG", _long("user group supp-group"), silent=frozenset({"-", "-l", "--login", "-c"})),
    "stdbuf": Wrapper("ioe", _long("input output error")),
    "unshare": Wrapper("SGRw", _long("setuid setgid root wd map-user map-group propagation setgroups")),
    "nsenter": Wrapper("tSG", _long("target setuid setgid")),
    "xargs": Wrapper("adEILnPs", _long("arg-file delimiter max-args max-procs max-chars")),
    "busybox": _PLAIN,
    "taskset": Wrapper(before=1),
    "chrt": Wrapper("TPD", before=1),
    "flock": Wrapper("wE", _long("timeout wait conflict-exit-code"), 1),
    "dumb-init": Wrapper("r", _long("rewrite")),
    "tini": Wrapper("pe"),
    "catatonit": _PLAIN,
    "fakeroot": Wrapper("lisb", _long("lib faked")),
    "eatmydata": _PLAIN,
    "watch": Wrapper("n", _long("interval")),
    "wsl": Wrapper("deu", _long("distribution exec user cd")),
    "chronic": _PLAIN,
    "unbuffer": _PLAIN,
    "strace": Wrapper("eopsPaEuIX"),
    "parallel": Wrapper("jNnIaS", _long("jobs max-args max-procs")),
    "caffeinate": Wrapper("tw"),
    "arch": _PLAIN,
    "numactl": Wrapper("NmCip"),
    "screen": Wrapper("SctpL"),
    "run0": Wrapper("uD", _long("unit property description slice user group nice chdir setenv machine")),
    "pkexec": Wrapper("", _long("user")),
    "lima": _PLAIN,
    "limactl": Wrapper(before=2),
    "multipass": Wrapper(before=2),
    "docker-machine": Wrapper(before=2),
    "op": Wrapper(before=1),
    "doppler": Wrapper("pc", _long("project config"), 1),
    "aws-vault": Wrapper("d", _long("duration region"), 2),
    "direnv": Wrapper(before=2),
    "dotenv": Wrapper("fe", _long("file")),
    "ssh-agent": _PLAIN,
    "spawn": _PLAIN,
    "snap": Wrapper(before=1),
    "systemd-run": Wrapper("pMHEut", _long("unit property description slice uid gid nice setenv machine host")),
}


def find_inner(words: Sequence[str], name: str, wrapper: Wrapper) -> tuple[int, bool]:
    """The index of the inner command in a wrapper's words, their number for none; whether a text of it is there."""
    before, options = wrapper.before, True
    index = 1
    while index < len(words):
        text = words[index]
        if options and text == "--":
            options = False
            index += 1
            continue
        if text in wrapper.silent:
            return len(words), False
        if text in {"-S", "--split-string"} and name == "env":
            return index + 1, True
        if options and len(text) > 1 and text[0] == "-":
            index += 1 + _takes_next(text, wrapper)
        elif wrapper.assignments and text.find("=") > 0:
            index += 1
        elif before > 0:
            before -= 1
            index += 1
        else:
            break
    return index, False


def unwrap_words(words: Sequence[str]) -> tuple[str, ...]:
    """The words of the command that wrappers run; all of them without a wrapper, () where a wrapper runs none."""
    inner = tuple(words)
    for _ in range(MAX_WRAPPERS):
        name = inner[0].rpartition("/")[2] if inner else ""
        wrapper = WRAPPERS.get(name)
        if wrapper is None:
            break
        index, is_text = find_inner(inner, name, wrapper)
        inner = tuple(" ".join(inner[index:]).split()) if is_text else inner[index:]
    return inner


def _takes_next(option: str, wrapper: Wrapper) -> bool:
    """Whether an option's value is the next word."""
    if option.startswith("--"):
        return option in wrapper.long
    takes = next((index for index, letter in enumerate(option) if index and letter in wrapper.short), 0)
    return takes == len(option) - 1 > 0
