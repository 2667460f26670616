"""`sealock run`: `docker run` with safe defaults, by the policy."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from shlex import join
from shutil import which
from subprocess import run as run_program
from typing import Any, Final, Protocol

import msgspec

from sealock.cli.output import complain, write
from sealock.cli.registries import policy_of
from sealock.errors import EngineError, EngineRefusedError, FormatError, SealockError, TargetError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.policy.settings import Policy
from sealock.scan.saferun import RunImage, RunMachine, RunSources, SafeRun, make_safe
from sealock.scan.settings import Settings
from sealock.text import visible

REFUSED: Final = 125
"""The status of a command that starts no container, as docker's own: the container's lies below."""
EPILOG: Final = """\
sealock's own options come first; all words after them are those of `docker run`, and what they set wins. What they
leave open is closed: no-new-privileges, no capability that the image is not known to need, a read-only root file system
with a tmpfs on /tmp and /run, limits of memory, CPUs and processes, published ports on the loopback address. The image
is pinned to its digest, and verified where the policy has a [trust] table.

A command with a finding at or above the policy's fail-on is refused. To allow it, ignore the rule in sealock.toml, with
a reason.

exit status:
  that of docker run: the container's own, or 125 where none was started
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's own options."""
    parser.epilog = EPILOG
    own = "[--explain] [--dry-run] [--with CLIENT] [--policy FILE]"
    parser.usage = f"sealock run {own}\n                   [OPTION...] IMAGE [COMMAND...]"
    parser.add_argument("--explain", action="store_true", help="print what was added, and why")
    parser.add_argument("--dry-run", action="store_true", help="print the command, and start nothing")
    parser.add_argument("--with", dest="client", choices=("docker", "podman"), help="client (default: what is there)")
    parser.add_argument("--policy", metavar="FILE", help="policy file (default: the nearest sealock.toml)")
    parser.add_argument("--no-policy", action="store_true", help="use no sealock.toml")


def own_words(words: Sequence[str]) -> int:
    """How many of the first words are sealock's own options."""
    at = 0
    while at < len(words):
        name, equals, _ = words[at].partition("=")
        if name in {"--explain", "--dry-run", "--no-policy"} or (at == 0 and name in {"-h", "--help"}):
            at += 1
        elif name in {"--with", "--policy"}:
            at += 1 if equals else 2
        else:
            break
    return at


def run(arguments: Namespace) -> int:
    """Run the command. Where it starts a container, the client takes this process's place."""
    try:
        client = _client(arguments.client)
        safe = _safe(client, arguments)
    except FormatError as error:
        complain(f"a safe default could not be written into this command: {error}")
        return REFUSED
    except SealockError as error:
        complain(str(error))
        return REFUSED
    if arguments.explain:
        _explain(safe)
    for why in safe.refused:
        complain(f"refused: {visible(why)}")
    if safe.refused:
        return REFUSED
    if arguments.dry_run:
        write(f"{join(safe.words)}\n")
        return 0
    return os.execvp(safe.words[0], safe.words)  # noqa: S606  no shell: these are words


def _client(named: str | None) -> str:
    """The client to run, whose name it must be in the command."""
    for client in (named,) if named else ("docker", "podman"):
        if which(client):
            return client
    message = f"there is no {named or 'docker and no podman'} in PATH"
    raise TargetError(message)


def _safe(client: str, arguments: Namespace) -> SafeRun:
    found = policy_of(arguments.policy, none=arguments.no_policy)
    policy = found[1] if found is not None else Policy()
    settings = Settings(policy_file="" if arguments.no_policy else arguments.policy)
    engine: _Client = _Podman() if client == "podman" else _Docker()
    try:
        sources = RunSources(engine.machine, engine.image, lambda name: _digest(name, policy), _verifier(policy))
        return make_safe((client, "run", *arguments.line), settings, sources)
    finally:
        engine.close()


def _digest(name: ImageName, policy: Policy) -> str:
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  an image that the engine has needs no registry

    return open_registry(policy.access).claim(name).digest


def _verifier(policy: Policy) -> Callable[[ImageName, str], TrustResult] | None:
    if not policy.trust.given:
        return None

    def verify(name: ImageName, text: str) -> TrustResult:
        from sealock.trust.bypolicy import verify_images  # noqa: PLC0415  most policies have no trust table

        return next(iter(verify_images({text: name}, policy)))

    return verify


def _explain(safe: SafeRun) -> None:
    for added in safe.added:
        complain(f"added {visible(join(added.words))} ({visible(added.why)})")


class _Client(Protocol):
    """What an engine knows of an image and of its machine."""

    def image(self, text: str) -> RunImage | None: ...

    def machine(self) -> RunMachine: ...

    def close(self) -> None: ...


class _Docker:
    """What Docker's engine knows, by its API."""

    def __init__(self) -> None:
        from sealock.runtime.engine import connect  # noqa: PLC0415  podman is asked by its command line

        self._engine = connect()

    def image(self, text: str) -> RunImage | None:
        try:
            answer = self._engine.image(text)
        except EngineRefusedError as refusal:
            if refusal.status == 404:
                return None
            raise
        return _image(answer)

    def machine(self) -> RunMachine:
        values = _decoded(self._engine.info(), dict[str, Any])
        return RunMachine(_number(values.get("NCPU")), _number(values.get("MemTotal")))

    def close(self) -> None:
        self._engine.close()


class _Podman:
    """What Podman knows, by its command line: it needs no service."""

    def image(self, text: str) -> RunImage | None:
        answer = self._ask("image", "inspect", text)
        return _image(answer) if answer else None

    def machine(self) -> RunMachine:
        values = _decoded(self._ask("info", "--format", "json") or "{}", dict[str, Any])
        host = values.get("host")
        host = host if isinstance(host, dict) else {}
        return RunMachine(_number(host.get("cpus")), _number(host.get("memTotal")))

    @staticmethod
    def _ask(*words: str) -> str:
        # Its service may not run; its command line needs none.
        done = run_program(("podman", *words), capture_output=True, text=True, check=False, errors="replace")  # noqa: S603, S607  as the user's PATH has it
        return done.stdout if done.returncode == 0 else ""

    def close(self) -> None:
        """Nothing is open."""


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


class _Config(msgspec.Struct):
    user: str | None = msgspec.field(default=None, name="User")


class _Image(msgspec.Struct):
    id: str = msgspec.field(name="Id")
    digests: list[str] | None = msgspec.field(default=None, name="RepoDigests")
    config: _Config | None = msgspec.field(default=None, name="Config")


def _decoded(text: str, kind: Any) -> Any:  # noqa: ANN401  it is that type
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, RecursionError) as error:
        message = f"the engine's answer could not be decoded: {error}"
        raise EngineError(message) from None


def _image(answer: str) -> RunImage:
    """Read `image inspect`: an object, and of Podman a list with one."""
    image = _decoded(answer, list[_Image])[0] if answer.lstrip().startswith("[") else _decoded(answer, _Image)
    identity = image.id if ":" in image.id else f"sha256:{image.id}"
    return RunImage(identity, tuple(image.digests or ()), (image.config.user if image.config else "") or "")
