"""The part of `sealock check` that checks a machine by a benchmark."""

from __future__ import annotations

from argparse import Namespace

from sealock.cli.output import WIDTH, Progress, colour, knows_unicode, pairs, width, write
from sealock.errors import UsageError
from sealock.model.benchmark import BenchmarkReport
from sealock.reports.benchmark import render, render_json
from sealock.rules.benchmarks import BENCHMARKS
from sealock.scan.benchmark import benchmark
from sealock.scan.settings import Settings
from sealock.targets.outputs import write_output


def run_benchmark(arguments: Namespace, settings: Settings) -> int:
    """Check, report, and return the exit status."""
    _require_fitting(arguments)
    with Progress("checked", quiet=arguments.quiet) as progress:
        report = benchmark(arguments.benchmark, settings, progress)
    for name, output in pairs(arguments.format, arguments.output):
        text = render_json(report) if name == "json" else _page(report, arguments, output)
        if output:
            write_output(output, text)
        elif not (arguments.quiet and name == "terminal" and report.status == 0):
            write(text, exact=name == "json")
    return report.status


def _require_fitting(arguments: Namespace) -> None:
    if arguments.benchmark not in BENCHMARKS:
        msg = f"there is no benchmark {arguments.benchmark!r}; choose from {', '.join(BENCHMARKS)}"
        raise UsageError(msg)
    if any(target != "host" for target in arguments.targets) or arguments.compose_file:
        msg = "--benchmark checks this machine: the target must be host"
        raise UsageError(msg)
    if others := [name for name, _ in pairs(arguments.format, arguments.output) if name not in {"terminal", "json"}]:
        msg = f"--benchmark supports the formats terminal and json, not {others[0]}"
        raise UsageError(msg)
    for option in ("fix", "diff", "only", "write_baseline"):
        if getattr(arguments, option):
            msg = f"--{option.replace('_', '-')} cannot be used with --benchmark"
            raise UsageError(msg)


def _page(report: BenchmarkReport, arguments: Namespace, output: str) -> str:
    return render(
        report,
        width=WIDTH if output else width(),
        colour=False if output else colour(arguments.color),
        unicode=bool(output) or knows_unicode(),
        every=arguments.verbose,
    )
