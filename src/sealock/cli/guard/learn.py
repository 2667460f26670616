"""`sealock guard learn`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sealock.cli.guard.offlinepolicy import LARGEST_LOG, read_input
from sealock.cli.output import print_output
from sealock.errors import TargetError
from sealock.guard.decision.prepared import prepare
from sealock.guard.learning import CalledRequest, check_learned, learn, policy_text
from sealock.guard.logreading import LoggedRequest, read_log
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.policy.settings import read


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    parser.add_argument("log", help="a log of the guard (best in mode audit), or - for standard input")
    parser.add_argument("--only", metavar="NAME", help="only the caller that the log calls so")
    parser.add_argument("-o", "--output", metavar="FILE", help="write to a file (default: standard output)")


def run(arguments: Namespace) -> int:
    """Print the narrowest policy for what the clients called."""
    lines = read_input(arguments.log, LARGEST_LOG).split(b"\n")

    def called() -> Iterator[CalledRequest]:
        return _called(read_log(iter(lines), arguments.log), arguments.only)

    callers = learn(called())
    if not any(caller.routes for caller in callers):
        message = f"{arguments.log} holds no request that could be allowed"
        raise TargetError(message)
    today = datetime.now(UTC).date()
    guard = prepare(read(Source("the learned policy", policy_text(callers)), "."), today)
    check_learned(callers, (call for call in called() if not call.lost), guard, today)
    print_output(policy_text(callers), arguments.output, exact=True)
    return 0


def _called(logged: Iterator[LoggedRequest], only: str | None) -> Iterator[CalledRequest]:
    for request in logged:
        if only is None or request.entry.caller.name == only:
            faults = tuple((reason.rule, reason.why) for reason in request.entry.reasons)
            yield CalledRequest(
                _conditions(request),
                request.request,
                request.body,
                faults,
                request.caller,
                request.lost,
                request.entry.paths,
            )


def _conditions(logged: LoggedRequest) -> dict[str, Any]:
    """How the policy knows this client again."""
    caller = logged.caller
    if caller.tls_name:
        return {"tls-name": caller.tls_name}
    if caller.container is not None:
        name = parse(caller.container.image) if caller.container.image else None
        image = {} if name is None else {"container-image": name.pattern}
        return {"container": caller.container.name} | image if caller.container.name else image
    return {} if caller.uid is None else {"uid": caller.uid}
