"""Learns the narrowest policy for what clients called, from the guard's log."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

from msgspec import Struct, field

from sealock.guard.decision.exchange import Caller, Denied, EngineRequest, GuardReason
from sealock.guard.decision.hostaccess import log_entry
from sealock.guard.decision.jsonvalues import as_object, as_objects, as_texts
from sealock.guard.decision.namedpaths import bound_paths, device_paths, plain_path, volume_paths
from sealock.guard.decision.offline import decide_offline
from sealock.guard.decision.prepared import Guard
from sealock.guard.decision.routes import NEWEST, ROUTES
from sealock.guard.decision.targets import ReadTarget, TargetError, read_target
from sealock.guard.permits import caller_table, words_for
from sealock.model.imagename import parse
from sealock.text import count

_MOST: Final = 100
_SHOWN: Final = 20
"""Most kinds of denied requests that are named for a caller."""
_KEPT: Final = 10_000
"""Requests whose decisions are kept: a log has the same ones again and again."""
_OPAQUE: Final = frozenset(route.name for route in ROUTES if route.group == "session")
"""Routes whose streams pass unread."""


class LearnedCaller(Struct):
    """What one client called."""

    conditions: dict[str, Any]
    routes: set[str] = set()
    binds: set[str] = set()
    devices: set[str] = set()
    images: set[str] = set()
    networks: set[str] = set()
    volumes: set[str] = set()
    logs: set[str] = set()
    faults: dict[str, str] = {}
    """Rules that denied, or would have, each with the first reason."""
    unknown: int = 0
    """Requests on routes that the guard does not know."""
    requests: int = 0
    denied: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """The requests that the learned policy denies: how many by rule, route and reason."""


class CalledRequest(Struct, frozen=True):
    """A request of the log: the conditions that its client meets, and the rules that it breaks, with the reasons."""

    conditions: dict[str, Any]
    request: EngineRequest
    body: Any = None
    faults: tuple[tuple[str, str], ...] = ()
    caller: Caller = Caller()
    lost: bool = False
    """Whether the log does not hold the body."""
    paths: Mapping[str, str] = {}
    """Where paths that it names led, where that is elsewhere."""


def learn(called: Iterable[CalledRequest]) -> list[LearnedCaller]:
    """What each client called."""
    callers: dict[str, LearnedCaller] = {}
    for call in called:
        caller = callers.setdefault(_key(call), LearnedCaller(call.conditions))
        caller.requests += 1
        try:
            target = read_target(call.request.method, call.request.target, (NEWEST[0], 99))
        except TargetError:
            caller.unknown += 1
        else:
            caller.routes.add(target.route.name)
            caller.faults = {rule: why for rule, why in call.faults if rule.startswith("C")} | caller.faults
            _note(caller, target, as_object(call.body), call.paths)
    # The first that a client meets counts: one with fewer conditions would take the requests of others.
    return sorted(callers.values(), key=lambda caller: -len(caller.conditions))


def check_learned(callers: Iterable[LearnedCaller], called: Iterable[CalledRequest], guard: Guard, today: date) -> None:
    """Decide by the learned policy on what it was learned from, and note what it denies."""
    by_key = {repr(sorted(caller.conditions.items())): caller for caller in callers}
    known: dict[tuple[object, ...], tuple[GuardReason, ...]] = {}
    for call in called:
        try:
            route = read_target(call.request.method, call.request.target, (NEWEST[0], 99)).route.name
        except TargetError:
            continue  # counted as unknown
        key = (call.caller.identity, call.request, tuple(call.paths.items()))
        if (reasons := known.get(key)) is None:
            result = decide_offline(call.request, call.caller, guard, today, call.paths).result
            reasons = known[key] = result.reasons if isinstance(result, Denied) else ()
            if len(known) > _KEPT:
                known.clear()
        caller = by_key[_key(call)]
        caller.denied.update((reason.rule, route, reason.why) for reason in reasons if reason.rule not in caller.faults)


def _key(call: CalledRequest) -> str:
    return repr(sorted(call.conditions.items()))


def _note(caller: LearnedCaller, target: ReadTarget, body: dict[str, Any], paths: Mapping[str, str]) -> None:
    """Note what a body asks for that a policy lists."""
    match target.route.name:
        case "POST /containers/create":
            _note_create(caller, body, as_object(body.get("HostConfig")), paths)
        case "POST /services/create" | "POST /services/{id}/update":
            task = as_object(body.get("TaskTemplate"))
            spec, log = as_object(task.get("ContainerSpec")), as_object(task.get("LogDriver"))
            _note_create(caller, spec, spec, paths)
            _note_log(caller, log.get("Name"), log.get("Options"))
        case "POST /volumes/create":
            _note_driver(caller, body.get("Driver"))
            caller.binds.update(_led(volume_paths(as_object(body.get("DriverOpts"))), paths))
        case "POST /networks/create" if isinstance(body.get("Driver"), str) and body["Driver"]:
            caller.networks.add(body["Driver"])
        case "POST /images/create" if target.parameter("fromImage"):
            caller.images.add(target.parameter("fromImage"))
        case _:
            pass


def _note_create(caller: LearnedCaller, body: dict[str, Any], host: dict[str, Any], paths: Mapping[str, str]) -> None:
    if isinstance(body.get("Image"), str):
        caller.images.add(body["Image"])
    caller.binds.update(_led(bound_paths(host), paths))
    caller.devices.update(_led(device_paths(host), paths))
    for mount in as_objects(host.get("Mounts")):
        driver = as_object(as_object(mount.get("VolumeOptions")).get("DriverConfig"))
        _note_driver(caller, driver.get("Name"))
    caller.devices.update(as_texts(host.get("DeviceCgroupRules")))
    log = as_object(host.get("LogConfig"))
    _note_log(caller, log.get("Type"), log.get("Config"))
    for request in as_objects(host.get("DeviceRequests")):
        kinds = [word for words in request.get("Capabilities") or () for word in as_texts(words)]
        wanted = str(request.get("Driver") or "".join(kinds[:1]))
        caller.devices.update(as_texts(request.get("DeviceIDs")) if wanted == "cdi" else [wanted])


def _note_log(caller: LearnedCaller, driver: Any, options: Any) -> None:  # noqa: ANN401  JSON values
    texts = {name: value for name, value in as_object(options).items() if isinstance(value, str)}
    if isinstance(driver, str) and (entry := log_entry(driver, texts)):
        caller.logs.add(entry)


def _note_driver(caller: LearnedCaller, driver: Any) -> None:  # noqa: ANN401  a JSON value
    if isinstance(driver, str) and driver not in {"", "local"}:
        caller.volumes.add(driver)


def _led(named: Iterable[str], paths: Mapping[str, str]) -> Iterator[str]:
    """Where named paths lead: the guard compares that, and not how a request spells it."""
    for path in named:
        yield paths.get(path) or plain_path(path)


def policy_text(callers: Iterable[LearnedCaller]) -> str:
    """The policy, with what a person has to decide as comments."""
    tables: list[str] = []
    taken: set[str] = set()
    for number, caller in enumerate(callers, 1):
        if not caller.routes:
            continue
        name = _name(caller, number)
        if name in taken:
            name = f"{name}-{number}"
        taken.add(name)
        tables.append(caller_table(name, _settings(caller), _notes(caller)))
    return "[guard]\n\n" + "\n".join(tables)


def _name(caller: LearnedCaller, number: int) -> str:
    for key in ("container", "tls-name"):
        if key in caller.conditions:
            return str(caller.conditions[key])
    return f"uid-{caller.conditions['uid']}" if "uid" in caller.conditions else f"caller-{number}"


def _settings(caller: LearnedCaller) -> dict[str, Any]:
    settings = caller.conditions | {"allow": words_for(caller.routes)}
    for key, values in (
        ("images", set(_patterns(caller.images))),
        ("binds", caller.binds),
        ("devices", caller.devices),
        ("volume-drivers", caller.volumes),
        ("log-drivers", caller.logs),
    ):
        if values:
            settings[key] = sorted(values)[:_MOST]
    if caller.networks - {"bridge"}:
        settings["network-drivers"] = sorted(caller.networks)
    return settings


def _notes(caller: LearnedCaller) -> Iterator[str]:
    yield count(caller.requests, "request")
    for rule, why in sorted(caller.faults.items()):
        yield f'Denied by {rule} ({why}). If it is needed: accept = ["{rule}"]'
    for (rule, route, why), number in sorted(caller.denied.items())[:_SHOWN]:
        yield f"Left denied by {rule}: {count(number, 'request')} of {route}: {why}"
    if len(caller.denied) > _SHOWN:
        yield f"Left denied: {count(len(caller.denied) - _SHOWN, 'kind')} of requests more, which guard replay names"
    for route in sorted(caller.routes & _OPAQUE):
        yield f"Nothing evaluates what passes by {route}: BuildKit's build, with its images, networks and secrets"
    if caller.unknown:
        yield f"Not allowed: {count(caller.unknown, 'request')} on routes that sealock does not know"


def _patterns(images: Iterable[str]) -> Iterator[str]:
    """Patterns of images: each repository, with any tag."""
    for text in images:
        if (name := parse(text)) is not None:
            yield name.pattern
