"""Notation's trust policy document: which signatures a repository needs, and how strictly they are verified."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from sealock.errors import PolicyError
from sealock.model.imagename import ImageName
from sealock.trust.notation.names import PREFIX, CertificateSubject, read_subject
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import table_of

VerificationLevel: TypeAlias = Literal["strict", "permissive", "audit", "skip"]
Action: TypeAlias = Literal["enforce", "log", "skip"]
Validation: TypeAlias = Literal["authenticity", "authenticTimestamp", "expiry", "revocation"]

LEVELS: Final[Mapping[str, Mapping[str, Action]]] = {
    "strict": dict.fromkeys(("authenticity", "authenticTimestamp", "expiry", "revocation"), "enforce"),
    "permissive": {"authenticity": "enforce", "authenticTimestamp": "log", "expiry": "log", "revocation": "log"},
    "audit": dict.fromkeys(("authenticity", "authenticTimestamp", "expiry", "revocation"), "log"),
    "skip": {},
}
"""The action for each failed validation. Integrity is enforced at every level but skip, which verifies nothing."""
_STORE: Final = re.compile(r"(ca|signingAuthority|tsa):([A-Za-z0-9_.-]{1,200})")
_SCOPE: Final = re.compile(r"[^\s*/@]+(?:/[^\s*/@:]+)+")
_MOST_BYTES: Final = 1 << 20
_MOST: Final = 1000


class PolicyStatement(Struct, frozen=True):
    """One statement of a document. `stores` are as written (ca:NAME); `identities` are empty where all are trusted."""

    name: str
    scopes: tuple[str, ...]
    level: VerificationLevel
    actions: Mapping[str, Action]
    stores: tuple[str, ...] = ()
    identities: tuple[CertificateSubject, ...] = ()


class PolicyDocument(Struct, frozen=True):
    """A trust policy."""

    statements: tuple[PolicyStatement, ...]
    source: str

    def applying(self, name: ImageName) -> PolicyStatement | None:
        """Find the statement for a repository: the one that names it, else the one for all; None for neither."""
        repository = f"{name.registry}/{name.repository}"
        named = next((statement for statement in self.statements if repository in statement.scopes), None)
        return named or next((statement for statement in self.statements if "*" in statement.scopes), None)


def read_policy(raw: bytes, source: str) -> PolicyDocument:
    """Read a document; PolicyError says what is wrong, as Notation would."""
    try:
        table = table_of(raw, source, _MOST_BYTES)
    except SignatureRefusedError as error:
        raise PolicyError(str(error)) from None
    if table.get("version") != "1.0":
        msg = f"{source}: its version is {str(table.get('version'))[:40]!r}, and only 1.0 is supported"
        raise PolicyError(msg)
    listed = table.get("trustPolicies")
    if not isinstance(listed, list) or not listed or len(listed) > _MOST:
        msg = f"{source}: trustPolicies should be a list of 1 to {_MOST} statements"
        raise PolicyError(msg)
    statements = tuple(_statement(table, f"{source}, trustPolicies[{place}]") for place, table in enumerate(listed))
    _check_unique([statement.name for statement in statements], source, "the name")
    _check_unique([scope for statement in statements for scope in statement.scopes], source, "the scope")
    return PolicyDocument(statements, source)


def _statement(table: object, where: str) -> PolicyStatement:
    if not isinstance(table, dict):
        msg = f"{where} is not an object"
        raise PolicyError(msg)
    name = table.get("name")
    if not isinstance(name, str) or not name:
        msg = f"{where} has no name"
        raise PolicyError(msg)
    where = f"{where} ({name[:100]})"
    scopes = _scopes(_texts(table, "registryScopes", where), where)
    level, actions = _level(table.get("signatureVerification"), where)
    if level == "skip":
        if scopes == ("*",) or table.get("trustStores") or table.get("trustedIdentities"):
            msg = f"{where}: skip goes with named repositories, and without trust stores and identities"
            raise PolicyError(msg)
        return PolicyStatement(name, scopes, level, actions)
    stores = _texts(table, "trustStores", where)
    for store in stores:
        if not _STORE.fullmatch(store) or store.endswith((":.", ":..")):
            msg = f"{where}: {store[:100]!r} is not a trust store, for example ca:NAME"
            raise PolicyError(msg)
    if all(store.startswith("tsa:") for store in stores):
        msg = f"{where} names only trust stores for time stamps"
        raise PolicyError(msg)
    return PolicyStatement(name, scopes, level, actions, stores, _identities(table, where))


def _scopes(scopes: tuple[str, ...], where: str) -> tuple[str, ...]:
    if "*" in scopes:
        if len(scopes) > 1:
            msg = f"{where}: * must be the only item of registryScopes"
            raise PolicyError(msg)
        return scopes
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            msg = f"{where}: {scope[:200]!r} is neither a full repository name, for example example.com/app, nor *"
            raise PolicyError(msg)
    return scopes


def _level(table: Any, where: str) -> tuple[VerificationLevel, dict[str, Action]]:  # noqa: ANN401  any JSON
    level = table.get("level") if isinstance(table, dict) else None
    if not isinstance(level, str) or level not in LEVELS:
        msg = f"{where}: signatureVerification.level should be one of {', '.join(LEVELS)}"
        raise PolicyError(msg)
    actions: dict[str, Action] = dict(LEVELS[level])
    override = table.get("override") or {}
    if not isinstance(override, dict) or (override and level == "skip"):
        msg = f"{where}: signatureVerification.override should be an object, and does not go with skip"
        raise PolicyError(msg)
    for key, value in override.items():
        if key not in actions or value not in {"enforce", "log", *(["skip"] if key == "revocation" else [])}:
            msg = f"{where}: {str(key)[:60]} cannot be overridden by {str(value)[:60]!r}"
            raise PolicyError(msg)
        actions[key] = value
    return level, actions  # type: ignore[return-value]  # one of LEVELS


def _identities(table: dict[str, Any], where: str) -> tuple[CertificateSubject, ...]:
    texts = _texts(table, "trustedIdentities", where)
    if "*" in texts:
        if len(texts) > 1:
            msg = f"{where}: * must be the only item of trustedIdentities"
            raise PolicyError(msg)
        return ()
    for text in texts:
        if not text.startswith(PREFIX):
            msg = f"{where}: {text[:200]!r} is not an identity, for example {PREFIX} C=US, ST=WA, O=example"
            raise PolicyError(msg)
    try:
        subjects = tuple(read_subject(text, whole=True) for text in texts)
    except PolicyError as error:
        msg = f"{where}: {error}"
        raise PolicyError(msg) from None
    for place, subject in enumerate(subjects):
        if any(subject.overlaps(other) for other in subjects[:place]):
            msg = f"{where}: {subject.text[:200]!r} overlaps with another identity"
            raise PolicyError(msg)
    return subjects


def _texts(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not 0 < len(value) <= _MOST or not all(isinstance(text, str) for text in value):
        msg = f"{where}: {key} should be a list of at least one text"
        raise PolicyError(msg)
    return tuple(value)


def _check_unique(values: list[str], source: str, what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            msg = f"{source}: {what} {value[:200]!r} occurs twice"
            raise PolicyError(msg)
        seen.add(value)
