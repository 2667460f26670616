"""The client of an engine that a command runs, and what that engine knows of an image and of its machine."""

from __future__ import annotations

from shutil import which
from subprocess import run as run_program
from threading import Thread
from typing import Any, Protocol

import msgspec

from sealock.errors import UNDECODABLE, EngineError, EngineRefusedError, TargetError, decoding_fault
from sealock.scan.profilecheck import UsePlace
from sealock.scan.runmachine import RunImage, RunMachine
from sealock.text import visible


def find_client(named: str | None) -> str:
    """The client to run, whose name it must be in the command."""
    for client in (named,) if named else ("docker", "podman"):
        if which(client):
            return client
    message = f"there is no {named or 'docker and no podman'} in PATH"
    raise TargetError(message)


def engine_facts(client: str) -> EngineFacts:
    """What the engine of a client knows. Close it."""
    return _PodmanFacts() if client == "podman" else _DockerFacts()


def use_place(facts: EngineFacts, image: str, *, pulled: bool = True) -> UsePlace:
    """Where a profile is to be used: the image as the engine has it, its kernel and its runtime.

    TargetError for an image that has to be `pulled` first; else its digests are unknown.
    """
    known, machine = facts.image(image), facts.machine()
    if known is None and pulled:
        message = f"the engine has no image {visible(image)}: pull or build it first"
        raise TargetError(message)
    digests = (known.id, *(name.rpartition("@")[2] for name in known.digests)) if known is not None else ()
    return UsePlace(digests, machine.kernel, machine.runtime)


class EngineFacts(Protocol):
    """What an engine knows of an image and of its machine."""

    def image(self, text: str) -> RunImage | None:
        """The image that a name means here, None where there is none."""

    def machine(self) -> RunMachine:
        """The size of its machine."""

    def shares_bridge(self) -> bool:
        """Whether containers that name no network are on one with all others that do not."""

    def close(self) -> None:
        """Close its connection."""


class _DockerFacts:
    """What Docker's engine knows, by its API. It is asked for its machine at once, since it answers late."""

    def __init__(self) -> None:
        from sealock.runtime.engine import connect  # noqa: PLC0415  podman is asked by its command line

        self._engine = connect()
        self._info: str | Exception = ""
        self._asking = Thread(target=self._ask, daemon=True)
        self._asking.start()

    def _ask(self) -> None:
        try:
            self._info = self._engine.info()
        except Exception as error:  # noqa: BLE001  it is raised where the answer is wanted
            self._info = error

    def image(self, text: str) -> RunImage | None:
        try:
            answer = self._engine.image(text)
        except EngineRefusedError as refusal:
            if refusal.status == 404:
                return None
            raise
        return _image(answer)

    def machine(self) -> RunMachine:
        self._asking.join()
        if isinstance(self._info, Exception):
            raise self._info
        values = _decoded(self._info, dict[str, Any])
        return RunMachine(
            _number(values.get("NCPU")),
            _number(values.get("MemTotal")),
            _word(values.get("KernelVersion")),
            _word(values.get("DefaultRuntime")),
            rootless="name=rootless" in (values.get("SecurityOptions") or ()),
            unlimited=values.get("CgroupDriver") == "none",
        )

    def shares_bridge(self) -> bool:
        try:
            self._engine.network("bridge")
        except EngineRefusedError:
            return False
        return True

    def close(self) -> None:
        self._asking.join()
        self._engine.close()


class _PodmanFacts:
    """What Podman knows, by its command line: it needs no service."""

    def image(self, text: str) -> RunImage | None:
        answer = self._ask("image", "inspect", text)
        return _image(answer) if answer else None

    def machine(self) -> RunMachine:
        values = _decoded(self._ask("info", "--format", "json") or "{}", dict[str, Any])
        host = values.get("host")
        host = host if isinstance(host, dict) else {}
        runtime, security = host.get("ociRuntime"), host.get("security")
        rootless = isinstance(security, dict) and security.get("rootless") is True
        return RunMachine(
            _number(host.get("cpus")),
            _number(host.get("memTotal")),
            _word(host.get("kernel")),
            _word(runtime.get("name") if isinstance(runtime, dict) else ""),
            rootless=rootless,
            unlimited=rootless and host.get("cgroupVersion") == "v1",
        )

    def shares_bridge(self) -> bool:
        # A rootless one gives each container a network stack of its own.
        return not self.machine().rootless

    @staticmethod
    def _ask(*words: str) -> str:
        # Its service may not run; its command line needs none.
        done = run_program(("podman", *words), capture_output=True, check=False, errors="replace")  # noqa: S603, S607  as the user's PATH has it
        return done.stdout if done.returncode == 0 else ""

    def close(self) -> None:
        """Nothing is open."""


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Config(msgspec.Struct):
    user: str | None = msgspec.field(default=None, name="User")


class _Image(msgspec.Struct):
    id: str = msgspec.field(name="Id")
    digests: list[str] | None = msgspec.field(default=None, name="RepoDigests")
    config: _Config | None = msgspec.field(default=None, name="Config")


def _decoded(text: str, kind: Any) -> Any:  # noqa: ANN401  it is that type
    try:
        return msgspec.json.decode(text, type=kind)
    except UNDECODABLE as error:
        message = f"the engine's answer could not be decoded: {decoding_fault(error)}"
        raise EngineError(message) from None


def _image(answer: str) -> RunImage:
    """Read `image inspect`: an object, and of Podman a list with one."""
    listed = _decoded(answer, list[_Image]) if answer.lstrip().startswith("[") else [_decoded(answer, _Image)]
    if not listed:
        message = "the engine's answer has no image"
        raise EngineError(message)
    image = listed[0]
    identity = image.id if ":" in image.id else f"sha256:{image.id}"
    return RunImage(identity, tuple(image.digests or ()), (image.config.user if image.config else "") or "")
