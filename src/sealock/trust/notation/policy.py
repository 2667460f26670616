"""Notation's trust policy document: which signatures are wanted of a repository, and how much is made of them."""

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
"""What comes of each validation that fails. Integrity is enforced at every level but skip, which looks at nothing."""
_STORE: Final = re.compile(r"(ca|signingAuthority|tsa):([A-Za-z0-9_.-]{1,200})")
_SCOPE: Final = re.compile(r"[^\s*/@]+(?:/[^\s*/@:]+)+")
_MOST_BYTES: Final = 1 << 20
_MOST: Final = 1000


class PolicyStatement(Struct, frozen=True):
    """One statement of a document. `stores` are as written (ca:NAME); `identities` are empty where any will do."""

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
        """The one statement for a repository: that which names it, else the one for all; None for neither."""
        asked = f"{name.registry}/{name.repository}"
        named = next((statement for statement in self.statements if asked in statement.scopes), None)
        return named or next((statement for statement in self.statements if "*" in statement.scopes), None)


def read_policy(raw: bytes, source: str) -> PolicyDocument:
    """Read a document; PolicyError says what in it Notation would refuse, too."""
    try:
        table = table_of(raw, source, _MOST_BYTES)
    except SignatureRefusedError as error:
        raise PolicyError(str(error)) from None
    if table.get("version") != "1.0":
        msg = f"{source}: its version is {str(table.get('version'))[:40]!r}, and 1.0 is the one there is"
        raise PolicyError(msg)
    listed = table.get("trustPolicies")
    if not isinstance(listed, list) or not listed or len(listed) > _MOST:
        msg = f"{source}: trustPolicies should be a list of 1 to {_MOST} statements"
        raise PolicyError(msg)
    statements = tuple(_statement(one, f"{source}, trustPolicies[{place}]") for place, one in enumerate(listed))
    _check_unique([statement.name for statement in statements], source, "the name")
    _check_unique([scope for statement in statements for scope in statement.scopes], source, "the scope")
    return PolicyDocument(statements, source)


def _statement(table: object, where: str) -> PolicyStatement:
    if not isinstance(table, dict):
        msg = f"{where} is no object"
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
            msg = f"{where}: {store[:100]!r} is no trust store, such as ca:NAME"
            raise PolicyError(msg)
    if all(store.startswith("tsa:") for store in stores):
        msg = f"{where} names no trust store but such for time stamps"
        raise PolicyError(msg)
    return PolicyStatement(name, scopes, level, actions, stores, _identities(table, where))


def _scopes(scopes: tuple[str, ...], where: str) -> tuple[str, ...]:
    if "*" in scopes:
        if len(scopes) > 1:
            msg = f"{where}: * stands alone among registryScopes"
            raise PolicyError(msg)
        return scopes
    for scope in scopes:
        if not _SCOPE.fullmatch(scope):
            msg = f"{where}: {scope[:200]!r} is no repository in full, such as example.com/app, nor *"
            raise PolicyError(msg)
    return scopes


def _level(table: Any, where: str) -> tuple[VerificationLevel, dict[str, Action]]:  # noqa: ANN401  whatever the JSON holds
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
            msg = f"{where}: * stands alone among trustedIdentities"
            raise PolicyError(msg)
        return ()
    for text in texts:
        if not text.startswith(PREFIX):
            msg = f"{where}: {text[:200]!r} is no identity, such as {PREFIX} C=US, ST=WA, O=example"
            raise PolicyError(msg)
    try:
        found = tuple(read_subject(text, whole=True) for text in texts)
    except PolicyError as error:
        msg = f"{where}: {error}"
        raise PolicyError(msg) from None
    for place, subject in enumerate(found):
        if any(subject.overlaps(other) for other in found[:place]):
            msg = f"{where}: {subject.text[:200]!r} overlaps with another identity"
            raise PolicyError(msg)
    return found


def _texts(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    value = table.get(key)
    if not isinstance(value, list) or not 0 < len(value) <= _MOST or not all(isinstance(one, str) for one in value):
        msg = f"{where}: {key} should be a list of texts, one at the least"
        raise PolicyError(msg)
    return tuple(value)


def _check_unique(values: list[str], source: str, what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            msg = f"{source}: {what} {value[:200]!r} stands in two statements or twice in one"
            raise PolicyError(msg)
        seen.add(value)
