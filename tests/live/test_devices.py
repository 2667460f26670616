"""What a control group of version 2 is said to allow is what the kernel lets a process open in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from sealock.runtime.kernel.devices import rules
from sealock.runtime.kernel.procfiles import mounts
from support.bpfprograms import USUAL, Rule, attached, program

pytestmark = pytest.mark.live

OPENS = """
import os, sys
for path, flags in (("null", os.O_RDWR), ("zero", os.O_RDONLY), ("full", os.O_WRONLY), ("kmsg", os.O_RDONLY), ("urandom", os.O_RDWR)):
    try:
        os.close(os.open(f"{sys.argv[1]}/{path}", flags))
        print(path)
    except PermissionError:
        pass
"""
NUMBERS = {
    "null": (1, 3, "rw"),
    "zero": (1, 5, "r"),
    "full": (1, 7, "w"),
    "kmsg": (1, 11, "r"),
    "urandom": (1, 9, "rw"),
}
SETS: dict[str, tuple[Rule, ...]] = {
    "what runc allows": USUAL,
    "nothing": (),
    "everything": (("a", None, None, "rwm", True),),
    "reading": (("c", 1, None, "r", True),),
    "one more": (*USUAL, ("c", 1, 11, "r", True)),
    "one less": (*USUAL, ("c", 1, 3, "rwm", False)),
}


@pytest.mark.parametrize("wanted", SETS.values(), ids=SETS)
def test_it_may_open_what_the_rules_say(wanted: tuple[Rule, ...], tmp_path: Path) -> None:
    tree = next(mount.target for mount in mounts(Path("/proc/self/mountinfo").read_text()) if mount.kind == "cgroup2")
    for name, (major, minor, _) in NUMBERS.items():
        os.mknod(tmp_path / name, 0o20666, os.makedev(major, minor))
    folder = Path(tempfile.mktemp(prefix="sealock-", dir=tree))  # noqa: S306  made by whoever attaches
    with attached(folder, program(wanted)) as group:
        found = rules(group)
        assert found is not None
        words = [
            "sh",
            "-c",
            'echo $$ >"$0/cgroup.procs"; exec "$@"',
            str(folder),
            sys.executable,
            "-c",
            OPENS,
            str(tmp_path),
        ]
        opened = set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())
    said = [one.rule for one in found]
    for name, (major, minor, access) in NUMBERS.items():
        letters = {
            letter
            for rule in said
            for kind, numbers, held in [rule.split(" ")]
            for letter in held
            if kind in {"a", "c"} and numbers in {"*:*", f"{major}:*", f"{major}:{minor}"}
        }
        # A rule that takes something away from a wider one is told as the wider one.
        if wanted is not SETS["one less"] or name != "null":
            assert (set(access) <= letters) == (name in opened), (name, said)
