"""The command line's front door: it finds the command and imports only that one."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from errno import EDQUOT, EIO, ENOSPC
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sealock import __version__

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

COMMANDS: Final = {
    "check": "check Dockerfiles, compose files, `docker run` lines and images, and mend what can be mended",
    "digest": "print the digests that image references stand for, without pulling",
    "pin": "write the digests behind tags into files, keep them fresh, and check them",
    "sbom": "list what is in an image: packages of every kind, layer by layer, without an engine",
    "inspect": "show what an image holds, what of it is needed, and which smaller base would do",
    "db": "keep the database of advisories up to date, and tell how old its data is",
    "vex": "tell others, as OpenVEX, which known vulnerabilities the policy excuses, and why",
    "cache": "show, prune or clear what is kept of layers that were read",
    "trust": "tell who vouches for images: verify, sign, attest, keep keys (cosign, Notation, Docker Content Trust)",
    "map": "draw who can reach whom: networks, published ports, links, of an engine or a compose file",
    "userns": "plan user-namespace remapping, switch it on and off, and see that it holds",
    "rules": "list the rules, or explain one",
    "completion": "print the completion script of a shell",
}
"""Each is a module beside this one with `configure(parser)` and `run(arguments) -> int`."""

EPILOG: Final = """\
exit status:
  0  nothing at or above --fail-on
  1  findings at or above it
  2  something could not be read or analysed, or the command line is wrong
"""


def parser(only: str | None = None) -> ArgumentParser:
    """Build the parser; with `only`, just that command's options are filled in, which saves importing the others."""
    from argparse import ArgumentParser, RawDescriptionHelpFormatter  # noqa: PLC0415  --version does without

    root = ArgumentParser(
        prog="sealock",
        description="Container security workbench: one rule book for everything that Docker builds, ships and runs.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    root.add_argument("--version", action="version", version=f"sealock {__version__}")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, **dress(name))
        if only is None or name == only:
            fill(command, name)
    return root


def parse(words: Sequence[str]) -> Namespace:
    """Parse the command line; options and targets may stand in any order."""
    if not words or words[0] not in COMMANDS:
        # This tells what is wrong, or shows the help, and ends the program.
        return parser("").parse_args(words)
    from argparse import ArgumentParser  # noqa: PLC0415  --version does without

    # argparse mixes options and targets only where no command stands before them.
    command = fill(ArgumentParser(prog=f"sealock {words[0]}", **dress(words[0])), words[0])
    command.set_defaults(command=words[0])
    if getattr(import_module(f"sealock.cli.{words[0]}"), "VERBS", None):
        # argparse cannot mix where verbs have parsers of their own.
        return command.parse_args(words[1:])
    return command.parse_intermixed_args(words[1:])


def dress(name: str) -> dict[str, Any]:
    """How a command's parser looks, and that options are not to be abbreviated."""
    from argparse import RawDescriptionHelpFormatter  # noqa: PLC0415  --version does without

    about = COMMANDS[name]
    return {
        "description": about[0].upper() + about[1:] + ".",
        "epilog": EPILOG,
        "formatter_class": RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


def fill(command: ArgumentParser, name: str) -> ArgumentParser:
    """Add a command's own options to its parser."""
    import_module(f"sealock.cli.{name}").configure(command)
    return command


def load_msgspec() -> None:
    """Load msgspec without typing_extensions, which it takes two names from where it is installed.

    typing has both; the other module loads inspect, ast and more, and costs each command 12 ms.
    """
    name = "typing_extensions"
    absent = name not in sys.modules
    if absent:
        sys.modules[name] = None  # type: ignore[assignment]  # what importlib takes for "is not there"
    try:
        import msgspec  # noqa: F401, PLC0415  --version does without
    finally:
        if absent:
            del sys.modules[name]


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    words = sys.argv[1:] if words is None else words
    if list(words) == ["--version"]:
        print(f"sealock {__version__}")  # noqa: T201  the answer
        return 0
    load_msgspec()
    arguments = parse(words)
    from sealock.errors import SealockError  # noqa: PLC0415  --version does without

    try:
        status: int = import_module(f"sealock.cli.{arguments.command}").run(arguments)
        sys.stdout.flush()
    except SealockError as error:
        from sealock.cli.output import complain  # noqa: PLC0415  seldom needed

        complain(str(error))
        return 2
    except BrokenPipeError:
        # The reader has seen enough (`| head`). Python would complain again when it flushes at its end.
        from sealock.cli.output import close_output  # noqa: PLC0415  seldom needed

        close_output()
        return 2
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        from sealock.cli.output import close_output, complain  # noqa: PLC0415  seldom needed

        if error.errno not in (ENOSPC, EDQUOT, EIO):
            raise
        close_output()
        complain(f"standard output could not be written: {error.strerror}")
        return 2
    return status
