"""What of the host a container would get: paths, devices, volumes that lead to paths, security options."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import dirname, normpath
from typing import Any, Final

from sealock.guard.decision.case import Case
from sealock.guard.decision.jsonvalues import as_objects, as_texts, text_of
from sealock.model.container import Mount
from sealock.patterns import compile_lazily
from sealock.rules.paths import within

_VOLUME: Final = compile_lazily(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_LOCAL: Final = frozenset({"", "local"})
_TMPFS: Final = frozenset({"size", "mode", "uid", "gid", "nr_inodes", "noexec", "nosuid", "nodev", "ro", "rw"})
_OPTIONS: Final = frozenset({"no-new-privileges", "label", "apparmor", "seccomp"})
_LOG_FILES: Final = frozenset({"splunk-capath", "syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key", "path"})
"""Options of log drivers that are files of the host, also by a relative path; the last is Podman's."""
_MASKS: Final = {
    "MaskedPaths": frozenset({
        "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    }),
    "ReadonlyPaths": frozenset({"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}),
}  # fmt: skip
"""What the lists of all engines hold. Clients that make a container again send the lists that the engine described."""
_LOCAL_LOGS: Final = frozenset({"", "none", "json-file", "local", "journald"})
"""Log drivers that keep the log on the host."""
_LOCAL_ADDRESSES: Final = ("/", "unix")
"""How the path of a file or socket of the host begins."""
_LOG_ADDRESSES: Final = {
    "syslog": "syslog-address", "gelf": "gelf-address", "fluentd": "fluentd-address", "splunk": "splunk-url",
    "awslogs": "awslogs-endpoint",
}  # fmt: skip
"""The option of a log driver that says where it sends the log."""
_ADDRESS: Final = compile_lazily(r"[A-Za-z0-9.:/_\[\]-]+")
"""An address without a user, a query or an escape, behind which another host could stand."""
_OWN_REMEDY: Final = "use a named volume, or mount a directory that has nothing of the guard; binds cannot allow this"
_BELOW_REMEDY: Final = (
    "mount that directory itself, or keep it out of binds of this caller: /srv/ci/* allows what is in /srv/ci alone"
)
_BIND_REMEDY: Final = "use a named volume, or add the path to binds of this caller in sealock.toml"


def resolve_bind(case: Case, source: str) -> str:
    """Where a host path leads, denied where the caller may not mount that; "" if not known yet.

    What is denied is resolved too: an exemption may cover the denial, and other rules evaluate where the path leads.
    """
    if not source.startswith("/"):
        case.deny("G006", f"the host path {source[:80]!r} is not absolute", "write the absolute path")
        return ""
    answer = case.path(source)
    if answer is None:
        return ""
    path, exact = answer.path, answer.path in case.setting.binds
    shown = path if path == source.rstrip("/") or path == source else f"{source} (which is {path})"
    if protected := next((own for own in case.guard.protected if within(own, path) or within(path, own)), ""):
        case.deny("G006", f"would mount {shown}, and with it the guard's {protected}", _OWN_REMEDY)
    elif answer.kind == "socket" and not exact:
        case.deny("G006", f"would mount the socket {shown}, which binds does not name itself", _BIND_REMEDY)
    elif not _may_mount(case, path):
        case.deny("G006", f"would mount the host's {shown}", _BIND_REMEDY)
    elif _may_mount(case, above := dirname(path)) and not _is_root(case) and "/" not in case.setting.binds:
        # A container that has the directory above may replace an entry of it, whenever the engine starts another.
        why = f"would mount {shown}, which a container that mounts {above} can replace with a link"
        case.deny("G007", why, _BELOW_REMEDY)
    elif _can_swap(case, path, answer.writers, answer.writer_groups, everybody=answer.everybody):
        case.deny(
            "G007",
            f"would mount {shown}, which the caller can replace with a link before the container starts",
            "mount a directory whose parents only root can write, or use a named volume",
        )
    return path


def _may_mount(case: Case, path: str) -> bool:
    """Whether the policy lets the caller's containers mount a path."""
    return any(_has(bind, path) for bind in case.setting.binds)


def _has(bind: str, path: str) -> bool:
    """Whether an entry of binds allows a path: each /* at its end stands for one directory further down."""
    levels = 0
    while bind.endswith("/*"):
        bind, levels = bind[:-2], levels + 1
    return within(path, bind or "/") and path[len(bind) :].rstrip("/").count("/") >= levels


def _is_root(case: Case) -> bool:
    """Whether the caller is root on the host itself, who needs no link."""
    return case.caller.container is None and case.caller.uid == 0


def _can_swap(case: Case, path: str, writers: Iterable[int], groups: Iterable[int], *, everybody: bool) -> bool:
    """Whether the caller could make a path lead elsewhere between the decision and the start."""
    caller = case.caller
    if caller.container is not None:
        described = case.engine(f"/containers/{caller.container.id}/json")
        return described is not None and any(within(path, top) and path != top for top in _writable(described))
    if _is_root(case):
        return False
    return everybody or caller.uid in tuple(writers) or not {caller.gid, *caller.groups}.isdisjoint(groups)


def _writable(described: Mapping[str, Any]) -> Iterator[str]:
    """The host paths that a container can write."""
    for mount in as_objects(described.get("Mounts")):
        if mount.get("RW") is not False and (source := text_of(mount, "Source")):
            yield source.rstrip("/") or "/"


def driver_mount(case: Case, driver: str, options: Mapping[str, str], target: str) -> Mount | None:
    """The host path that a volume is, by its driver's options; None for one that the engine keeps itself."""
    if driver not in _LOCAL:
        if not any(fnmatchcase(driver, pattern) for pattern in case.setting.volume_drivers):
            case.deny(
                "G008",
                f"the volume driver {driver[:60]!r} is not allowed to {case.setting.name}",
                "use the driver local, or add it to volume-drivers in sealock.toml",
            )
        return None
    device, flags = options.get("device", ""), options.get("o", "").split(",")
    if unknown := set(options) - {"type", "o", "device", "size"}:
        case.deny("G008", f"the volume has the option {min(unknown)[:60]!r}, which the guard does not know")
    elif not {"type", "device", "o"} & set(options):
        return None
    elif {"bind", "rbind"} & set(flags):
        if (path := resolve_bind(case, device)) != "":
            return Mount("bind", path, target)
    elif options.get("type") != "tmpfs" or any(flag.partition("=")[0] not in _TMPFS for flag in flags if flag):
        mount = f"type {options.get('type', '')!r} of {device[:80]!r}"
        case.deny("G008", f"the volume mounts {mount} on the host", "use a volume without options, or one of tmpfs")
    return None


def named_volume(case: Case, name: str) -> Mapping[str, Any] | None:
    """The engine's description of a volume, {} where there is none of this name; None if not known, or denied."""
    if not _VOLUME.fullmatch(name):
        case.deny("G008", f"{name[:60]!r} is no name of a volume", "use letters, digits, _, . and -")
        return None
    return case.engine(f"/volumes/{name}")


def volume_mount(case: Case, described: Mapping[str, Any], target: str) -> Mount | None:
    """The host path that a volume is which exists; None for one that the engine keeps itself."""
    options = {} if described.get("Options") is None else described["Options"]
    if not isinstance(options, dict) or not all(isinstance(value, str) for value in options.values()):
        case.deny("G011", "the engine's description of a volume cannot be read")
        return None
    return driver_mount(case, text_of(described, "Driver"), options, target)


def check_devices(case: Case, host: dict[str, Any]) -> None:
    """Devices of every spelling, each of which the policy must list. Links are resolved, in the body too."""
    for device in as_objects(host.get("Devices")):
        path = text_of(device, "PathOnHost")
        if not path.startswith("/"):
            _check_device(case, path, f"the device {path[:80]!r}")
        elif (answer := case.path(path)) is not None:
            _check_device(case, answer.path, f"the device {path}")
            if answer.path != path and case.guard.rewrites:
                device.setdefault("PathInContainer", path)
                device["PathOnHost"] = answer.path
    for rule in as_texts(host.get("DeviceCgroupRules")):
        _check_device(case, rule, f"devices by the rule {rule!r}")
    for request in as_objects(host.get("DeviceRequests")):
        kinds = [word for words in request.get("Capabilities") or () for word in as_texts(words)]
        if request.get("Driver") == "cdi":
            for name in as_texts(request.get("DeviceIDs")):
                _check_device(case, name, f"the device {name}")
        else:
            driver = text_of(request, "Driver") or next(iter(kinds), "") or "of any driver"
            _check_device(case, driver, f"devices of the driver {driver!r}")


def _check_device(case: Case, name: str, what: str) -> None:
    if not any(fnmatchcase(name, pattern) for pattern in case.setting.devices):
        remedy = "leave it out, or add it to devices of this caller in sealock.toml"
        case.deny("G014", f"would get {what[:120]} of the host", remedy)


def check_security_options(case: Case, host: Mapping[str, Any]) -> None:
    """Security options that name profiles whose content no rule evaluates, and paths that are masked by default."""
    for option in host.get("SecurityOpt", ()):
        key, equals, value = option.partition("=")
        if not equals:
            key, _, value = option.partition(":")
        if key not in _OPTIONS and option != "disable":
            case.deny("G013", f"the security option {option[:60]!r} is not known to the guard", "leave it out")
        elif key == "seccomp" and value not in {"unconfined", "builtin"}:
            _profile(case, "a seccomp profile of its own")
        elif key == "apparmor" and value not in {"", "unconfined", "docker-default"}:
            _profile(case, f"the AppArmor profile {value[:60]!r}")
        elif key == "label" and value != "disable" and not value.startswith("level:"):
            _profile(case, f"the SELinux label {value[:60]!r}")
    if host.get("Annotations") and "G013" not in case.setting.accept:
        name = next(iter(host["Annotations"]))
        case.deny("G013", f"has the annotation {name[:60]!r}, on which a runtime may act as root", "leave it out")
    logging = host.get("LogConfig", {})
    check_logging(case, logging.get("Type", ""), logging.get("Config", {}))
    for key, usual in _MASKS.items():
        if key in host and "C010" not in case.setting.accept and (bare := sorted(usual.difference(host[key]))):
            why = (
                f"Masked paths under /proc and /sys are exposed: {key} replaces the engine's list, and lacks {bare[0]}"
            )
            case.deny("C010", why, f"leave {key} out, and systempaths=unconfined")


def check_logging(case: Case, driver: str, options: Mapping[str, str]) -> None:
    """Deny a log driver that makes the engine open a path of the host, or connect to where the policy does not say."""
    for name, value in options.items():
        if (
            (name in _LOG_FILES or value.lower().startswith(_LOCAL_ADDRESSES))
            and value
            and "G006" not in case.setting.accept
        ):
            why = f"the log option {name[:60]} makes the engine open {value[:80]}"
            case.deny("G006", why, "keep the log with the driver local or journald")
    # Where none is named it is the engine's own, which takes its options from the request too.
    for name in (driver,) if driver else [name for name, option in _LOG_ADDRESSES.items() if option in options]:
        entry, address = log_entry(name, options), options.get(_LOG_ADDRESSES.get(name, ""), "")
        if not entry or "G017" in case.setting.accept:
            continue
        if not any(_may_log(allowed, name, address) for allowed in case.setting.log_drivers):
            # The engine reaches addresses that the container may not, and what it sends is the container's to choose.
            where = f"to {address[:80]}" if address else "to an address of its own"
            remedy = f'use json-file, local or journald, or add "{entry[:100]}" to log-drivers of this caller'
            case.deny("G017", f"the log driver {name[:60]} makes the engine connect {where}", remedy)


def log_entry(driver: str, options: Mapping[str, str]) -> str:
    """The entry of log-drivers that a log driver needs, "" where it keeps the log on the host."""
    address = options.get(_LOG_ADDRESSES.get(driver, ""), "")
    if driver in _LOCAL_LOGS or (driver == "syslog" and not address) or address.lower().startswith(_LOCAL_ADDRESSES):
        return ""
    return f"{driver}={address}" if _ADDRESS.fullmatch(address) else driver


def _may_log(entry: str, driver: str, address: str) -> bool:
    """Whether an entry of the policy allows a log driver with this address."""
    name, equals, pattern = entry.partition("=")
    return fnmatchcase(driver, name) and (
        not equals or (_ADDRESS.fullmatch(address) is not None and fnmatchcase(address, pattern))
    )


def check_working_directory(case: Case, path: str) -> None:
    """Deny a working directory that is a descriptor of the runtime's: runc before 1.1.12 left one of the host open."""
    if path and normpath(path).lstrip("/").startswith(("proc/", "dev/fd/")):
        case.deny(
            "G006", f"the working directory {path[:80]} is in /proc, where the runtime's own files are", "use another"
        )


def _profile(case: Case, what: str) -> None:
    if "G013" not in case.setting.accept:
        case.deny("G013", f"would run under {what}, which no rule evaluates", "use the engine's default profile")
