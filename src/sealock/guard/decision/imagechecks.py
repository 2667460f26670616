"""Images: which ones a caller may use, and what must be known of them first."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from sealock.guard.decision.case import Case
from sealock.guard.decision.exchange import Evidence, ImageQuestion
from sealock.guard.decision.jsonvalues import as_objects, as_texts, labels_of, text_of
from sealock.guard.decision.ownership import bears_owner, owner_of
from sealock.model.imagename import DEFAULT_REGISTRY, ImageName, parse
from sealock.patterns import compile_lazily
from sealock.policy.guard import Reach, matches_image
from sealock.policy.imagepatterns import canonical_registry

_EVIDENCE: Final[dict[str, Evidence]] = {"trust": "trust", "no-exploited": "vulnerabilities"}
_ID: Final = compile_lazily(r"sha256:[0-9a-f]{64}")
_SHOWN: Final = 120
_KEPT: Final = 512
"""Most characters of a name that is kept with what was found of it."""
_TRANSPORTS: Final = compile_lazily(
    r"(?:atomic|containers-storage|dir|docker-archive|docker-daemon|oci|oci-archive|ostree|sif|tarball):.*"
)
"""Names that Podman takes for an image elsewhere, most for a path of the host."""


def check_image(case: Case, text: str) -> str:
    """Deny an image that the caller may not use, or whose evidence is missing or bad.

    Returns the name to forward: with the digest of what was checked, where the policy asks for that.
    """
    setting = case.setting
    if not check_name(case, text):
        return text
    pins = "digest" in setting.changes or bool(setting.needs)
    if not (pins or setting.own or setting.reach.images):
        return text
    described = case.engine(f"/images/{text}/json")
    if not described:  # not known yet; or not there, so that the engine answers that it is missing
        return text
    name = parse(text)
    if setting.reach.images and not _is_called(described, name):
        case.deny("G009", f"the image {text[:_SHOWN]} is not named by its name, but by an id", "write REPOSITORY:TAG")
    if setting.own and _is_of_another(case, described):
        case.deny(
            "G005", f"the image {text[:_SHOWN]} was made by another caller", "use one of its own, or a pulled one"
        )
    if pins:
        pinned = text if _ID.fullmatch(text) else _pinned(text, name, described)
        if pinned:
            _check_evidence(case, pinned)
            return _forwarded(case, text, pinned)
        if setting.needs:
            why = f"the image {text[:_SHOWN]} has no digest of a registry, so nothing is known of its content"
            case.deny("G009", why, "push it to a registry, and pull it from there")
    return text


def gives_owner(case: Case, text: str) -> bool:
    """Whether a container of an image inherits a caller's label; true where nobody needs to know."""
    if case.guard.rewrites or not case.guard.owned:
        return True
    return check_name(case, text) and bears_owner(case, (case.engine(f"/images/{text}/json") or {}).get("Config"))


def check_name(case: Case, text: str) -> bool:
    """Deny a name that the caller may not use, or that is none; whether it may be used."""
    patterns = case.setting.reach.images
    if not (_is_name if len(text) <= _KEPT else _is_name.__wrapped__)(text):
        case.deny("G009", f"{text[:_SHOWN]!r} is no name of an image", "write REPOSITORY:TAG, or with @sha256:…")
    elif patterns and (_ID.fullmatch(text) or not matches_image(patterns, text)):
        shown = ", ".join(pattern.text for pattern in patterns)
        case.deny("G009", f"the image {text[:_SHOWN]!r} matches none of {shown}", "name an image that does")
    else:
        return True
    return False


@lru_cache(256)
def _is_name(text: str) -> bool:
    """Whether a text can be a name of an image, to Podman too."""
    odd = not text.isascii() or not text.isprintable() or any(mark in text for mark in " ?#%\\")
    return not (odd or _TRANSPORTS.fullmatch(text) or any(part in {"", ".", ".."} for part in text.split("/")))


def check_registry(case: Case, address: str) -> None:
    """Deny a registry of which the caller may use no image: the engine would connect to it."""
    patterns = case.setting.reach.images
    host = canonical_registry((address.partition("://")[2] or address).partition("/")[0] or DEFAULT_REGISTRY)
    if patterns and not any(
        pattern.registry == host if pattern.registry else fnmatchcase(host, pattern.glob.partition("/")[0])
        for pattern in patterns
    ):
        shown = ", ".join(pattern.text for pattern in patterns)
        case.deny(
            "G009", f"would make the engine connect to {host[:80]}, and images has {shown}", "name another registry"
        )


