"""`sealock lsp`: the language server for editors."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from sealock.errors import UsageError


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--stdio", action="store_true", help="talk through standard input and output: always so, editors may say it"
    )


def run(_arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    try:
        from sealock.editor.server import serve  # noqa: PLC0415  it needs an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"pygls", "lsprotocol"}:
            raise
        msg = "the language server needs a library: install sealock[editor]"
        raise UsageError(msg) from None
    serve()
    return 0
