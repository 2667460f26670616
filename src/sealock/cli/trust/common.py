"""What several verbs share: options, the machine's setup, passphrases."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sealock.cli.output import complain, write
from sealock.errors import UsageError

if TYPE_CHECKING:
    from sealock.model.imagename import ImageName
    from sealock.trust.notary.client import Setup
    from sealock.trust.notary.keyring import Keyring

ROOT: Final = "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE"
OTHER: Final = "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"
_INDENT: Final = 13
_MOST_FILE: Final = 4 << 20
PASSPHRASES: Final = f"""\
Passphrases come from ${ROOT} and ${OTHER} (for all
keys but root keys), or are asked for on a terminal. Keys and what was seen of repositories are kept where Docker keeps
them, in $DOCKER_CONFIG/trust (~/.docker/trust).
"""


def add_server(parser: ArgumentParser) -> None:
    """Add the options that say which server to ask, and by which rules."""
    parser.add_argument(
        "--server",
        default="",
        metavar="URL",
        help="the notary server (default: $DOCKER_CONTENT_TRUST_SERVER, or the registry itself)",
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="heed no sealock.toml")


def add_output(parser: ArgumentParser) -> None:
    """Add the options that say how to tell."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell (default: text)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")


def tell(text: str, arguments: Namespace) -> None:
    """Write an answer where it was asked for."""
    if arguments.output:
        from sealock.targets.outputs import write_output  # noqa: PLC0415  seldom needed

        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format == "json")


def told(label: str, text: str, columns: int) -> Iterator[str]:
    """Yield a value under its label, broken into as many lines as it needs; what a terminal must not see is escaped."""
    from sealock.text import visible, wrap  # noqa: PLC0415  configuring does without

    for index, line in enumerate(wrap(visible(text), columns - _INDENT)):
        yield f"  {'' if index else label:<{_INDENT - 2}}{line}"


def setup_of(arguments: Namespace) -> Setup:
    """The machine's setup, with what the options say."""
    from sealock.cli.registries import registries  # noqa: PLC0415  loads the policy
    from sealock.trust.notary.client import Setup  # noqa: PLC0415  loads HTTP

    access = registries(arguments.policy, none=arguments.no_policy)
    return Setup(os.environ, server=arguments.server, registries=access)


def name_of(text: str, *, tag: bool = True) -> ImageName:
    """Take a reference apart; UsageError for a tag or digest where a repository is meant."""
    from sealock.net.registry.names import reference  # noqa: PLC0415  loads the model

    name = reference(text)
    if not tag and (name.digest or text.rpartition("/")[2].count(":")):
        msg = f"{text} names an image; a repository is wanted here, such as {name.registry}/{name.repository}"
        raise UsageError(msg)
    return name


def read_file(path: str) -> str:
    """A small text file; TargetError where it cannot be read."""
    from pathlib import Path  # noqa: PLC0415  seldom needed

    from sealock.errors import TargetError  # noqa: PLC0415  as above

    try:
        with Path(path).open(encoding="ascii", errors="replace") as file:
            return file.read(_MOST_FILE)
    except OSError as error:
        msg = f"{path} could not be read: {error.strerror or error}"
        raise TargetError(msg) from None


def open_keyring() -> Keyring:
    """Docker's folder of keys, opened as this machine's person can."""
    from sealock.trust.notary.client import open_folder  # noqa: PLC0415  loads HTTP
    from sealock.trust.notary.keyring import Keyring  # noqa: PLC0415  loads the reading of keys

    return Keyring(open_folder(os.environ), PassphraseSource())


class PassphraseSource:
    """Takes passphrases from the environment, else asks on a terminal. None is ever told."""

    def __init__(self) -> None:
        self.asks = False

    def __call__(self, role: str, name: str, *, new: bool) -> str:
        """Give the passphrase of a key; TrustError where none can be had."""
        variable = ROOT if role == "root" else OTHER
        given = os.environ.get(variable)
        if given is not None:
            return given
        from sealock.errors import TrustError  # noqa: PLC0415  seldom needed

        if not sys.stdin.isatty():
            msg = f"the passphrase of the {role} key {name[:12]} is needed: set ${variable}, or run this on a terminal"
            raise TrustError(msg)
        from getpass import getpass  # noqa: PLC0415  seldom needed

        self.asks = True
        what = f"{role} key {name[:12]}"
        while True:
            first = getpass(f"Passphrase for the {'new ' if new else ''}{what}: ")
            if not new:
                return first
            if len(first) < 8:
                complain("a passphrase needs 8 characters at the least")
            elif getpass("The same again: ") == first:
                return first
            else:
                complain("they are not the same")
