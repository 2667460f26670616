"""Writes policies of Linux's security modules from a profile: AppArmor's and SELinux's.

They let through what was seen, as a seccomp filter does for system calls: what a program runs, maps, writes, and which
capabilities and networks it uses. Reading stays open but for what the kernel keeps for root, since a program reads
other files with each exercise.
https://gitlab.com/apparmor/apparmor/-/wikis/QuickProfileLanguage
https://github.com/SELinuxProject/cil/wiki https://github.com/containers/udica
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sealock.model.capabilities import NAMES
from sealock.model.profile import Profile
from sealock.patterns import compile_lazily

_LONGEST: Final = 64
_NAME: Final = compile_lazily(r"[A-Za-z][A-Za-z0-9_-]{0,63}\Z")
_UNNAMED: Final = compile_lazily(r"[^A-Za-z0-9_]+")
_SPECIAL: Final = frozenset('"?*[]{}^@,')
"""Characters that mean something in a path of AppArmor."""
_OF_ALL: Final = frozenset({
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root", "/sbin", "/srv", "/sys",
    "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/sbin", "/var", "/var/lib",
})  # fmt: skip
"""Directories in which a file that was written opens that file, and no other."""
_ALWAYS: Final = """\
  # Signals of the engine and the runtime, and among its own processes.
  signal (receive) peer=unconfined,
  signal (receive) peer=runc,
  signal (receive) peer=crun,
  signal (receive) peer=podman,
  signal (send, receive) peer={name},
  ptrace (tracedby, readby),
  ptrace (trace, read) peer={name},

  # What any program reads, and the devices that every container has.
  / r,
  /** r,
  /dev/{{null,zero,full,random,urandom,tty,ptmx,console}} rw,
  /dev/pts/** rw,
  deny /proc/{{kcore,kmem,mem,sysrq-trigger}} rwklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
"""
_KERNELS_OWN: Final = ("/dev/", "/proc/", "/sys/")
_ANY_PROCESS: Final = "/proc/*"
"""What a profile has for /proc/PID."""
_MASKED: Final = "…"
_TYPES: Final = {"tcp": "stream", "udp": "dgram", "raw": "raw", "sctp": "seqpacket", "seqpacket": "seqpacket"}
_INTERNET: Final = frozenset(_TYPES) | {"ip"}
_SECOND: Final = 32
"""Capabilities from this number on are of a class of their own in SELinux."""


def check_name(name: str) -> None:
    """Raise ValueError for what cannot name a policy."""
    if not _NAME.match(name):
        message = f"{name!r} cannot name a policy: write letters, digits, - and _, a letter first"
        raise ValueError(message)


def default_name(image: str) -> str:
    """A name for the policy of an image."""
    last = image.rpartition("/")[2].partition("@")[0].partition(":")[0]
    return f"sealock-{_UNNAMED.sub('-', last)}"[:_LONGEST].rstrip("-")


def write_apparmor(profile: Profile, name: str) -> str:
    """A profile for AppArmor; ValueError for a name that it cannot have."""
    check_name(name)
    groups = (
        ("# Capabilities that it used.", [f"capability {capability.lower()}" for capability in _known(profile)]),
        ("# Sockets that it used.", list(_networks(profile))),
        ("# Programs that it ran, and what it mapped as code.", [
            *(f"{_path(path)} mrix" for path in profile.executed), *(f"{_path(path)} mr" for path in profile.libraries),
        ]),
        ("# What it wrote.", list(_written(profile.written))),
    )  # fmt: skip
    lines = [
        f"# Written by sealock from what a container of {_comment(profile.image)} was seen to do. It is not proven:",
        "# try it in complain mode first.",
        "#include <tunables/global>",
        "",
        f"profile {name} flags=(attach_disconnected,mediate_deleted) {{",
        _ALWAYS.format(name=name).rstrip(),
    ]
    for title, rules in groups:
        if rules:
            lines += ["", f"  {title}", *(f"  {rule}," for rule in rules)]
    return "\n".join((*lines, "}", ""))


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)


def _known(profile: Profile) -> list[str]:
    return [capability for capability in profile.needed if capability in NAMES]


def _protocols(profile: Profile) -> frozenset[str]:
    return frozenset({port.protocol for port in profile.ports} | {contact.protocol for contact in profile.contacted})


def _networks(profile: Profile) -> Iterator[str]:
    protocols = _protocols(profile)
    if protocols & _INTERNET:
        # The C library asks for the machine's addresses, and its resolver sends datagrams.
        yield "network netlink raw"
        for kind in sorted({"dgram", *(kind for protocol, kind in _TYPES.items() if protocol in protocols)}):
            yield f"network inet {kind}"
            yield f"network inet6 {kind}"
    yield "network unix"


def _written(paths: Iterable[str]) -> Iterator[str]:
    """Rules for directories that were written, and for single files where a directory is of the whole system."""
    own = {path: path.rpartition("/")[0] for path in paths}
    own = {path: "" if above in _OF_ALL or above.startswith(_KERNELS_OWN) else above for path, above in own.items()}
    for above in sorted({*own.values()} - {""}):
        yield f"{_path(above, '/')} rw"
        yield f"{_path(above, '/**')} rwkl"
    yield from (f"{_path(path)} rwkl" for path, above in own.items() if not above)


def _path(path: str, ending: str = "") -> str:
    """A path in quotes, which stands for itself, but that any process may be meant, and any secret that was masked."""
    start = _ANY_PROCESS if path.startswith(_ANY_PROCESS) else ""
    return f'"{start}{"".join(map(_character, path[len(start) :]))}{ending}"'


def _character(character: str) -> str:
    if character == _MASKED:
        return "*"
    # A backslash before the closing quote would be one of its.
    if character == "\\" or not character.isprintable():
        return "?"
    return f"\\{character}" if character in _SPECIAL else character


def write_selinux(profile: Profile, name: str) -> str:
    """A module for SELinux in CIL, on top of the blocks of udica; ValueError for a name that it cannot have."""
    check_name(name)
    block = name.replace("-", "_")
    lines = [
        f"; Written by sealock from what a container of {_comment(profile.image)} was seen to do. It is not proven:",
        "; try it in permissive mode first.",
        f"(block {block}",
        "    (blockinherit container)",
    ]
    if _protocols(profile) & _INTERNET:
        lines.append("    (blockinherit net_container)")
    numbers = {capability: NAMES.index(capability) for capability in _known(profile)}
    for kind, first, last in (("capability", 0, _SECOND), ("capability2", _SECOND, len(NAMES))):
        names = sorted(capability.lower() for capability, number in numbers.items() if first <= number < last)
        if names:
            lines.append(f"    (allow process process ({kind} ({' '.join(names)})))")
    return "\n".join((*lines, ")", ""))
