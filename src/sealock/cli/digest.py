"""`sealock digest`: resolve references to digests without pulling."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from msgspec import Struct, structs

from sealock.cli.output import complain, print_output
from sealock.cli.registries import registries
from sealock.errors import SealockError, TargetError
from sealock.model.manifest import Index
from sealock.model.platforms import fit
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.reports.page import table
from sealock.text import visible

AT_ONCE: Final = 8
"""References that are resolved concurrently."""
EPILOG: Final = """\
The registry decides what a tag points to today. By default sealock asks with
HEAD, which does not count as a pull and has no content to hash: the digest is
the registry's claim. Pinning it is safe all the same: a pull by digest gives
the content with that digest or an error, and a registry that lies about a tag
could also have sent other content. --verify gets each manifest and compares
its digest; --platform and --all always do, since the index holds the digests
of the platforms. Whether to trust the image is a matter of signatures.

exit status:
  0  every reference has a digest
  2  a reference could not be resolved
"""


class DigestAnswer(Struct, frozen=True, omit_defaults=True):
    """The answer for one reference."""

    reference: str
    digest: str = ""
    media_type: str = ""
    size: int = -1
    verified: bool = False
    platforms: tuple[tuple[str, str], ...] = ()
    """Platform names and the digests of their images."""
    error: str = ""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument("references", nargs="+", metavar="REF", help="an image reference, such as nginx:1.27")
    parser.add_argument("--platform", default="", metavar="OS/ARCH", help="the digest of this platform's image instead")
    parser.add_argument("--all", action="store_true", help="the index, and the image of each platform")
    parser.add_argument(
        "--verify", action="store_true", help="get each manifest and compare its digest (counts as a pull)"
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="ignore sealock.toml")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))

    def ask(text: str) -> DigestAnswer:
        try:
            return find(registry, text, arguments)
        except SealockError as error:
            return DigestAnswer(text, error=str(error))

    pool = ThreadPoolExecutor(min(AT_ONCE, len(arguments.references)))
    try:
        answers = list(pool.map(ask, arguments.references))
    finally:
        # Ctrl-C does not wait for requests that have not started.
        pool.shutdown(wait=False, cancel_futures=True)
    text = _json(registry, answers) if arguments.format == "json" else "".join(f"{line}\n" for line in _lines(answers))
    print_output(text, arguments.output, exact=True)
    for answer in answers:
        if answer.error:
            complain(answer.error)
    for warning in registry.requests.few_left():
        complain(warning)
    return 2 if any(answer.error for answer in answers) else 0


def find(registry: Registry, text: str, arguments: Namespace) -> DigestAnswer:
    """Resolve one reference; SealockError says why it cannot be."""
    name = reference(text)
    if not (arguments.platform or arguments.all or arguments.verify):
        claim = registry.claim(name)
        return DigestAnswer(text, claim.digest, claim.media_type, claim.size)
    top = registry.manifest(name)
    answer = DigestAnswer(text, top.digest, top.media_type, len(top.raw), verified=True)
    if arguments.all:
        if isinstance(top.noun, Index):
            return structs.replace(answer, platforms=top.platforms)
        return structs.replace(answer, platforms=((registry.platform_of(name, top.noun).name, top.digest),))
    if not arguments.platform:
        return answer
    image = registry.resolve(structs.replace(name, digest=top.digest), arguments.platform).image
    if not isinstance(top.noun, Index):
        platform = registry.platform_of(name, top.noun)
        if not fit(platform, arguments.platform):
            message = f"{text} is for {platform.name or 'an unnamed platform'}, not for {arguments.platform}"
            raise TargetError(message)
    return structs.replace(answer, digest=image.digest, media_type=image.media_type, size=len(image.raw))


def _lines(answers: list[DigestAnswer]) -> Iterator[str]:
    """Yield a line REF@DIGEST each, platforms indented below their index."""
    for answer in answers:
        if answer.error:
            continue
        bare = answer.reference.partition("@")[0]
        yield f"{bare}@{answer.digest}"
        rows = [(visible(platform), f"{visible(bare)}@{digest}") for platform, digest in answer.platforms]
        yield from table(rows, indent=2)


def _json(registry: Registry, answers: list[DigestAnswer]) -> str:
    references = []
    for answer in answers:
        table: dict[str, Any] = {"reference": answer.reference}
        if answer.error:
            table["error"] = answer.error
        else:
            table |= {"digest": answer.digest, "media_type": answer.media_type, "verified": answer.verified}
            if answer.size >= 0:
                table["size"] = answer.size
        if answer.platforms:
            table["platforms"] = [{"platform": platform, "digest": digest} for platform, digest in answer.platforms]
        references.append(table)
    limits = {host: structs.asdict(limit) for host, limit in registry.requests.limits.items()}
    return json.dumps({"references": references, "rate_limits": limits}, indent=2) + "\n"
