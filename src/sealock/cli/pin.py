"""`sealock pin`: write the digests behind tags into files, keep them fresh, and check them."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from sealock.cli.output import Progress, colour, complain, knows_unicode, width, write
from sealock.cli.registries import policy_of
from sealock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sealock.pin.assessment import PinResult
    from sealock.pin.resolver import Resolver
    from sealock.pin.texts import PinText
    from sealock.policy.settings import Policy

EPILOG: Final = """\
Dockerfiles, compose files, Kubernetes manifests and the `docker run` lines of
scripts, Makefiles, CI files and Markdown are read. nginx:1.27 becomes
nginx:1.27@sha256:...; the tag stays, so that the digest can be renewed from it,
and an image without a tag gets the "latest" that it stands for. A digest
without a tag is left alone, and so are images that the files build. Registries
are asked by HEAD, which counts as no pull. Where anything fails, no file is
changed, unless --keep-going is given.

exit status:
  0  every reference is pinned (with --check and --diff: and nothing is to change)
  1  some cannot be pinned where they stand; with --check and --diff: or a pin is
     missing, disagrees with its tag, or points at what is gone
  2  something could not be read, asked for or written
"""


def configure(parser: ArgumentParser) -> None:
    """Add the command's options."""
    parser.epilog = EPILOG
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file, or a folder, which is walked")
    doing = parser.add_argument_group("doing").add_mutually_exclusive_group()
    doing.add_argument("--check", action="store_true", help="change nothing; say which pins are missing, stale or gone")
    doing.add_argument("--diff", action="store_true", help="show what would be changed instead")
    choosing = parser.add_argument_group("choosing")
    choosing.add_argument(
        "--only", action="append", default=[], metavar="IMAGE", help="pin this image alone; * and ? match (repeat)"
    )
    choosing.add_argument(
        "--exclude", action="append", default=[], metavar="IMAGE", help="leave this image alone; * and ? match (repeat)"
    )
    choosing.add_argument(
        "--platform",
        default="",
        metavar="OS/ARCH",
        help="pin this platform's image instead of the index (GETs, which may count as pulls)",
    )
    choosing.add_argument(
        "--keep-going", action="store_true", help="write what could be found out even where something failed"
    )
    lockfile = parser.add_argument_group("a lock file instead")
    lockfile.add_argument(
        "--lock", action="store_true", help="write digests to the lock file, and touch no other; with --check, compare"
    )
    lockfile.add_argument(
        "--lock-file", default="", metavar="FILE", help="the lock file (default: sealock.lock); implies --lock"
    )
    lockfile.add_argument(
        "--compose-override",
        action="store_true",
        help="print a compose file that pins every service's image; with --lock, by the lock file alone",
    )
    parser.add_argument("--policy", metavar="FILE", help="the policy (default: sealock.toml here or above)")
    parser.add_argument("--no-policy", action="store_true", help="heed no sealock.toml")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to tell (default: text)")
    parser.add_argument("--output", metavar="FILE", help="where to write it (default: standard output)")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colours (default: auto)")
    parser.add_argument("--quiet", action="store_true", help="tell only what is at fault")


def run(arguments: Namespace) -> int:
    """Run the command and return the exit status."""
    from sealock.net.registry.clientconfig import open_registry  # noqa: PLC0415  loads HTTP
    from sealock.pin import assessment, resolver, texts  # noqa: PLC0415  the parser does without

    lockfile = arguments.lock or bool(arguments.lock_file)
    if (lockfile or arguments.compose_override) and arguments.diff:
        message = "--diff shows changes of files; --lock and --compose-override change none"
        raise UsageError(message)
    policy = policy_of(arguments.policy, none=arguments.no_policy)
    gathered = list(texts.gather(arguments.paths, _excluded(policy)))
    wanted = assessment.wanted_by(arguments.only, arguments.exclude)
    if lockfile and arguments.compose_override:
        from sealock.pin.lockfile import EMPTY, NAME, held, load  # noqa: PLC0415  seldom needed

        evaluated = held(load(arguments.lock_file or NAME) or EMPTY, gathered, wanted)
        return _override(arguments, evaluated, list(_input_errors(evaluated)))
    registry = open_registry(policy[1].access if policy is not None else None)
    with Progress("images asked for", quiet=arguments.quiet) as progress:
        asking = resolver.Resolver(registry, arguments.platform, progress)
        evaluated = assessment.evaluate(
            gathered,
            wanted,
            asking,
            check=arguments.check,
            stuck=lockfile or arguments.compose_override,
        )
        if policy is not None and policy[1].trust.given and not arguments.check:
            from sealock.pin.bypolicy import by_policy  # noqa: PLC0415  seldom needed
            from sealock.trust.bypolicy import PolicyVerifier  # noqa: PLC0415  as above

            evaluated = by_policy(evaluated, PolicyVerifier(policy[1].trust, registry, policy[1].access))
    for host, limit in registry.requests.limits.items():
        if limit.remaining * 5 < limit.limit:
            complain(f"{host}: {limit.remaining} of {limit.limit} pulls are left")
    errors = list(_input_errors(evaluated))
    if arguments.compose_override:
        return _override(arguments, evaluated, errors)
    if lockfile:
        return _lock(arguments, evaluated, asking, errors)
    return _pin(arguments, evaluated, errors)


