"""`sealock run`: `docker run` with safe defaults, by the policy."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from shlex import join
from typing import Final

from sealock.cli.engineclient import engine_facts, find_client
from sealock.cli.output import complain, write
from sealock.cli.registries import policy_of
from sealock.errors import FormatError, SealockError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.policy.settings import Policy
from sealock.scan.saferun import RunSources, SafeRun, make_safe
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


FLAGS: Final = frozenset({"--explain", "--dry-run", "--no-policy"})
VALUES: Final = frozenset({"--with", "--policy"})
"""The command's own options, which come before those of docker run."""


def run(arguments: Namespace) -> int:
    """Run the command. Where it starts a container, the client takes this process's place."""
    try:
        client = find_client(arguments.client)
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


def _safe(client: str, arguments: Namespace) -> SafeRun:
    found = policy_of(arguments.policy, none=arguments.no_policy)
    policy = found[1] if found is not None else Policy()
    settings = Settings(policy_file="" if arguments.no_policy else arguments.policy)
    engine = engine_facts(client)
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
