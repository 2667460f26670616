"""`sealock pin`: pin the images in files by digest, update the digests, and check them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from sealock import __version__
from sealock.cli.output import Progress, colour, complain, knows_unicode, print_output, width
from sealock.cli.registries import policy_of
from sealock.errors import UsageError
from sealock.net.scanningservice import token_of
from sealock.pin import lockfile, report, writer
from sealock.pin.assessment import CHANGES, FAULTS, EvaluatedTexts, PinResult, make_filter
from sealock.pin.resolver import Resolver
from sealock.pin.run import PinOptions, ResolvedTexts, errors_of, gather, read_min_age, resolve_texts
from sealock.pin.servicetimes import ServiceTimes
from sealock.pin.texts import PinText
from sealock.reports import diff
from sealock.reports.jsontext import encode
from sealock.targets.outputs import write_output
from sealock.text import count

EPILOG: Final = """\
sealock reads Dockerfiles, compose files, Kubernetes manifests, Quadlet units,
pipelines, bake files, devcontainer.json, and the `docker run` lines of scripts,
Makefiles, CI files and Markdown.
nginx:1.27 becomes nginx:1.27@sha256:...; the tag stays to update the digest
from, and an image without a tag gets "latest". A digest without a tag stays as it is, and so do
images that the files build. Registries are asked by HEAD, which does not count
as a pull. If anything fails, no file is changed, except with --keep-going.

