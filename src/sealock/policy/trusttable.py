"""Reads the table [trust] of sealock.toml."""

from __future__ import annotations

import re
from typing import Any, Final

from sealock.model.imagename import parse
from sealock.model.location import Location, Source
from sealock.patterns import compile_lazily
from sealock.policy.imagepatterns import ImagePattern, PatternError, read_pattern
from sealock.policy.tables import TableReader, as_toml, file_of_policy
from sealock.policy.trust import (
    AttestationNeed,
    CosignNeed,
    Default,
    ImageTrust,
    NotaryNeed,
    NotationNeed,
    RequiredIdentity,
    TrustMode,
    TrustPolicy,
)
from sealock.text import count

_ID: Final = compile_lazily(r"[0-9a-fA-F]{64}")
_MODES: Final = ("enforce", "warn")


def read_trust(source: Source, table: dict[str, Any], directory: str) -> TrustPolicy:
    """Read the table; PolicyError says what is wrong and where. Files are named relative to the policy's directory."""
    if not table:
        return TrustPolicy()
    reader = TableReader(source, table, "[trust] ")
    default: Default | None = _choice(reader, "default", ("accept", "refuse")) if "default" in table else None
    mode: TrustMode = _choice(reader, "mode", _MODES)
    entries = reader.take("image", list, [])
    reader.done()
    lines = [
        number
        for number, line in enumerate(source.text.split("\n"), 1)
        if re.match(r"\s*\[\[\s*trust\s*\.\s*image", line)
    ]
    images = tuple(
        _image(
            TableReader(source, entry if isinstance(entry, dict) else {}, f"[[trust.image]] number {index + 1}: "),
            Location(source.name, lines[index] if index < len(lines) else 0, 1),
            directory,
            (mode, default),
        )
        for index, entry in enumerate(entries)
    )
    return TrustPolicy(images, default, mode, given=True)


def _choice(reader: TableReader, key: str, words: tuple[Any, ...]) -> Any:  # noqa: ANN401  one of the words
    word = reader.take(key, str, words[0])
    if word not in words:
        raise reader.fail(key, f"should be one of {', '.join(words)}, and is {as_toml(word)}")
    return word


def _image(
    reader: TableReader, location: Location, directory: str, whole: tuple[TrustMode, Default | None]
) -> ImageTrust:
    source, where, (mode, default) = reader.source, reader.where, whole
    given = frozenset(reader.table)
    patterns = tuple(_pattern(reader, string) for string in reader.strings("match"))
    if not patterns:
        key = "match"
        raise reader.fail(key, "is missing: name the images, for example docker.io/library/*")
    notary, cosign = reader.take("notary", dict, {}), reader.take("cosign", dict, {})
    notation, vex = reader.take("notation", dict, {}), reader.take("vex", dict, {})
    made = ImageTrust(
        patterns,
        location,
        _choice(reader, "require", ("all", "any")),
        reader.take("digest", bool, default=False),
        _notary(source, notary, where, directory) if "notary" in given else None,
        _cosign(source, cosign, f"{where}cosign: ", directory) if "cosign" in given else None,
        tuple(_attestation(source, entry, where, directory) for entry in reader.take("attestation", list, [])),
        _notation(source, notation, where, directory) if "notation" in given else None,
        _cosign(source, vex, f"{where}vex: ", directory) if "vex" in given else None,
        reader.take("refuse", str, "").strip(),
        _choice(reader, "mode", _MODES) if "mode" in given else mode,
    )
    reader.done()
    if "refuse" in given and not made.refuse:
        key = "refuse"
        raise reader.fail(key, "should say why such images are refused, and is empty")
    # It would let images pass that the default refuses.
    only_vex = made.vex is not None and default != "refuse"
    if not (made.needs or made.digest or made.refuse or only_vex):
        key = "match"
        raise reader.fail(key, "requires nothing: set digest = true, cosign, notary, notation, attestation or refuse")
    return made


def _pattern(reader: TableReader, text: str) -> ImagePattern:
    try:
        return read_pattern(text)
    except PatternError as error:
        key = "match"
        raise reader.fail(key, str(error)) from None


def _notary(source: Source, table: dict[str, Any], where: str, directory: str) -> NotaryNeed:
    reader = TableReader(source, table, f"{where}notary: ")
    need = NotaryNeed(
        reader.take("server", str, ""),
        reader.strings("pins"),
        file_of_policy(reader.take("authority", str, ""), directory),
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
        tuple(file_of_policy(string, directory) for string in reader.strings("keys")),
        tuple(identities),
        file_of_policy(reader.take("trusted-root", str, ""), directory),
        reader.take("threshold", int, 1),
        _annotations(reader),
        reader.take("signed-for", str, ""),
        reader.take("any-repository", bool, default=False),
    )
    reader.done()
    _check_cosign(reader, need)
    return need


def _annotations(reader: TableReader) -> dict[str, str]:
    inner = TableReader(reader.source, reader.take("annotations", dict, {}), f"{reader.where}annotations: ")
    return {name: inner.take(name, str, "") for name in tuple(inner.table)}


def _check_cosign(reader: TableReader, need: CosignNeed) -> None:
    """Raise PolicyError where no signer can meet a need, or everyone can."""
    key = "identities" if need.identities else "keys"
    if not (need.keys or need.identities):
        raise reader.fail(key, "is missing: a signature counts only by a key or an identity that you trust")
    if any(not (identity.name and identity.issuer) for identity in need.identities):
        raise reader.fail(key, "should each have a name and an issuer: another issuer can certify the same name")
    if any(not identity.name.strip("*") or "*" in identity.issuer for identity in need.identities):
        raise reader.fail(key, "should not be just *, and the issuer should be literal: anyone can get a certificate")
    if need.identities and not need.trusted_root:
        key = "trusted-root"
        raise reader.fail(key, "is missing: identities need a trusted root")
    signers = len(need.keys) + len(need.identities)
    if not 1 <= need.threshold <= signers:
        key = "threshold"
        raise reader.fail(key, f"is {need.threshold}, and {count(signers, 'signer')} can sign")
    if need.signed_for and need.any_repository:
        key = "signed-for"
        raise reader.fail(key, "does not go with any-repository")
    name = parse(need.signed_for) if need.signed_for else None
    if need.signed_for and (name is None or name.tag or name.digest):
        key = "signed-for"
        raise reader.fail(key, f"should be the name of a repository, and is {as_toml(need.signed_for)}")


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
    need = NotationNeed(file_of_policy(policy, directory), file_of_policy(store, directory))
    reader.done()
    for key, value in (("policy", need.policy), ("store", need.store)):
        if not value:
            raise reader.fail(key, "is missing")
    return need
