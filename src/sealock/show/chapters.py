"""The workshop: chapters in the order of the field's own story, each about one thing that makes a container."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from msgspec import Struct

Scene: TypeAlias = Literal["", "images", "digests", "content-trust", "scanning"]


class Chapter(Struct, frozen=True):
    """A chapter: two sentences, what to look at, whose harm to show, and where to read more.

    `rows` are the lines of `sealock inspect` that it is about. `id_inside` also looks for the container's id from
    inside. The chapters on images have a scene in place of a rule's harm.
    """

    name: str
    title: str
    about: str
    rows: tuple[str, ...] = ()
    rule: str = ""
    scene: Scene = ""
    id_inside: bool = False
    more: str = ""


CHAPTERS: Final = (
    Chapter(
        "namespaces",
        "Namespaces: what a container sees",
        "A container is a process of the host for which the kernel limits what it sees: other processes, the "
        "network, names. Each kind of thing has a namespace, and a container that shares the host's sees the "
        "host's.",
        ("Namespaces",),
        "C018",
        id_inside=True,
        more="sealock rules C018 C019 C020 C024, and sealock inspect --explain",
    ),
    Chapter(
        "cgroups",
        "cgroups: what a container may use",
        "A cgroup counts and limits what its processes use: memory, CPU time, processes. Without a limit a "
        "container may use all that the host has.",
        ("Memory", "CPUs", "Processes"),
        "C030",
        more="sealock rules C028 C030, and sealock inspect, which says what would fit",
    ),
    Chapter(
        "users",
        "Users: who a container is",
        "Root in a container is root to the kernel, unless the engine remaps users. An ordinary user changes "
        "nothing of the image and little of the host, whatever else is wrong.",
        ("Users",),
        "C046",
        more="sealock rules C046, and sealock userns plan",
    ),
    Chapter(
        "volumes",
        "Volumes: what a container leaves",
        "What a container writes to its own files is gone with it; what it writes to a volume or a directory of the "
        "host stays. So a directory of the host that it may write is a way to the host.",
        ("Root", "Mounts"),
        "C014",
        more="sealock rules C011 C014 C015 C040",
    ),
    Chapter(
        "networks",
        "Networks: what a container reaches",
        "Containers on one network reach each other's ports, and all that name none are on the same default bridge. "
        "A network for each application keeps those apart that do not belong together.",
        ("Listens", "Interfaces"),
        "C064",
        more="sealock rules C020 C060 C064, and sealock map",
    ),
    Chapter(
        "capabilities",
        "Capabilities: what root may do",
        "The kernel splits root's power into about forty capabilities, and Docker grants root fourteen of them. "
        "They are for root: a process of an ordinary user holds none.",
        ("Capabilities", "Privileges"),
        "C003",
        more="sealock rules C002 C003 C004 C006",
    ),
    Chapter(
        "seccomp",
        "seccomp: which system calls the kernel answers",
        "A seccomp filter refuses system calls that programs rarely need and attackers like. Docker's default "
        "refuses about a fifth of them, and one option switches it off.",
        ("System calls",),
        "C007",
        more="sealock rules C007, and sealock inspect --explain",
    ),
    Chapter(
        "privileged",
        "Privileged: all of it at once",
        "`--privileged` grants all capabilities and devices, and takes away seccomp and AppArmor. What is left of "
        "the container is its own view of files, and root gets out of that.",
        ("Devices", "Confined by"),
        "C001",
        more="sealock rules C001",
    ),
    Chapter(
        "images",
        "Images: what is in the box",
        "An image is layers of files and a configuration, and everybody who can pull it can read both. What was set "
        "once is in its history, whatever later layers say.",
        scene="images",
        more="sealock rules C083 B044, and sealock sbom",
    ),
    Chapter(
        "digests",
        "Digests: which image it is",
        "A tag is a label that its owner can move to another image; a digest is the hash of the image itself. Who "
        "runs a digest runs what was tested.",
        scene="digests",
        more="sealock rules C081, and sealock pin",
    ),
    Chapter(
        "content-trust",
        "Content trust: who made the image",
        "A registry says which image a tag has, not who put it there. A signature says that, and it is worth as "
        "much as the check of it before the image runs.",
        scene="content-trust",
        more="sealock trust verify --help",
    ),
    Chapter(
        "scanning",
        "Scanning: what is wrong with it",
        "A scanner compares what is in an image with what is known to be wrong: vulnerable packages, secrets, "
        "dangerous files. It finds what is known today, so it runs again tomorrow.",
        scene="scanning",
        more="sealock db update, and sealock check image:NAME",
    ),
)
