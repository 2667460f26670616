"""Privileges: capabilities, seccomp, set-user-ID programs, users and groups."""

from __future__ import annotations

from typing import Final

from sealock.show.demonstration import Demonstration, Other, Step

_APPARMOR: Final = (("apparmor", "AppArmor's default profile refuses to mount, whatever the capabilities"),)

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C001",
        run="docker run --privileged app",
        harm="The container opens the host's kernel log and mounts a file system, as it could mount the host's disks.",
        steps=(Step("head -c 0 /dev/kmsg"), Step("mount -t tmpfs none <tmp>")),
        refused="permission denied",
        refused_because="Without privileged it has neither the devices nor the capability SYS_ADMIN.",
        stopped_by=(("remapped", "an engine that remaps users refuses privileged containers"),),
    ),
    Demonstration(
        rule="C002",
        run="docker run --cap-add SYS_ADMIN app",
        harm="The container mounts a file system: SYS_ADMIN is most of what root is.",
        steps=(Step("mount -t tmpfs none <tmp>"),),
        refused="permission denied",
        fields=("cap_add",),
        refused_because="Without SYS_ADMIN the kernel refuses to mount.",
        stopped_by=_APPARMOR,
    ),
    Demonstration(
        rule="C003",
        run="docker run --cap-add NET_ADMIN app",
        harm="The container gives itself an address of its choice, as an attacker does who impersonates a server.",
        steps=(Step("ip address add 192.0.2.1/32 dev lo"),),
        refused="Operation not permitted",
        fields=("cap_add",),
        refused_because="Without NET_ADMIN the kernel refuses to change the network.",
    ),
    Demonstration(
        rule="C004",
        run="docker run app",
        harm="The container uses a right of root that its program does not need: it changes its root directory.",
        steps=(Step("chroot / id -u"),),
        refused="Operation not permitted",
        fields=("cap_drop", "cap_add"),
        refused_because="Of root's rights it has left only those that its program may need.",
    ),
    Demonstration(
        rule="C005",
        run="docker run --cap-drop ALL --cap-add NET_RAW app",
        harm="The container sends raw packets to a neighbour, as an attacker does who redirects its traffic.",
        steps=(Step("arping -c 1 -w 2 -I eth0 <address>", shows="reply from"),),
        refused="Operation not permitted",
        fields=("cap_drop", "cap_add"),
        refused_because="Without NET_RAW the kernel gives it no raw socket.",
        network="internal",
        other=Other("sleep 300", network="internal"),
    ),
    Demonstration(
        rule="C006",
        run="docker run app",
        harm="An ordinary user becomes root through a program that has the set-user-ID bit.",
        prepare=(Step("sh -c 'cp <busybox> <tmp>/su && chmod 4755 <tmp>/su'", user="0"),),
        steps=(Step("<tmp>/su -c id", user="1000", shows="uid=0"),),
        refused="must be suid",
        fields=("no_new_privileges",),
        refused_because="With no-new-privileges the kernel ignores the bit.",
        accounts=True,
    ),
    Demonstration(
        rule="C007",
        run="docker run --security-opt seccomp=unconfined app",
        harm="The container becomes root of a user namespace, where most vulnerabilities of the kernel are found.",
        steps=(Step("unshare --map-root-user --net ip link"),),
        refused="Operation not permitted",
        refused_because="Docker's default filter refuses the system call unshare.",
        without=(("podman", "Podman's default filter allows this system call, too"),),
    ),
    Demonstration(
        rule="C046",
        run="docker run --user root app",
        harm="The container adds a file where the image's settings and programs are.",
        steps=(Step("touch /etc/changed"),),
        refused="Permission denied",
        fields=("user",),
        refused_because="The files of the image belong to root, and the container is another user.",
    ),
    Demonstration(
        rule="C047",
        run="docker run --user 1000 --group-add disk app",
        harm="An ordinary user reads what only the group may read; the disks of a host belong to this group.",
        prepare=(Step("sh -c 'echo <marker> > <tmp>/f; chgrp <group> <tmp>/f; chmod 640 <tmp>/f'", user="0"),),
        steps=(Step("cat <tmp>/f", shows="<marker>"),),
        refused="Permission denied",
        fields=("groups", "user"),
        refused_because="Without the group it is any other user.",
    ),
    Demonstration(
        rule="C010",
        run="docker run --security-opt systempaths=unconfined app",
        harm="The container opens for writing what names the program that the host's kernel starts as root.",
        steps=(Step("sh -c ': >> /proc/sys/kernel/core_pattern'"),),
        refused="Read-only file system",
        refused_because="The engine mounts /proc/sys read-only.",
        stopped_by=(
            ("rootless", "the engine runs rootless: its root is no root for /proc/sys"),
            ("remapped", "the engine remaps root: it is no root for /proc/sys"),
        ),
    ),
)
