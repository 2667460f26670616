"""`sealock completion`: a script that lets a shell complete sealock's command line."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

import shtab

from sealock.cli.output import write
from sealock.cli.parsers import parser


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="the shell")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    write(shtab.complete(parser(), shell=arguments.shell) + "\n")
    return 0
