"""Builds by the classic builder: what they give, and whose layers they may take from its cache."""

from __future__ import annotations

import json
from typing import Final

from sealock.guard.decision.archivechecks import evaluate_context, is_fetched, uses_buildkit
from sealock.guard.decision.case import Case
from sealock.guard.decision.creation import SWAP, check_network, in_sizes, note_joined
from sealock.guard.decision.effects import check_noun, read_container
from sealock.guard.decision.imagechecks import check_name, check_new_tag
from sealock.guard.decision.ownership import label_created
from sealock.guard.decision.podmanwords import check_dockerfile
from sealock.guard.decision.requestbodies import BodyError, parse_strictly
from sealock.patterns import compile_lazily
from sealock.text import format_size

_OUTPUTS: Final = frozenset({"", "docker", "moby", "image", "local", "tar", "oci", "cacheonly"})
_PLAIN: Final = frozenset({"", "default", "bridge", "none"})
_PERIOD: Final = 100_000
"""Microseconds of a period where a request names none."""
_NUMBER: Final = compile_lazily(r"[0-9]{1,19}")


def evaluate_build(case: Case) -> None:
    """Evaluate the parameters of a build, and what its context holds."""
    query = case.query
    if uses_buildkit(case) and "session:write" not in case.setting.allow:
        remedy = (
            'build with DOCKER_BUILDKIT=0, or allow "session" to this caller: then nothing evaluates its Dockerfile, '
            "its images, its networks, and where the result goes"
        )
        case.deny("G015", "would build with BuildKit, whose session the guard cannot evaluate", remedy)
    if is_fetched(case) and "G015" not in case.setting.accept:
        # The engine reaches addresses that the client may not: of the host itself, of its networks, of the cloud.
        remedy = "send the context itself, as docker build does with DOCKER_BUILDKIT=0"
        case.deny("G015", f"would make the engine fetch {query['remote'][:80]}", remedy)
    if case.target.parameters("securityopt"):
        case.deny("G015", "sets security options of a build", "leave them out")
    check_dockerfile(case, query.get("dockerfile", ""))
    for tag in case.target.parameters("t"):
        check_new_tag(case, tag)
    try:
        labels = parse_strictly((query.get("labels") or "{}").encode())
        outputs = parse_strictly((query.get("outputs") or "[]").encode())
        sound = isinstance(outputs, list) and all(
            isinstance(output, dict) and set(output) <= {"Type", "Attrs"} and output.get("Type", "") in _OUTPUTS
            for output in outputs
        )
        if labels is not None and not isinstance(labels, dict):
            sound = False
    except BodyError:
        sound, labels = False, {}
    if not sound:
        case.deny("G015", "labels or outputs of the build are not as the guard knows them", "use docker build")
        return
    holder = {"Labels": labels or {}}
    label_created(case, holder, case.setting, inherits=True)
    if holder["Labels"] != (labels or {}):
        query["labels"] = json.dumps(holder["Labels"])
    _check_cache(case)
    if not uses_buildkit(case):  # which has no such parameters
        _limit_build(case)
    host = {"NetworkMode": query.get("networkmode", ""), "CgroupParent": query.get("cgroupparent", "")}
    if host["NetworkMode"] not in _PLAIN | {"host"} and not host["NetworkMode"].startswith("container:"):
        check_network(case, host["NetworkMode"])
    note_joined(case, host)
    container = read_container(case, {"HostConfig": {key: value for key, value in host.items() if value}})
    if container is not None:
        check_noun(case, container, only=frozenset({"network_mode", "cgroup_parent"}))
    evaluate_context(case)


def _check_cache(case: Case) -> None:
    """Keep out layers of other callers: the engine takes any layer of the same instructions, whoever built it."""
    query = case.query
    if case.setting.own and query.get("nocache") not in {"1", "true"}:
        query["nocache"] = "1"
        case.change("built without the cache, which has layers of other callers")
    if case.setting.reach.images and query.get("cachefrom"):
        try:
            names = parse_strictly(query["cachefrom"].encode())
        except BodyError:
            names = None
        for name in names if isinstance(names, list) else [query["cachefrom"]]:
            check_name(case, str(name))


def _limit_build(case: Case) -> None:
    """Deny a build more than the policy grants, and one that names no limit, or 0, unless it is to be given one."""
    limits, query = case.setting.limits, case.query
    if limits.memory is not None:
        _limit(
            case,
            "memory",
            limits.memory,
            "memory",
            f"memory of the build limited to {format_size(limits.memory)}",
        )
        swap = query.get("memswap") or "0"
        if not _NUMBER.fullmatch(swap) or int(swap) > SWAP * limits.memory:
            asked, granted = _in_sizes(swap, SWAP * limits.memory)
            why = f"asks for {asked} of memory and swap, and {case.setting.name} may have {granted}"
            case.deny("G010", why, "ask for less, or leave memswap out")
    if limits.cpus is None:
        return
    period = query.get("cpuperiod") or "0"
    if not _NUMBER.fullmatch(period):
        case.deny("G004", f"cpuperiod {period[:30]!r} is no number", "leave it out")
        return
    most = round(limits.cpus * (int(period) or _PERIOD))
    _limit(case, "cpuquota", most, "us of CPU in each period", f"CPUs of the build limited to {limits.cpus:g}")


def _limit(case: Case, key: str, most: int, what: str, change: str) -> None:
    asked = case.query.get(key) or "0"
    number = int(asked) if _NUMBER.fullmatch(asked) else most + 1
    if not number and "limits" in case.setting.changes and case.guard.rewrites:
        case.query[key] = str(most)
        case.change(change)
    elif not 0 < number <= most:
        shown, granted = f"{asked[:30]} {what}", str(most)
        if what == "memory":
            asked, granted = _in_sizes(asked, most)
            shown = f"{asked} of memory"
        if not number:
            shown = f"unlimited {what}"
        remedy = "ask for less" if number else 'name a limit, or let the policy set it by change = ["limits"]'
        case.deny("G010", f"asks for {shown}, and {case.setting.name} may have {granted}", remedy)


def _in_sizes(asked: str, granted: int) -> tuple[str, str]:
    """What a parameter asks for and what is granted, for people to compare."""
    if _NUMBER.fullmatch(asked):
        return in_sizes(int(asked), granted)
    return f"{asked[:30]} bytes", format_size(granted)
