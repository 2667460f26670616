"""Public keys and certificates in PEM, and backups of private keys in Notary's format."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from sealock.errors import SigningError
from sealock.patterns import compile_lazily
from sealock.trust.notary.certificates import age_fault, weakness
from sealock.trust.notary.directory import KeyFile
from sealock.trust.notary.keys import X509, certificates, loaded
from sealock.trust.notary.metadata import NotaryKey
from sealock.trust.notary.privatekeys import NotaryPrivateKey

_BLOCK: Final = compile_lazily(
    r"-----BEGIN ([A-Z ]{1,40})-----[ \t]*\r?\n(?P<text>[^-]{1,65536}(?:-(?!----)[^-]{0,65536}){0,64})-----END \1-----"
)
_BLOCKS: Final = 1000
_SPELLED: Final = {"proc-type": "Proc-Type", "dek-info": "DEK-Info"}
"""Headers that other programs know in this spelling only."""


def blocks(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield the label, the headers and the base64 of each PEM block, at most a thousand."""
    for count, match in enumerate(_BLOCK.finditer(text)):
        if count >= _BLOCKS:
            return
        headers: dict[str, str] = {}
        lines = match["text"].splitlines()
        while lines and ":" in lines[0]:
            name, _, value = lines.pop(0).partition(":")
            headers[name.strip().lower()] = value.strip()
        yield match[1], headers, "\n".join(line for line in lines if line)


def read_public(text: str, what: str) -> NotaryKey:
    """Read the first public key or certificate; SigningError where there is none, or it is weak, expired or damaged."""
    for label, _, encoded in blocks(text):
        if label == "CERTIFICATE":
            pem = _pem(label, {}, _lines("".join(encoded.split()))).encode()
            for kind in X509:
                key = NotaryKey(kind, pem)
                if loaded(key) is None:
                    continue
                leaf = certificates(key)[0]
                if why := weakness(leaf) or age_fault(leaf, datetime.now(UTC)):
                    msg = f"the certificate in {what} {why}"
                    raise SigningError(msg)
                return key
            msg = f"the first certificate in {what} cannot be used: it is damaged, or its key is none of ECDSA and RSA"
            raise SigningError(msg)
        if label == "PUBLIC KEY":
            try:
                raw = b64decode("".join(encoded.split()), validate=True)
            except ValueError:
                break
            for kind in X509.values():
                if loaded(key := NotaryKey(kind, raw)) is not None:
                    return key
            break
    msg = f"{what} has no public key for Notary: PEM of ECDSA, of RSA (2048 bits or more), or a certificate"
    raise SigningError(msg)


def write_public(key: NotaryPrivateKey, role: str) -> str:
    """Write the public half in PEM, as `docker trust key generate` does."""
    text = b64encode(key.public.public).decode()
    return _pem("PUBLIC KEY", {"role": role}, _lines(text))


def write_backup(keys: Iterable[KeyFile]) -> str:
    """Write private keys one after the other, still encrypted; `notary key import` reads it too."""
    parts: list[str] = []
    for key in keys:
        known = {name: text for name, text in (("role", key.role), ("gun", key.gun)) if text}
        for label, headers, encoded in blocks(key.pem.decode("ascii", "replace")):
            parts.append(_pem(label, known | headers | {"path": key.id}, encoded))
    return "".join(parts)


def read_backup(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the PEM of each private key in a backup; SigningError where one has no id."""
    for label, headers, encoded in blocks(text):
        if not label.endswith("PRIVATE KEY"):
            continue
        name = headers.pop("path", "").rpartition("/")[2].removesuffix(".key").partition("_")[0]
        if len(name) != 64 or set(name) - set("0123456789abcdef"):
            msg = "a private key in it has no id in its `path` header, so it is not a backup: use `keys load`"
            raise SigningError(msg)
        yield name, _pem(label, headers, encoded).encode()


def _lines(text: str) -> str:
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))


def _pem(label: str, headers: dict[str, str], encoded: str) -> str:
    # RFC 1421: Proc-Type comes first.
    names = sorted(headers, key=lambda name: (name != "proc-type", name))
    lines = [f"{_SPELLED.get(name, name)}: {headers[name]}" for name in names]
    return "\n".join(
        [f"-----BEGIN {label}-----", *lines, *([""] if lines else []), encoded, f"-----END {label}-----", ""]
    )
