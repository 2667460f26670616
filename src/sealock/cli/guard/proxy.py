"""`sealock guard proxy`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.cli.guard.serving import add_options, serve
from sealock.guard.running import SOCKET


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    parser.add_argument(
        "--listen", action="append", metavar="SOCK",
        help=f"socket to listen on, or tcp://HOST:PORT; may be repeated (default: {SOCKET})",
    )  # fmt: skip
    add_options(parser, SOCKET)
    parser.add_argument("--tls-cert", default="", metavar="FILE", help="certificate for tcp://")
    parser.add_argument("--tls-key", default="", metavar="FILE", help="its private key")
    parser.add_argument("--tls-ca", default="", metavar="FILE", help="authority that the clients' certificates are of")
    text = "when stopped, leave streams (attach, exec, logs) to a process of their own and end at once"
    parser.add_argument("--leave-streams", action="store_true", help=text)


def run(arguments: Namespace) -> int:
    """Run the proxy."""
    return serve(arguments, "proxy")
