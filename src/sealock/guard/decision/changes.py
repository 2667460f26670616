"""What the policy changes in a create body rather than deny it: by the rules' own fixes, and the table that reads.

Only what the client leaves open is changed. What was changed is said in words, for the answer and the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealock.formats.inspect.hostconfig import KEYS
from sealock.guard.decision.case import Case
from sealock.guard.decision.effects import read_again
from sealock.guard.decision.imagechecks import check_name
from sealock.guard.decision.jsonvalues import as_object
from sealock.model.absent import UNSET
from sealock.model.change import Add, Change, Set
from sealock.model.container import Container
from sealock.rules.container.capabilities_kept import CapabilitiesKept
from sealock.rules.container.new_privileges import NewPrivileges
from sealock.rules.rule import Rule
from sealock.text import format_size

_BY_RULES: Final[dict[str, Rule[Container]]] = {"no-new-privileges": NewPrivileges(), "cap-drop": CapabilitiesKept()}
_EVERYWHERE: Final = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  the addresses that are changed


def change_body(case: Case, body: dict[str, Any]) -> None:
    """Make the changes that the policy wants, and note them."""
    if not set(case.setting.changes) - {"digest"} or not case.guard.rewrites:  # `imagechecks` pins
        return
    host = body.setdefault("HostConfig", {})
    container = read_again(body).container
    for word in case.setting.changes:
        match word:
            case "no-new-privileges" | "cap-drop":
                rule = _BY_RULES[word]
                if getattr(container, rule.reads[0]) is UNSET:
                    fixes = [change for fault in rule.check(container) for change in fault.fix]
                    for change in fixes:
                        _write(case, host, change)
                    _note_capabilities(case, fixes)
            case "limits":
                _limit(case, host, container)
            case "loopback":
                _name_published(case, body, host)
                _to_loopback(case, host)
            case "digest":
                pass


def _write(case: Case, host: dict[str, Any], change: Change) -> None:
    """Write a change of a field into HostConfig, under the key that the field is read from."""
    match change:
        case Set(field="no_new_privileges", value=True):
            host["SecurityOpt"] = [*host.get("SecurityOpt", ()), "no-new-privileges"]
            case.change("no-new-privileges set")
        case Set(field=field, value=value):
            host[KEYS[field]] = value
            case.change(f"{field} set to {value}")
        case Add(field=field, value=value):
            key = KEYS[field]
            host[key] = [*host.get(key, ()), value]
        case _:
            pass


def _note_capabilities(case: Case, fixes: Iterable[Change]) -> None:
    """Say in one line which capabilities are dropped, and which are kept."""
    dropped, kept = (
        [str(change.value) for change in fixes if isinstance(change, Add) and change.field == field]
        for field in ("cap_drop", "cap_add")
    )
    if dropped:
        case.change(f"capabilities dropped: {', '.join(dropped)}{' but ' if kept else ''}{', '.join(kept)}")


def _limit(case: Case, host: dict[str, Any], container: Container) -> None:
    limits = case.setting.limits
    if limits.memory is not None and container.memory is UNSET:
        host[KEYS["memory"]] = limits.memory
        case.change(f"memory limited to {format_size(limits.memory)}")
    if limits.pids is not None and (container.pids_limit is UNSET or container.pids_limit == 0):
        host[KEYS["pids_limit"]] = limits.pids
        case.change(f"processes limited to {limits.pids}")
    if limits.cpus is not None and container.cpus is UNSET and container.cpu_quota is UNSET:
        host[KEYS["cpus"]] = round(limits.cpus * 1e9)
        case.change(f"CPUs limited to {limits.cpus:g}")


def _name_published(case: Case, body: dict[str, Any], host: dict[str, Any]) -> None:
    """Name the ports that PublishAllPorts publishes, those that body and image expose, so that each gets an address."""
    image = str(body.get("Image", ""))
    if host.get("PublishAllPorts") is not True or not check_name(case, image):
        return
    config = as_object(case.engine(f"/images/{image}/json")).get("Config")
    exposed = {*(body.get("ExposedPorts") or ()), *as_object(as_object(config).get("ExposedPorts"))}
    bindings = {port: bound for port, bound in (host.get("PortBindings") or {}).items() if bound}
    bound = set(map(_with_protocol, bindings))
    new = sorted(port for port in map(_with_protocol, exposed) if port not in bound)
    host["PublishAllPorts"] = False
    host["PortBindings"] = bindings | {port: [{"HostIp": "", "HostPort": ""}] for port in new}


def _with_protocol(port: str) -> str:
    return port if "/" in port else f"{port}/tcp"


def _to_loopback(case: Case, host: dict[str, Any]) -> None:
    for port, bindings in (host.get("PortBindings") or {}).items():
        for binding in bindings or ():
            if binding.get("HostIp", "") in _EVERYWHERE:
                binding["HostIp"] = "127.0.0.1"
                case.change(f"port {port} published on 127.0.0.1 only")
