"""Which images need which signatures: the table [trust] of sealock.toml, and the decision on an image by it.

[trust]
default = "refuse"                       # images that no entry matches; "accept" without this key

[[trust.image]]
match = ["docker.io/library/*", "ghcr.io/acme/*"]
digest = true                            # must be named by digest
require = "any"                          # of the signatures below; "all" without this key
cosign = { keys = ["keys/cosign.pub"] }
notary = { pins = ["806ce6…"] }
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.finding import Confidence, Finding, Remedy, Severity
from sealock.model.imagename import DEFAULT_REGISTRY, ImageName
from sealock.model.location import Location, Source
from sealock.model.trust import TrustResult, TrustState
from sealock.policy.tables import TableReader

Require: TypeAlias = Literal["all", "any"]
Default: TypeAlias = Literal["accept", "refuse"]
UNTRUSTED: Final = "T001"
TITLE: Final = "Image is not trusted by the policy"
_WILD: Final = re.compile(r"[*?\[]")
_ID: Final = re.compile(r"[0-9a-fA-F]{64}")
_HUB: Final = frozenset({DEFAULT_REGISTRY, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
"""Docker Hub's names: each gives the same images."""


class RequiredIdentity(Struct, frozen=True):
    """A keyless signer: the name in the certificate, and the OIDC issuer that confirms it."""

    name: str
    issuer: str


class NotaryNeed(Struct, frozen=True):
    """Docker Content Trust: the root is pinned by certificate, by an authority (a file), or trusted on first use."""

    server: str = ""
    pins: tuple[str, ...] = ()
    authority: str = ""
    first_use: bool = False


class CosignNeed(Struct, frozen=True):
    """A cosign signature by one of the keys (files) or identities; identities need a trusted root (a file)."""

    keys: tuple[str, ...] = ()
    identities: tuple[RequiredIdentity, ...] = ()
    trusted_root: str = ""


class AttestationNeed(Struct, frozen=True):
    """A signed statement of a type ("slsaprovenance", "cyclonedx", "vuln", a URL) about the image."""

    type: str
    by: CosignNeed


class NotationNeed(Struct, frozen=True):
    """A Notation signature under a trust policy (a file) with its trust store (a directory)."""

    policy: str
    store: str


class ImageTrust(Struct, frozen=True):
    """What images that match a pattern need: all or any of the signatures, and a digest if `digest` is set."""

    match: tuple[str, ...]
    location: Location
    require: Require = "all"
    digest: bool = False
    notary: NotaryNeed | None = None
    cosign: CosignNeed | None = None
    attestations: tuple[AttestationNeed, ...] = ()
    notation: NotationNeed | None = None
    refuse: str = ""
    """Why such images are refused in spite of any signature, "" where they are not."""

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be verified: "notary", "cosign", "notation", "attestation TYPE"."""
        named = (("notary", self.notary), ("cosign", self.cosign), ("notation", self.notation))
        return (
            *(name for name, need in named if need is not None),
            *self.attested,
        )

    @property
    def attested(self) -> dict[str, AttestationNeed]:
        """The attestations by name. If a type is required twice, of different signers, both are needed."""
        named: dict[str, AttestationNeed] = {}
        for attestation in self.attestations:
            name = f"attestation {attestation.type}"
            number = 1 + sum(attestation.type == other.type for other in named.values())
            named[name if number == 1 else f"{name} ({number})"] = attestation
        return named


class TrustPolicy(Struct, frozen=True):
    """The whole table. `given` is false where sealock.toml has none: then no image needs a signature."""

    images: tuple[ImageTrust, ...] = ()
    default: Default = "accept"
    given: bool = False

    def about(self, name: ImageName) -> ImageTrust | None:
        """Find the entry for an image: the one with the longest literal prefix; ties go to the first."""
        best: tuple[int, ImageTrust] | None = None
        for image in self.images:
            for pattern in image.match:
                length = len(_WILD.split(pattern, maxsplit=1)[0])
                if _matches(pattern, name) and (best is None or length > best[0]):
                    best = length, image
        return best[1] if best else None


def _matches(pattern: str, name: ImageName) -> bool:
    """A pattern matches registry and repository; one with a tag matches the tag too, which defaults to latest.

    All of a registry's names match alike: another spelling must not evade the policy.
    """
    registry = _registry(name.registry)
    official = registry == DEFAULT_REGISTRY and "/" not in name.repository
    whole = f"{registry}/{'library/' if official else ''}{name.repository}"
    tag = name.tag or ("" if name.digest else "latest")
    return fnmatchcase(whole, pattern) or (tag != "" and fnmatchcase(f"{whole}:{tag}", pattern))


def _registry(host: str) -> str:
    """Normalize a registry's name: lower case, no default port, no final dot, one name for Docker Hub."""
    name, colon, port = host.lower().removesuffix(":443").partition(":")
    plain = name.rstrip(".") + colon + port
    return DEFAULT_REGISTRY if plain in _HUB else plain


