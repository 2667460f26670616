"""`sealock trust init`: start signing a repository."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of
from sealock.errors import UsageError
from sealock.trust.notary.client import opened
from sealock.trust.notary.keyring import Keyring
from sealock.trust.notary.privatekeys import NotaryPrivateKey


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = PASSPHRASES
    parser.add_argument("repository", metavar="REPO", help="a repository, for example example.com/app")
    parser.add_argument(
        "--root-key", default="", metavar="ID", help="the root key (default: the one here, or a new one)"
    )
    parser.add_argument(
        "--local-snapshot", action="store_true", help="keep the snapshot key here (default: on the server)"
    )
    add_server(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    keyring = open_keyring()
    with opened(name_of(arguments.repository, tag=False), setup_of(arguments)) as repository:
        repository.refuse_if_signed()
        root = choose_root(keyring, arguments.root_key)
        certificate = repository.initialise(keyring, root, local_snapshot=arguments.local_snapshot)
    write(f"{repository.gun} can be signed now\n  root key     {root.id}\n  certificate  {certificate}\n")
    write("Back the root key up (`sealock trust keys backup FILE`), and keep the backup off this machine.\n")
    return 0


def choose_root(keyring: Keyring, key_id: str) -> NotaryPrivateKey:
    """Return the named root key, or the only one, or a new one; UsageError where there are several."""
    if key_id:
        return keyring.by_id(key_id, "root")
    ours = [key.id for key in keyring.list() if key.role == "root"]
    if len(ours) > 1:
        msg = f"there are several root keys; choose with --root-key: {', '.join(ours)}"
        raise UsageError(msg)
    return keyring.by_id(ours[0], "root") if ours else keyring.make("root")
