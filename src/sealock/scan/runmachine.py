"""What an engine knows that a `docker run` depends on: the image, and the machine that it runs on."""

from __future__ import annotations

from msgspec import Struct


class RunImage(Struct, frozen=True):
    """An image as the engine has it: its id, its digests as REPOSITORY@DIGEST, and the user of its configuration."""

    id: str
    digests: tuple[str, ...] = ()
    user: str = ""


class RunMachine(Struct, frozen=True):
    """The engine's machine: CPUs, bytes of memory, the kernel's release and the runtime's name; 0 or "" if unknown.

    `rootless`: the engine runs as an ordinary user, who is root in its containers. `unlimited`: it ignores limits of
    memory and processes.
    """

    cpus: int = 0
    memory: int = 0
    kernel: str = ""
    runtime: str = ""
    rootless: bool = False
    unlimited: bool = False
