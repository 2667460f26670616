"""What several verbs share: options, the registry, passphrases."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from getpass import getpass
from pathlib import Path
from typing import Any, Final

from sealock.cli.output import complain
from sealock.cli.registries import registries
from sealock.errors import TargetError, UsageError, reason_of
from sealock.model.imagename import ImageName
from sealock.net.registry.client import Registry
from sealock.net.registry.clientconfig import open_registry
from sealock.net.registry.names import reference
from sealock.trust.notary.client import Setup, open_directory
from sealock.trust.notary.keyring import Keyring

ROOT: Final = "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE"
OTHER: Final = "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE"
COSIGN_PASSWORD: Final = "COSIGN_PASSWORD"  # noqa: S105  the name of a variable
KEY_PASSPHRASE: Final = "SEALOCK_KEY_PASSPHRASE"  # noqa: S105  as above
_LEAST: Final = 8
"""Characters of a new passphrase for a Notary key, as Docker requires."""
_MOST_FILE: Final = 4 << 20
PASSPHRASES: Final = f"""\
Passphrases come from ${ROOT} and ${OTHER} (for all
keys but root keys), or from a prompt on a terminal. Keys and trust data are in Docker's directory,
$DOCKER_CONFIG/trust (~/.docker/trust).
"""


def add_server(parser: ArgumentParser) -> None:
    """Add the options that choose the notary server and the policy."""
    parser.add_argument(
        "--server",
        default="",
        metavar="URL",
        help="the notary server (default: $DOCKER_CONTENT_TRUST_SERVER, or the registry itself)",
    )
    add_policy(parser)


def add_policy(parser: ArgumentParser) -> None:
    """Add the options that choose the policy."""
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="ignore sealock.toml")


def add_output(parser: ArgumentParser) -> None:
    """Add the options for the output."""
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")


def add_annotations(parser: Any, about: str) -> None:  # noqa: ANN401  a parser or a group of one
    """Add the option for annotations."""
    parser.add_argument("--annotation", action="append", default=[], metavar="NAME=VALUE", help=f"{about} (may repeat)")


def annotations_of(arguments: Namespace) -> dict[str, str]:
    """Parse the annotations; UsageError for one without a value."""
    pairs = [pair.partition("=") for pair in arguments.annotation]
    for name, equals, _ in pairs:
        if not name or not equals:
            msg = f"--annotation {name}: expected NAME=VALUE"
            raise UsageError(msg)
    return {name: value for name, _, value in pairs}


def setup_of(arguments: Namespace) -> Setup:
    """This machine's setup, with what the options override."""
    access = registries(arguments.policy, none=arguments.no_policy)
    return Setup(os.environ, server=arguments.server, registries=access)


def registry_of(arguments: Namespace) -> Registry:
    """Open a registry client by the policy's rules."""
    return open_registry(registries(arguments.policy, none=arguments.no_policy))


def open_image(arguments: Namespace, name: ImageName) -> tuple[Registry, str]:
    """Open a registry client, and resolve a reference to its digest."""
    registry = registry_of(arguments)
    return registry, registry.manifest(name).digest


def name_of(text: str, *, tag: bool = True) -> ImageName:
    """Parse a reference; UsageError for a tag or digest where `tag` is false."""
    name = reference(text)
    if not tag and ":" in text.rpartition("/")[2]:  # a digest has a colon too
        msg = f"{text} names an image; name its repository instead: {name.registry}/{name.repository}"
        raise UsageError(msg)
    return name


def read_file(path: str) -> str:
    """Read a small text file; TargetError where that fails."""
    try:
        with Path(path).open(encoding="ascii", errors="replace") as file:
            return file.read(_MOST_FILE)
    except OSError as error:
        msg = f"{path} could not be read: {reason_of(error)}"
        raise TargetError(msg) from None


def open_keyring() -> Keyring:
    """Open Docker's directory of private keys, with this user's passphrases."""
    return Keyring(open_directory(os.environ), PassphraseSource())


def ask_passphrase(what: str, variable: str, *, new: bool = False, least: int = 0) -> str:
    """Return a passphrase from an environment variable, or ask for it on a terminal; a new one twice.

    `least` is the minimum number of characters of a new one. UsageError where there is no terminal to ask on.
    """
    given = os.environ.get(variable)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        msg = f"{what} needs a passphrase: set ${variable}, or run this on a terminal"
        raise UsageError(msg)
    while True:
        passphrase = getpass(f"Passphrase for {'the new ' if new else ''}{what}: ")
        if not new:
            return passphrase
        if len(passphrase) < least:
            complain(f"a passphrase needs at least {least} characters")
        elif getpass("Repeat the passphrase: ") == passphrase:
            return passphrase
        else:
            complain("the passphrases differ")


class PassphraseSource:
    """Passphrases of Notary's keys, by role. It never prints one."""

    def __init__(self) -> None:
        self.asks = False

    def __call__(self, role: str, name: str, *, new: bool) -> str:
        """Return the passphrase of a key; UsageError where there is none."""
        variable = ROOT if role == "root" else OTHER
        self.asks = variable not in os.environ
        return ask_passphrase(f"{role} key {name[:12]}", variable, new=new, least=_LEAST)
