"""What the policy says of registries, for commands that speak to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealock.errors import PolicyError
from sealock.model.registries import Registries
from sealock.targets.nearest import folder_of, nearest

if TYPE_CHECKING:
    from sealock.policy.settings import Policy

POLICY_FILE: Final = "sealock.toml"


def registries(policy: str | None, *, none: bool = False, folder: str = ".") -> Registries:
    """The table [registry] of a policy: the named file, else sealock.toml in a folder or the nearest above it.

    PolicyError where it is not valid, or a named one is not there. `none` heeds no policy.
    """
    found = policy_of(policy, none=none, folder=folder)
    return found[1].access if found is not None else Registries()


def policy_of(policy: str | None, *, none: bool = False, folder: str = ".") -> tuple[str, Policy] | None:
    """The policy that holds, and the folder that it lies in; None where there is none. PolicyError as above."""
    path = policy or ("" if none else nearest(POLICY_FILE, folder))
    if not path:
        return None
    from sealock.formats.files import FileRefusedError  # noqa: PLC0415  seldom needed
    from sealock.model.location import Source  # noqa: PLC0415  as above
    from sealock.policy.settings import read  # noqa: PLC0415  as above
    from sealock.targets.files import read_text  # noqa: PLC0415  as above

    try:
        return folder_of(path), read(Source(path, read_text(path)), folder_of(path))
    except FileRefusedError as refusal:
        raise PolicyError(str(refusal)) from None
