"""`sealock completion`: a script that lets a shell complete sealock's command line."""

from __future__ import annotations

from argparse import Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from typing import Final

import shtab

from sealock.cli.output import write
from sealock.cli.parsers import parser
from sealock.rules.catalog import every_rule
from sealock.vulnerabilities.feeds.catalog import FEEDS

SHELLS: Final = ("bash", "zsh", "fish", "tcsh")
_FILES: Final = frozenset({"FILE", "TARGET", "PATH", "NAME|FILE", "DIR-OR-URL", "REF", "IMAGE"})
"""Names of values that may be files; references of images are no files, and may be typed all the same."""
INSTALL: Final = """\
install:
  bash  source <(sealock completion bash), in ~/.bashrc
  zsh   source <(sealock completion zsh), in ~/.zshrc after compinit
  fish  sealock completion fish > ~/.config/fish/completions/sealock.fish
"""
"""How to install the script, for --help."""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = INSTALL
    parser.add_argument("shell", choices=SHELLS, help="the shell")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    root = parser()
    for action in _actions(root):
        _complete(action)
    script = shtab.complete(root, shell=arguments.shell)
    if arguments.shell == "bash":
        # Where sealock has nothing to offer, bash completes files as it does without the script.
        script = script.replace("complete -o bashdefault ", "complete -o default -o bashdefault ")
    if arguments.shell == "zsh":
        # shtab's script registers itself where it is evaluated, and not where it is sourced.
        script = script.replace("$zsh_eval_context[-1] == eval ]]", "$zsh_eval_context[-1] == (eval|file) ]]")
    write(f"{script}\n")
    return 0


def _actions(command: ArgumentParser) -> Iterator[Action]:
    """The options and operands of a parser and of those of its commands."""
    for action in command._actions:  # noqa: SLF001  argparse has no other way
        if isinstance(action, _SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)
        else:
            yield action


def _complete(action: Action) -> None:
    """Add to an option what its value may be, as shtab reads it."""
    if action.metavar in _FILES:
        vars(action)["complete"] = shtab.FILE
    elif action.metavar == "DIR":
        vars(action)["complete"] = shtab.DIRECTORY
    elif action.metavar == "RULE":
        action.choices = [rule.id for rule in every_rule()]
    elif action.metavar == "FEED":
        action.choices = list(FEEDS)
