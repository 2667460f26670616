"""Limits: memory, processes, the OOM killer."""

from __future__ import annotations

from typing import Final

from sealock.model.change import Set
from sealock.show.demonstration import Demonstration, Step

_SMALL: Final = 64 << 20

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C028",
        run="docker run app",
        harm="The container takes 128 MiB of memory, and could take all that the host has.",
        steps=(Step("sh -c 'dd if=/dev/zero of=/dev/null bs=128M count=1 || exit 1'"),),
        refused="Killed",
        refused_because="Above its limit the kernel kills the process that takes the memory, and no other.",
        smaller=(Set("memory", _SMALL), Set("memory_swap", _SMALL)),
    ),
    Demonstration(
        rule="C030",
        run="docker run app",
        harm="The container starts 600 processes, and could go on until no administrator can log in.",
        steps=(Step("sh -c 'for i in $(seq 600); do sleep 20 >/dev/null 2>&1 & done'"),),
        refused="can't fork",
        refused_because="At its limit the kernel refuses to start another process.",
    ),
    Demonstration(
        rule="C034",
        run="docker run --oom-score-adj -900 app",
        harm="When memory runs out, the kernel kills everything else on the host before this container.",
        steps=(Step("grep -e ^-900 /proc/1/oom_score_adj"),),
        fields=("oom_score_adj", "oom_kill_disable"),
        refused_because="It counts like any other process.",
        stopped_by=(("rootless", "the engine runs rootless: it may not make its processes harder to kill"),),
    ),
    Demonstration(
        rule="C085",
        run="docker run --tmpfs /cache app",
        harm="The container fills 100 MB of the host's memory with files.",
        steps=(Step("dd if=/dev/zero of=<target>/fill bs=1M count=100"),),
        refused="No space left",
        refused_because="At its size the tmpfs is full.",
    ),
)
