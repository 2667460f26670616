"""Writes the generated pages: docs/rules/ and docs/guide/peers.md from the rules, docs/guide/cli.md from the parser.

`--check` changes nothing and ends with 1 where a page is not what it should be.
"""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import peers

from sealock.cli.helptext import EXIT_STATUS
from sealock.cli.parsers import COMMANDS, parser
from sealock.reports.rules import render
from sealock.scan.manual import pages

DOCS = Path(__file__).parent


def wanted() -> Iterator[tuple[Path, str]]:
    """Yield every generated page and its text."""
    known = tuple(pages())
    for page in known:
        yield DOCS / "rules" / f"{page.id}.md", render((page,), "markdown", explain=True)
    yield DOCS / "rules" / "README.md", render(known, "markdown", explain=False)
    yield DOCS / "guide" / "peers.md", peers.text(known)
    yield DOCS / "guide" / "cli.md", "\n".join(command_line()) + "\n"


def command_line() -> Iterator[str]:
    """Yield the lines of the page on the command line; argparse's own help differs from one Python to the next."""
    yield "# The command line"
    yield ""
    yield "Generated from the program's own options by `./dev docs`; `sealock COMMAND --help` prints the same."
    root = parser()
    for name, about in COMMANDS.items():
        yield from ("", f"## sealock {name}", "", about[0].upper() + about[1:] + ".")
        yield from options(command(root, name), f"sealock {name}")
    yield from ("", "## Exit status", "", "```", *(line.strip() for line in EXIT_STATUS.splitlines()[1:]), "```")


def options(command_parser: ArgumentParser, name: str) -> Iterator[str]:
    """Yield what a command takes, and then its verbs, if it has any."""
    verbs: dict[str, ArgumentParser] = {}
    formatter = command_parser._get_formatter()  # noqa: SLF001  argparse has no other way
    for group in command_parser._action_groups:  # noqa: SLF001  as above
        actions = [action for action in group._group_actions if action.dest != "help"]  # noqa: SLF001  as above
        for action in actions:
            if isinstance(action, _SubParsersAction):
                verbs |= action.choices
        actions = [action for action in actions if not isinstance(action, _SubParsersAction)]
        if actions:
            yield from ("", f"{(group.title or '').capitalize()}:", "")
            yield from (f"- {spelled(action)}: {formatter._expand_help(action)}" for action in actions)  # noqa: SLF001  as above
    for verb, parser_of in verbs.items():
        yield from ("", f"### {name} {verb}", "", parser_of.description or "")
        yield from options(parser_of, f"{name} {verb}")


def spelled(action: Action) -> str:
    """An option with its names and what it takes."""
    takes = ""
    if action.nargs != 0:
        takes = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ()))
        takes = takes or action.dest.upper()
    return ", ".join(f"`{f'{name} {takes}'.strip()}`" for name in action.option_strings or ("",))


def command(root: ArgumentParser, name: str) -> ArgumentParser:
    """The parser of one command."""
    choices = next(action.choices for action in root._actions if isinstance(action, _SubParsersAction))  # noqa: SLF001  argparse has no other way
    assert choices is not None  # noqa: S101  the subparsers were added with names
    found: ArgumentParser = choices[name]
    return found


def main() -> int:
    """Write, or check."""
    check = "--check" in sys.argv[1:]
    texts = dict(wanted())
    stale = [path for path in (DOCS / "rules").glob("*.md") if path not in texts]
    wrong = [path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        for path in (*wrong, *stale):
            print(f"{path.relative_to(DOCS.parent)} is not up to date: run ./dev docs", file=sys.stderr)  # noqa: T201  the answer
        return 1 if wrong or stale else 0
    for path in wrong:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(texts[path], encoding="utf-8")
    for path in stale:
        path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
