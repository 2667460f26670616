"""`sealock userns`: user-namespace remapping, planned, switched on and off."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from sealock.cli.output import colour, complain, knows_unicode, width, write
from sealock.targets.writing import write_output

if TYPE_CHECKING:
    from sealock.remapping import Plan

VERBS: Final = {
    "plan": "say whether this machine is ready, and what would change",
    "enable": "write the ranges and the engine's setting, with a backup",
    "disable": "take back what enable changed",
    "verify": "see that the engine remaps, and that its containers do",
}
EPILOG: Final = """\
exit status:
  0  ready, done, or on
  1  not ready, or not on
  2  it could not be told, or something went wrong; nothing was changed
"""


def configure(parser: ArgumentParser) -> None:
    """Add the verbs and their options."""
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    parser.epilog = EPILOG
    for name, about in VERBS.items():
        verb = verbs.add_parser(name, help=about, description=about[0].upper() + about[1:] + ".", allow_abbrev=False)
        verb.add_argument("--engine", default="", metavar="WHERE", help="which engine: an address or a context")
        verb.add_argument("--root", default="/", metavar="DIR", help="the machine's root folder (default: /)")
        if name in {"plan", "enable"}:
            verb.add_argument(
                "--user", default="dockremap", metavar="NAME", help="whose ranges to use (default: dockremap)"
            )
        if name in {"plan", "verify"}:
            verb.add_argument("--format", choices=("terminal", "json"), default="terminal", help="how to tell")
            verb.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
            verb.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours")
        if name in {"enable", "disable"}:
            verb.add_argument("-y", "--yes", action="store_true", help="do not ask")
        if name == "enable":
            verb.add_argument("--force", action="store_true", help="even where containers will be refused")


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    match arguments.verb:
        case "plan":
            return _plan(arguments)
        case "enable":
            return _enable(arguments)
        case "disable":
            return _disable(arguments)
        case _:
            return _verify(arguments)


def _planned(arguments: Namespace) -> Plan:
    from sealock.engine import connect  # noqa: PLC0415  the help does without
    from sealock.errors import EngineError  # noqa: PLC0415  as above
    from sealock.remap import look  # noqa: PLC0415  as above
    from sealock.remapping import plan  # noqa: PLC0415  as above

    try:
        engine = connect(arguments.engine)
    except EngineError as error:
        complain(str(error))
        return plan(look(None, arguments.root), arguments.user)
    with engine:
        return plan(look(engine, arguments.root), arguments.user)


def _plan(arguments: Namespace) -> int:
    from sealock.reports import userns  # noqa: PLC0415  as above

    made = _planned(arguments)
    if arguments.format == "json":
        text = userns.as_json(made)
    else:
        text = userns.render(
            made,
            width=width(),
            colour=colour(arguments.color) and not arguments.output,
            unicode=bool(arguments.output) or knows_unicode(),
        )
    _tell(text, arguments)
    return {"ready": 0, "on already": 0, "not ready": 1, "could not tell": 2}[made.verdict]


def _tell(text: str, arguments: Namespace) -> None:
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format == "json")


def _enable(arguments: Namespace) -> int:
    from sealock.remap import enable  # noqa: PLC0415  as above
    from sealock.reports import userns  # noqa: PLC0415  as above

    made = _planned(arguments)
    if made.verdict == "on already":
        write("Remapping is on already: nothing was changed.\n")
        return 0
    write(userns.render(made, width=width(), colour=colour("auto"), unicode=knows_unicode()))
    if made.verdict == "not ready":
        complain("the machine is not ready (see above): nothing was changed")
        return 1
    if made.verdict == "could not tell":
        complain("whether the machine is ready could not be told (see above): nothing was changed")
        return 2
    refused = sorted({one.container for one in made.blockers if one.effect == "refused"})
    if refused and not arguments.force:
        complain(
            f"{', '.join(refused)} would be refused (see above): nothing was changed; --force does it all the same"
        )
        return 1
    if not _agreed("Write these changes?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = enable(made, arguments.root)
    if not record.files:
        write("The files say so already: restart the engine.\n")
        return 0
    write(
        "".join(f"Changed /{one.path}\n" for one in record.files)
        + f"The files as they were are in /var/lib/sealock/userns/{record.when}.\n"
        "Now restart the engine (systemctl restart docker), then: sealock userns verify\n"
    )
    return 0


def _disable(arguments: Namespace) -> int:
    from sealock.remap import disable  # noqa: PLC0415  as above

    if not _agreed("Take the last change back?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = disable(arguments.root)
    write(
        "".join(f"Changed back /{one.path}\n" for one in record.files)
        + "Now restart the engine: what it held before remapping is in view again.\n"
        "What it pulled and made meanwhile stays in a folder of its own below its data root.\n"
    )
    return 0


def _agreed(question: str, *, yes: bool) -> bool:
    """Ask a person; without one there is only --yes."""
    if yes:
        return True
    if not sys.stdin.isatty():
        complain("nobody is there to ask: --yes does it")
        return False
    complain(f"{question} [y/N]")
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _verify(arguments: Namespace) -> int:
    from sealock.engine import connect  # noqa: PLC0415  as above
    from sealock.remap.verifying import verify  # noqa: PLC0415  as above

    with connect(arguments.engine) as engine:
        found = verify(engine)
    if arguments.format == "json":
        from msgspec import to_builtins  # noqa: PLC0415  as above

        from sealock.reports.encoded import encode  # noqa: PLC0415  as above

        text = encode(to_builtins(found)) + "\n"
    else:
        text = "".join(f"{line}\n" for line in found.lines())
    _tell(text, arguments)
    if found.unknown:
        return 2
    return 0 if found.on and not found.unmapped else 1
