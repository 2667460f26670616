"""`sealock userns`: user-namespace remapping, planned, switched on and off."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Final

from sealock.cli.helptext import SealockHelpFormatter, add_example
from sealock.cli.output import colour, complain, knows_unicode, width, write
from sealock.targets.outputs import write_output

if TYPE_CHECKING:
    from sealock.model.document import Document
    from sealock.userns.plan import RemappingPlan

VERBS: Final = {
    "plan": "say whether this machine is ready, and what would change",
    "enable": "write the ranges and the engine's setting, with a backup",
    "disable": "take back what enable changed",
    "verify": "see that the engine remaps, and that its containers do",
}
_COMMAND: Final = 20_000
"""Characters: a command that is cut short would be another one."""
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
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            allow_abbrev=False,
            formatter_class=SealockHelpFormatter,
        )
        add_example(verb)
        if name == "plan":
            verb.add_argument(
                "files", nargs="*", metavar="FILE", help="plan for these compose files or scripts, without an engine"
            )
        if name != "disable":
            verb.add_argument("--engine", default="", metavar="WHERE", help="which engine: an address or a context")
        verb.add_argument("--root", default="/", metavar="DIR", help="the machine's root folder (default: /)")
        if name in {"plan", "enable"}:
            text = "whose ranges to use (default: the setting's, else dockremap)"
            verb.add_argument("--user", default="", metavar="NAME", help=text)
            verb.add_argument("--all", action="store_true", help="leave nothing out; in JSON, list every file as well")
        if name in {"plan", "verify"}:
            verb.add_argument("--format", choices=("terminal", "json"), default="terminal", help="how to tell")
            verb.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
            verb.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours")
        if name in {"enable", "disable"}:
            verb.add_argument("-y", "--yes", action="store_true", help="do not ask")
        if name == "enable":
            verb.add_argument("--force", action="store_true", help="even where containers will be refused or fail")


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


def _planned(arguments: Namespace, files: tuple[Document, ...] = (), *, each: bool = False) -> RemappingPlan:
    from sealock.errors import EngineError  # noqa: PLC0415  as above
    from sealock.runtime.engine import connect  # noqa: PLC0415  the help does without
    from sealock.userns.apply import look  # noqa: PLC0415  as above
    from sealock.userns.plan import plan  # noqa: PLC0415  as above

    root, user = arguments.root, arguments.user
    if files and not arguments.engine:
        return plan(look(None, root, user=user, files=files, each=each), user)
    try:
        engine = connect(arguments.engine)
    except EngineError as error:
        complain(str(error))
        return plan(look(None, root, user=user, files=files, each=each), user)
    with engine:
        return plan(look(engine, root, user=user, files=files, each=each), user)


def _documents(paths: list[str]) -> tuple[Document, ...]:
    """Read the files; UsageError for one that says nothing of containers, TargetError for one that cannot be read."""
    if not paths:
        return ()
    import os  # noqa: PLC0415  seldom needed

    from sealock import formats  # noqa: PLC0415  as above
    from sealock.errors import TargetError, UsageError  # noqa: PLC0415  as above
    from sealock.formats.files import FileRefusedError  # noqa: PLC0415  as above
    from sealock.model.location import Source  # noqa: PLC0415  as above
    from sealock.targets.directory import DirectoryWindow  # noqa: PLC0415  as above
    from sealock.targets.files import read_text  # noqa: PLC0415  as above

    found = []
    for path in paths:
        try:
            text = read_text(path)
        except FileRefusedError as refusal:
            message = f"{path}: {refusal}"
            raise TargetError(message) from None
        kind = formats.sniff(path, text)
        if kind not in {"compose", "run"}:
            message = f"{path} is no compose file, and no script with docker run lines"
            raise UsageError(message)
        folder = os.path.dirname(path) or "."  # noqa: PTH120  pathlib costs 10 ms
        files = DirectoryWindow(folder, folder, dict(os.environ), outside=True)
        found.append(formats.read(kind, Source(path, text), files))
    return tuple(found)


def _plan(arguments: Namespace) -> int:
    from sealock.reports import userns  # noqa: PLC0415  as above

    files = _documents(arguments.files)
    errors = [error for document in files for error in document.errors]
    for error in errors:
        where = error.location
        complain(f"{where.file}:{where.line}: {error.message}")
    made = _planned(arguments, files, each=arguments.all and arguments.format == "json")
    if arguments.format == "json":
        text = userns.as_json(made)
    else:
        text = userns.render(
            made,
            width=width(),
            colour=colour(arguments.color) and not arguments.output,
            unicode=bool(arguments.output) or knows_unicode(),
            every=arguments.all,
        )
    _tell(text, arguments)
    if errors:
        return 2
    if made.result == "ready" and files and made.refused:
        return 1
    return {"ready": 0, "on already": 0, "not ready": 1, "could not tell": 2}[made.result]


def _tell(text: str, arguments: Namespace) -> None:
    if arguments.output:
        write_output(arguments.output, text)
    else:
        write(text, exact=arguments.format == "json")


def _enable(arguments: Namespace) -> int:
    from sealock.reports import userns  # noqa: PLC0415  as above
    from sealock.userns.apply import enable, recover  # noqa: PLC0415  as above

    recover(arguments.root)
    made = _planned(arguments)
    if made.result == "on already":
        write("Remapping is on already: nothing was changed.\n")
        return 0
    write(userns.render(made, width=width(), colour=colour("auto"), unicode=knows_unicode(), every=arguments.all))
    if made.result == "not ready":
        complain("the machine is not ready (see above): nothing was changed")
        return 1
    if made.result == "could not tell":
        complain("whether the machine is ready could not be told (see above): nothing was changed")
        return 2
    if made.refused and not arguments.force:
        names = ", ".join(made.refused)
        complain(f"{names} would not work any more (see above): nothing was changed; --force does it all the same")
        return 1
    if not _agreed("Write these changes?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = enable(made, arguments.root)
    if not record.files:
        write("The files say so already: restart the engine.\n")
        return 0
    write(
        "".join(f"Changed /{file.path}\n" for file in record.files)
        + f"The files as they were are in /var/lib/sealock/userns/{record.folder}.\n"
        "Now restart the engine (systemctl restart docker), then: sealock userns verify\n"
    )
    return 0


def _disable(arguments: Namespace) -> int:
    from sealock.text import line  # noqa: PLC0415  as above
    from sealock.userns.apply import disable  # noqa: PLC0415  as above

    if not _agreed("Take the last change back?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = disable(arguments.root)
    told = [f"Changed back /{file.path}" for file in record.files] or ["The files were as before already."]
    told.append("Now restart the engine: what it held before remapping is in view again.")
    if record.data_root:
        told += [
            f"What it pulled and made meanwhile stays in {line(record.data_root)}, and the ranges of its",
            "owner with it: remove that folder if nothing of it is needed, and then the lines in /etc/subuid",
            "and /etc/subgid.",
        ]
    if record.back:
        told.append("If folders changed hands, these commands give them back:")
        told += [f"  {line(one, _COMMAND)}" for one in record.back]
    write("\n".join(told) + "\n")
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
    from sealock.runtime.engine import connect  # noqa: PLC0415  as above
    from sealock.userns.apply.verification import verify  # noqa: PLC0415  as above

    with connect(arguments.engine) as engine:
        found = verify(engine, arguments.root)
    if arguments.format == "json":
        from msgspec import to_builtins  # noqa: PLC0415  as above

        from sealock.reports.jsontext import encode  # noqa: PLC0415  as above

        text = encode(to_builtins(found)) + "\n"
    else:
        text = "".join(f"{line}\n" for line in found.lines())
    _tell(text, arguments)
    if found.unknown:
        return 2
    return 0 if found.on and not found.unmapped else 1
