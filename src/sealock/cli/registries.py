"""What the policy says of registries, for commands that speak to them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sealock.errors import PolicyError
from sealock.model.registries import Registries

POLICY_FILE: Final = "sealock.toml"


def registries(policy: str | None, *, none: bool = False, folder: str = ".") -> Registries:
    """The table [registry] of a policy: the named file, else sealock.toml in a folder or the nearest above it.

    PolicyError where it is not valid, or a named one is not there. `none` heeds no policy.
    """
    path = policy or ("" if none else _nearest(folder))
    if not path:
        return Registries()
    from sealock.formats.files import FileRefused  # noqa: PLC0415  seldom needed
    from sealock.model.location import Source  # noqa: PLC0415  as above
    from sealock.policy.settings import read  # noqa: PLC0415  as above
    from sealock.targets.reading import read_text  # noqa: PLC0415  as above

    try:
        return read(Source(path, read_text(path)), str(Path(path).parent)).access
    except FileRefused as refusal:
        raise PolicyError(str(refusal)) from None


def _nearest(folder: str) -> str:
    own = Path(folder).absolute()
    return next((str(one / POLICY_FILE) for one in (own, *own.parents) if (one / POLICY_FILE).is_file()), "")
