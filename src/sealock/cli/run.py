"""`sealock run`: `docker run` with safe defaults, by the policy."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from shlex import join
from typing import TYPE_CHECKING, Final

from sealock.cli.commandparser import late_option
from sealock.cli.engineclient import engine_facts, find_client
from sealock.cli.output import complain, write
from sealock.cli.registries import policy_of
from sealock.errors import FormatError, SealockError, UsageError
from sealock.model.imagename import ImageName
from sealock.model.trust import TrustResult
from sealock.policy.settings import Policy
from sealock.scan.profilecheck import FAULT_KINDS
from sealock.scan.runline import EditableRun
from sealock.scan.saferun import RunSources, SafeRun, make_safe
from sealock.scan.settings import Settings
from sealock.text import visible

if TYPE_CHECKING:
    from sealock.scan.agentrun import AgentRequest

REFUSED: Final = 125
"""The status of a command that starts no container, as docker's own: the container's lies below."""
_MOST_WORDS: Final = 12
"""Words of a default that --explain prints; --dry-run prints all."""
EPILOG: Final = """\
sealock's own options come first; all words after them are those of `docker run`, and what they set wins. What they
leave open is closed: no-new-privileges, no capability that the image is not known to need, a read-only root file system
with a tmpfs on /tmp and /run, limits of memory, CPUs and processes, published ports on the loopback address. The image
is pinned to its digest, and verified where the policy has a [trust] table.

With --profile it is the profile that says which capabilities, system calls, writable places and limits the program
needs; the seccomp filter is written next to it. A profile of another image is refused. It may be an artifact that
`sealock profile push` made, HOST/REPOSITORY@DIGEST, or a tag that the policy's [trust] table accepts.

A command with a finding at or above the policy's fail-on is refused. To allow it, ignore the rule in sealock.toml, with
a reason.

exit status:
  that of docker run: the container's own, or 125 where none was started
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's own options."""
    parser.epilog = EPILOG
    own = "[--for agent] [--explain] [--dry-run] [--with CLIENT]"
    parser.usage = f"sealock run {own}\n                   [--policy FILE] [OPTION...] IMAGE [COMMAND...]"
    parser.add_argument("--explain", action="store_true", help="print what was added, and why")
    parser.add_argument("--dry-run", action="store_true", help="print the command, and start nothing")
    parser.add_argument("--for", dest="purpose", choices=("agent",), help="close more: for commands that an agent runs")
    agent = parser.add_argument_group("with --for agent")
    agent.add_argument("--workspace", metavar="DIR", default=".", help="the directory that it may write (default: .)")
    agent.add_argument(
        "--allow-host", metavar="HOST", action="append", default=[],
        help="a host that it may connect to: NAME, *.NAME or an address, with :PORT (default: 80 and 443); may repeat",
    )  # fmt: skip
    agent.add_argument("--time-limit", metavar="TIME", help="end it after this time, such as 90s, 30m (default: 1h)")
    agent.add_argument(
        "--writable", metavar="PATH", action="append", default=[],
        help="a protected path of the workspace that it may write, such as .git; may repeat",
    )  # fmt: skip
    parser.add_argument("--profile", metavar="FILE|REF", help="close what this profile of the image does not need")
    text = "use a profile of another image, an incomplete one, one of another kernel or runtime"
    parser.add_argument("--accept", action="append", choices=FAULT_KINDS, default=[], help=text)
    parser.add_argument("--with", dest="client", choices=("docker", "podman"), help="client (default: what is there)")
    parser.add_argument("--policy", metavar="FILE", help="policy file (default: the nearest sealock.toml)")
    parser.add_argument("--no-policy", action="store_true", help="use no sealock.toml")


FLAGS: Final = frozenset({"--explain", "--dry-run", "--no-policy"})
VALUES: Final = frozenset({
    "--for", "--workspace", "--allow-host", "--time-limit", "--writable", "--profile", "--accept", "--with", "--policy",
})  # fmt: skip
"""The command's own options, which come before those of docker run."""


def run(arguments: Namespace) -> int:
    """Run the command. Where it starts a container, the client takes this process's place."""
    try:
        return _run(arguments)
    except FormatError as error:
        complain(f"a safe default could not be written into this command: {error}")
    except (SealockError, OSError) as error:
        complain(f"{error}{late_option(error, FLAGS | VALUES)}")
    return REFUSED


def _run(arguments: Namespace) -> int:
    client = find_client(arguments.client)
    # What is wrong with the words needs no engine.
    EditableRun((client, "run", *arguments.line))
    found = policy_of(arguments.policy, none=arguments.no_policy)
    policy = found[1] if found is not None else Policy()
    request, seconds = _for_agent(arguments, policy)
    safe = _safe(client, arguments, policy, request)
    if arguments.explain:
        _explain(safe)
    for why in safe.refused:
        complain(f"refused: {visible(why)}")
    if safe.refused:
        return REFUSED
    if arguments.dry_run:
        if request is not None:
            complain("this command has no time limit and reaches no host: sealock adds that when it runs it")
        write(f"{join(safe.words)}\n")
        return 0
    if request is not None:
        from sealock.cli.agentsession import replace_process  # noqa: PLC0415  most runs are for people

        return replace_process(safe, client, request, seconds)
    return os.execvp(safe.words[0], safe.words)  # noqa: S606  no shell: these are words


def _for_agent(arguments: Namespace, policy: Policy) -> tuple[AgentRequest | None, int]:
    """What was asked for an agent, None where the command is for no agent; and the seconds that it may take."""
    if arguments.purpose is not None and arguments.profile:
        message = "--profile shows what a program needs, and --for agent runs any: give one of them"
        raise UsageError(message)
    if arguments.accept and not arguments.profile:
        message = "--accept needs --profile"
        raise UsageError(message)
    if arguments.purpose is None:
        if arguments.allow_host or arguments.writable or arguments.time_limit or arguments.workspace != ".":
            message = "--workspace, --allow-host, --time-limit and --writable need --for agent"
            raise UsageError(message)
        return None, 0
    from sealock.cli.agentsession import agent_request, agent_seconds  # noqa: PLC0415  most runs are for people

    return agent_request(arguments, policy.agent), agent_seconds(arguments.time_limit, policy.agent)


def _safe(client: str, arguments: Namespace, policy: Policy, request: AgentRequest | None) -> SafeRun:
    settings = Settings(policy_file="" if arguments.no_policy else arguments.policy)
    engine = engine_facts(client)
    words = (client, "run", *arguments.line)
    try:
        planned = None
        if arguments.profile:
            from sealock.cli.hardenbyprofile import planned_run  # noqa: PLC0415  most runs have no profile

            planned = planned_run(arguments, engine, words)
        sources = RunSources(engine.machine, engine.image, lambda name: _digest(name, policy), _verifier(policy))
        return make_safe(words, settings, sources, request, planned)
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
        shown = join(added.words[:_MOST_WORDS]) + (" …" if len(added.words) > _MOST_WORDS else "")
        complain(f"added {visible(shown)} ({visible(added.why)})")
