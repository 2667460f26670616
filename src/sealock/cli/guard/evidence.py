"""`sealock guard evidence`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.cacheoptions import add_cache, cache_directory
from sealock.cli.output import complain, write
from sealock.errors import SealockError, UsageError
from sealock.guard.breakglass import DIRECTORY
from sealock.guard.gathering import gather
from sealock.guard.imageevidence import StoredEvidence
from sealock.guard.running import ENGINE
from sealock.targets.policyfile import find_policy, load_policy
from sealock.text import line


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image of the engine")
    parser.add_argument("--engine", default=ENGINE, metavar="SOCK", help=f"the engine's socket (default: {ENGINE})")
    parser.add_argument(
        "--policy", default="", metavar="FILE", help="policy file (default: sealock.toml here or above)"
    )
    parser.add_argument("--state", default=DIRECTORY, metavar="DIR", help=f"run-time directory (default: {DIRECTORY})")
    add_cache(parser)


def run(arguments: Namespace) -> int:
    """Gather and store: 0 where all is known, 2 where something could not be found out."""
    path = arguments.policy or find_policy(".")
    if not path:
        message = "there is no sealock.toml here or above: name the policy with --policy"
        raise UsageError(message)
    policy, store = load_policy(path, named=bool(arguments.policy)), StoredEvidence(arguments.state)
    status = 0
    for image in arguments.images:
        try:
            gathered = gather(image, policy, arguments.engine.removeprefix("unix://"), cache_directory(arguments))
        except SealockError as error:
            complain(str(error))
            status = 2
            continue
        stored = gathered.stored
        store.store(stored)
        write(f"{line(image)}\n  {stored.digest}\n")
        if stored.distrusted is not None:
            write(f"  trust: {line(stored.distrusted) or 'accepted by the policy'}\n")
        if stored.exploited is not None:
            write(f"  exploited vulnerabilities: {', '.join(stored.exploited) or 'none is known'}\n")
        for words in gathered.missing:
            complain(f"{image}: {words}")
            status = 2
    return status
