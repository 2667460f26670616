"""Evaluates what the trust policy says of images by their references only: no registry is asked.

An image that the policy refuses, by name or for want of a digest, is T001. Signatures are skipped, and named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sealock.model.build import Build
from sealock.model.container import Container
from sealock.model.document import Document, Subject
from sealock.model.finding import Finding, Skipped
from sealock.model.imagename import parse
from sealock.policy.trust import UNTRUSTED, TrustPolicy, decide_unsigned, untrusted
from sealock.rules.build._images import copied_images, is_context
from sealock.rules.evaluation import Evaluation
from sealock.rules.images import NamedImage
from sealock.rules.shared._images import named_images

_SIGNATURES: Final = "signatures are verified by `sealock trust verify`"


def evaluate_references(key: str, document: Document, policy: TrustPolicy) -> Evaluation:
    """Evaluate the policy on each image that a document names. `key` is a part of the fingerprints."""
    findings: list[Finding] = []
    skipped: dict[Skipped, None] = {}
    counts: Counter[str] = Counter()
    for subject in document.subjects:
        for named in _images(subject):
            decision = decide_unsigned(policy, named.image) if named.image is not None else None
            if decision is None or decision.state == "trusted":
                why = _skipped(named, policy, signatures=decision is None)
                if why:
                    skipped[Skipped(UNTRUSTED, subject.name, why, subject.view, subject.container)] = None
                continue
            place = named.place or subject.place(named.at)
            source = document.sources.get(place.file, document.source)
            counts[named.text] += 1
            own = key if counts[named.text] == 1 else f"{key}\0{counts[named.text]}"
            findings.append(untrusted(named.text, own, source.location(place), decision))
    return Evaluation(tuple(findings), tuple(skipped))


def _skipped(named: NamedImage, policy: TrustPolicy, *, signatures: bool) -> str:
    """Why an image was not evaluated, or what may be a slip of the policy; "" for neither."""
    if named.image is None:
        return named.unclear
    return f"{named.text}: {_SIGNATURES}" if signatures else "; ".join(policy.notes(named.image))


def _images(subject: Subject) -> Iterator[NamedImage]:
    """The images that a subject pulls."""
    noun = subject.noun
    if isinstance(noun, Build):
        yield from named_images(noun)
        yield from (image for image in copied_images(noun) if not is_context(image))
    elif isinstance(noun, Container):
        yield from named_images(noun)
        # Compose pulls such an image, and builds it only where that fails.
        if noun.image_role == "built" and isinstance(noun.image, str) and noun.pull not in {"build", "never"}:
            yield NamedImage(noun.image, parse(noun.image), None, ("image",), "pulls")