def check_login(case: Case) -> None:
    """Check the registry that a login is for."""
    check_registry(case, text_of(case.body, "serveraddress"))


def check_search(case: Case) -> None:
    """Check the registry that a search names; without one it is Docker Hub's index."""
    host, slash, _ = case.query.get("term", "").partition("/")
    if slash and (host == "localhost" or not {".", ":"}.isdisjoint(host)):
        check_registry(case, host)


def check_distribution(case: Case) -> None:
    """Check an image about which the engine asks its registry."""
    check_name(case, case.object)


def check_privileges(case: Case) -> None:
    """Check a plugin about whose privileges the engine asks its registry."""
    check_name(case, case.query.get("remote", ""))


def check_base(case: Case, text: str) -> None:
    """Deny an image that a Dockerfile builds on and the caller may not use, or whose evidence is missing or bad."""
    setting = case.setting
    if not check_name(case, text):
        return
    name = parse(text)
    if setting.needs:
        if name is None or not name.digest:
            why = f"the Dockerfile names the image {text[:_SHOWN]} without its digest"
            case.deny("G009", why, "write NAME:TAG@sha256:…, as `sealock pin` does")
            return
        _check_evidence(case, text)
    if not (setting.own or setting.reach.images) or not (described := case.engine(f"/images/{text}/json")):
        return
    if setting.reach.images and not _is_called(described, name):
        why = f"the Dockerfile names the image {text[:_SHOWN]} not by its name, but by an id"
        case.deny("G009", why, "write REPOSITORY:TAG")
    if setting.own and _is_of_another(case, described):
        case.deny("G005", f"the image {text[:_SHOWN]} was made by another caller", "build on one of its own")


def check_loaded_name(case: Case, text: str, ids: tuple[str, ...]) -> None:
    """Deny a name that an image of an archive may not take, as one that came from a registry where that counts.

    An image that the engine has by this name and one of these ids takes nothing.
    """
    if not check_name(case, text) or not (case.setting.own or case.setting.needs):
        return
    described = case.engine(f"/images/{text}/json")
    if not described or described.get("Id") in ids:
        return
    check_new_tag(case, text)
    name = parse(text)
    if name is not None and case.setting.needs and _pinned(text, name, described):
        why = f"would take the name {text[:_SHOWN]} from an image of a registry"
        case.deny("G009", why, "give the image in the archive another name, or remove that image first")


def _is_called(described: Mapping[str, Any], name: ImageName | None) -> bool:
    """Whether the engine has the image under this very name; a short id looks like a name too."""
    if name is None:
        return False
    return any(
        other.familiar == name.familiar
        and (other.digest == name.digest if name.digest else (other.tag or "latest") == (name.tag or "latest"))
        for other in _names(described)
    )


def _names(described: Mapping[str, Any]) -> Iterator[ImageName]:
    for key in ("RepoTags", "RepoDigests"):
        for text in as_texts(described.get(key)):
            if (name := parse(text)) is not None:
                yield name


def _is_of_another(case: Case, described: Mapping[str, Any]) -> bool:
    return owner_of(case, labels_of(described.get("Config"))) not in {"", case.setting.name}


def _pinned(text: str, name: ImageName | None, described: Mapping[str, Any]) -> str:
    """The image by the digest that the engine has under its name, "" where it has none."""
    if name is None or name.digest:
        return text if name is not None else ""
    digests = (other.digest for other in _names(described) if other.digest and other.familiar == name.familiar)
    digest = next(digests, "")
    return f"{text}@{digest}" if digest else ""


def _forwarded(case: Case, text: str, pinned: str) -> str:
    if pinned == text or not case.guard.rewrites:
        return text
    case.change(f"image pinned to {pinned.partition('@')[2]}")
    return pinned


def _check_evidence(case: Case, text: str) -> None:
    asked = tuple(_EVIDENCE[need] for need in case.setting.needs if need in _EVIDENCE)
    answer = case.evidence(ImageQuestion(text, asked)) if asked else None
    if answer is None:
        return
    if answer.distrusted:
        why = f"the image {text[:_SHOWN]} is not trusted: {answer.distrusted}"
        case.deny("G009", why, f"use a signed one; sealock trust verify {text[:_SHOWN]} says more")
    if answer.exploited:
        why = f"the image {text[:_SHOWN]} has exploited vulnerabilities: {', '.join(answer.exploited[:3])}"
        case.deny("G009", why, f"use a newer one; sealock check {text[:_SHOWN]} says more")


