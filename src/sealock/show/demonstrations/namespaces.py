"""Namespaces and devices: what a container sees of the host and of others."""

from __future__ import annotations

from typing import Final

from sealock.show.demonstration import Demonstration, Other, Step

_PROCESS: Final = Other("sleep 300; : process-<run>", ends=True)
_SEES: Final = Step("sh -c 'ps | grep \"[p]rocess-<run>\"'", shows="process-<run>")
_ENDS: Final = Step("sh -c 'kill $(ps | awk \"/[p]rocess-<run>/ {print \\$1}\")'")
_SERVES: Final = (
    "mkdir -p <tmp>/www; echo <marker> > <tmp>/www/index.html; exec httpd -f -p 127.0.0.1:<port> -h <tmp>/www"
)
_MAPPED: Final = (("remapped", "an engine that remaps users refuses the host's namespaces"),)

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C018",
        run="docker run --pid host app",
        harm="The container sees the processes of another container, and ends one.",
        steps=(_SEES, _ENDS),
        refused="whom to kill",
        refused_because="In a PID namespace of its own it sees only its own processes.",
        other=_PROCESS,
        stopped_by=_MAPPED,
    ),
    Demonstration(
        rule="C019",
        run="docker run --ipc host app",
        harm="The container reads what a program of the host has in shared memory.",
        steps=(Step("cat <shm>/marker", shows="<marker>"),),
        refused="No such file",
        refused_because="In an IPC namespace of its own, /dev/shm is its own.",
        stopped_by=_MAPPED,
    ),
    Demonstration(
        rule="C020",
        run="docker run --network host app",
        harm="The container sees the host's interfaces, and reaches a service that listens only on its loopback.",
        steps=(
            Step("ls /sys/class/net"),
            Step("wget -q -T 3 -O - http://127.0.0.1:<port>/", shows="<marker>"),
        ),
        refused="Connection refused",
        fields=("network_mode",),
        refused_because="In a network of its own, 127.0.0.1 is its own.",
        other=Other(_SERVES, "--network host"),
        stopped_by=_MAPPED,
    ),
    Demonstration(
        rule="C021",
        run="docker run --uts host app",
        harm="The container sees the host's name; with SYS_ADMIN it could change it.",
        steps=(Step("hostname", shows="<host>"),),
        refused_because="In a UTS namespace of its own it has a name of its own.",
    ),
    Demonstration(
        rule="C023",
        run="docker run --cgroupns host app",
        harm="The container sees its cgroup among those of the host, and its own id.",
        steps=(Step("grep -m 1 -E [0-9a-f]{64} /proc/self/cgroup"),),
        refused_because="In a cgroup namespace of its own, its cgroup is the root.",
    ),
    Demonstration(
        rule="C024",
        run="docker run --pid container:other app",
        harm="The container sees the processes of another container, and ends one.",
        steps=(_SEES, _ENDS),
        refused="whom to kill",
        fields=("pid",),
        refused_because="In a PID namespace of its own it sees only its own processes.",
        other=_PROCESS,
    ),
    Demonstration(
        rule="C025",
        run="docker run --device /dev/loop-control app",
        harm="The container opens a device of the host, which other files can be made disks with.",
        steps=(Step("head -c 0 <device>"),),
        refused="No such file",
        fields=("devices",),
        refused_because="Without the device there is nothing to open.",
        stopped_by=(("rootless", "the engine runs rootless: its root may not open the device"),),
    ),
    Demonstration(
        rule="C026",
        run="docker run --cap-add MKNOD --device-cgroup-rule 'c *:* rwm' app",
        harm="The container makes itself a device by its number and opens it, as it could open a terminal.",
        steps=(Step("mknod <tmp>/loop c 10 237"), Step("head -c 0 <tmp>/loop")),
        refused="Operation not permitted",
        fields=("device_rules", "cap_add"),
        refused_because="It can still make the node, but its cgroup lets it open only the usual devices.",
    ),
)