class Decision(Struct, frozen=True):
    """The policy's decision on one image: its state, and why it is not trusted."""

    state: TrustState
    why: str = ""


def decide(policy: TrustPolicy, name: ImageName, results: Mapping[str, TrustResult]) -> Decision:
    """Decide by the results for what the image needs (see `ImageTrust.needs`). A missing result counts as unknown."""
    entry = policy.about(name)
    if entry is None:
        if policy.default == "accept":
            return Decision("trusted")
        return Decision("untrusted", "no entry of the trust policy matches it, and the default is to refuse")
    if entry.refuse:
        return Decision("untrusted", f"the policy refuses it: {entry.refuse}")
    if entry.digest and name.digest is None:
        return Decision("untrusted", "it has only a tag, and the policy requires a digest (`sealock pin`)")
    needed = {need: results.get(need) for need in entry.needs}
    whys = [f"{need}: {_why(result)}" for need, result in needed.items() if result is None or result.state != "trusted"]
    states: list[TrustState] = [result.state if result is not None else "unknown" for result in needed.values()]
    if not states:
        return Decision("trusted")
    # If all are needed, the worst counts; if any is enough, the best does.
    order: tuple[TrustState, ...] = ("untrusted", "unknown", "trusted")
    if entry.require == "any":
        order = ("trusted", "unknown", "untrusted")
    state = next(state for state in order if state in states)
    return Decision(state, "" if state == "trusted" else "; ".join(whys))


def _why(result: TrustResult | None) -> str:
    return "it was not verified" if result is None else result.why or "not trusted"


def untrusted(reference: str, target: str, why: str) -> Finding:
    """Make the finding on an image that the policy refuses."""
    return Finding(
        rule=UNTRUSTED,
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        title=TITLE,
        message=f"does not meet the trust policy: {why}",
        location=Location(target),
        subject=f"image {reference}",
        evidence=reference,
        remedy=Remedy("Have a signer whom the policy names sign it, or use another image."),
        references=(),
        fingerprint=sha256(f"{UNTRUSTED}\0{target}\0{reference}".encode("utf-8", "replace")).hexdigest()[:32],
    )


def read_trust(source: Source, table: dict[str, Any], directory: str) -> TrustPolicy:
    """Read the table; PolicyError says what is wrong and where. Files are named relative to the policy's directory."""
    if not table:
        return TrustPolicy()
    reader = TableReader(source, table, "[trust] ")
    default: Default = _choice(reader, "default", ("accept", "refuse"))
    entries = reader.take("image", list, [])
    reader.done()
    lines = [
        number
        for number, line in enumerate(source.text.split("\n"), 1)
        if re.match(r"\s*\[\[\s*trust\s*\.\s*image", line)
    ]
    images = tuple(
        _image(
            source, entry, f"[[trust.image]] number {index + 1}: ", lines[index] if index < len(lines) else 0, directory
        )
        for index, entry in enumerate(entries)
    )
    return TrustPolicy(images, default, given=True)


def _choice(reader: TableReader, key: str, words: tuple[Any, ...]) -> Any:  # noqa: ANN401  one of the words
    word = reader.take(key, str, words[0])
    if word not in words:
        raise reader.fail(key, f"should be one of {', '.join(words)}, and is {word!r}")
    return word


def _image(source: Source, entry: Any, where: str, line: int, directory: str) -> ImageTrust:  # noqa: ANN401  TOML
    reader = TableReader(source, entry if isinstance(entry, dict) else {}, where)
    given = frozenset(reader.table)
    patterns = tuple(_pattern(reader, string) for string in reader.strings("match"))
    if not patterns:
        key = "match"
        raise reader.fail(key, "is missing: name the images, for example docker.io/library/*")
    notary, cosign = reader.take("notary", dict, {}), reader.take("cosign", dict, {})
    notation = reader.take("notation", dict, {})
    made = ImageTrust(
        patterns,
        Location(source.name, line, 1),
        _choice(reader, "require", ("all", "any")),
        reader.take("digest", bool, default=False),
        _notary(source, notary, where, directory) if "notary" in given else None,
        _cosign(source, cosign, f"{where}cosign: ", directory) if "cosign" in given else None,
        tuple(_attestation(source, entry, where, directory) for entry in reader.take("attestation", list, [])),
        _notation(source, notation, where, directory) if "notation" in given else None,
        reader.take("refuse", str, "").strip(),
    )
    reader.done()
    if "refuse" in given and not made.refuse:
        key = "refuse"
        raise reader.fail(key, "should say why such images are refused, and is empty")
    if not (made.needs or made.digest or made.refuse):
        key = "match"
        raise reader.fail(key, "requires nothing: set digest = true, cosign, notary, notation, attestation or refuse")
    return made


