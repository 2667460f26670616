"""What `sealock run --for agent` closes on top of the defaults: one workspace is writable, listed hosts are reached.

The command may come from the agent, so it may use the options that are listed here and no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from posixpath import normpath
from typing import Final

from msgspec import Struct

from sealock.model.absent import UNSET, given
from sealock.model.allowedhosts import AllowedHost
from sealock.model.change import Add, Change, Set
from sealock.model.container import Container, Logging, Mount, Ulimit, Variable
from sealock.policy.agents import AgentPolicy
from sealock.rules.container._users import is_root  # who is root stands there
from sealock.runtime.sandbox.workspace import MOST_MOUNTS, Workspace, mount_refusal
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunMachine
from sealock.secrets.values import find_secret, kind_of_name

TARGET: Final = "/workspace"
"""Where the workspace is in the container."""
PROXY: Final = "http://127.0.0.1:3128"
PIDS: Final = 256
_OPTIONS: Final = frozenset({
    "add-host", "attach", "cap-add", "cap-drop", "cpu-period", "cpu-quota", "cpu-shares", "cpus", "cpuset-cpus",
    "cpuset-mems", "detach", "detach-keys", "domainname", "entrypoint", "env", "health-cmd", "health-interval",
    "health-retries", "health-start-interval", "health-start-period", "health-timeout", "hostname", "init",
    "interactive", "label", "log-driver", "log-opt", "memory", "memory-reservation", "memory-swap", "mount", "name",
    "network", "no-healthcheck", "pids-limit", "platform", "pull", "quiet", "read-only", "rm", "security-opt",
    "shm-size", "sig-proxy", "stop-signal", "stop-timeout", "tmpfs", "tty", "tz", "ulimit", "umask", "user", "volume",
    "workdir",
})  # fmt: skip
_HARMLESS: Final = frozenset({"KILL", "NET_BIND_SERVICE"})
"""Capabilities that reach nothing outside of a container without a network."""
_LOGS: Final = frozenset({"json-file", "local", "none", "journald", "k8s-file", "passthrough"})
"""Log drivers that send nothing to another machine."""
_LOG_OPTIONS: Final = frozenset({"max-size", "max-file", "compress", "mode", "max-buffer-size"})
_VOLUME_KEYS: Final = ("volume-opt", "volume-driver")
_MOUNT_OPTIONS: Final = frozenset({"noexec", "nosuid", "nodev", "exec", "bind", "rbind", "nocopy"})
"""Options that change nothing of what is mounted, as U (its owner) and z (its label) do."""
_PROPAGATIONS: Final = frozenset({None, "private", "rprivate"})
_SECURITY: Final = frozenset(f"no-new-privileges{value}" for value in ("", "=true", ":true"))
_PROXY_NAMES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY")


class AgentRequest(Struct, frozen=True):
    """What was asked for: the workspace, the hosts, and the protected paths that may be written.

    `environment` is the caller's. `proxies` says whether the client would pass its own settings of proxies, which may
    hold a password. `lock` keeps the workspace as it is, as `workspace.hold` returned it.
    """

    workspace: Workspace
    hosts: tuple[AllowedHost, ...] = ()
    writable: tuple[str, ...] = ()
    policy: AgentPolicy = AgentPolicy()
    environment: Mapping[str, str] = {}
    proxies: bool = False
    lock: int | None = None


def agent_changes(
    asked: Container, request: AgentRequest, machine: RunMachine
) -> Iterator[tuple[tuple[Change, ...], str]]:
    """What is added to a command for an agent, each with its reason."""
    workspace = request.workspace
    mount = Mount("bind", workspace.path, TARGET)
    yield (Add("mounts", mount),), "the workspace, which alone is writable"
    if asked.working_dir is UNSET:
        yield (Set("working_dir", TARGET),), "the command starts in the workspace"
    if kept := tuple(Add("mounts", _read_only(workspace.path, path)) for path, _ in _protected(request)):
        yield kept, "what starts programs on this machine stays as it is: hooks, tasks, workflows; see --writable"
    missing = tuple(name for name in workspace.missing if name not in request.writable)
    if missing:
        empty = tuple(Add("mounts", Mount("tmpfs", None, f"{TARGET}/{name}", read_only=True)) for name in missing)
        yield empty, "so that nothing that starts programs on this machine is made; see --writable"
    if masked := tuple(Add("mounts", _masked(path)) for path in workspace.sockets):
        yield masked, "what listens on these sockets is outside of the container"
    yield (Set("network_mode", "none"),), "no network: what is allowed is reached through a proxy of sealock's"
    yield (Add("cap_drop", "ALL"),), "a command of an agent needs no capability"
    if asked.pids_limit is UNSET:
        yield (Set("pids_limit", PIDS),), "C030: else it can start any number of processes"
    if machine.unlimited and not any(limit.name == "nproc" for limit in given(asked.ulimits, ())):
        limit = Ulimit("nproc", PIDS, PIDS)
        yield (
            (Add("ulimits", limit),),
            "the engine ignores limits of memory and processes, and this holds for the latter",
        )
    if asked.user is UNSET and workspace.owner[0] and not machine.rootless:
        user = f"{workspace.owner[0]}:{workspace.owner[1]}"
        yield (Set("user", user),), "the owner of the workspace, so that what it writes is theirs"
    yield (
        tuple(Add("environment", variable) for variable in _variables(asked, request)),
        "the home directory of another user is closed, and settings of this machine stay here",
    )


def _variables(asked: Container, request: AgentRequest) -> Iterator[Variable]:
    names = {variable.name for variable in given(asked.environment, ())}
    if "HOME" not in names:
        yield Variable("HOME", "/tmp")  # noqa: S108  in the container, whose other directories are read-only
    if request.hosts or request.proxies:
        for name in (*_PROXY_NAMES, *map(str.lower, _PROXY_NAMES)):
            value = "localhost,127.0.0.1,::1" if name.upper() == "NO_PROXY" else PROXY
            yield Variable(name, value if request.hosts else "")


def agent_refusals(line: EditableRun, request: AgentRequest) -> Iterator[str]:
    """Why a command may not run for an agent; nothing where it may."""
    asked = line.container
    for name, value in dict.fromkeys(line.options()):
        if name not in _OPTIONS:
            yield f"--{name} is not for commands of agents"
        elif name == "security-opt" and value not in _SECURITY:
            yield "--security-opt is not for commands of agents, but for no-new-privileges"
        elif name == "mount" and any(key in value.lower() for key in _VOLUME_KEYS):
            yield f"--mount {value} may open a directory of this machine by options of a volume's driver"
    yield from _mount_refusals(asked)
    yield from _environment_refusals(asked, request)
    if asked.network_mode not in {UNSET, "none"} or given(asked.networks, ()):
        yield "--network is not for commands of agents: name the hosts that it needs with --allow-host"
    if asked.read_only is False:
        yield "--read-only=false is not for commands of agents: they write in the workspace, and in /tmp"
    for name in sorted({*given(asked.cap_add, ())} - _HARMLESS):
        yield f"--cap-add {name} is not for commands of agents"
    if isinstance(asked.user, str) and is_root(asked.user) and request.workspace.owner[0]:
        yield f"--user {asked.user} is not for commands of agents: the workspace has another owner"
    unlimited = any(limit.name == "nproc" and limit.soft < 0 for limit in given(asked.ulimits, ()))
    if unlimited or any(limit <= 0 for limit in _limits(asked)) or asked.memory_swap == -1:
        yield "a command of an agent needs limits of processes, memory and CPUs"
    yield from _logging_refusals(asked)
    yield from _workspace_refusals(request)


def _limits(asked: Container) -> Iterator[float]:
    for limit in (asked.pids_limit, asked.memory, asked.cpus, asked.cpu_quota):
        if isinstance(limit, int | float):
            yield limit


def _logging_refusals(asked: Container) -> Iterator[str]:
    if not isinstance(asked.logging, Logging):
        return
    if asked.logging.driver not in {None, *_LOGS}:
        yield f"--log-driver {asked.logging.driver} may send its output to another machine"
    for key, _ in asked.logging.options:
        if key not in _LOG_OPTIONS:
            yield f"--log-opt {key} is not for commands of agents: it may write a file of this machine"


def _workspace_refusals(request: AgentRequest) -> Iterator[str]:
    workspace = request.workspace
    known = {*workspace.missing, *workspace.links, *(path for path, _ in workspace.protected)}
    for path in request.writable:
        if path not in known:
            yield f"--writable {path}: no protected path of the workspace has this name"
    for path in workspace.links:
        if path not in request.writable:
            yield f"{path} in the workspace is a symbolic link, which cannot be kept from being replaced: --writable"
    if len(workspace.protected) + len(workspace.sockets) > MOST_MOUNTS:
        yield f"the workspace has more than {MOST_MOUNTS} paths that need protection: name a smaller one"
    if not workspace.complete:
        yield "not all that needs protection was found, in too many files or unreadable directories: name a smaller one"


def _mount_refusals(asked: Container) -> Iterator[str]:
    for mount in given(asked.mounts, ()):
        target = "/" + normpath(mount.target).lstrip("/")
        if target == TARGET or target.startswith(f"{TARGET}/"):
            yield f"a mount on {mount.target} would lie in the workspace"
        elif mount.kind not in {"bind", "volume", "tmpfs"}:
            yield f"a mount of the kind {mount.kind} is not for commands of agents"
        elif mount.kind == "tmpfs" or (mount.source is None and not mount.options):
            continue
        elif changing := [*({*mount.options} - _MOUNT_OPTIONS), *({mount.propagation} - _PROPAGATIONS)]:
            yield f"the option {changing[0]} of the mount on {mount.target} may change files of this machine"
        elif mount.kind != "bind":
            if not mount.read_only:
                yield f"the volume {mount.source} is writable: only the workspace may be, so add :ro"
        elif not mount.read_only:
            yield f"{mount.source} is writable: only the workspace may be, so add :ro"
        elif why := mount_refusal(mount.source or ""):
            yield f"{mount.source} {why}"


def _environment_refusals(asked: Container, request: AgentRequest) -> Iterator[str]:
    for variable in given(asked.environment, ()):
        if variable.value is not None or variable.name in request.policy.variables:
            continue
        if "*" in variable.name:
            yield f"-e {variable.name} passes variables by a pattern: name each"
            continue
        value = request.environment.get(variable.name, "")
        if kind_of_name(variable.name) or find_secret(variable.name, value):
            yield f"-e {variable.name} passes a secret of this machine; the policy may allow it in [agent] variables"


def _protected(request: AgentRequest) -> Iterable[tuple[str, int]]:
    return ((path, inode) for path, inode in request.workspace.protected if path not in request.writable)


def _read_only(directory: str, path: str) -> Mount:
    return Mount("bind", f"{directory}/{path}", f"{TARGET}/{path}", read_only=True)


def _masked(path: str) -> Mount:
    return Mount("bind", "/dev/null", f"{TARGET}/{path}", read_only=True)
