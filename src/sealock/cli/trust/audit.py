"""`sealock trust audit`: what still leans on Docker Content Trust, and what to do about it."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import WIDTH, complain, width
from sealock.cli.trust.common import add_output, tell

if TYPE_CHECKING:
    from sealock.trust.audit.kinds import About, Audited, NotaryDependence

EPILOG: Final = """\
  PATH            a file, or a folder, in which every text file is looked at
  host            this person's and this machine's settings, and Docker's folder of trust (~/.docker/trust)
  engine          the containers and images of the engine ($DOCKER_HOST, or the one here); engine:ADDRESS of another

Docker shuts its notary server on 2026-12-08; its command line has no content trust since version 29; Azure Container
Registry removes it in March 2028.

exit status:
  0  nothing leans on content trust
  1  something does
  2  something could not be looked at
"""
_INDENT: Final = 4
_FEW: Final = 4
"""Places of one file that are told."""


def configure(parser: ArgumentParser) -> None:
    """Add the verb's options."""
    parser.epilog = EPILOG
    parser.add_argument("targets", nargs="+", metavar="TARGET", help="PATH, host, engine or engine:ADDRESS")
    add_output(parser)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    audited = [_audited(target) for target in arguments.targets]
    if arguments.format == "json":
        tell(json.dumps(_table(audited), indent=2) + "\n", arguments)
    else:
        tell("".join(f"{line}\n" for line in _lines(audited, WIDTH if arguments.output else width())), arguments)
    for one in audited:
        for error in one.errors:
            complain(error)
    if any(one.errors for one in audited):
        return 2
    return 1 if _leaning(audited) else 0


def _audited(target: str) -> Audited:
    from sealock.errors import SealockError  # noqa: PLC0415  configuring does without
    from sealock.targets.walk import SKIPPED  # noqa: PLC0415  as above
    from sealock.trust.audit import places  # noqa: PLC0415  as above
    from sealock.trust.audit.kinds import Audited  # noqa: PLC0415  as above

    try:
        if target == "host":
            return places.audit_host(os.environ)
        if target == "engine" or target.startswith("engine:"):
            return places.audit_engine(target.partition(":")[2])
        return places.audit_path(target.removeprefix("path:"), SKIPPED)
    except SealockError as error:
        return Audited(target, errors=(str(error),))


def _leaning(audited: list[Audited]) -> list[NotaryDependence]:
    return [each for one in audited for each in one.found if each.about.leans]


def _lines(audited: list[Audited], columns: int) -> Iterator[str]:
    """What was found, by what is to be done about it: that is the order in which people work it off."""
    from sealock.text import count, visible, wrap  # noqa: PLC0415  configuring does without
    from sealock.trust.audit.kinds import KINDS  # noqa: PLC0415  as above

    for kind, about in KINDS.items():
        places = [each for one in audited for each in one.found if each.kind == kind]
        if not places:
            continue
        yield f"{about.title[0].upper()}{about.title[1:]}{'' if about.leans else ' (worth knowing)'}"
        for where, each in _grouped(places):
            for line in wrap(visible(f"{where}: {each}"), columns - _INDENT):
                yield f"    {line}"
        for line in wrap(_todo(about, places), columns - _INDENT):
            yield f"  {line}"
        yield ""
    looked = sum(one.looked for one in audited)
    leaning = len(_leaning(audited))
    if leaning:
        yield f"{count(leaning, 'place')} {'leans' if leaning == 1 else 'lean'} on content trust ({looked} looked at)"
    else:
        yield f"Nothing leans on content trust ({looked} looked at)"


def _grouped(places: list[NotaryDependence]) -> Iterator[tuple[str, str]]:
    """The places with what stands there; of a file that has many, the first few (JSON has all)."""
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
    """What to do; and the days on which it ends, where there are any (versions are told in the text itself)."""
    days = sorted({each.ends for each in places if each.ends[:1].isdigit()})
    return f"Ends on {' and '.join(days)}. {about.todo}" if days else about.todo


def _table(audited: list[Audited]) -> dict[str, Any]:
    return {
        "targets": [
            {
                "target": one.target,
                "findings": [
                    {
                        "kind": each.kind,
                        "leans": each.about.leans,
                        "title": each.about.title,
                        "location": {"file": each.where, "line": each.line or None, "column": each.column or None},
                        "evidence": each.what,
                        "ends": each.ends or None,
                        "remedy": each.about.todo,
                    }
                    for each in one.found
                ],
                "errors": list(one.errors),
                "looked_at": one.looked,
            }
            for one in audited
        ],
        "summary": {"leaning": len(_leaning(audited)), "errors": sum(len(one.errors) for one in audited)},
    }
