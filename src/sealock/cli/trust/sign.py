"""`sealock trust sign`: sign a tag for its digest at the registry, or for another digest."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.output import write
from sealock.cli.trust import cosign, notation
from sealock.cli.trust.common import PASSPHRASES, add_server, name_of, open_keyring, setup_of
from sealock.errors import UsageError
from sealock.net.registry.clientconfig import open_registry
from sealock.trust.notary.client import opened

COSIGN: Final = """
--key signs the image as cosign does, and the passphrase comes from $COSIGN_PASSWORD. --notation signs it as notation
does: the key is PEM, and if it is encrypted its passphrase comes from $SEALOCK_KEY_PASSPHRASE.
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = PASSPHRASES + COSIGN
    parser.add_argument("reference", metavar="REF", help="the image to sign, for example example.com/app:1.2")
    parser.add_argument("--digest", default="", help="sign this digest without asking the registry (with --size)")
    parser.add_argument("--size", type=int, default=0, metavar="BYTES", help="the length of the manifest with --digest")
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        metavar="ROLE",
        help="sign in this role: targets, targets/NAME (default: all delegations whose keys are here, else targets)",
    )
    add_server(parser)
    cosign.add_signing(parser)
    notation.add_signing(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if arguments.notation:
        if arguments.digest or arguments.size or arguments.role or arguments.server or arguments.bundle:
            msg = "--notation goes with neither Notary's --digest, --size, --role and --server nor cosign's --bundle"
            raise UsageError(msg)
        return notation.sign(arguments)
    if arguments.certificate or arguments.expires:
        msg = "--certificate and --expires are Notation's, and go with --notation"
        raise UsageError(msg)
    if arguments.key:
        if arguments.digest or arguments.size or arguments.role or arguments.server:
            msg = "--key signs as cosign does, and does not go with Notary's --digest, --size, --role and --server"
            raise UsageError(msg)
        return cosign.sign(arguments)
    if arguments.bundle or arguments.annotation or arguments.recursive:
        msg = "--bundle, --annotation and --recursive are cosign's, and go with --key"
        raise UsageError(msg)

    name, setup = name_of(arguments.reference), setup_of(arguments)
    if name.tag is None:
        msg = f"{arguments.reference} has no tag, and content trust signs tags"
        raise UsageError(msg)
    digest, size = arguments.digest, arguments.size
    if bool(digest) != (size > 0):
        msg = "--digest and --size go together"
        raise UsageError(msg)
    if not digest:
        manifest = open_registry(setup.registries).manifest(name)
        digest, size = manifest.digest, len(manifest.raw)
    with opened(name, setup) as repository:
        roles = repository.sign(open_keyring(), name.tag, digest, size, arguments.role)
    write(f"{repository.gun}:{name.tag} is signed for {digest} in {', '.join(roles)}\n")
    return 0
