"""The kinds of dependence on content trust, and what to do about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

DependenceKind: TypeAlias = Literal[
    "variable", "flag", "server", "hub", "passphrase", "command", "notary", "service", "azure", "harbor", "admission",
    "daemon", "pinning", "repository", "key", "setting", "off", "mention",
]  # fmt: skip

HUB_ENDS: Final = "2026-12-08"
"""Docker shuts down notary.docker.io, and with it content trust on Docker Hub."""
AZURE_ENDS: Final = "2028-03-31"
"""Azure Container Registry removes content trust in March 2028."""
GONE: Final = "Docker CLI 29"


class About(Struct, frozen=True):
    """What a kind means, what to do, and when support ends: a date, a released version, or "" for neither.

    `leans` is False for what is only worth knowing: nothing breaks when content trust ends.
    """

    title: str
    todo: str
    ends: str = ""
    leans: bool = True


_UNVERIFIED: Final = (
    "From Docker CLI 29 on this has no effect: images are pulled unverified, without a warning. Name images by digest"
    " (`sealock pin`), and verify them before use (`sealock trust verify`)."
)
_SIGN_AGAIN: Final = "Sign with cosign or Notation instead: `sealock trust sign REF --key cosign.key`."

KINDS: Final[Mapping[DependenceKind, About]] = {
    "variable": About("turns content trust on", _UNVERIFIED, GONE),
    "flag": About("asks for content trust", _UNVERIFIED, GONE),
    "server": About(
        "names a notary server",
        "Docker's command line contacts none since version 29. `sealock trust verify REF --server URL` does; plan"
        " to sign the same digests with cosign or Notation.",
    ),
    "hub": About(
        "names Docker's own notary server",
        "The server shuts down on that day. Name images by digest, and look for the signatures that their publishers"
        " make today.",
        HUB_ENDS,
    ),
    "passphrase": About(
        "has the passphrase of a notary key",
        "The key signs only content trust. " + _SIGN_AGAIN + " Then remove the secret.",
    ),
    "command": About(
        "runs `docker trust`",
        "From Docker CLI 29 on it is a plugin that you must install. "
        + _SIGN_AGAIN
        + " With your own server, `sealock trust` replaces it.",
    ),
    "notary": About("runs notary's client", "With your own server, `sealock trust` replaces it. " + _SIGN_AGAIN),
    "service": About(
        "runs a notary server",
        "Notary v1 is no longer developed. Verify its signed tags one last time, sign the same digests with cosign or"
        " Notation (`sealock trust migrate`), and then shut it down.",
    ),
    "azure": About(
        "uses content trust of Azure Container Registry",
        "Sign with Notation, which Azure recommends (`sealock trust sign REF --notation`), or with cosign.",
        AZURE_ENDS,
    ),
    "harbor": About(
        "has Harbor run notary", "Harbor has no notary since 2.9; it stores cosign's and Notation's signatures."
    ),
    "admission": About(
        "admits images by notary's signatures", "Configure it to require signatures of cosign or Notation."
    ),
    "daemon": About(
        "has the engine require content trust",
        "Only Docker Enterprise had this setting. Verify images before the engine pulls them.",
    ),
    "pinning": About(
        "pins the roots of notary repositories", "`sealock trust verify` applies the pins with your own server."
    ),
    "repository": About(
        "has been verified or signed by content trust here",
        "`sealock trust list REPO` shows what is signed. If it is yours, sign the same digests with cosign or"
        " Notation.",
    ),
    "key": About(
        "signs for content trust",
        "Keep a backup (`sealock trust keys backup FILE`) until nothing that it signed is in use.",
    ),
    "setting": About("is set for this user", _UNVERIFIED, GONE),
    "off": About("turns content trust off", "It has no effect from Docker CLI 29 on; remove it.", leans=False),
    "mention": About("mentions content trust", "Check whether it relies on content trust.", leans=False),
}


class NotaryDependence(Struct, frozen=True):
    """One place. `line` and `column` count from 1, and are 0 where there are none; `what` is the evidence."""

    kind: DependenceKind
    where: str
    what: str
    line: int = 0
    column: int = 0
    ends: str = ""
    """As `About.ends`, or a date for this place."""

    @property
    def about(self) -> About:
        """The explanation of its kind."""
        return KINDS[self.kind]


class Audited(Struct, frozen=True):
    """The dependences in a target, and the errors."""

    target: str
    found: tuple[NotaryDependence, ...] = ()
    errors: tuple[str, ...] = ()
    looked: int = 0
    """Files, repositories and containers that were read."""


def ends_of(kind: DependenceKind, text: str) -> str:
    """When support ends: the kind's own date, or that of the service that the text names."""
    if "notary.docker.io" in text:
        return HUB_ENDS
    if "azurecr.io" in text:
        return AZURE_ENDS
    return KINDS[kind].ends
