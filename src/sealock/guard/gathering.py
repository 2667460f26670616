"""Gathers what the guard has to know of an image beforehand: whether it is trusted, and what in it is exploited."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from sealock.errors import EngineRefusedError, SealockError, TargetError
from sealock.guard.imageevidence import StoredImage, digest_of
from sealock.model.imagename import parse
from sealock.policy.settings import Policy
from sealock.runtime.engine import connect
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.trust.bypolicy import verify_images


class Gathered(Struct, frozen=True):
    """What was gathered, and what could not be: a line of words for each."""

    stored: StoredImage
    missing: tuple[str, ...]


def gather(image: str, policy: Policy, engine: str, cache: str) -> Gathered:
    """Gather evidence about an image; TargetError for one that the engine does not have, or that has no digest."""
    name = parse(image)
    if name is None:
        message = f"{image} is no name of an image"
        raise TargetError(message)
    with connect(f"unix://{engine}") as client:
        try:
            known = msgspec.json.decode(client.image(image))
        except EngineRefusedError:
            message = f"the engine does not have {image}: pull it first"
            raise TargetError(message) from None
    digest = digest_of(image, known)
    if not digest:
        message = f"{image} has no digest: it was built here, or loaded; push it to a registry, and pull it"
        raise TargetError(message)
    missing: list[str] = []
    distrusted: str | None = None
    if not policy.trust.given:
        missing.append("trust: the policy has no [trust] table")
    else:
        pinned = f"{name.registry}/{name.repository}@{digest}"
        parsed = parse(pinned)
        for result in verify_images({pinned: parsed} if parsed is not None else {}, policy):
            if result.passes or result.state != "unknown":
                distrusted = "" if result.passes else result.why or result.check
            else:
                missing.append(f"trust: {result.why}")
    exploited = _exploited(image, engine, cache, missing)
    return Gathered(StoredImage(digest, image, datetime.now(UTC), distrusted, exploited), tuple(missing))


def _exploited(image: str, engine: str, cache: str, missing: list[str]) -> tuple[str, ...] | None:
    """The known vulnerabilities that are exploited; None, and why in `missing`, where they could not be looked up."""
    try:
        report = check(f"docker:{image}", settings=Settings(policy_file="", engine=f"unix://{engine}", cache=cache))
    except SealockError as error:
        missing.append(f"vulnerabilities: {error}")
        return None
    if errors := [error for target in report.targets for error in target.errors]:
        missing.append(f"vulnerabilities: {errors[0].message}")
        return None
    flaws = (finding.vulnerability for target in report.targets for finding in target.findings)
    return tuple(sorted({flaw.id for flaw in flaws if flaw is not None and flaw.exploited is not None}))
