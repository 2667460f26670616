"""`sealock guard import`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.guard.offlinepolicy import read_input
from sealock.cli.output import print_output
from sealock.errors import TargetError
from sealock.formats import read, recognize
from sealock.guard.importing import IMAGE, KNOWN, import_settings
from sealock.model.absent import given
from sealock.model.container import Container
from sealock.model.location import Source

_CLIENT: Final = "client"


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    parser.add_argument(
        "file", help="a compose file or docker run line of Tecnativa's docker-socket-proxy, or its NAME=VALUE lines; - "
        "for standard input",
    )  # fmt: skip
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file (default: standard output)")


def run(arguments: Namespace) -> int:
    """Print a policy that allows what the settings grant."""
    try:
        text = read_input(arguments.file).decode()
    except UnicodeDecodeError:
        message = f"{arguments.file}: this is not a text in UTF-8"
        raise TargetError(message) from None
    proxies = _proxies(text, arguments.file)
    if not proxies and (assigned := _assigned(text)):
        proxies = {_CLIENT: assigned}
    if not proxies:
        message = f"{arguments.file} has no settings of docker-socket-proxy, such as CONTAINERS=1"
        raise TargetError(message)
    print_output(import_settings(proxies), arguments.output, exact=True)
    return 0


def _proxies(text: str, name: str) -> dict[str, dict[str, str]]:
    """The variables of each container of the proxy, by a name for its caller."""
    kind = recognize(name, text).kind
    subjects = read(kind, Source(name, text)).subjects if kind is not None else ()
    found = {
        f"{_CLIENT} of {subject.name}": {
            variable.name: variable.value or "" for variable in given(subject.noun.environment, ())
        }
        for subject in subjects
        if isinstance(subject.noun, Container) and IMAGE in given(subject.noun.image, "")
    }
    return found if len(found) != 1 else {_CLIENT: next(iter(found.values()))}


def _assigned(text: str) -> dict[str, str]:
    """The variables of the proxy that a text of NAME=VALUE lines sets."""
    rows = (row.strip().removeprefix("export ").partition("=") for row in text.splitlines() if "=" in row)
    return {key.strip(): value.strip().strip("\"'") for key, _, value in rows if key.strip() in KNOWN}
