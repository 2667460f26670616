"""`sealock userns`: plans, enables, disables and verifies user-namespace remapping."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Final

from msgspec import to_builtins

from sealock import formats
from sealock.cli.confirmation import confirmed
from sealock.cli.helptext import SealockHelpFormatter, add_example
from sealock.cli.output import complain, page_style, print_output, write
from sealock.errors import EngineError, TargetError, UsageError
from sealock.formats.files import FileRefusedError
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.reports import userns
from sealock.reports.jsontext import encode
from sealock.runtime.engine import connect
from sealock.targets.composefiles import read_overrides
from sealock.targets.directory import DirectoryWindow
from sealock.targets.files import read_named
from sealock.text import line
from sealock.userns.apply import disable, enable, recover, survey
from sealock.userns.apply.meanwhile import Return, directories, mounted, volumes
from sealock.userns.apply.record import ChangeRecord
from sealock.userns.apply.verification import verify
from sealock.userns.plan import RemappingPlan, plan

VERBS: Final = {
    "plan": "show whether this machine is ready, and what would change",
    "enable": "write the ranges and the engine's setting, with a backup",
    "disable": "revert what enable changed",
    "verify": "verify that the engine and its containers are remapped",
}
_COMMAND: Final = 20_000
"""Characters: a truncated command would be another command."""
EPILOG: Final = """\
exit status:
  0  ready, done, or on
  1  not ready, or not on
  2  unknown, or an error; nothing was changed
"""


def configure(parser: ArgumentParser, only: str | None = None) -> None:
    """Add the verbs and their options; with `only`, just that verb's options are added."""
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
        if only not in {None, name}:
            continue
        if name == "plan":
            verb.add_argument(
                "files", nargs="*", metavar="FILE", help="plan for these compose files or scripts, without an engine"
            )
            verb.add_argument(
                "--use-environment", action="store_true", help="interpolate environment variables in compose files"
            )
            text = "follow references of the files outside their directories"
            verb.add_argument("--allow-outside", action="store_true", help=text)
        if name != "disable":
            verb.add_argument("--engine", default="", metavar="WHERE", help="engine address or context")
        verb.add_argument("--root", default="/", metavar="DIR", help="the machine's root directory (default: /)")
        if name in {"plan", "enable"}:
            text = "use this user's ranges (default: the user in daemon.json, else dockremap)"
            verb.add_argument("--user", default="", metavar="NAME", help=text)
            verb.add_argument("--all", action="store_true", help="show everything; in JSON, list every file too")
        if name in {"plan", "verify"}:
            verb.add_argument("--format", choices=("terminal", "json"), default="terminal", help="output format")
            verb.add_argument("--output", metavar="FILE", help="output file (default: standard output)")
            verb.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours")
        if name in {"enable", "disable"}:
            verb.add_argument("-y", "--yes", action="store_true", help="do not ask")
        if name == "enable":
            verb.add_argument("--force", action="store_true", help="even if containers would no longer work")


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    if not os.path.isdir(arguments.root):  # noqa: PTH112  pathlib costs 10 ms
        msg = f"--root {line(arguments.root)} is not a directory"
        raise UsageError(msg)
    match arguments.verb:
        case "plan":
            return _plan(arguments)
        case "enable":
            return _enable(arguments)
        case "disable":
            return _disable(arguments)
        case _:
            return _verify(arguments)


def _make_plan(arguments: Namespace, files: tuple[Document, ...] = (), *, each: bool = False) -> RemappingPlan:
    root, user = arguments.root, arguments.user
    if files and not arguments.engine:
        return plan(survey(None, root, user=user, files=files, each=each), user)
    try:
        engine = connect(arguments.engine)
    except EngineError as error:
        complain(str(error))
        return plan(survey(None, root, user=user, files=files, each=each), user)
    with engine:
        return plan(survey(engine, root, user=user, files=files, each=each), user)


def _documents(arguments: Namespace) -> tuple[Document, ...]:
    """Read the files; UsageError for one that declares no containers, TargetError for one that cannot be read."""
    documents = []
    outside = arguments.allow_outside
    environment = dict(os.environ) if arguments.use_environment else {}
    for path in arguments.files:
        try:
            text = read_named(path, outside=outside)
        except FileRefusedError as refusal:
            raise TargetError(str(refusal)) from None
        kind = formats.recognize(path, text).kind
        if kind not in {"compose", "run"}:
            message = f"{path} is neither a compose file nor a script with docker run lines"
            raise UsageError(message)
        directory = os.path.dirname(path) or "."  # noqa: PTH120  pathlib costs 10 ms
        files = DirectoryWindow(directory, directory, environment, outside=outside)
        more, refused = read_overrides(path, files) if kind == "compose" else ((), ())
        for other, why in refused:
            message = f"{other}: {why}"
            raise TargetError(message)
        documents.append(formats.read(kind, Source(path, text), files, more))
    return tuple(documents)


