"""`sealock guard explain`."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime

from msgspec.structs import replace

from sealock.cli.guard.offlinepolicy import add_policy, guard_of, read_input
from sealock.cli.output import print_output
from sealock.guard.decision.decide import describe
from sealock.guard.decision.exchange import Allowed, Caller, CallingContainer, GuardReason
from sealock.guard.decision.offline import decide_offline
from sealock.guard.decision.ownership import explain_reach
from sealock.guard.logreading import read_request
from sealock.text import line, sentence, wrap

_WIDTH = 78


def configure(parser: ArgumentParser, _verb: str) -> None:
    """Add the options."""
    about = "a line of the guard's log, or the body of a create request; - for standard input"
    parser.add_argument("request", help=about)
    add_policy(parser)
    who = parser.add_argument_group("who sends it (default: whom the request names)")
    who.add_argument("--uid", type=int, help="user id of the process")
    who.add_argument("--gid", type=int, help="group id of the process")
    who.add_argument("--container", metavar="NAME", help="name of the calling container")
    who.add_argument("--container-image", metavar="IMAGE", default="", help="its image")
    who.add_argument("--tls-name", metavar="NAME", help="name in the client's certificate")
    parser.add_argument("--body", action="store_true", help="print only the body that would be forwarded")


def run(arguments: Namespace) -> int:
    """Print what would become of the request: 0 where it would pass, 1 where it would be denied."""
    guard = guard_of(arguments.policy)
    logged = read_request(read_input(arguments.request), arguments.request)
    caller = _caller(logged.caller, arguments)
    decision = decide_offline(logged.request, caller, guard, datetime.now(UTC).date(), logged.entry.paths)
    result = decision.result
    passes = isinstance(result, Allowed)
    if arguments.body:
        print_output(f"{(result.body or b'').decode()}\n" if isinstance(result, Allowed) else "", None, exact=True)
        return 0 if passes else 1
    rows = [f"Request  {logged.request.method} {line(logged.request.target, 200)}"]
    rows.append(f"Caller   {line(result.caller or 'none of the policy')} ({line(describe(caller))})")
    if isinstance(result, Allowed):
        rows.append("Decision would be denied, but is only logged (audit)" if result.would_deny else "Decision allowed")
        rows += _reasons(result.would_deny)
        rows += [f"  changed: {line(change)}" for change in result.changes]
        rows += [f"  exempted: {reason.rule}, {line(reason.why)}" for reason in result.exempted]
        setting = guard.setting(caller)
        if setting is not None and result.route is not None and (reach := explain_reach(result.route, setting)):
            first, *rest = wrap(line(reach), _WIDTH - 9)
            rows += [f"Reach    {first}", *(f"         {row}" for row in rest)]
        if result.skipped:
            rows.append(f"  not evaluated, for want of facts: {', '.join(result.skipped)}")
        if result.unread:
            rows.append(f"  not evaluated, since it is a stream: {result.unread}")
    else:
        rows += ["Decision denied", *_reasons(result.reasons)]
        if caller == Caller():
            rows.append("Assumed  nothing of who sends it: say so with --uid, --gid, --container or --tls-name")
    rows += [f"Assumed  {line(words)}" for words in decision.assumed]
    print_output("".join(f"{row}\n" for row in rows), None)
    return 0 if passes else 1


def _reasons(reasons: tuple[GuardReason, ...]) -> list[str]:
    rows: list[str] = []
    for reason in reasons:
        text = f"{reason.rule}  {sentence(line(reason.why))} {sentence(line(reason.remedy))}".rstrip()
        first, *rest = wrap(text, _WIDTH - 2)
        rows += [f"  {first}", *(f"        {row}" for row in rest)]
    return rows


def _caller(caller: Caller, arguments: Namespace) -> Caller:
    """Who the command line says sends it."""
    if arguments.uid is not None:
        caller = replace(caller, uid=arguments.uid, gid=arguments.uid if arguments.gid is None else arguments.gid)
    elif arguments.gid is not None:
        caller = replace(caller, gid=arguments.gid)
    if arguments.container is not None:
        inside = CallingContainer(arguments.container, arguments.container, arguments.container_image)
        caller = replace(caller, container=inside)
    return replace(caller, tls_name=arguments.tls_name) if arguments.tls_name is not None else caller
