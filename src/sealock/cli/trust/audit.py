"""`sealock trust audit`: what still depends on Docker Content Trust, and what to do about it."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import Any, Final

from sealock.cli.output import WIDTH, complain, print_output, width
from sealock.cli.trust.common import add_output
from sealock.errors import SealockError
from sealock.targets.walk import SKIPPED
from sealock.text import count, visible, wrap
from sealock.trust.audit import places
from sealock.trust.audit.kinds import KINDS, About, Audited, NotaryDependence

EPILOG: Final = """\
  PATH            a file, or a directory with all its text files
  host            the settings of this user and this machine, and Docker's trust directory (~/.docker/trust)
  engine          the containers and images of the engine ($DOCKER_HOST, or the local one); engine:ADDRESS of another

Docker shuts down its notary server on 2026-12-08; its command line has no content trust since version 29; Azure
Container Registry removes it in March 2028.

exit status:
  0  nothing depends on content trust
  1  something depends on it
  2  something could not be read
"""
_INDENT: Final = 4
_FEW: Final = 4
"""Places of one file that the report lists."""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="PATH, host, engine or engine:ADDRESS")
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    audited = [_audited(target) for target in arguments.targets]
    if arguments.format == "json":
        print_output(json.dumps(_table(audited), indent=2) + "\n", arguments.output)
    else:
        columns = WIDTH if arguments.output else width()
        print_output("".join(f"{line}\n" for line in _lines(audited, columns)), arguments.output)
    errors = [error for target in audited for error in target.errors]
    for error in errors:
        complain(error)
    return 2 if errors else 1 if _dependences(audited) else 0


def _audited(target: str) -> Audited:

    try:
        if target == "host":
            return places.audit_host(os.environ)
        if target == "engine" or target.startswith("engine:"):
            return places.audit_engine(target.partition(":")[2])
        return places.audit_path(target.removeprefix("path:"), SKIPPED)
    except SealockError as error:
        return Audited(target, errors=(str(error),))


def _dependences(audited: list[Audited]) -> list[NotaryDependence]:
    return [each for target in audited for each in target.found if each.about.leans]


def _lines(audited: list[Audited], columns: int) -> Iterator[str]:
    """The dependences, grouped by what to do about them."""
    for kind, about in KINDS.items():
        places = [each for target in audited for each in target.found if each.kind == kind]
        if not places:
            continue
        yield f"{about.title[0].upper()}{about.title[1:]}{'' if about.leans else ' (worth knowing)'}"
        for where, each in _grouped(places):
            for line in wrap(visible(f"{where}: {each}"), columns - _INDENT):
                yield f"    {line}"
        for line in wrap(_todo(about, places), columns - _INDENT):
            yield f"  {line}"
        yield ""
    read = sum(target.looked for target in audited)
    number = len(_dependences(audited))
    if number:
        yield f"{count(number, 'place depends', 'places depend')} on content trust ({read} read)"
    else:
        yield f"Nothing depends on content trust ({read} read)"


def _grouped(places: list[NotaryDependence]) -> Iterator[tuple[str, str]]:
    """The places with their evidence; of a file with many, the first few (JSON has all)."""
    by_file: dict[str, list[NotaryDependence]] = {}
    for each in places:
        by_file.setdefault(each.where, []).append(each)
    for where, here in by_file.items():
        few = here if len(here) <= _FEW + 1 or not here[0].line else here[:_FEW]
        for each in few:
            yield (f"{where}:{each.line}:{each.column}" if each.line else where), each.what
        if len(few) < len(here):
            yield where, f"and {len(here) - len(few)} more"


def _todo(about: About, places: list[NotaryDependence]) -> str:
    """What to do, and the days on which support ends, if any (the text itself has versions)."""
    days = sorted({each.ends for each in places if each.ends[:1].isdigit()})
    return f"Ends on {' and '.join(days)}. {about.todo}" if days else about.todo


def _table(audited: list[Audited]) -> dict[str, Any]:
    return {
        "targets": [
            {
                "target": target.target,
                "findings": [
                    {
                        "kind": each.kind,
                        "depends": each.about.leans,
                        "title": each.about.title,
                        "location": {"file": each.where, "line": each.line or None, "column": each.column or None},
                        "evidence": each.what,
                        "ends": each.ends or None,
                        "remedy": each.about.todo,
                    }
                    for each in target.found
                ],
                "errors": list(target.errors),
                "files": target.looked,
            }
            for target in audited
        ],
        "summary": {"dependences": len(_dependences(audited)), "errors": sum(len(target.errors) for target in audited)},
    }
