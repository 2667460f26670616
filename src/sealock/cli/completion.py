"""`sealock completion`: a script that lets a shell complete sealock's command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.output import write


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    import shtab  # noqa: PLC0415  it costs 40 ms

    from sealock.cli.main import parser  # noqa: PLC0415  it imports this module

    write(shtab.complete(parser(), shell=arguments.shell) + "\n")
    return 0
