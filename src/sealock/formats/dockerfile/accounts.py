"""The user that a container is to run as, and the RUN that creates it, fit for the base image's family."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.dockerfile.commands import interpreter_name
from sealock.model.absent import UNSET, Maybe
from sealock.model.build import Build, Stage
from sealock.model.imagename import default_user, family

_NUMBERS: Final = re.compile(r"(\d{1,9}):(\d{1,9})")
_CREATING: Final = frozenset({"useradd", "adduser", "groupadd", "addgroup"})
_SHADOW: Final = {"debian": "/usr/sbin/nologin", "suse": "/usr/sbin/nologin", "arch": "/usr/bin/nologin"}
_WITHOUT_TOOLS: Final = re.compile(r"minimal|micro|nano|tiny|static", re.IGNORECASE)


def spell_account_creation(build: Build, chain: tuple[Stage, ...], runs_as: Maybe[str], user: str) -> str | None:
    """The RUN that creates an account for "UID:GID"; None where none is needed, or none can be.

    Numbers need no account to run as; it gives the user a name and a group. `runs_as` is who the RUN itself would run
    as, since only root can create accounts.
    """
    numbers = _NUMBERS.fullmatch(user)
    image = chain[-1].container.image
    if numbers is None or not isinstance(image, str) or _WITHOUT_TOOLS.search(image):
        return None
    if runs_as is UNSET or not runs_as:
        runs_as = default_user(image)
    if not isinstance(runs_as, str) or runs_as.partition(":")[0].strip("0") not in {"", "root"}:
        return None
    if interpreter_name(chain[-1].shell) not in {"sh", "bash", "ash", "dash"} or _created(build, chain, numbers):
        return None
    uid, gid = numbers.groups()
    base = family(image)
    if base in {"alpine", "busybox"}:
        return f"RUN addgroup -g {gid} app && adduser -u {uid} -G app -D -H -s /sbin/nologin app"
    if base in {"debian", "redhat", "suse", "arch"}:
        shell = _SHADOW.get(str(base), "/sbin/nologin")
        return f"RUN groupadd --gid {gid} app && useradd --uid {uid} --gid app --no-create-home --shell {shell} app"
    return None


def _created(build: Build, chain: tuple[Stage, ...], numbers: re.Match[str]) -> bool:
    """Whether the stages create an account of that number or name already."""
    taken = {"app", numbers[1], numbers[2]}
    stages = {stage.index for stage in chain}
    return any(
        stage.index in stages and command.name in _CREATING and taken & set(command.arguments)
        for _, stage, _, command in build.commands()
    )
