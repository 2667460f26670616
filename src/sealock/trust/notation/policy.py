"""Notation's trust policy document: which signatures a repository needs, and how strictly they are verified."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias, cast

from msgspec import Meta, Struct

from sealock.errors import PolicyError
from sealock.model.imagename import ImageName
from sealock.patterns import compile_lazily
from sealock.trust.notation.names import PREFIX, CertificateSubject, read_subject
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.wire import shaped, table_of

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
_STORE: Final = compile_lazily(r"(ca|signingAuthority|tsa):([A-Za-z0-9_.-]{1,200})")
_SCOPE: Final = compile_lazily(r"[^\s*/@]+(?:/[^\s*/@:]+)+")
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


class _Verification(Struct):
    level: str
    override: dict[str, str] | None = None


class _Statement(Struct, rename="camel"):
    name: Annotated[str, Meta(min_length=1)]
    registry_scopes: tuple[str, ...]
    signature_verification: _Verification
    trust_stores: tuple[str, ...] | None = None
    trusted_identities: tuple[str, ...] | None = None


class _Document(Struct, rename="camel"):
    trust_policies: Annotated[tuple[_Statement, ...], Meta(min_length=1, max_length=_MOST)]


def read_policy(raw: bytes, source: str) -> PolicyDocument:
    """Read a document; PolicyError says what is wrong, as Notation would."""
    try:
        table = table_of(raw, source, _MOST_BYTES)
        if table.get("version") != "1.0":
            msg = f"{source}: its version is {str(table.get('version'))[:40]!r}, and only 1.0 is supported"
            raise PolicyError(msg)
        written = shaped(table, _Document, source).trust_policies
    except SignatureRefusedError as error:
        raise PolicyError(str(error)) from None
    statements = tuple(
        _statement(statement, f"{source}, trustPolicies[{place}] ({statement.name[:100]})")
        for place, statement in enumerate(written)
    )
    _check_unique([statement.name for statement in statements], source, "the name")
    _check_unique([scope for statement in statements for scope in statement.scopes], source, "the scope")
    return PolicyDocument(statements, source)


def _statement(statement: _Statement, where: str) -> PolicyStatement:
    scopes = _scopes(_nonempty(statement.registry_scopes, "registryScopes", where), where)
    level, actions = _level(statement.signature_verification, where)
    if level == "skip":
        if scopes == ("*",) or statement.trust_stores or statement.trusted_identities:
            msg = f"{where}: skip goes with named repositories, and without trust stores and identities"
            raise PolicyError(msg)
        return PolicyStatement(statement.name, scopes, level, actions)
    stores = _nonempty(statement.trust_stores, "trustStores", where)
    for store in stores:
        if not _STORE.fullmatch(store) or store.endswith((":.", ":..")):
            msg = f"{where}: {store[:100]!r} is not a trust store, for example ca:NAME"
            raise PolicyError(msg)
    if all(store.startswith("tsa:") for store in stores):
        msg = f"{where} names only trust stores for time stamps"
        raise PolicyError(msg)
    identities = _identities(_nonempty(statement.trusted_identities, "trustedIdentities", where), where)
    return PolicyStatement(statement.name, scopes, level, actions, stores, identities)


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


def _level(verification: _Verification, where: str) -> tuple[VerificationLevel, dict[str, Action]]:
    level, override = verification.level, verification.override or {}
    if level not in LEVELS:
        msg = f"{where}: signatureVerification.level should be one of {', '.join(LEVELS)}"
        raise PolicyError(msg)
    actions: dict[str, Action] = dict(LEVELS[level])
    if override and level == "skip":
        msg = f"{where}: signatureVerification.override does not go with skip"
        raise PolicyError(msg)
    for key, value in override.items():
        if key not in actions or value not in {"enforce", "log", *(["skip"] if key == "revocation" else [])}:
            msg = f"{where}: {key[:60]} cannot be overridden by {value[:60]!r}"
            raise PolicyError(msg)
        actions[key] = cast("Action", value)
    return cast("VerificationLevel", level), actions


def _identities(texts: tuple[str, ...], where: str) -> tuple[CertificateSubject, ...]:
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


def _nonempty(texts: tuple[str, ...] | None, key: str, where: str) -> tuple[str, ...]:
    if not texts or len(texts) > _MOST:
        msg = f"{where}: {key} should be a list of 1 to {_MOST} texts"
        raise PolicyError(msg)
    return texts


def _check_unique(values: list[str], source: str, what: str) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            msg = f"{source}: {what} {value[:200]!r} occurs twice"
            raise PolicyError(msg)
        seen.add(value)