def check_pull(case: Case, text: str) -> None:
    """Deny a pull of what the caller may not use, or that would take the name of another caller's image."""
    if not check_name(case, text):
        return
    if _is_repository(text) and case.setting.own:
        why = f"would pull all tags of {text[:_SHOWN]}, also those of other callers' images"
        case.deny("G005", why, "name one tag")
        return
    # By its digest an image matches only what matches every tag.
    patterns = case.setting.reach.images
    if _is_repository(text) and patterns and not matches_image(patterns, f"{text}@sha256:{'0' * 64}"):
        shown = ", ".join(pattern.text for pattern in patterns)
        case.deny("G009", f"would pull all tags of {text[:_SHOWN]}, and images has {shown}", "name one tag")
    if not case.setting.own:
        return
    described = case.engine(f"/images/{text}/json")
    if described and _is_of_another(case, described):
        why = f"would take the name {text[:_SHOWN]} from an image that is not of {case.setting.name}"
        case.deny("G005", why, "pull it by its digest")


def check_new_tag(case: Case, text: str, source: str = "") -> None:
    """Deny a tag that the caller may not give, or that would take the name of an image which is not its own.

    The image `source` takes nothing where it has that name already.
    """
    if not text or not check_name(case, text) or not case.setting.own:
        return
    described = case.engine(f"/images/{text}/json")
    if not described or _is_of_caller(case, described):
        return
    if source:
        same = case.engine(f"/images/{source}/json")
        if same is None or text_of(same, "Id") == (text_of(described, "Id") or None):
            return
    why = f"would take the name {text[:_SHOWN]} from an image that is not of {case.setting.name}"
    case.deny("G005", why, "choose another name")


def check_pushed(case: Case, text: str) -> None:
    """Deny an image that the caller may not name, or that it did not make."""
    if not check_name(case, text) or not (case.setting.own or case.setting.reach.images):
        return
    if _is_repository(text):
        for tag, owner in _tags(case, text):
            if check_name(case, tag) and case.setting.own and owner != case.setting.name:
                why = f"would push all tags of {text[:_SHOWN]}, also {tag[:_SHOWN]}"
                case.deny("G005", f"{why}, which {case.setting.name} did not make", "name one tag")
        return
    if not case.setting.own:
        return
    described = case.engine(f"/images/{text}/json")
    if described and not _is_of_caller(case, described):
        why = f"would push the image {text[:_SHOWN]}, which {case.setting.name} did not make"
        case.deny("G005", why, "push one that it built, committed or loaded through the guard")


def _is_of_caller(case: Case, described: Mapping[str, Any]) -> bool:
    return owner_of(case, labels_of(described.get("Config"))) == case.setting.name


def check_saved(case: Case, text: str) -> None:
    """Deny an image whose content the caller may not have."""
    if (case.setting.own or case.setting.reach != Reach()) and check_name(case, text):
        for tag, owner in _tags(case, text) if _is_repository(text) else ():
            if check_name(case, tag) and case.setting.own and owner not in {"", case.setting.name}:
                case.deny("G005", f"would save all tags of {text[:_SHOWN]}, also {tag[:_SHOWN]}", "name one tag")
        described = case.engine(f"/images/{text}/json")
        if case.setting.own and described and _is_of_another(case, described):
            case.deny("G005", f"the image {text[:_SHOWN]} was made by another caller", "name one of its own")


def _is_repository(text: str) -> bool:
    """Whether a name has neither tag nor digest: the engine pulls, pushes and saves all tags that it finds of it."""
    name = parse(text)
    return name is not None and not name.tag and not name.digest and not _ID.fullmatch(text)


def _tags(case: Case, text: str) -> list[tuple[str, str]]:
    """The images of a repository that the engine has: their names with tags, and the owners that their labels name."""
    name = parse(text)
    if name is None:
        return []
    filters = quote(json.dumps({"reference": {name.familiar: True}}), safe="")
    return [
        (tag, owner_of(case, labels_of(image)))
        for image in as_objects(case.engine_list(f"/images/json?filters={filters}"))
        for tag in as_texts(image.get("RepoTags"))
        if (other := parse(tag)) is not None and other.familiar == name.familiar
    ]
