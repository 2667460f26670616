"""The RUN instruction that creates a user, in the commands of the base image's distribution."""

from __future__ import annotations

import re
from typing import Final

from sealock.formats.dockerfile.commands import interpreter_name
from sealock.model.absent import UNSET, Maybe
from sealock.model.build import Build, Stage
from sealock.model.distributions import distributions
from sealock.model.imagename import default_user
from sealock.patterns import compile_lazily

_UID_GID: Final = compile_lazily(r"(\d{1,9}):(\d{1,9})")
_ACCOUNT_TOOLS: Final = frozenset({"useradd", "adduser", "groupadd", "addgroup"})
_NOLOGIN: Final = {"debian": "/usr/sbin/nologin", "suse": "/usr/sbin/nologin", "arch": "/usr/bin/nologin"}
_MINIMAL_IMAGE: Final = compile_lazily(r"minimal|micro|nano|tiny|static", re.IGNORECASE)


def spell_account_creation(build: Build, chain: tuple[Stage, ...], runs_as: Maybe[str], user: str) -> str | None:
    """The RUN that creates an account for "UID:GID"; None if that is unnecessary or impossible.

    Numeric ids work without an account, which only adds names. `runs_as` is the user of the new RUN, since only root
    can create accounts.
    """
    ids = _UID_GID.fullmatch(user)
    image = chain[-1].container.image
    if ids is None or not isinstance(image, str) or _MINIMAL_IMAGE.search(image):
        return None
    if runs_as is UNSET or not runs_as:
        runs_as = default_user(image)
    if not isinstance(runs_as, str) or runs_as.partition(":")[0].strip("0") not in {"", "root"}:
        return None
    if interpreter_name(chain[-1].shell) not in {"sh", "bash", "ash", "dash"} or _creates_account(build, chain, ids):
        return None
    uid, gid = ids.groups()
    base = distributions(build)[chain[-1].index]
    if base in {"alpine", "busybox"}:
        return f"RUN addgroup -g {gid} app && adduser -u {uid} -G app -D -H -s /sbin/nologin app"
    if base in {"debian", "redhat", "suse", "arch"}:
        shell = _NOLOGIN.get(str(base), "/sbin/nologin")
        return f"RUN groupadd --gid {gid} app && useradd --uid {uid} --gid app --no-create-home --shell {shell} app"
    return None


def _creates_account(build: Build, chain: tuple[Stage, ...], ids: re.Match[str]) -> bool:
    """Whether the stages already create an account of that id or name."""
    taken = {"app", ids[1], ids[2]}
    stages = {stage.index for stage in chain}
    return any(
        stage.index in stages and command.name in _ACCOUNT_TOOLS and taken & set(command.arguments)
        for _, stage, _, command in build.commands()
    )
