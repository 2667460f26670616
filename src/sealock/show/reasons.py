"""Rules on what runs that have no demonstration of their own: another rule's shows the same harm, or why there is none.

`catalog` and its test hold that every rule on what runs is in exactly one of the tables.
"""

from __future__ import annotations

from typing import Final

SAME: Final = {
    "C066": "C061",
    "C091": "C046",
    "C094": "C014",
    "E003": "C064",
    "E009": "C014",
    "E013": "C006",
    "E016": "C007",
    "E018": "C023",
    "E024": "C060",
    "E025": "C064",
    "K001": "C003",
    "K002": "C007",
    "K003": "C006",
    "K005": "C028",
    "K006": "C040",
    "K007": "C014",
    "K008": "C018",
    "K009": "C046",
    "K010": "C002",
    "K012": "C025",
    "K013": "C010",
    "K014": "C014",
    "K016": "C014",
    "K018": "C046",
    "N003": "C064",
}
"""Rules whose fault does the harm of another rule's: as the engine's default, or in the kernel alone, undeclared."""

_TIME: Final = "Its harm takes hours or days, not a command."
_ENGINE: Final = "It is a setting of the whole engine, which a demonstration does not change."
_SECOND: Final = "It does no harm by itself; it makes that of another fault worse."
_PROGRAM: Final = "The harm is done by the program in the image, of which a demonstration knows nothing."
_KUBERNETES: Final = "It is a setting of Kubernetes: an engine of one machine has no such thing."
_IMAGE: Final = "It is about the image, not about what the container may do: `sealock show images` shows it."

REASONS: Final = {
    "C008": "It takes a kernel with AppArmor to show what a profile refuses.",
    "C009": "It takes a kernel with SELinux to show what a label refuses.",
    "C013": "It takes an engine that listens on TCP, which a demonstration does not start.",
    "C022": "It differs only on an engine that remaps users: `sealock show C014` shows there what remapping stops.",
    "C029": "How much CPU a container takes is measured over time; on a busy machine a command shows nothing.",
    "C031": "Docker passes the engine's own ulimits on, which are usually as high: the harm differs by engine.",
    "C032": "Docker passes the engine's own ulimits on, which are usually as high: the harm differs by engine.",
    "C033": "To use up swap makes the whole machine slow.",
    "C035": "The engine refuses or ignores such limits: nothing runs with them.",
    "C036": "A login server is a program in the image, of which a demonstration knows nothing.",
    "C038": "The engine ignores or refuses it: nothing runs with it.",
    "C042": "It takes a second fault, SYS_ADMIN, and would mount something on the host.",
    "C043": _TIME,
    "C044": _TIME,
    "C045": "What another cgroup allows differs from host to host.",
    "C050": "Most take an attacker on the same network, and others would change the whole host.",
    "C052": "To fill a disk with logs would fill the host's.",
    "C053": "To fill a disk with logs would fill the host's.",
    "C054": _TIME,
    "C057": "What another runtime allows is its own matter.",
    "C058": "It takes a reader on the network between the host and the log server.",
    "C062": _SECOND,
    "C069": _PROGRAM,
    "C070": _PROGRAM,
    "C072": _PROGRAM,
    "C073": "It takes a server that has been taken over, on the Internet.",
    "C074": "The engine reports such a container as unhealthy: that is all that happens.",
    "C080": "It is about the image's name: `sealock show digests` shows it.",
    "C081": "It is about the image's name: `sealock show digests` shows it.",
    "C082": "It is about who signed the image: `sealock show content-trust` shows it.",
    "C083": _IMAGE,
    "C086": "It is about where the image comes from: `sealock show content-trust` shows what a signature adds.",
    "C090": _KUBERNETES,
    "C092": "It takes a machine with Windows.",
    "C093": _KUBERNETES,
    "C095": "It takes a kernel with SELinux to show what a label refuses.",
    "C096": _KUBERNETES,
    "E001": _ENGINE,
    "E002": _ENGINE,
    "E004": _ENGINE,
    "E005": _ENGINE,
    "E006": _ENGINE,
    "E007": _ENGINE,
    "E008": _ENGINE,
    "E010": _ENGINE,
    "E011": _ENGINE,
    "E012": _ENGINE,
    "E014": _ENGINE,
    "E015": _ENGINE,
    "E017": _ENGINE,
    "E019": _ENGINE,
    "E020": _ENGINE,
    "E022": _ENGINE,
    "E023": _ENGINE,
    "E026": _ENGINE,
    "K004": "It takes a kernel with AppArmor to show what a profile refuses.",
    "K011": "To move a process out of its cgroup takes root on the host.",
    "K017": "The harm is that of the limit which is not in effect.",
    "N001": "It takes a swarm of several machines.",
    "N002": "It takes another machine with a route to the network.",
    "N004": "It takes a machine on the local network.",
    "N005": "It takes a swarm.",
}
"""Why a rule has no demonstration."""
