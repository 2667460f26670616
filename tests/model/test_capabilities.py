"""Capabilities as the kernel numbers them (include/uapi/linux/capability.h), and Docker's default set."""

from __future__ import annotations

import re

import pytest

from sealock.model.capabilities import ALLOWS, DEFAULT, GRAVE, NAMES, decoded, everything

HEADER = """
CHOWN 0 DAC_OVERRIDE 1 DAC_READ_SEARCH 2 FOWNER 3 FSETID 4 KILL 5 SETGID 6 SETUID 7 SETPCAP 8 LINUX_IMMUTABLE 9
NET_BIND_SERVICE 10 NET_BROADCAST 11 NET_ADMIN 12 NET_RAW 13 IPC_LOCK 14 IPC_OWNER 15 SYS_MODULE 16 SYS_RAWIO 17
SYS_CHROOT 18 SYS_PTRACE 19 SYS_PACCT 20 SYS_ADMIN 21 SYS_BOOT 22 SYS_NICE 23 SYS_RESOURCE 24 SYS_TIME 25
SYS_TTY_CONFIG 26 MKNOD 27 LEASE 28 AUDIT_WRITE 29 AUDIT_CONTROL 30 SETFCAP 31 MAC_OVERRIDE 32 MAC_ADMIN 33 SYSLOG 34
WAKE_ALARM 35 BLOCK_SUSPEND 36 AUDIT_READ 37 PERFMON 38 BPF 39 CHECKPOINT_RESTORE 40
"""
NUMBERS = {name: int(number) for name, number in re.findall(r"(\w+) ([0-9]+)", HEADER)}
DOCKER = 0xA80425FB
"""CapEff of a container's first process in /proc, where nothing was added or dropped."""


def test_each_capability_has_its_number() -> None:
    assert {name: bit for bit, name in enumerate(NAMES)} == NUMBERS
    assert list(ALLOWS) == list(NUMBERS)
    assert NUMBERS.keys() > GRAVE


@pytest.mark.parametrize(
    ("mask", "names"),
    [
        (0, ()),
        (1, ("CHOWN",)),
        (1 << 40, ("CHECKPOINT_RESTORE",)),
        (1 << 41, ("41",)),
        (1 << 21 | 1 << 63, ("SYS_ADMIN", "63")),
        (1 << 64, ()),
    ],
)
def test_a_mask_is_decoded_by_bit(mask: int, names: tuple[str, ...]) -> None:
    assert decoded(mask) == names


def test_the_default_set_is_the_mask_of_a_container() -> None:
    assert frozenset(decoded(DOCKER)) == DEFAULT


@pytest.mark.parametrize(
    ("last", "mask"), [(0, 1), (37, 0x3FFFFFFFFF), (40, 0x1FFFFFFFFFF), (63, (1 << 64) - 1), (99, (1 << 64) - 1)]
)
def test_everything_is_each_capability_up_to_the_last(last: int, mask: int) -> None:
    assert everything(last) == mask
