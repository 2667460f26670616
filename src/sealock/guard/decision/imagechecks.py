"""Images: which ones a caller may use, and what must be known of them first."""

from __future__ import annotations

from typing import Final

from sealock.guard.decision.case import Case
from sealock.guard.decision.exchange import Evidence, ImageQuestion
from sealock.model.imagename import parse
from sealock.patterns import compile_lazily
from sealock.policy.guard import matches_image

_EVIDENCE: Final[dict[str, Evidence]] = {"trust": "trust", "no-exploited": "vulnerabilities"}
_ID: Final = compile_lazily(r"sha256:[0-9a-f]{64}")


def check_image(case: Case, text: str) -> None:
    """Deny an image that the caller may not use, or whose evidence is missing or bad."""
    setting = case.setting
    if setting.reach.images and not matches_image(setting.reach.images, text):
        patterns = ", ".join(pattern.text for pattern in setting.reach.images)
        case.deny("G009", f"the image {text[:120]!r} matches none of {patterns}", "name an image that does")
        return
    check_spelling(case, text)
    if case.reasons:
        return
    if setting.own:
        _check_owner(case, text)
    if "digest" in setting.needs and not _is_pinned(case, text):
        case.deny(
            "G009", f"the image {text[:120]} has no digest", f"name it with the digest: sealock digest {text[:120]}"
        )
    asked = tuple(_EVIDENCE[need] for need in setting.needs if need in _EVIDENCE)
    if not asked:
        return
    answer = case.evidence(ImageQuestion(text, asked))
    if answer is None:
        return
    if answer.distrusted:
        case.deny("G009", f"the image {text[:120]} is not trusted: {answer.distrusted}", f"sealock trust verify {text}")
    if answer.exploited:
        known = ", ".join(answer.exploited[:3])
        case.deny(
            "G009", f"the image {text[:120]} has exploited vulnerabilities: {known}", f"sealock check image:{text}"
        )


def _is_pinned(case: Case, text: str) -> bool:
    """Whether the image is named by its content; or is not there, so that the engine answers that it is missing."""
    name = parse(text)
    if _ID.fullmatch(text) or (name is not None and name.digest):
        return True
    return "digest" in case.setting.changes and case.engine(f"/images/{text}/json") in (None, {})


def check_spelling(case: Case, text: str) -> None:
    """Deny what could be another path of the engine's API when the guard asks about the image."""
    odd = not text.isascii() or not text.isprintable() or any(mark in text for mark in " ?#%\\")
    if odd or any(part in {"", ".", ".."} for part in text.split("/")):
        case.deny("G009", f"{text[:120]!r} is no name of an image", "write REPOSITORY:TAG, or with @sha256:…")


def _check_owner(case: Case, text: str) -> None:
    """Deny an image that another caller made."""
    described = case.engine(f"/images/{text}/json")
    labels = ((described or {}).get("Config") or {}).get("Labels") or {}
    label = case.guard.policy.label
    if label in labels and labels[label] != case.setting.name:
        case.deny(
            "G005", f"the image {text[:120]} was made by another caller", "use an image of its own, or a pulled one"
        )


def check_new_tag(case: Case, text: str) -> None:
    """Deny a tag that the caller may not give, or that would take the name of an image which is not its own."""
    setting = case.setting
    if not text:
        return
    check_spelling(case, text)
    if setting.reach.images and not matches_image(setting.reach.images, text):
        patterns = ", ".join(pattern.text for pattern in setting.reach.images)
        case.deny("G009", f"the name {text[:120]} for an image matches none of {patterns}", "name it so that it does")
    if setting.own and not case.reasons:
        described = case.engine(f"/images/{text}/json")
        labels = ((described or {}).get("Config") or {}).get("Labels") or {}
        if described and labels.get(case.guard.policy.label) != setting.name:
            case.deny(
                "G005",
                f"would take the name {text[:120]} from an image that is not of {setting.name}",
                "choose another",
            )
