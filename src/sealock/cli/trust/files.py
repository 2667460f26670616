"""`sealock trust attest` and `verify` for a file, whose signed statement is in a bundle next to it."""

from __future__ import annotations

import os
from hashlib import file_digest
from typing import Final

from msgspec.structs import replace

from sealock.cli.output import write
from sealock.errors import TargetError, UsageError, reason_of
from sealock.model.trust import TrustResult
from sealock.targets.outputs import write_output
from sealock.trust.cosign.bundles import MOST_BYTES
from sealock.trust.cosign.privatekeys import CosignPrivateKey
from sealock.trust.cosign.requirements import CosignRequirements
from sealock.trust.cosign.signer import attest_file
from sealock.trust.cosign.verifier import verify_file_attestation

PREFIX: Final = "file:"
ENDING: Final = ".sigstore.json"


def attest(word: str, bundle: str | None, key: CosignPrivateKey, predicate_type: str, predicate: object) -> int:
    """Write the bundle of a file, which must not exist yet, and return the exit status."""
    path, bundle = _paths(word, bundle)
    digest = _digest(path)
    if os.path.lexists(bundle):
        msg = f"{bundle} exists, and was not changed: move it, or write another file with --bundle-file"
        raise TargetError(msg)
    made = attest_file(digest, path.rpartition("/")[2], key, predicate_type=predicate_type, predicate=predicate)
    write_output(bundle, made.decode() + "\n")
    write(f"{path} ({digest}) is attested by key {key.public.id[:12]} ({predicate_type})\n{bundle}\n")
    return 0


def verify(word: str, bundle: str | None, expected: CosignRequirements, predicate_type: str) -> TrustResult:
    """Verify the bundle of a file; TargetError where the file or the bundle could not be read."""
    path, bundle = _paths(word, bundle)
    digest = _digest(path)
    try:
        with open(bundle, "rb") as file:  # noqa: PTH123  pathlib costs start-up time
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        msg = f"{bundle}, the attestation of {path}, could not be read: {reason_of(error)}"
        raise TargetError(msg) from None
    return replace(verify_file_attestation(digest, raw, bundle, expected, predicate_type), reference=word)


def _paths(word: str, bundle: str | None) -> tuple[str, str]:
    path = word.removeprefix(PREFIX)
    if not path:
        msg = f"{word} names no file: write {PREFIX}PATH"
        raise UsageError(msg)
    return path, path + ENDING if bundle is None else bundle


def _digest(path: str) -> str:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  as above
            return f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    except OSError as error:
        msg = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(msg) from None
