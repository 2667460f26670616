"""Risks in an entry's mode and its file capability."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.image.entry import EntryKind
from sealock.model.inventory import FileFact

CAPABILITIES: Final = (  # noqa: SIM905  a quote for each of 41 words hides them
    "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service "
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin "
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override "
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore"
).split(" ")
"""By number, as in capabilities(7)."""

SHAPES: Final = {1: (12, 1), 2: (20, 2), 3: (24, 2)}
"""The length and the number of 32-bit pairs, by revision of the attribute (linux/capability.h)."""

PATH_DIRECTORIES: Final = frozenset(
    {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/games", "usr/local/games"}
)


def facts(  # noqa: PLR0913, PLR0917  each is a field of an entry, which has more than these
    path: str, kind: EntryKind, mode: int, uid: int, gid: int, capability: bytes
) -> Iterator[FileFact]:
    """Yield what makes an entry risky. A hard link counts as a file: it gives access to it too."""
    if kind == "directory":
        if mode & 0o002 and not mode & 0o1000:
            yield FileFact(
                "world-writable-directory", path, mode, uid, gid, "everybody may remove and replace its files"
            )
        elif mode & 0o002 and path in PATH_DIRECTORIES:
            # The sticky bit keeps others from replacing programs, not from adding some.
            yield FileFact("world-writable-directory", path, mode, uid, gid, "everybody may add programs to it")
        return
    if kind not in {"file", "hard link"}:
        return
    if mode & 0o4000:
        yield FileFact("setuid", path, mode, uid, gid, "" if mode & 0o111 else "not executable")
    if mode & 0o2000:
        # Without the group's execute bit the kernel takes no notice of it.
        yield FileFact("setgid", path, mode, uid, gid, "" if mode & 0o010 else "not executable by its group")
    if mode & 0o002:
        yield FileFact("world-writable", path, mode, uid, gid)
    if capability:
        yield FileFact("capability", path, mode, uid, gid, decoded(capability))


def decoded(value: bytes) -> str:
    """Write the raw security.capability attribute as getcap does: `cap_net_raw=ep`."""
    magic = int.from_bytes(value[:4], "little")
    length, pairs = SHAPES.get(magic >> 24, (None, 0))
    if len(value) != length:
        return f"not understood: {value[:24].hex()}"
    permitted = inheritable = 0
    for pair in range(pairs):
        start = 4 + 8 * pair
        permitted |= int.from_bytes(value[start : start + 4], "little") << (32 * pair)
        inheritable |= int.from_bytes(value[start + 4 : start + 8], "little") << (32 * pair)
    effective = permitted | inheritable if magic & 1 else 0
    root = int.from_bytes(value[20:24], "little")
    return _clauses(effective, inheritable, permitted) + (f" [rootid={root}]" if root else "")


def _clauses(effective: int, inheritable: int, permitted: int) -> str:
    """Group capabilities by their letters, as cap_from_text(3) reads them; the lower number first."""
    groups: dict[str, list[str]] = {}
    for number in range(64):
        bit = 1 << number
        letters = "".join(
            letter for letter, bits in (("e", effective), ("i", inheritable), ("p", permitted)) if bits & bit
        )
        if letters:
            named = number < len(CAPABILITIES)
            groups.setdefault(letters, []).append(f"cap_{CAPABILITIES[number]}" if named else str(number))
    every = len(CAPABILITIES)
    return " ".join(
        f"{'all' if len(names) >= every else ','.join(names)}={letters}" for letters, names in groups.items()
    )
