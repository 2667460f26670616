"""What leans on content trust, of which kinds, and what is to be done about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

DependenceKind: TypeAlias = Literal[
    "variable", "flag", "server", "hub", "passphrase", "command", "notary", "service", "azure", "harbor", "admission",
    "daemon", "pinning", "repository", "key", "setting", "off", "mention",
]  # fmt: skip

HUB_ENDS: Final = "2026-12-08"
"""Docker shuts notary.docker.io, and with it content trust on Docker Hub."""
AZURE_ENDS: Final = "2028-03-31"
"""Azure Container Registry removes content trust in March 2028."""
GONE: Final = "Docker CLI 29"


class About(Struct, frozen=True):
    """What a kind means, what to do, and when it ends: a date, a version that is out already, or "" for neither.

    `leans` is False for what is only worth knowing: nothing breaks when content trust ends.
    """

    title: str
    todo: str
    ends: str = ""
    leans: bool = True


_UNVERIFIED: Final = (
    "From Docker CLI 29 on this does nothing: images come unverified, without a word. Name images by digest (`sealock"
    " pin`), and verify them before use (`sealock trust verify`)."
)
_SIGN_ANEW: Final = "Sign with cosign or Notation instead: `sealock trust sign REF --key cosign.key`."

KINDS: Final[Mapping[DependenceKind, About]] = {
    "variable": About("turns content trust on", _UNVERIFIED, GONE),
    "flag": About("asks for content trust", _UNVERIFIED, GONE),
    "server": About(
        "names a notary server",
        "Docker's command line asks none since version 29. `sealock trust verify REF --server URL` does; plan"
        " to sign the same digests with cosign or Notation.",
    ),
    "hub": About(
        "names Docker's own notary server",
        "It answers nobody after that day. Name images by digest, and look for signatures that their publishers make"
        " today.",
        HUB_ENDS,
    ),
    "passphrase": About(
        "gives a passphrase of a notary key",
        "The key signs content trust alone. " + _SIGN_ANEW + " Then take the secret away.",
    ),
    "command": About(
        "runs `docker trust`",
        "From Docker CLI 29 on it is a plugin that is installed apart. "
        + _SIGN_ANEW
        + " `sealock trust` does what it did"
        " with a server of your own.",
    ),
    "notary": About("runs notary's client", "`sealock trust` does the same with a server of your own. " + _SIGN_ANEW),
    "service": About(
        "runs a notary server",
        "Notary v1 is no longer developed. Verify what is signed there one last time, sign the same digests with cosign"
        " or Notation, and then take it down.",
    ),
    "azure": About(
        "uses content trust of Azure Container Registry",
        "Sign with Notation, which Azure recommends (`sealock trust sign REF --notation`), or with cosign.",
        AZURE_ENDS,
    ),
    "harbor": About("has Harbor run notary", "Harbor has none since 2.9; it keeps signatures of cosign and Notation."),
    "admission": About(
        "lets images in by notary's signatures", "Let the validator ask for signatures of cosign or Notation."
    ),
    "daemon": About(
        "has the engine ask for content trust",
        "Only Docker Enterprise knew this setting. Verify before the engine pulls.",
    ),
    "pinning": About(
        "pins the roots of notary repositories", "The pins serve `sealock trust verify` with a server of your own."
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
    "setting": About("is set for this person", _UNVERIFIED, GONE),
    "off": About("turns content trust off", "It does nothing from Docker CLI 29 on, and can go.", leans=False),
    "mention": About("speaks of content trust", "See whether it expects content trust to hold.", leans=False),
}


class NotaryDependence(Struct, frozen=True):
    """One place. `line` and `column` count from 1, and are 0 where there are none; `what` is what stands there."""

    kind: DependenceKind
    where: str
    what: str
    line: int = 0
    column: int = 0
    ends: str = ""
    """As `About.ends`, or what is known of this one besides."""

    @property
    def about(self) -> About:
        """What its kind means."""
        return KINDS[self.kind]


class Audited(Struct, frozen=True):
    """What was found in a target, and what could not be looked at, and why."""

    target: str
    found: tuple[NotaryDependence, ...] = ()
    errors: tuple[str, ...] = ()
    looked: int = 0
    """Files, repositories and containers that were looked at."""


def ends_of(kind: DependenceKind, text: str) -> str:
    """When it ends: the kind's own date, unless what stands there names a service that ends on a day of its own."""
    if "notary.docker.io" in text:
        return HUB_ENDS
    if "azurecr.io" in text:
        return AZURE_ENDS
    return KINDS[kind].ends
