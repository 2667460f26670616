"""`sealock trust`: verify and sign images. Each verb is a module of this package."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any, Final

from sealock.cli.commandparser import CommandParser
from sealock.cli.helptext import SealockHelpFormatter, add_example
from sealock.cli.output import complain
from sealock.errors import TrustError

VERBS: Final = {
    "verify": ("verify", "verify whether images (or attested files) are trusted, and print their digests"),
    "list": ("tags", "list a repository's signed tags and its signers' keys"),
    "sign": ("sign", "sign a tag, or with --key an image as cosign does"),
    "attest": ("attest", "attach a signed statement to an image or a file: its SBOM, its scan, anything else"),
    "init": ("start", "start signing a repository: create its root, keys and first metadata"),
    "revoke": ("revoke", "stop signing a tag"),
    "delegations": ("delegations", "add and remove delegations, with which others sign"),
    "rotate": ("rotate", "give a role of a repository a new key"),
    "renew": ("renew", "sign a repository's metadata again, unchanged, before it expires"),
    "forget": ("forget", "delete the local trust data of a repository, so that its next use is a first use"),
    "audit": ("audit", "find what still depends on Docker Content Trust, and what to do about it"),
    "migrate": ("migrate", "sign with cosign the digests that Docker Content Trust signed"),
    "keys": ("keys", "create, import, list, back up and restore private keys"),
}
"""Each verb's module, with `configure(parser)` and `run(arguments) -> int`, and its help."""

EPILOG: Final = """\
exit status:
  0  trusted, or done
  1  not trusted, or refused
  2  it could not be verified or done (a server is down, a file is missing), or the command line is wrong
"""


class IntermixedParser(CommandParser):
    """A parser that takes options and operands in any order, as commands without verbs do."""

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401  as argparse has it
        """Parse options and operands in any order."""
        if self._mixing:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def configure(parser: ArgumentParser, only: str | None = None) -> None:
    """Add the verbs; with `only`, just that verb's options are added, which saves importing the others."""
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=IntermixedParser)
    for name, (module, about) in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=EPILOG,
            formatter_class=SealockHelpFormatter,
            allow_abbrev=False,
        )
        if only is None or name == only:
            import_module(f"sealock.cli.trust.{module}").configure(verb)
            add_example(verb)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    try:
        status: int = import_module(f"sealock.cli.trust.{VERBS[arguments.verb][0]}").run(arguments)
    except TrustError as error:
        complain(str(error))
        return 1
    return status
