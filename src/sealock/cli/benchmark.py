"""The part of `sealock check` that checks a machine, or manifests, by a benchmark."""

from __future__ import annotations

from argparse import Namespace

from sealock.cli.output import Progress, page_style, pairs, print_output
from sealock.errors import UsageError
from sealock.model.benchmark import BenchmarkReport
from sealock.model.podsecurity import PodSecurityReport
from sealock.reports import benchmark as machine_pages
from sealock.reports import podsecurity as workload_pages
from sealock.rules.benchmarks import BENCHMARKS
from sealock.scan.benchmark import benchmark
from sealock.scan.podsecurity import NAMES, check_pod_security, is_pod_security
from sealock.scan.settings import Settings


def run_benchmark(arguments: Namespace, settings: Settings) -> int:
    """Check, report, and return the exit status."""
    _require_fitting(arguments)
    report: BenchmarkReport | PodSecurityReport
    with Progress(quiet=arguments.quiet) as progress:
        if is_pod_security(arguments.benchmark):
            report = check_pod_security(arguments.benchmark, arguments.targets, settings, progress)
        else:
            report = benchmark(arguments.benchmark, settings, progress)
    for name, output in pairs(arguments.format, arguments.output):
        text = _json(report) if name == "json" else _page(report, arguments, output)
        if output or not (arguments.quiet and name == "terminal" and report.status == 0):
            print_output(text, output, exact=name == "json")
    return report.status


def _require_fitting(arguments: Namespace) -> None:
    of_pods = is_pod_security(arguments.benchmark)
    if not of_pods and arguments.benchmark not in BENCHMARKS:
        msg = f"there is no benchmark {arguments.benchmark!r}; choose from {', '.join(BENCHMARKS)}, {NAMES}"
        raise UsageError(msg)
    if of_pods and (not arguments.targets or arguments.compose_file):
        msg = f"--benchmark {arguments.benchmark} checks Kubernetes manifests: name a file or a directory of them"
        raise UsageError(msg)
    if not of_pods and (any(target != "host" for target in arguments.targets) or arguments.compose_file):
        msg = f"--benchmark {arguments.benchmark} checks this machine: the target must be host"
        raise UsageError(msg)
    if others := [name for name, _ in pairs(arguments.format, arguments.output) if name not in {"terminal", "json"}]:
        msg = f"--benchmark supports the formats terminal and json, not {others[0]}"
        raise UsageError(msg)
    for option in ("fix", "diff", "only", "write_baseline"):
        if getattr(arguments, option):
            msg = f"--{option.replace('_', '-')} cannot be used with --benchmark"
            raise UsageError(msg)


def _json(report: BenchmarkReport | PodSecurityReport) -> str:
    if isinstance(report, PodSecurityReport):
        return workload_pages.render_json(report)
    return machine_pages.render_json(report)


def _page(report: BenchmarkReport | PodSecurityReport, arguments: Namespace, output: str) -> str:
    style = page_style(output, arguments.color)
    if isinstance(report, PodSecurityReport):
        return workload_pages.render(report, **style, every=arguments.verbose)
    return machine_pages.render(report, **style, every=arguments.verbose)
