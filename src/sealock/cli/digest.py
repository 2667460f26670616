"""`sealock digest`: what references stand for, without pulling."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from msgspec import Struct, structs

from sealock.cli.output import complain, write
from sealock.cli.registries import registries
from sealock.errors import SealockError, TargetError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Index, Platform
from sealock.model.platforms import fit
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import strict_json
from sealock.net.registry.names import reference
from sealock.text import visible

AT_ONCE: Final = 8
"""References that are asked for at the same time."""
EPILOG: Final = """\
A tag stands for whatever its registry says, today. By default that is asked
for by HEAD, which counts as no pull and brings nothing that could be hashed:
the digest printed is the registry's claim. It is safe to pin by all the same.
Who pulls by a digest gets the content that has it, or an error; and a registry
that lies about a tag could as well have sent other content. --verify also gets
each manifest and compares its digest; --platform and --all do so anyway, since
the platforms' digests stand in the index. Whether the image is one that you
trust is what signatures are for.

exit status:
  0  every reference has a digest
  2  one of them could not be found out
"""


class DigestAnswer(Struct, frozen=True, omit_defaults=True):
    """What is told of one reference."""

    reference: str
    digest: str = ""
    media_type: str = ""
    size: int = -1
    verified: bool = False
    platforms: tuple[tuple[str, str], ...] = ()
    """Names of platforms, and the digests of their images."""
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
    parser.add_argument("--no-policy", action="store_true", help="heed no sealock.toml")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell (default: text)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP

    registry = open_registry(registries(arguments.policy, none=arguments.no_policy))

    def ask(text: str) -> DigestAnswer:
        try:
            return find(registry, text, arguments)
        except SealockError as error:
            return DigestAnswer(text, error=str(error))

    pool = ThreadPoolExecutor(min(AT_ONCE, len(arguments.references)))
    try:
        found = list(pool.map(ask, arguments.references))
    finally:
        # Who interrupts does not wait for what was not begun.
        pool.shutdown(wait=False, cancel_futures=True)
    text = _json(registry, found) if arguments.format == "json" else "".join(f"{line}\n" for line in _lines(found))
    if arguments.output:
        from sealock.targets.outputs import write_output  # noqa: PLC0415  seldom needed

        write_output(arguments.output, text)
    else:
        write(text, exact=True)
    for one in found:
        if one.error:
            complain(one.error)
    for host, limit in registry.asker.limits.items():
        if limit.remaining * 5 < limit.limit:
            complain(f"{host}: {limit.remaining} of {limit.limit} pulls are left")
    return 2 if any(one.error for one in found) else 0


def find(registry: Registry, text: str, arguments: Namespace) -> DigestAnswer:
    """Find out what one reference stands for; SealockError says why not."""
    name = reference(text)
    if not (arguments.platform or arguments.all or arguments.verify):
        claim = registry.claim(name)
        return DigestAnswer(text, claim.digest, claim.media_type, claim.size)
    top = registry.manifest(name)
    answer = DigestAnswer(text, top.digest, top.media_type, len(top.raw), verified=True)
    if arguments.all:
        return structs.replace(answer, platforms=_platforms(registry, name, top))
    if not arguments.platform:
        return answer
    image = registry.resolve(structs.replace(name, digest=top.digest), arguments.platform).image
    if not isinstance(top.noun, Index):
        ((found, _),) = _platforms(registry, name, top)
        if not fit(Platform(*found.split("/")[:3]), arguments.platform):
            message = f"{text} is for {found or 'no platform that it names'} alone, not for {arguments.platform}"
            raise TargetError(message)
    return structs.replace(answer, digest=image.digest, media_type=image.media_type, size=len(image.raw))


def _platforms(registry: Registry, name: ImageName, top: Fetched) -> tuple[tuple[str, str], ...]:
    """The platforms of an index, or the one that an image's own configuration names."""
    if isinstance(top.noun, Index):
        return tuple(
            ((manifest.platform or Platform()).name or "unknown", manifest.digest)
            for manifest in top.noun.manifests
            if manifest.is_image
        )
    config: Any = strict_json(registry.read_blob(name, top.noun.config))
    parts = [config.get(key, "") if isinstance(config, dict) else "" for key in ("os", "architecture", "variant")]
    return ((Platform(*(str(part) for part in parts)).name, top.digest),)


def _lines(found: list[DigestAnswer]) -> Iterator[str]:
    """REF@DIGEST, a line each; platforms are indented below the index that has them."""
    for one in found:
        if one.error:
            continue
        bare = one.reference.partition("@")[0]
        yield f"{bare}@{one.digest}"
        width = max((len(platform) for platform, _ in one.platforms), default=0)
        for platform, digest in one.platforms:
            yield f"  {visible(platform):<{width}}  {visible(bare)}@{digest}"


def _json(registry: Registry, found: list[DigestAnswer]) -> str:
    told = []
    for one in found:
        table: dict[str, Any] = {"reference": one.reference}
        if one.error:
            table["error"] = one.error
        else:
            table |= {"digest": one.digest, "media_type": one.media_type, "verified": one.verified}
            if one.size >= 0:
                table["size"] = one.size
        if one.platforms:
            table["platforms"] = [{"platform": platform, "digest": digest} for platform, digest in one.platforms]
        told.append(table)
    limits = {host: structs.asdict(limit) for host, limit in registry.asker.limits.items()}
    return json.dumps({"references": told, "rate_limits": limits}, indent=2) + "\n"
