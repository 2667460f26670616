"""What matters of an engine for a demonstration, from what `docker info` and `podman info` report."""

from __future__ import annotations

from msgspec import Struct

from sealock.formats.jsonobject import JsonObject, decode_object
from sealock.show.demonstration import Obstacle


class EngineFacts(Struct, frozen=True):
    """An engine: its name for people, its host's name, what already stops harm, and what it takes part in."""

    kind: str = "docker"
    version: str = ""
    host: str = ""
    obstacles: frozenset[Obstacle] = frozenset()
    manages_swarm: bool = False
    socket: str = ""
    """The path of its socket, as the engine itself reports it; "" where it does not."""


def read_facts(text: str) -> EngineFacts | None:
    """Read the answer of either engine; None for one that is neither's."""
    members = decode_object(text)
    if "host" in members.members:
        return _podman(members)
    return _docker(members) if members.text("ServerVersion") else None


def refusal(text: str) -> str:
    """Why no engine answered, in the words of its client; docker writes them into an object that lacks all else."""
    errors = decode_object(text).texts("ServerErrors")
    return (errors or text.strip().splitlines()[-1:] or ("no answer",))[0]


def _docker(members: JsonObject) -> EngineFacts:
    options = members.texts("SecurityOptions")
    names = {option.partition(",")[0].removeprefix("name=") for option in options}
    known: dict[str, Obstacle] = {
        "rootless": "rootless",
        "userns": "remapped",
        "apparmor": "apparmor",
        "selinux": "selinux",
        "seccomp": "seccomp",
    }
    return EngineFacts(
        "docker",
        members.text("ServerVersion"),
        members.text("Name"),
        frozenset(obstacle for name, obstacle in known.items() if name in names),
        members.child("Swarm").maybe_bool("ControlAvailable") is True,
    )


def _podman(members: JsonObject) -> EngineFacts:
    host = members.child("host")
    security, socket = host.child("security"), host.child("remoteSocket")
    known: dict[str, Obstacle] = {
        "rootless": "rootless",
        "apparmorEnabled": "apparmor",
        "selinuxEnabled": "selinux",
        "seccompEnabled": "seccomp",
    }
    return EngineFacts(
        "podman",
        members.child("version").text("Version"),
        host.text("hostname"),
        frozenset(obstacle for name, obstacle in known.items() if security.maybe_bool(name) is True),
        socket=socket.text("path").removeprefix("unix://") if socket.maybe_bool("exists") is True else "",
    )
