"""The noun that every source is read into and every runtime rule checks.

Names are the engine's own where it has one. Sizes are bytes, times are seconds, CPUs are a float.
A field is a value, UNSET (the platform's default applies) or UNKNOWN (the source cannot say).
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from sealock.model.absent import UNKNOWN, UNSET, Maybe

ImageRole: TypeAlias = Literal["run", "built", "base"]
MountKind: TypeAlias = Literal[
    "bind", "volume", "tmpfs", "npipe", "cluster", "image", "glob", "artifact", "ramfs", "devpts"
]


class Mount(Struct, frozen=True):
    """Something mounted into the container's file system.

    `source` is a host path (bind), a pattern of host paths (glob), the name of a volume, an image or an artifact, or
    None (tmpfs, anonymous volume). A relative bind source is kept as written ("./data", "~/x"). `options` holds what
    has no field of its own: exec, noexec, suid, nosuid, dev, nodev, z, Z, nocopy, U, size=…, mode=…; "ephemeral" for a
    volume that lives only as long as its pod.
    """

    kind: MountKind
    source: str | None
    target: str
    read_only: bool = False
    propagation: str | None = None
    options: tuple[str, ...] = ()


class PodVolume(Struct, frozen=True, gc=False):
    """A volume that a Kubernetes pod declares: its name, its kind ("hostPath", "nfs"), and the host's path or "".

    `mounted` is whether a container of the pod mounts all of it.
    """

    name: str
    kind: str
    path: str = ""
    mounted: bool = False


class Port(Struct, frozen=True, gc=False):
    """A published port. Ports are text, since they may be ranges ("8000-8010"); `host` is None for "any free one".

    `address` is the host address as written without brackets, None where none was given (that is: all of them).
    """

    container: str
    host: str | None = None
    address: str | None = None
    protocol: str = "tcp"


class Link(Struct, frozen=True, gc=False):
    """A legacy link to another container, and the name it has inside."""

    target: str
    alias: str


class Network(Struct, frozen=True):
    """A user-defined network that the container joins."""

    name: str
    aliases: tuple[str, ...] = ()


class Device(Struct, frozen=True, gc=False):
    """A host device given to the container; permissions out of "rwm"."""

    source: str
    target: str
    permissions: str = "rwm"


class Ulimit(Struct, frozen=True, gc=False):
    """A resource limit of the processes; -1 is unlimited."""

    name: str
    soft: int
    hard: int


class Variable(Struct, frozen=True, gc=False):
    """An environment variable; value None means that it comes from the caller's environment."""

    name: str
    value: str | None


class Label(Struct, frozen=True, gc=False):
    """A label and its value."""

    name: str
    value: str


class Sysctl(Struct, frozen=True, gc=False):
    """A kernel parameter set in the container's namespaces."""

    name: str
    value: str


class Restart(Struct, frozen=True, gc=False):
    """A restart policy: no, always, unless-stopped, on-failure; retries None means unlimited."""

    policy: str
    retries: int | None = None


class Health(Struct, frozen=True):
    """A health check. `test` holds the words run, ("CMD-SHELL", line) or ("CMD", word, …); times in seconds or None."""

    disabled: bool = False
    test: tuple[str, ...] = ()
    interval: float | None = None
    timeout: float | None = None
    start_period: float | None = None
    start_interval: float | None = None
    retries: int | None = None


class Logging(Struct, frozen=True):
    """A log driver and its options as pairs."""

    driver: str | None
    options: tuple[tuple[str, str], ...] = ()


class Hook(Struct, frozen=True):
    """A command that Compose runs in the container at a moment of its life ("post_start", "pre_stop"), as `exec` does.

    Before the container starts ("pre_start"), it runs in one of its own. `user` and `image` are None where they are the
    container's.
    """

    moment: str
    command: tuple[str, ...] = ()
    user: str | None = None
    privileged: bool = False
    environment: tuple[Variable, ...] = ()
    working_dir: str | None = None
    image: str | None = None


