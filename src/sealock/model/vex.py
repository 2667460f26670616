"""The statements of VEX documents of every format."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias, get_args

from msgspec import Struct

VexStatus: TypeAlias = Literal["not_affected", "affected", "fixed", "under_investigation"]
STATUSES: Final[tuple[VexStatus, ...]] = get_args(VexStatus)
JUSTIFICATIONS: Final = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)
"""OpenVEX's justifications for "not affected"; those of other formats are mapped to them where possible."""


class VexProduct(Struct, frozen=True):
    """What a statement is about: package URLs, digests ("sha256:…") or names, any of which may match.

    `parts` are the affected components inside it; () is the whole product.
    """

    ids: tuple[str, ...]
    parts: tuple[str, ...] = ()


class VexStatement(Struct, frozen=True):
    """One statement. `names` are the vulnerability's id and its aliases. Without products it applies to every product.

    `justification` is one of JUSTIFICATIONS, or the document's own word; `impact` explains it, `action` says what
    to do. `when` is RFC 3339 as written, "" for none: the latest of several statements counts.
    """

    names: tuple[str, ...]
    status: VexStatus
    products: tuple[VexProduct, ...] = ()
    justification: str = ""
    impact: str = ""
    action: str = ""
    when: str = ""
    author: str = ""
    document: str = ""
    """The file's name, and the document's own id where it has one."""


class AttachedVex(Struct, frozen=True):
    """The statements that are attached to an image at its registry, made by signers whom the trust policy names.

    `digests` are those of the image and of the index that it is in; `notes` say what was found.
    """

    statements: tuple[VexStatement, ...] = ()
    digests: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def moment(text: str) -> datetime | None:
    """Parse an RFC 3339 time or a date; None where it is not one. Without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
