"""The parsers of the commands. A command's module is imported when its options are needed."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from sealock import __version__
from sealock.cli.commandparser import CommandParser, suggest
from sealock.cli.helptext import EXIT_STATUS, SealockHelpFormatter, add_example
from sealock.errors import UsageError

COMMANDS: Final = {
    "check": "check Dockerfiles, compose files, `docker run` lines, images and containers, and fix what can be fixed",
    "ci": "check what changed, in the way that the CI system at hand wants it: annotations, summary, SARIF",
    "init": "write a commented sealock.toml, the policy of a project",
    "digest": "print the digests of image references, without pulling the images",
    "run": "run a container with safe defaults: `docker run`, pinned, verified and checked by the policy",
    "learn": "watch a container while it works, and write what it needs as a profile",
    "profile": "show, compare and check profiles of what containers need, and run containers under them",
    "harden": "find by trial the least that a container needs, and write it as settings",
    "pin": "pin the images in files to digests, and keep the pins up to date",
    "sbom": "list the packages and notable files of an image, without an engine",
    "diff": "compare two images or SBOMs: packages, known vulnerabilities, findings, risky files and configuration",
    "inspect": "show what a running container can see, use and do, or what an image contains and a smaller base for it",
    "db": "update, share or show the advisory database",
    "vex": "export the ignored vulnerabilities of the policy as OpenVEX",
    "cache": "show, prune or clear the layer cache",
    "trust": "verify, sign and attest images, and manage keys (cosign, Notation, Docker Content Trust)",
    "map": "show who can reach whom: the networks and published ports of an engine or a compose file",
    "userns": "plan, enable, disable and verify user-namespace remapping",
    "guard": "keep the unsafe out: the policy in front of an engine, as a proxy or as its authorization plugin",
    "rules": "list the rules, or explain some",
    "show": "show on this machine's engine what harm a fault does, and that its fix stops it",
    "serve": "run the scanning service: what is in every image, what became unsafe since yesterday, where it runs",
    "lsp": "serve an editor: findings as one types, the manual on hover, and fixes",
    "completion": "print a shell's completion script",
}
"""The commands, each a module of this package with `configure(parser)` and `run(arguments) -> int`."""
_OF_OTHERS: Final = {
    **dict.fromkeys(("analyze", "audit", "config", "fs", "image", "lint", "scan", "test", "validate"), "check"),
    **dict.fromkeys(("attest", "sign", "verify"), "trust"),
    **dict.fromkeys(("rule", "explain"), "rules"),
    **dict.fromkeys(("update", "pull", "push"), "db"),
    "fix": "check --fix",
    "version": "--version",
}
"""What other tools call a command."""


def parser(only: str | None = None) -> ArgumentParser:
    """Build the parser; with `only`, just that command's options, which saves importing the other commands."""
    root = CommandParser(
        prog="sealock",
        description="Container security workbench: one rule book for everything that Docker builds, ships and runs.",
        epilog=EXIT_STATUS,
        formatter_class=SealockHelpFormatter,
        allow_abbrev=False,
    )
    add_example(root)
    root.add_argument("--version", action="version", version=f"sealock {__version__}")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, **style(name))
        if only is None or name == only:
            fill(command, name)
    return root


def parse(words: Sequence[str]) -> Namespace:
    """Parse the command line; options and targets may stand in any order. `--output -` is standard output."""
    arguments = _parse(words)
    if getattr(arguments, "output", None) == "-":
        arguments.output = None
    return arguments


def _parse(words: Sequence[str]) -> Namespace:
    if not words or words[0] == "help":
        words = [*words[1:], "--help"]
    if words[0] not in COMMANDS:
        if not words[0].startswith("-"):
            hint = f"; did you mean {_OF_OTHERS[words[0]]}?" if words[0] in _OF_OTHERS else suggest(words[0], COMMANDS)
            msg = f"there is no command {words[0]!r}{hint or ': `sealock help` lists them'}"
            raise UsageError(msg)
        # argparse reports the error, or shows the help, and ends the program.
        return parser("").parse_args(words)
    # argparse mixes options and targets only where no command stands before them.
    command = CommandParser(prog=f"sealock {words[0]}", **style(words[0]))
    command.set_defaults(command=words[0])
    module = import_module(f"sealock.cli.{words[0]}")
    if hasattr(module, "VALUES"):
        return _of_another_client(fill(command, words[0]), module, words[1:])
    if getattr(module, "LINE", False) and "--" in words:
        cut = list(words).index("--")
        verb = {"only": words[1]} if getattr(module, "VERBS", None) else {}
        arguments = fill(command, words[0], **verb).parse_args(words[1:cut])
        arguments.line = list(words[cut + 1 :])
        return arguments
    rest = _with_paths(words[1:])
    if getattr(module, "VERBS", None):
        # argparse cannot mix where verbs have parsers of their own.
        return fill(command, words[0], only=rest[0] if rest else "").parse_args(rest)
    return fill(command, words[0]).parse_intermixed_args(rest)


def _of_another_client(command: ArgumentParser, module: ModuleType, words: Sequence[str]) -> Namespace:
    """The options of a command (its FLAGS and VALUES) that stand first, and as `line` the words of another client."""
    own = 0
    while own < len(words):
        option, equals, _ = words[own].partition("=")
        if option in module.FLAGS or (own == 0 and option in {"-h", "--help"}):
            own += 1
        elif option in module.VALUES:
            own += 1 if equals else 2
        else:
            break
    arguments = command.parse_args(words[:own])
    arguments.line = words[own:]
    if not arguments.line and not getattr(arguments, "place", ""):
        command.error("names no image")
    return arguments


def _with_paths(words: Sequence[str]) -> list[str]:
    """The words, with those after -- spelled as paths: argparse reads some twice, and took them for options."""
    end = words.index("--") if "--" in words else len(words)
    after = (f"./{word}" if word.startswith("-") and word != "-" else word for word in words[end:][1:])
    return [*words[: end + 1], *after]


def refuse_file_names(words: Sequence[str]) -> None:
    """Raise UsageError for an option that is a file's name: a hook or a script may have passed on what it found."""
    for word in words:
        if word == "--":
            return
        if word.startswith("-") and word != "-" and os.path.lexists(word):
            msg = f"{word} is an option and the name of a file: write ./{word} for the file, or -- before all files"
            raise UsageError(msg)


def style(name: str) -> dict[str, Any]:
    """The arguments that all parsers of commands share: how they look, and that options may not be abbreviated."""
    about = COMMANDS[name]
    return {
        "description": about[0].upper() + about[1:] + ".",
        "formatter_class": SealockHelpFormatter,
        "allow_abbrev": False,
    }


def fill(command: ArgumentParser, name: str, **verb: str) -> ArgumentParser:
    """Add a command's options and its example to its parser; `only` names the one verb whose options are needed."""
    import_module(f"sealock.cli.{name}").configure(command, **verb)
    add_example(command)
    return command