def _excluded(policy: tuple[str, Policy] | None) -> Callable[[str], bool]:
    """Tell which paths below folders the policy leaves out."""
    if policy is None:
        return lambda _path: False
    from sealock.policy.settings import excluded  # noqa: PLC0415  seldom needed

    folder, holds = policy
    return lambda path: excluded(holds, os.path.relpath(path, folder).replace(os.sep, "/"))


def _input_errors(evaluated: list[tuple[PinText, list[PinResult]]]) -> list[str]:
    """What could not be read or found out, each once, with the first place of it."""
    told: dict[str, list[str]] = {}
    for text, results in evaluated:
        if text.error:
            told.setdefault(text.error, [])
        failed = [(result.note, result.spot.place) for result in results if result.state == "failed"]
        for why, place in (*text.found.broken, *failed):
            told.setdefault(why, []).append(f"{text.path}:{text.source.position(place.start)[0]}")
    return [
        f"{places[0]}{f' and {len(places) - 1} more' if len(places) > 1 else ''}: {why}" if places else why
        for why, places in told.items()
    ]


def _pin(arguments: Namespace, evaluated: list[tuple[PinText, list[PinResult]]], errors: list[str]) -> int:
    from sealock.pin import report, writer  # noqa: PLC0415  the parser does without
    from sealock.pin.assessment import CHANGES, FAULTS  # noqa: PLC0415  as above

    after: list[tuple[PinText, list[PinResult]]] = []
    changes: list[tuple[str, str, str]] = []
    for text, results in evaluated:
        new, told = writer.rewritten(text, results)
        after.append((text, told))
        if new != text.source.text:
            changes.append((text.path, text.source.text, new))
    writes = not arguments.check and not arguments.diff and (not errors or arguments.keep_going)
    if writes:
        writer.write_all(changes)
    if arguments.diff:
        _show(arguments, changes, after, errors)
    elif arguments.format == "json":
        _emit(arguments, _json(after, errors, changes if writes else []))
    else:
        shown = after
        if arguments.quiet:
            shown = [(text, [one for one in held if one.state in FAULTS]) for text, held in after]
        lines = report.lines(
            shown,
            # Logs and programs want places whole.
            columns=width() if sys.stdout.isatty() and not arguments.output else 0,
            colour=not arguments.output and colour(arguments.color),
            unicode=bool(arguments.output) or knows_unicode(),
            wrote=writes,
        )
        body = "".join(f"{line}\n" for line in lines)
        _emit(arguments, body + ("" if arguments.quiet else f"{report.summary(after, len(changes), wrote=writes)}\n"))
    for error in errors:
        complain(error)
    if errors:
        if changes and not arguments.check and not arguments.diff and not arguments.keep_going:
            complain("no file was changed; --keep-going writes what could be found out")
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
    after: list[tuple[PinText, list[PinResult]]],
    errors: list[str],
) -> None:
    """The differences; with --format json, what they come from."""
    if arguments.format == "json":
        _emit(arguments, _json(after, errors, []))
        return
    from sealock.reports import diff  # noqa: PLC0415  as above

    terminal = not arguments.output and sys.stdout.isatty()
    ink = not arguments.output and colour(arguments.color)
    text = "".join(diff.render(path, old, new, colour=ink, terminal=terminal) for path, old, new in changes)
    _emit(arguments, text)
    for one, results in after:
        for result in results:
            if result.state in {"stuck", "untagged", "refused"}:
                place = one.source.position(result.spot.place.start)[0]
                complain(f"{one.path}:{place}: {result.spot.written} is left as it is: {result.note}")


