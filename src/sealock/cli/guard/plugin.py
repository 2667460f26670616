"""`sealock guard plugin`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.guard.serving import add_options, serve
from sealock.guard.running import PLUGIN


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    text = f"socket for the engine, in its directory of plugins (default: {PLUGIN})"
    parser.add_argument("--listen", action="append", metavar="SOCK", help=text)
    add_options(parser, PLUGIN)


def run(arguments: Namespace) -> int:
    """Run the plugin."""
    return serve(arguments, "plugin")
