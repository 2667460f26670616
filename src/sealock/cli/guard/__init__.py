"""`sealock guard`: the policy in front of an engine. Each verb is a module of this package."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from importlib import import_module
from typing import Final

from sealock.cli.helptext import SealockHelpFormatter, add_example

VERBS: Final = {
    "proxy": ("proxy", "listen on a socket in place of the engine's, and let pass what the policy allows"),
    "plugin": ("plugin", "serve an engine as its authorization plugin"),
    "install": ("install", "print the steps, the unit and the engine's setting, or take the steps with --apply"),
    "uninstall": ("install", "undo what install did"),
    "explain": ("explain", "print what would become of one request, and why; no engine is needed"),
    "replay": ("replay", "decide the requests of a log again by another policy, and print what would change"),
    "learn": ("learn", "write the narrowest policy for what the clients in a log called"),
    "import": ("importing", "write a policy from the settings of Tecnativa's docker-socket-proxy"),
    "status": ("status", "show whether the guard runs, by which policy, and what it allowed and denied"),
    "evidence": ("evidence", "find out what the guard has to know of images: trust, and exploited vulnerabilities"),
    "open": ("breakglass", "let all requests pass for a limited time, with a reason for the log"),
    "close": ("breakglass", "deny again, before the time of open is over"),
}
"""Each verb's module, with `configure(parser)` and `run(arguments) -> int`, and its help."""

EPILOG: Final = """\
exit status:
  0  done, or all is well
  1  the guard is open, not healthy, or would deny
  2  it could not be done, or the command line is wrong
"""


def configure(parser: ArgumentParser, only: str | None = None) -> None:
    """Add the verbs; with `only`, just that verb's options are added, which saves importing the others."""
    parser.epilog = EPILOG
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (module, about) in VERBS.items():
        verb = verbs.add_parser(
            name,
            help=about,
            description=about[0].upper() + about[1:] + ".",
            epilog=EPILOG,
            formatter_class=SealockHelpFormatter,
            allow_abbrev=False,
        )
        if only is None or name == only:
            import_module(f"sealock.cli.guard.{module}").configure(verb, name)
            add_example(verb)


def run(arguments: Namespace) -> int:
    """Run the verb and return the exit status."""
    status: int = import_module(f"sealock.cli.guard.{VERBS[arguments.verb][0]}").run(arguments)
    return status
