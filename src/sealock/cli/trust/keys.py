"""`sealock trust keys`: private keys for signing, in Docker's directory."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Final

from sealock.cli.output import complain, print_output, write
from sealock.cli.trust.common import (
    COSIGN_PASSWORD,
    PASSPHRASES,
    PassphraseSource,
    add_output,
    ask_passphrase,
    open_keyring,
    read_file,
)
from sealock.errors import SigningError, TargetError, UsageError
from sealock.patterns import compile_lazily
from sealock.reports.page import table
from sealock.text import count, visible
from sealock.trust.cosign import keys as cosignkeys
from sealock.trust.cosign.privatekeys import generate, write_private
from sealock.trust.notary.directory import create
from sealock.trust.notary.keyring import open_with
from sealock.trust.notary.privatekeys import parse
from sealock.trust.notary.publickeys import read_backup, read_public, write_backup, write_public

EPILOG: Final = f"""\
  list              list the private keys
  generate NAME     create a key for signing as NAME; its public half goes to NAME.pub, for `delegations add`
  generate --cosign [NAME]   create a cosign key pair: NAME.key and NAME.pub (default: cosign)
  load FILE         import a private key in PEM, for signing as NAME (--name)
  backup FILE       write all private keys, or those of --id, to a new file, without changing their encryption
  restore FILE      import the keys of a backup; existing keys stay unchanged

{PASSPHRASES}"""
_VERBS: Final = ("list", "generate", "load", "backup", "restore")
_OLD: Final = "old encryption: `openssl pkcs8 -topk8` makes it stronger"
_NAME: Final = compile_lazily(r"[a-z0-9][a-z0-9_-]{0,63}")


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("action", metavar="VERB", choices=_VERBS, help=f"what to do: {', '.join(_VERBS)}")
    parser.add_argument("what", nargs="?", default="", metavar="NAME|FILE", help="a name or a file, see below")
    parser.add_argument("--root", action="store_true", help="generate, load: a root key rather than a signer's")
    parser.add_argument(
        "--name", default="", metavar="NAME", help="load: the signer's name (default: the one in the file)"
    )
    parser.add_argument("--id", action="append", default=[], metavar="ID", help="backup: only this key (may repeat)")
    parser.add_argument("--cosign", action="store_true", help="generate: a cosign key pair")
    parser.add_argument(
        "--kind",
        choices=("ecdsa-p256", "ecdsa-p384", "rsa-3072", "ed25519"),
        default="ecdsa-p256",
        help="generate --cosign: the kind of key (default: ecdsa-p256)",
    )
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if arguments.cosign:
        return _generate_cosign(arguments)
    if (arguments.action == "list") == bool(arguments.what):
        msg = "`keys list` takes no argument" if arguments.what else f"`keys {arguments.action}` needs a name or file"
        raise UsageError(msg)
    return {"list": _list, "generate": _generate, "load": _load, "backup": _backup, "restore": _restore}[
        arguments.action
    ](arguments)


def _list(arguments: Namespace) -> int:
    keys = list(open_keyring().list())
    if arguments.format == "json":
        objects = [
            {
                "id": key.id,
                "role": key.role,
                "repository": key.gun or None,
                "encrypted": key.encrypted,
                "old": key.old,
                "error": key.error or None,
            }
            for key in keys
        ]
        print_output(json.dumps({"keys": objects}, indent=2) + "\n", arguments.output)
        return 0
    rows = [
        (
            key.id,
            visible(key.role or "unknown"),
            visible(key.gun or "any repository"),
            visible(key.error) or (_OLD if key.old else "" if key.encrypted else "NOT ENCRYPTED"),
        )
        for key in keys
    ]
    print_output("".join(f"{line}\n" for line in table(rows)) or "no private keys\n", arguments.output)
    return 0


def _generate(arguments: Namespace) -> int:

    role = "root" if arguments.root else _role(arguments.what)
    public = Path(f"{arguments.what}.pub")
    if public.exists():
        msg = f"{public} exists already, and is never overwritten"
        raise TargetError(msg)
    key = open_keyring().make(role)
    create(public, write_public(key, role).encode())
    write(f"{key.id} is a new {role} key; its public half is in {public}\n")
    return 0


def _generate_cosign(arguments: Namespace) -> int:

    if arguments.action != "generate" or arguments.root:
        msg = "--cosign goes with `keys generate`"
        raise UsageError(msg)
    stem = arguments.what or "cosign"
    private, public = Path(f"{stem}.key"), Path(f"{stem}.pub")
    for path in (private, public):
        if path.exists():
            msg = f"{path} exists already, and is never overwritten"
            raise TargetError(msg)
    key = generate(arguments.kind)
    create(private, write_private(key, ask_passphrase(f"key {private}", COSIGN_PASSWORD, new=True)))
    create(public, cosignkeys.write_public(key.public))
    public.chmod(0o644)
    write(f"{key.public.id} is a new cosign key: {private} signs (keep it private), {public} verifies (publish it)\n")
    return 0


def _load(arguments: Namespace) -> int:

    stored = parse(read_file(arguments.what).encode())
    if Path(arguments.what).stat().st_mode & 0o077:
        msg = f"others than its owner may read or write {arguments.what}: `chmod 600 {arguments.what}` first"
        raise SigningError(msg)
    role = "root" if arguments.root else _role(arguments.name or stored.role or Path(arguments.what).stem)
    keyring = open_keyring()
    key = open_with(PassphraseSource(), stored, role, arguments.what)
    # The public half must be one that `delegations add` takes.
    read_public(write_public(key, role), arguments.what)
    keyring.add(key, role)
    write(f"{key.id} is loaded as a {role} key\n")
    return 0


def _backup(arguments: Namespace) -> int:

    stored = {key.id: key for key in open_keyring().directory.private_keys()}
    missing = [name for name in arguments.id if name not in stored]
    if missing or not stored:
        msg = f"there is no private key {missing[0][:64]}" if missing else "there are no private keys"
        raise SigningError(msg)
    chosen = [key for key in stored.values() if not arguments.id or key.id in arguments.id]
    create(Path(arguments.what), write_backup(chosen).encode())
    for key in chosen:
        if not parse(key.pem).encrypted:
            complain(f"the key {key.id[:12]} is not encrypted, here and in the backup")
    write(f"{count(len(chosen), 'private key is', 'private keys are')} in {arguments.what}\n")
    return 0


def _restore(arguments: Namespace) -> int:

    directory = open_keyring().directory
    keys = list(read_backup(read_file(arguments.what)))
    if not keys:
        msg = f"{arguments.what} has no private keys"
        raise SigningError(msg)
    new = [(name, pem) for name, pem in keys if directory.key(name) is None]
    for name, pem in new:
        directory.add_key(name, pem)
    write(f"{count(len(new), 'private key')} restored, {len(keys) - len(new)} existed already\n")
    return 0


def _role(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"{name[:80]!r} is not a valid name for a signer: use lower-case letters, digits, - and _"
        raise UsageError(msg)
    return name