def _json(evaluated: Any, errors: list[str], written: list[tuple[str, str, str]]) -> str:  # noqa: ANN401  as telling has it
    from sealock import __version__  # noqa: PLC0415  seldom needed
    from sealock.pin.report import table  # noqa: PLC0415  as above
    from sealock.reports.jsontext import encode  # noqa: PLC0415  as above

    return encode({
        "sealock": __version__,
        "references": table(evaluated),
        "written": [path for path, _, _ in written],
        "errors": errors,
    })  # fmt: skip


def _override(arguments: Namespace, evaluated: list[tuple[PinText, list[PinResult]]], errors: list[str]) -> int:
    from sealock.pin.lockfile import override  # noqa: PLC0415  seldom needed

    for error in errors:
        complain(error)
    if errors and not arguments.keep_going:
        return 2
    refused = [result for _, results in evaluated for result in results if result.state == "refused"]
    for bad in refused:
        complain(f"{bad.spot.written} is left out: {bad.note}")
    _emit(arguments, override(evaluated))
    return 2 if errors else 1 if refused else 0


def _lock(
    arguments: Namespace, evaluated: list[tuple[PinText, list[PinResult]]], asking: Resolver, errors: list[str]
) -> int:
    """Renew the lock, or compare it with what the references stand for now."""
    from sealock.pin import lockfile, report  # noqa: PLC0415  seldom needed
    from sealock.targets.outputs import write_output  # noqa: PLC0415  as above
    from sealock.text import count  # noqa: PLC0415  as above

    path = arguments.lock_file or lockfile.NAME
    folder = os.path.dirname(path) or "."  # noqa: PTH120  pathlib costs 10 ms
    before = lockfile.load(path)
    for error in errors:
        complain(error)
    if arguments.check:
        faults = list(lockfile.compared(before or lockfile.EMPTY, evaluated, folder, _lost(before, asking)))
        if arguments.format == "json":
            import msgspec  # noqa: PLC0415  seldom needed

            _emit(
                arguments,
                msgspec.json.format(
                    msgspec.json.encode({"lock": path, "faults": faults, "errors": errors}), indent=2
                ).decode()
                + "\n",
            )
        else:
            _emit(arguments, "".join(f"{line}\n" for line in report.lock_lines(path, faults, there=before is not None)))
        return 2 if errors else 1 if faults else 0
    if errors and not arguments.keep_going:
        complain(f"{path} was not written; --keep-going writes what could be found out")
        return 2
    left = [
        (text, one)
        for text, held in evaluated
        for one in held
        if one.state == "refused" or (one.state == "stuck" and not (one.old or one.new))
    ]
    for text, bare in left:
        place = text.source.position(bare.spot.place.start)[0]
        complain(f"{text.path}:{place}: {bare.spot.written} is not in the lock: {bare.note}")
    lock = lockfile.renewed(before or lockfile.EMPTY, evaluated, asking, folder, datetime.now(UTC))
    if lock != before:
        write_output(path, lockfile.written(lock))
    done = "written" if lock != before else "as before"
    _emit(arguments, f"{path}: {count(len(lock.images), 'image')} in {count(len(lock.files), 'file')}, {done}\n")
    return 2 if errors else 1 if left else 0


def _lost(lock: Any, asking: Resolver) -> list[str]:  # noqa: ANN401  Lock or None
    """The references of a lock whose digests the registry has no more."""
    from sealock.pin.lockfile import at_digest  # noqa: PLC0415  seldom needed

    if lock is None:
        return []
    held = {name: at_digest(name, entry.digest) for name, entry in lock.images.items()}
    asking.ask(held.values())
    return [name for name, text in held.items() if asking.known[text].gone]


def _emit(arguments: Namespace, text: str) -> None:
    if arguments.output:
        from sealock.targets.outputs import write_output  # noqa: PLC0415  seldom needed

        write_output(arguments.output, text)
    elif text:
        write(text, exact=arguments.format == "json" or arguments.diff)
