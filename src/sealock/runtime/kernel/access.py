"""What a process may really do in a directory of the host that is mounted into its container: the mode decides."""

from __future__ import annotations

import stat

from sealock.model.absent import given
from sealock.model.capabilities import decoded
from sealock.model.container import Mount
from sealock.model.process import IdRange, Process
from sealock.runtime.kernel.tree import ProcTree


def mount_access(process: Process, mount: Mount, tree: ProcTree) -> str:
    """In words, for the top of a bind mount; "" where that is unknown. Access control lists and labels may differ."""
    if mount.kind != "bind" or not (mount.source or "").startswith("/"):
        return ""
    if not isinstance(process.uid, int) or not isinstance(process.gid, int):
        return ""
    status = tree.status((mount.source or "").lstrip("/") or ".")
    if status is None:
        return ""
    mode = status.st_mode
    bits = _bits(process, process.uid, process.gid, (status.st_uid, status.st_gid, mode))
    is_directory = stat.S_ISDIR(mode)
    may = ["read"] if bits & 4 else []
    may += ["write"] if bits & 2 and not mount.read_only else []
    may += ["enter"] if bits & 1 and is_directory else []
    words = f"may {' and '.join(may)}" if may else "may do nothing with"
    return f"its user {words} it ({stat.S_IMODE(mode):04o}, owner {status.st_uid}:{status.st_gid})"


def _bits(process: Process, uid: int, gid: int, file: tuple[int, int, int]) -> int:
    """The permissions that apply, as one octal digit."""
    owner, group, mode = file
    holds = decoded(given(process.effective, 0))
    # In a user namespace a capability applies to files of mapped ids only.
    mapped = _maps(given(process.uid_map, ()), owner) and _maps(given(process.gid_map, ()), group)
    if "DAC_OVERRIDE" in holds and mapped:
        return 7
    bits = mode >> 6 if uid == owner else mode >> 3 if group in {gid, *given(process.groups, ())} else mode
    return bits & 7 | (5 if "DAC_READ_SEARCH" in holds and mapped else 0)


def _maps(ranges: tuple[IdRange, ...], number: int) -> bool:
    return any(ids.outside <= number < ids.outside + ids.count for ids in ranges)
