"""What somebody says of vulnerabilities in products: the statements of VEX documents, whatever their format."""

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
"""Why something is not affected, in OpenVEX's words; those of other formats are led back to them where they can be."""


class VexProduct(Struct, frozen=True):
    """What a statement is about: package URLs, digests ("sha256:…") or names, any of which may match.

    `parts` are the components within it that it is about; () is the product as a whole, with all that is in it.
    """

    ids: tuple[str, ...]
    parts: tuple[str, ...] = ()


class VexStatement(Struct, frozen=True):
    """One statement. `names` are the vulnerability's id and its aliases. Without products it is about anything.

    `justification` is one of JUSTIFICATIONS, or the document's own word; `impact` is its text on why, `action` on what
    to do. `when` is RFC 3339 as written, "" for none: of several statements the latest counts.
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


def moment(text: str) -> datetime | None:
    """A time of RFC 3339 (or a day alone), None where it is none. Without a zone it is UTC's."""
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