def _plan(arguments: Namespace) -> int:
    files = _documents(arguments)
    errors = [error for document in files for error in document.errors]
    for error in errors:
        where = error.location
        complain(f"{where.file}:{where.line}: {error.message}")
    made = _make_plan(arguments, files, each=arguments.all and arguments.format == "json")
    if arguments.format == "json":
        text = userns.as_json(made)
    else:
        text = userns.render(
            made,
            **page_style(arguments.output, arguments.color),
            every=arguments.all,
        )
    print_output(text, arguments.output, exact=arguments.format == "json")
    if errors:
        return 2
    if made.result == "ready" and files and made.refused:
        return 1
    return {"ready": 0, "already on": 0, "not ready": 1, "unknown": 2}[made.result]


def _enable(arguments: Namespace) -> int:
    recover(arguments.root)
    made = _make_plan(arguments)
    if made.result == "already on":
        write("Remapping is already on: nothing was changed.\n")
        return 0
    write(userns.render(made, **page_style("", "auto"), every=arguments.all))
    if made.result == "not ready":
        complain("the machine is not ready (see above): nothing was changed")
        return 1
    if made.result == "unknown":
        complain("some checks have no result (see above): nothing was changed")
        return 2
    if made.refused and not arguments.force:
        names = ", ".join(made.refused)
        complain(f"{names} would no longer work (see above): nothing was changed; use --force to enable it anyway")
        return 1
    if not confirmed("Write these changes?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = enable(made, arguments.root)
    if not record.files:
        write("The files already have these settings: restart the engine.\n")
        return 0
    write(
        "".join(f"Changed /{file.path}\n" for file in record.files)
        + f"The former files are in /var/lib/sealock/userns/{record.directory}.\n"
        "Now restart the engine (systemctl restart docker), then: sealock userns verify\n"
    )
    return 0


def _disable(arguments: Namespace) -> int:
    if not confirmed("Revert the last change?", yes=arguments.yes):
        complain("nothing was changed")
        return 1
    record = disable(arguments.root)
    rows = [f"Reverted /{file.path}" for file in record.files] or ["The files already have their former text."]
    rows.append("Now stop the containers and restart the engine: it then sees its data from before remapping again.")
    rows += _handed_back(record, arguments.root)
    if record.data_root:
        rows += [
            f"Images, containers and volumes with remapping stay in {line(record.data_root)}, and their ids",
            "in /etc/subuid and /etc/subgid: remove that directory if you do not need it, and then these lines.",
        ]
    write("\n".join(rows) + "\n")
    return 0


def _handed_back(record: ChangeRecord, root: str) -> Iterator[str]:
    """What containers made meanwhile, and the commands that give it back."""
    if record.back:
        yield "If directories changed owners, these commands revert that:"
        yield from (f"  {line(command, _COMMAND)}" for command in record.back)
    handed = list(directories(record, root))
    if handed:
        yield "Directories that changed owners, with the ids that their files have in containers (and how many files):"
        yield from _returns(handed)
    others = list(mounted(record, root)) if record.data_root else []
    if others:
        yield "Directories that containers mount since, with the ids that their files have in containers:"
        yield from _returns(others)
    carried = list(volumes(record, root)) if record.data_root else []
    if carried:
        yield "Volumes that hold data with remapping. To carry it back, after the restart and before containers start:"
        yield from _returns(carried)
        yield "  (cp adds and replaces files; what was removed meanwhile is still there afterwards.)"


def _returns(returns: list[Return]) -> Iterator[str]:
    for item in returns:
        yield f"  # {line(item.name)}: {line(item.what)}"
        yield from (f"  {line(command, _COMMAND)}" for command in item.commands)
        yield from (f"  # {line(note)}" for note in item.notes)


def _verify(arguments: Namespace) -> int:
    with connect(arguments.engine) as engine:
        status = verify(engine, arguments.root)
    if arguments.format == "json":
        text = encode(to_builtins(status)) + "\n"
    else:
        text = "".join(f"{row}\n" for row in status.lines())
    print_output(text, arguments.output, exact=arguments.format == "json")
    if status.unknown:
        return 2
    return 0 if status.on and not status.unmapped else 1
