"""`sealock trust`: who vouches for an image. Each verb is a module beside this one, as each command is above it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Any, Final

from sealock.cli.helptext import SealockHelpFormatter, add_example

VERBS: Final = {
    "verify": ("verify", "tell whether references are trusted, and which digests they stand for"),
    "list": ("tags", "list a repository's signed tags, and whose keys sign for it"),
    "sign": ("sign", "sign a tag, or with --key an image as cosign does"),
    "attest": ("attest", "attach a signed statement to an image: its contents, how it was judged, anything else"),
    "init": ("start", "begin to sign a repository: its root, its keys, its first metadata"),
    "revoke": ("revoke", "sign a tag no longer"),
    "delegations": ("delegations", "let others sign, or no longer"),
    "rotate": ("rotate", "give a role of a repository a new key"),
    "renew": ("renew", "sign a repository's metadata anew as it is, before it expires"),
    "forget": ("forget", "forget what was seen of a repository, so that its next use is a first use"),
    "audit": ("audit", "tell what still leans on Docker Content Trust, and what to do about it"),
    "migrate": ("migrate", "sign with cosign what Docker Content Trust vouches for, digest by digest"),
    "keys": ("keys", "make, load, list, back up and restore private keys"),
}
"""Each verb's module, with `configure(parser)` and `run(arguments) -> int`, and what it does."""

EPILOG: Final = """\
exit status:
  0  trusted, or done
  1  not trusted, or refused
  2  it could not be told (a server is down, a file is missing), or the command line is wrong
"""


class Mixing(ArgumentParser):
    """A parser that takes options and what is named in any order, as those of commands without verbs do."""

    _mixing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401  as argparse has it
        """Parse, as the parser above asks for."""
        if self._mixing:
            return super().parse_known_args(args, namespace)
        self._mixing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._mixing = False


def configure(parser: ArgumentParser) -> None:
    """Add the verbs."""
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Mixing)
    for name, (module, about) in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=EPILOG,
            formatter_class=SealockHelpFormatter,
            allow_abbrev=False,
        )
        import_module(f"sealock.cli.trust.{module}").configure(verb)
        add_example(verb)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    from sealock.cli.output import complain  # noqa: PLC0415  configuring does without
    from sealock.errors import TrustError  # noqa: PLC0415  as above

    try:
        status: int = import_module(f"sealock.cli.trust.{VERBS[arguments.verb][0]}").run(arguments)
    except TrustError as error:
        complain(str(error))
        return 1
    return status
