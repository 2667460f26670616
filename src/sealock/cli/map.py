"""`sealock map`: the network reachability map."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from sealock.cli.output import Progress, complain, page_style, print_output
from sealock.errors import UsageError
from sealock.model.netmap import Map
from sealock.model.network import bracketed
from sealock.netmap import explain
from sealock.netmap.sources import of_engine, of_file
from sealock.netmap.verification import verify
from sealock.reports import map as pages
from sealock.text import line, list_first

_SOURCES: Final = 5
"""Containers that a line names."""
FORMATS: Final = ("terminal", "json", "dot", "svg")
EPILOG: Final = """\
exit status:
  0  done; with --from and --to: reachable
  1  with --from and --to: not reachable; with --verify: the map is wrong
  2  something could not be read or tried
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="a compose file, or a file or directory of Kubernetes manifests (default: the engine)",
    )
    parser.add_argument("--from", dest="source", default="", metavar="NAME", help="explain how this container …")
    parser.add_argument("--to", default="", metavar="NAME", help="… reaches this one, or why not")
    parser.add_argument(
        "--verify", action="store_true", help="try the connections from the containers' network namespaces (needs root)"
    )
    parser.add_argument(
        "--render",
        action="store_true",
        help="map what kustomize (or kubectl) makes of kustomizations and helm of charts, run without a network",
    )
    parser.add_argument("--engine", default="", metavar="WHERE", help="engine address or context")
    parser.add_argument("--format", choices=FORMATS, default="terminal", help="output format (default: terminal)")
    parser.add_argument("--output", metavar="FILE", help="output file (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")


def run(arguments: Namespace) -> int:
    """Run the command; 1 where --from does not reach --to, 2 where something could not be read."""
    if arguments.verify and arguments.target:
        message = "--verify needs running containers: it cannot verify a file"
        raise UsageError(message)
    if bool(arguments.source) != bool(arguments.to):
        message = "--from needs --to, and --to needs --from"
        raise UsageError(message)
    if arguments.source and (arguments.verify or arguments.format != "terminal"):
        message = "--from and --to explain one connection in words, and do not go with --format and --verify"
        raise UsageError(message)
    if arguments.render and not arguments.target:
        message = "--render needs a TARGET: a kustomization, a chart, or a directory with them"
        raise UsageError(message)
    errors: tuple[str, ...] = ()
    pids: dict[str, int] = {}
    if arguments.target:
        network_map, errors = of_file(arguments.target, rendered=arguments.render)
    else:
        network_map, pids = of_engine(arguments.engine)
    for error in errors:
        complain(error)
    if arguments.source:
        reached, why = explain(network_map, arguments.source, arguments.to)
        print_output(f"{why}\n", arguments.output)
        return 2 if errors else 0 if reached else 1
    if arguments.format == "terminal":
        text = pages.render("terminal", network_map, **page_style(arguments.output, arguments.color))
    else:
        text = pages.render(arguments.format, network_map)
    print_output(text, arguments.output, exact=arguments.format != "terminal")
    if arguments.verify:
        return _verify(network_map, pids)
    return 2 if errors else 0


def _verify(network_map: Map, pids: dict[str, int]) -> int:
    """Report contradictions: 1 where there are any, 2 where not everything could be tried."""
    with Progress() as progress:
        verification = verify(network_map, pids, progress)
    for contradiction in verification.contradictions:
        probe = contradiction.probe
        expected = "can reach" if probe.expected else "cannot reach"
        complain(
            f"the map is wrong: it says that {line(probe.source)} {expected} {line(probe.target)} at"
            f" {bracketed(probe.address)}:{probe.port} ({line(probe.how)}), but the connection was"
            f" {contradiction.result}"
        )
    sources = list_first([line(name) for name in verification.untried_from], _SOURCES)
    untried = f", {verification.untried} could not be tried (from {sources})" if verification.untried else ""
    complain(
        f"{verification.tried} connections tried, {len(verification.contradictions)} contradict the map{untried};"
        " UDP is not tried"
    )
    return 1 if verification.contradictions else 2 if verification.untried else 0