class Container(Struct, frozen=True, kw_only=True):
    """A container as one source describes it. By default every field is UNKNOWN."""

    # What runs
    image: Maybe[str] = UNKNOWN
    image_role: ImageRole = "run"
    """What `image` names: "run", the image to pull and run; "built", the result of a build that comes first; "base",
    the image that the one described here is built on. A "base" container is itself an image."""
    engine: Literal["", "podman"] = ""
    """The engine that starts it, where the source says that it is Podman: its default capabilities are fewer."""
    name: Maybe[str] = UNKNOWN
    platform: Maybe[str] = UNKNOWN
    pull: Maybe[str] = UNKNOWN
    content_trust: Maybe[bool] = UNKNOWN
    entrypoint: Maybe[tuple[str, ...]] = UNKNOWN
    command: Maybe[tuple[str, ...]] = UNKNOWN
    hooks: Maybe[tuple[Hook, ...]] = UNKNOWN
    working_dir: Maybe[str] = UNKNOWN
    init: Maybe[bool] = UNKNOWN
    tty: Maybe[bool] = UNKNOWN
    stdin_open: Maybe[bool] = UNKNOWN
    stop_signal: Maybe[str] = UNKNOWN
    runtime: Maybe[str] = UNKNOWN
    environment: Maybe[tuple[Variable, ...]] = UNKNOWN
    env_files: Maybe[tuple[str, ...]] = UNKNOWN
    outside: Maybe[tuple[str, ...]] = UNKNOWN
    """Names of the variables whose values are not in the text: from an env_file, .env or the caller's environment."""
    labels: Maybe[tuple[Label, ...]] = UNKNOWN
    annotations: Maybe[tuple[Label, ...]] = UNKNOWN
    secrets: Maybe[tuple[str, ...]] = UNKNOWN
    history: Maybe[tuple[str, ...]] = UNKNOWN
    """The history of the image's configuration: the commands that made its layers."""
    # Who it is
    user: Maybe[str] = UNKNOWN
    """"user", "user:group" …; "" where neither the container nor its image has one; "nonroot" where
    the platform refuses to start it as root."""
    root_refused: Maybe[bool] = UNKNOWN
    """Whether Kubernetes refuses to start it as root (runAsNonRoot); UNSET where the platform has no such setting."""
    service_token: Maybe[bool] = UNKNOWN
    """Whether Kubernetes mounts a token of the pod's service account; UNSET where the platform has none."""
    groups: Maybe[tuple[str, ...]] = UNKNOWN
    """Names or numbers; in the kernel's view numbers with the host's name, as id(1) writes them: "27(sudo)"."""
    # What it may do
    privileged: Maybe[bool] = UNKNOWN
    host_process: Maybe[bool] = UNKNOWN
    """Whether its processes are the Windows host's own, without a container around them."""
    cap_add: Maybe[tuple[str, ...]] = UNKNOWN
    """Upper case without CAP_: ("NET_ADMIN",), ("ALL",)."""
    cap_drop: Maybe[tuple[str, ...]] = UNKNOWN
    cap_held: Maybe[tuple[str, ...]] = UNKNOWN
    """What an ordinary user's process holds, as the kernel shows it: engines grant an ordinary user none, except Podman
    those of `cap_add`, and files may have capabilities of their own. UNSET for root, which holds what it is granted."""
    seccomp: Maybe[str] = UNKNOWN
    """"unconfined", "builtin" or the profile's path; "none" where the platform applies none unless it is asked to."""
    apparmor: Maybe[str] = UNKNOWN
    """"unconfined" or the profile's name."""
    selinux: Maybe[tuple[str, ...]] = UNKNOWN
    """The label options: ("disable",), ("type:svirt_apache_t",)."""
    no_new_privileges: Maybe[bool] = UNKNOWN
    unconfined_paths: Maybe[bool] = UNKNOWN
    """systempaths=unconfined: no masked and no read-only paths under /proc and /sys."""
    devices: Maybe[tuple[Device, ...]] = UNKNOWN
    device_rules: Maybe[tuple[str, ...]] = UNKNOWN
    """Device cgroup rules as the kernel writes them: ("c 1:3 rwm", "a *:* rwm")."""
    gpus: Maybe[str] = UNKNOWN
    sysctls: Maybe[tuple[Sysctl, ...]] = UNKNOWN
    # What it sees
    read_only: Maybe[bool] = UNKNOWN
    mounts: Maybe[tuple[Mount, ...]] = UNKNOWN
    """Binds, volumes and tmpfs of every spelling (-v, --mount, --tmpfs, volumes:, tmpfs:, VOLUME)."""
    pod_volumes: Maybe[tuple[PodVolume, ...]] = UNKNOWN
    """The volumes of its pod, mounted or not."""
    volumes_from: Maybe[tuple[str, ...]] = UNKNOWN
    volume_driver: Maybe[str] = UNKNOWN
    pid: Maybe[str] = UNKNOWN
    """"host", "private", "container:NAME" or "service:NAME"; so too ipc (also "shareable", "none"), network_mode."""
    ipc: Maybe[str] = UNKNOWN
    uts: Maybe[str] = UNKNOWN
    userns: Maybe[str] = UNKNOWN
    cgroupns: Maybe[str] = UNKNOWN
    cgroup_parent: Maybe[str] = UNKNOWN
    # What it can reach, and what can reach it
    network_mode: Maybe[str] = UNKNOWN
    """"bridge", "host", "none", "container:NAME", "service:NAME"; UNSET where `networks` names user-defined ones."""
    networks: Maybe[tuple[Network, ...]] = UNKNOWN
    links: Maybe[tuple[Link, ...]] = UNKNOWN
    ports: Maybe[tuple[Port, ...]] = UNKNOWN
    publish_all: Maybe[bool] = UNKNOWN
    expose: Maybe[tuple[str, ...]] = UNKNOWN
    """Port or range with its protocol: ("80/tcp", "8000-8010/udp")."""
    hostname: Maybe[str] = UNKNOWN
    domainname: Maybe[str] = UNKNOWN
    dns: Maybe[tuple[str, ...]] = UNKNOWN
    dns_search: Maybe[tuple[str, ...]] = UNKNOWN
    dns_options: Maybe[tuple[str, ...]] = UNKNOWN
    extra_hosts: Maybe[tuple[str, ...]] = UNKNOWN
    """"name:address"."""
    mac_address: Maybe[str] = UNKNOWN
    # What it may use
    memory: Maybe[int] = UNKNOWN
    memory_reservation: Maybe[int] = UNKNOWN
    memory_swap: Maybe[int] = UNKNOWN
    """Memory and swap together; -1 is unlimited."""
    memory_swappiness: Maybe[int] = UNKNOWN
    shm_size: Maybe[int] = UNKNOWN
    cpus: Maybe[float] = UNKNOWN
    cpu_shares: Maybe[int] = UNKNOWN
    cpu_quota: Maybe[int] = UNKNOWN
    """Microseconds in each period."""
    cpu_period: Maybe[int] = UNKNOWN
    cpu_rt_runtime: Maybe[int] = UNKNOWN
    cpu_rt_period: Maybe[int] = UNKNOWN
    cpuset_cpus: Maybe[str] = UNKNOWN
    cpuset_mems: Maybe[str] = UNKNOWN
    pids_limit: Maybe[int] = UNKNOWN
    """0 and -1 are unlimited."""
    ulimits: Maybe[tuple[Ulimit, ...]] = UNKNOWN
    blkio_weight: Maybe[int] = UNKNOWN
    oom_kill_disable: Maybe[bool] = UNKNOWN
    oom_score_adj: Maybe[int] = UNKNOWN
    storage_options: Maybe[tuple[str, ...]] = UNKNOWN
    # How it lives
    restart: Maybe[Restart] = UNKNOWN
    auto_remove: Maybe[bool] = UNKNOWN
    detach: Maybe[bool] = UNKNOWN
    health: Maybe[Health] = UNKNOWN
    probe_hosts: Maybe[tuple[str, ...]] = UNKNOWN
    """Hosts other than the pod that the kubelet connects to for its probes and hooks."""
    logging: Maybe[Logging] = UNKNOWN
    stop_timeout: Maybe[int] = UNKNOWN


POD_FIELDS: Final = ("host_process", "pod_volumes", "probe_hosts", "root_refused", "service_token")
"""The fields that only a pod has: no other platform has such a setting, so an engine's containers have them UNSET."""
NO_SETTINGS: Final = frozenset({"image_role", "engine"})
"""What a source says of a container besides its settings."""
FIELDS: Final = tuple(field for field in Container.__struct_fields__ if field not in NO_SETTINGS)


def container(*, says: tuple[str, ...] = FIELDS, **values: Any) -> Container:  # noqa: ANN401  each field has its type
    """Build a container from a source that can express the fields `says`: those default to UNSET, others to UNKNOWN."""
    return Container(**dict.fromkeys(says, UNSET) | values)
