"""Notation's directory: the trust policy, the trust stores and the signing keys."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sealock.errors import PolicyError, TargetError, reason_of
from sealock.formats.files import FileRefusedError
from sealock.formats.jsonobject import JsonObject
from sealock.net.userdirectories import home_directory
from sealock.patterns import compile_lazily
from sealock.targets.files import read_bytes
from sealock.trust.librarywarnings import ignore_warnings
from sealock.trust.notation.policy import PolicyDocument, PolicyStatement, read_policy
from sealock.trust.notation.requirements import Anchor, AnchorKind, RevocationList
from sealock.trust.refusal import SignatureRefusedError
from sealock.trust.unusable import NO_CERTIFICATE
from sealock.trust.wire import table_of

_NAMES: Final = ("trustpolicy.oci.json", "trustpolicy.json")
_ENDINGS: Final = (".pem", ".crt", ".cer")
_MOST_FILE: Final = 1 << 20
_MOST_FILES: Final = 1000
_MOST_CERTIFICATES: Final = 1000
_KINDS: Final[Mapping[str, AnchorKind]] = {"ca": "ca", "signingAuthority": "signingAuthority", "tsa": "tsa"}
_PLAIN: Final = compile_lazily(r"[A-Za-z0-9_.-]{1,200}")


def notation_directory(environment: Mapping[str, str]) -> Path:
    """Notation's configuration directory."""
    given = environment.get("XDG_CONFIG_HOME")
    return (Path(given) if given else home_directory(environment) / ".config") / "notation"


def open_policy(directory: Path, file: str = "") -> PolicyDocument:
    """Read the trust policy: a named file, else the directory's; TargetError where there is none."""
    paths = [Path(file)] if file else [directory / name for name in _NAMES]
    for path in paths:
        if file or path.is_file():
            return read_policy(_read(path), str(path))
    msg = f"there is no trust policy: {paths[-1]} does not exist. Name one, or the certificate of an authority"
    raise TargetError(msg)


def anchors_of(statement: PolicyStatement, directory: Path) -> tuple[Anchor, ...]:
    """Read the certificates of a statement's trust stores; PolicyError where a store has none, or cannot be trusted.

    `directory` is notation's, or its trust-store.
    """
    top = directory / "x509" if (directory / "x509").is_dir() else directory / "trust-store" / "x509"
    anchors: list[Anchor] = []
    for store in statement.stores:
        kind, _, name = store.partition(":")
        if kind not in _KINDS or not _PLAIN.fullmatch(name) or name in {".", ".."}:
            msg = f"{store[:200]!r} is not a trust store, for example ca:NAME"
            raise PolicyError(msg)
        anchors += _store(top / kind / name, _KINDS[kind])
        if len(anchors) > _MOST_CERTIFICATES:
            msg = f"the trust stores of {statement.name} have more than {_MOST_CERTIFICATES} certificates"
            raise PolicyError(msg)
    return tuple(anchors)


def default_key(directory: Path) -> tuple[str, str]:
    """The files of notation's default key and of its certificates; TargetError where there is none."""
    path = directory / "signingkeys.json"
    try:
        table = JsonObject(table_of(_read(path), str(path), _MOST_FILE))
    except SignatureRefusedError as error:
        raise TargetError(str(error)) from None
    for key in table.objects("keys"):
        files = key.text("keyPath"), key.text("certPath")
        if key.text("name") == table.text("default") and all(files):
            return files
    msg = f"{path} has no default key that is a file: name a key and its certificates"
    raise TargetError(msg)


def read_anchors(path: str | Path, kind: AnchorKind = "ca") -> tuple[Anchor, ...]:
    """Read the certificates in a file, PEM or DER; TargetError where there is none."""
    raw = _read(Path(path))
    blocks = raw.count(b"-----BEGIN")
    try:
        with ignore_warnings():
            loaded = x509.load_pem_x509_certificates(raw) if blocks else [x509.load_der_x509_certificate(raw)]
            anchors = [Anchor(certificate.public_bytes(Encoding.DER), kind, str(path)) for certificate in loaded]
    except NO_CERTIFICATE:
        msg = f"{path} has no readable certificate" if blocks < 2 else f"{path} has a certificate that cannot be read"
        raise TargetError(msg) from None
    if blocks and len(anchors) != blocks:
        # The library passes over what is torn, and over keys; notation reads neither.
        msg = f"{path} has {blocks} blocks of PEM, and {len(anchors)} of them can be read as certificates"
        raise TargetError(msg)
    return tuple(anchors)


def _store(directory: Path, kind: AnchorKind) -> list[Anchor]:
    try:
        if not stat.S_ISDIR(directory.lstat().st_mode):
            msg = f"the trust store {directory} is not a directory: a link would let others choose whom to trust"
            raise PolicyError(msg)
        paths = [directory / name for name in sorted(os.listdir(directory))[: _MOST_FILES + 1]]
        modes = {path: path.lstat().st_mode for path in paths}
    except OSError as error:
        msg = f"the trust store {directory} could not be read: {reason_of(error)}"
        raise PolicyError(msg) from None
    if len(paths) > _MOST_FILES:
        msg = f"the trust store {directory} has more than {_MOST_FILES} files"
        raise PolicyError(msg)
    anchors: list[Anchor] = []
    for path, mode in modes.items():
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            msg = f"{path} is not a regular file; remove it from the trust store"
            raise PolicyError(msg)
        if stat.S_ISREG(mode) and path.name.lower().endswith(_ENDINGS):
            anchors += read_anchors(path, kind)
    if not anchors:
        msg = f"the trust store {directory} has no certificate"
        raise PolicyError(msg)
    return anchors


def read_revoked(path: str) -> RevocationList:
    """Read a certificate revocation list, PEM or DER."""
    return RevocationList(_read(Path(path)), path)


def _read(path: Path) -> bytes:
    try:
        return read_bytes(str(path), _MOST_FILE)
    except FileRefusedError as error:
        raise TargetError(str(error)) from None