def _pattern(reader: TableReader, text: str) -> str:
    """Normalize a pattern; PolicyError for one that can never match."""
    key = "match"
    host, slash, rest = text.strip().partition("/")
    if host == "*" and not slash:
        return host
    if not slash or not (_WILD.search(host) or "." in host or ":" in host or host == "localhost"):
        hint = f"docker.io/{'' if slash else 'library/'}{text}"
        raise reader.fail(key, f"should begin with the registry, and is {text!r} ({hint}?)")
    repository, colon, tag = rest.partition(":")
    if not repository or "@" in rest or repository != repository.lower():
        what = "is REGISTRY/REPOSITORY, or with :TAG, the repository in lower case, without a digest"
        raise reader.fail(key, f"{text!r} matches nothing: a pattern {what}")
    host = _registry(host)
    if host == DEFAULT_REGISTRY and "/" not in repository and not _WILD.search(repository):
        repository = f"library/{repository}"
    return f"{host}/{repository}{colon}{tag}"


def _notary(source: Source, table: dict[str, Any], where: str, directory: str) -> NotaryNeed:
    reader = TableReader(source, table, f"{where}notary: ")
    need = NotaryNeed(
        reader.take("server", str, ""),
        reader.strings("pins"),
        _file(reader.take("authority", str, ""), directory),
        reader.take("first-use", bool, default=False),
    )
    reader.done()
    key = "pins"
    if not all(_ID.fullmatch(pin) for pin in need.pins):
        raise reader.fail(
            key, "should be ids of root certificates, 64 hexadecimal digits (`sealock trust list` shows it)"
        )
    if not (need.pins or need.authority or need.first_use):
        raise reader.fail(key, "is missing: name the root certificate's id or an authority, or set first-use = true")
    return need


def _cosign(source: Source, table: dict[str, Any], where: str, directory: str) -> CosignNeed:
    reader = TableReader(source, table, where)
    identities = []
    for entry in reader.take("identities", list, []):
        inner = TableReader(source, entry if isinstance(entry, dict) else {}, f"{where}identities: ")
        identities.append(RequiredIdentity(inner.take("name", str, ""), inner.take("issuer", str, "")))
        inner.done()
    need = CosignNeed(
        tuple(_file(string, directory) for string in reader.strings("keys")),
        tuple(identities),
        _file(reader.take("trusted-root", str, ""), directory),
    )
    reader.done()
    key = "identities" if identities else "keys"
    if not (need.keys or need.identities):
        raise reader.fail(key, "is missing: a signature counts only by a key or an identity that you trust")
    if any(not (identity.name and identity.issuer) for identity in need.identities):
        raise reader.fail(key, "should each have a name and an issuer: another issuer can certify the same name")
    if any(not identity.name.strip("*") or "*" in identity.issuer for identity in need.identities):
        raise reader.fail(key, "should not be just *, and the issuer should be literal: anyone can get a certificate")
    if need.identities and not need.trusted_root:
        key = "trusted-root"
        raise reader.fail(key, "is missing: identities need a trusted root")
    return need


def _attestation(source: Source, entry: Any, where: str, directory: str) -> AttestationNeed:  # noqa: ANN401  TOML
    table = dict(entry) if isinstance(entry, dict) else {}
    kind = table.pop("type", "")
    reader = TableReader(source, table, f"{where}attestation: ")
    if not isinstance(kind, str) or not kind:
        key = "type"
        raise reader.fail(key, 'is missing: name the predicate type, for example "slsaprovenance"')
    return AttestationNeed(kind, _cosign(source, table, f"{where}attestation: ", directory))


def _notation(source: Source, table: dict[str, Any], where: str, directory: str) -> NotationNeed:
    reader = TableReader(source, table, f"{where}notation: ")
    policy, store = reader.take("policy", str, ""), reader.take("store", str, "")
    need = NotationNeed(_file(policy, directory), _file(store, directory))
    reader.done()
    for key, value in (("policy", need.policy), ("store", need.store)):
        if not value:
            raise reader.fail(key, "is missing")
    return need


def _file(path: str, directory: str) -> str:
    """Resolve a path relative to the policy's directory."""
    return path if not path or path.startswith("/") or not directory else f"{directory}/{path}"