exit status:
  0  every reference is pinned (with --check and --diff: and nothing changes)
  1  some cannot be pinned in their place, or are too new; with --check and
     --diff: or a pin is missing, disagrees with its tag, or was deleted
  2  something could not be read, resolved or written
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a directory, which is walked")
    doing = parser.add_argument_group("mode").add_mutually_exclusive_group()
    doing.add_argument("--check", action="store_true", help="change nothing; report missing, outdated and deleted pins")
    doing.add_argument("--diff", action="store_true", help="show the changes instead of writing them")
    choosing = parser.add_argument_group("selection")
    choosing.add_argument(
        "--only", action="append", default=[], metavar="IMAGE", help="pin only this image; * and ? match (repeat)"
    )
    choosing.add_argument(
        "--exclude", action="append", default=[], metavar="IMAGE", help="do not pin this image; * and ? match (repeat)"
    )
    choosing.add_argument(
        "--platform",
        default="",
        metavar="OS/ARCH",
        help="pin this platform's image instead of the index (uses GET, which may count as a pull)",
    )
    choosing.add_argument(
        "--keep-going", action="store_true", help="write the resolved digests even if something failed"
    )
    choosing.add_argument(
        "--min-age",
        metavar="AGE",
        help="pin only digests that were seen for this long, such as 7d, 36h or 2w; sealock.lock records what was seen "
        "(default: the policy's, or 0)",
    )
    choosing.add_argument(
        "--service",
        default="",
        metavar="URL",
        help="ages also count from when this scanning service (`sealock serve`) first saw a digest; the token is in "
        "$SEALOCK_TOKEN",
    )
    lock = parser.add_argument_group("lock file")
    lock.add_argument(
        "--lock", action="store_true", help="write digests only to the lock file; with --check, compare it"
    )
    lock.add_argument(
        "--lock-file", default="", metavar="FILE", help="the lock file (default: sealock.lock); implies --lock"
    )
    lock.add_argument(
        "--compose-override",
        action="store_true",
        help="print a compose file that pins every service's image; with --lock, only by the lock file",
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="ignore sealock.toml")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="output format (default: text)")
    parser.add_argument("--output", metavar="FILE", help="write to this file (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("--quiet", action="store_true", help="print only errors and faulty references")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    uses_lock = arguments.lock or bool(arguments.lock_file)
    if (uses_lock or arguments.compose_override) and arguments.diff:
        message = "--diff shows changes of files, and --lock and --compose-override change none"
        raise UsageError(message)
    applied = policy_of(arguments.policy, none=arguments.no_policy)
    policy = applied[1] if applied else None
    selects = make_filter(arguments.only, arguments.exclude)
    if uses_lock and arguments.compose_override:
        lock = lockfile.load(arguments.lock_file or lockfile.NAME) or lockfile.EMPTY
        evaluated = lockfile.evaluate_by_lock(lock, gather(arguments.paths, policy), selects)
        return _override(arguments, evaluated, errors_of(evaluated))
    path = arguments.lock_file or lockfile.NAME
    before = lockfile.load(path)
    options = PinOptions(
        selects,
        arguments.platform,
        arguments.check,
        uses_lock or arguments.compose_override,
        read_min_age(arguments.min_age) if arguments.min_age is not None else None,
        before or lockfile.EMPTY,
    )
    if arguments.service:
        times = ServiceTimes(arguments.service, token_of(os.environ, "read"))
        options = replace(options, served=times.first_seen)
    with Progress(quiet=arguments.quiet) as progress:
        resolved = resolve_texts(arguments.paths, options, policy, progress)
    for warning in resolved.registry.requests.few_left():
        complain(warning)
    errors = resolved.errors
    for text, _ in resolved.texts:
        if text.skipped and not text.error and not arguments.quiet:
            complain(f"skipped: {text.path}: {text.skipped}")
    for warning in resolved.warnings:
        complain(f"warning: {warning}")
    if arguments.compose_override:
        return _override(arguments, resolved.texts, errors)
    if uses_lock:
        return _lock(arguments, before, resolved, errors)
    return _pin(arguments, before, resolved, errors)


def _pin(arguments: Namespace, lock: lockfile.PinLock | None, resolved: ResolvedTexts, errors: list[str]) -> int:
    after: list[tuple[PinText, list[PinResult]]] = []
    changes: list[tuple[str, str, str]] = []
    for text, results in resolved.texts:
        new, written = writer.rewritten(text, results)
        after.append((text, written))
        if new != text.source.text:
            changes.append((text.path, text.source.text, new))
    writes = not arguments.check and not arguments.diff and (not errors or arguments.keep_going)
    if writes:
        lockfile.record(lockfile.NAME, lock, resolved.seen)  # first: where it fails, no file has changed
        writer.write_all(changes)
    if arguments.diff:
        _show(arguments, changes, after, errors, resolved.warnings)
    elif arguments.format == "json":
        _emit(arguments, _json(after, errors, changes if writes else [], resolved.warnings))
    else:
        reported = after
        if arguments.quiet:
            reported = [
                (text, [result for result in results if result.state in FAULTS or result.state == "failed"])
                for text, results in after
            ]
        lines = report.lines(
            reported,
            errors,
            # Logs and programs need places uncut.
            columns=width() if sys.stdout.isatty() and not arguments.output else 0,
            colour=not arguments.output and colour(arguments.color),
            unicode=bool(arguments.output) or knows_unicode(),
            wrote=writes,
        )
        body = "".join(f"{line}\n" for line in lines)
        _emit(arguments, body + ("" if arguments.quiet else f"{report.summary(after, len(changes), wrote=writes)}\n"))
    if arguments.diff and arguments.format != "json":
        for error in errors:  # a report has them itself
            complain(error)
    if errors:
        if changes and not arguments.check and not arguments.diff and not arguments.keep_going:
            complain("no file was changed; --keep-going writes the resolved digests")
        return 2
    states = {
        result.state
        for _, results in after
        for result in results
        if not (writes and result.state in CHANGES and result.new)
    }
    return 1 if states & FAULTS else 0


def _show(
    arguments: Namespace,
    changes: list[tuple[str, str, str]],
    after: EvaluatedTexts,
    errors: list[str],
    warnings: tuple[str, ...],
) -> None:
    """Print the differences; with --format json, the results."""
    if arguments.format == "json":
        _emit(arguments, _json(after, errors, [], warnings))
        return
    terminal = not arguments.output and sys.stdout.isatty()
    ink = not arguments.output and colour(arguments.color)
    _emit(arguments, "".join(diff.render(path, old, new, colour=ink, terminal=terminal) for path, old, new in changes))
    for text, results in after:
        for result in results:
            if result.state in {"stuck", "untagged", "refused", "young", "waiting"}:
                place = text.source.position(result.spot.place.start)[0]
                complain(f"{text.path}:{place}: {result.spot.written} is unchanged: {result.note}")


def _json(
    evaluated: EvaluatedTexts, errors: list[str], written: list[tuple[str, str, str]], warnings: tuple[str, ...]
) -> str:
    return encode({
        "sealock": __version__,
        "references": report.table(evaluated),
        "written": [path for path, _, _ in written],
        "errors": errors,
        "warnings": list(warnings),
        "skipped": [f"{text.path}: {text.skipped}" for text, _ in evaluated if text.skipped],
    })  # fmt: skip


def _override(arguments: Namespace, evaluated: EvaluatedTexts, errors: list[str]) -> int:
    for error in errors:
        complain(error)
    if errors and not arguments.keep_going:
        return 2
    refused = [result for _, results in evaluated for result in results if result.state in {"refused", "young"}]
    for result in refused:
        complain(f"{result.spot.written} is left out: {result.note}")
    _emit(arguments, lockfile.override(evaluated))
    return 2 if errors else 1 if refused else 0


def _lock(arguments: Namespace, before: lockfile.PinLock | None, resolved: ResolvedTexts, errors: list[str]) -> int:
    """Update the lock, or compare it with the current digests."""
    path = arguments.lock_file or lockfile.NAME
    directory = os.path.dirname(path) or "."  # noqa: PTH120  as all of this module's paths
    evaluated, resolver = resolved.texts, resolved.resolver
    for error in errors:
        complain(error)
    if arguments.check:
        faults = list(lockfile.compared(before or lockfile.EMPTY, evaluated, directory, _deleted(before, resolver)))
        if arguments.format == "json":
            body = msgspec.json.encode({"lock": path, "faults": faults, "errors": errors})
            _emit(arguments, f"{msgspec.json.format(body, indent=2).decode()}\n")
        else:
            _emit(
                arguments, "".join(f"{line}\n" for line in report.lock_lines(path, faults, exists=before is not None))
            )
        return 2 if errors else 1 if faults else 0
    if errors and not arguments.keep_going:
        complain(f"{path} was not written; --keep-going writes the resolved digests")
        return 2
    left = [
        (text, result)
        for text, results in evaluated
        for result in results
        if result.state in {"refused", "young"} or (result.state == "stuck" and not (result.old or result.new))
    ]
    for text, result in left:
        place = text.source.position(result.spot.place.start)[0]
        complain(f"{text.path}:{place}: {result.spot.written} is not in the lock: {result.note}")
    known = replace(before or lockfile.EMPTY, seen=resolved.seen)
    lock = lockfile.renewed(known, evaluated, resolver, directory, datetime.now(UTC))
    if lock != before:
        write_output(path, lockfile.written(lock))
    done = "written" if lock != before else "unchanged"
    _emit(arguments, f"{path}: {count(len(lock.images), 'image')} in {count(len(lock.files), 'file')}, {done}\n")
    return 2 if errors else 1 if left else 0


def _deleted(lock: lockfile.PinLock | None, resolver: Resolver) -> list[str]:
    """The references of a lock whose digests the registry no longer has."""
    if lock is None:
        return []
    digests = {name: lockfile.at_digest(name, entry.digest) for name, entry in lock.images.items()}
    resolver.resolve(digests.values())
    return [name for name, text in digests.items() if resolver.known[text].gone]


def _emit(arguments: Namespace, text: str) -> None:
    if arguments.output or text:
        print_output(text, arguments.output, exact=arguments.format == "json" or arguments.diff)
