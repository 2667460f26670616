"""What host paths mean: which hold an engine's socket, which are parts of the host itself, which hold credentials."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache
from typing import Final

from msgspec import Struct

from sealock.model.container import Mount
from sealock.model.finding import Severity

_HOMES: Final = ("${HOME}", "$HOME", "$(HOME)", "$$HOME", "%USERPROFILE%", "${USERPROFILE}")
_HOME_SPECIFIER: Final = "%h"
"""What systemd fills in with a home directory."""


def normal(path: str) -> str:
    """The path as the host resolves it, as far as the text says: /var/run is /run, and a home directory is ~."""
    path = path.strip("\"'")
    for home in _HOMES:
        if path.startswith(home):
            path = "~" + path[len(home) :]
    if path == _HOME_SPECIFIER or path.startswith(f"{_HOME_SPECIFIER}/"):
        path = "~" + path[len(_HOME_SPECIFIER) :]
    if path.startswith(("//./pipe/", "\\\\.\\pipe\\")):
        return "//./pipe/" + path[9:]
    if not path.startswith(("/", "~")):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in {"", "."}:
            parts.append(part)
    if parts[:2] == ["var", "run"]:
        del parts[0]
    joined = "/".join(parts)
    return joined if joined.startswith("~") else f"/{joined}"


def within(path: str, directory: str) -> bool:
    """Whether a normal path is this directory or lies below it."""
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def below_home(path: str) -> str | None:
    """A normal path relative to its owner's home directory, "" for the home itself; None elsewhere."""
    parts = path.split("/")
    if parts[0] == "~":
        return "/".join(parts[1:])
    if parts[:2] == ["", "root"]:
        return "/".join(parts[2:])
    if len(parts) > 2 and parts[1] in {"home", "Users"}:
        return "/".join(parts[3:])
    return None


def host_source(mount: Mount) -> str | None:
    """The normal host path of a bind mount or named pipe, None for other mounts.

    Of the paths that match a pattern (Podman's `type=glob`), it is the one that exposes most, or the pattern itself.
    """
    if not mount.source or mount.kind not in {"bind", "npipe", "glob"}:
        return None
    path = normal(mount.source)
    return _worst_match(path, writable=not mount.read_only) if mount.kind == "glob" else path


def _worst_match(pattern: str, *, writable: bool) -> str:
    """The known path of a host that a pattern matches, as Go's filepath.Match does, and that exposes most."""
    if engine_of(pattern) or exposure(pattern) or credentials(pattern):
        return pattern
    steps = pattern.split("/")
    for path in _known_paths(writable=writable):
        parts = path.split("/")
        if len(parts) == len(steps) and all(map(fnmatchcase, parts, steps)):
            return path
    return pattern


@cache
def _known_paths(*, writable: bool) -> tuple[str, ...]:
    """Paths that expose something of a host, the worst first: to one who may write it, or to one who may read it."""
    sockets = [f"{directory}/{name}" for name in _ENGINE_SOCKETS for directory in ("/run", *_SOCKET_DIRECTORIES)]
    keys = [f"/root/{name}" for name in _CREDENTIALS]
    known = {path: (shown.write if writable else shown.read) for path, shown in (_EXACT | _DEEP).items()}
    exposed = sorted(known, key=lambda path: known[path] or Severity.INFO, reverse=True)
    return (*sockets, *_OTHER_SOCKETS, *_SOCKET_DIRECTORIES, *exposed, *keys)


_ENGINE_SOCKETS: Final = {
    "docker.sock": "Docker",
    "docker.raw.sock": "Docker",
    "containerd.sock": "containerd",
    "podman.sock": "Podman",
    "crio.sock": "CRI-O",
    "cri-dockerd.sock": "cri-dockerd",
    "dockershim.sock": "dockershim",
    "buildkitd.sock": "BuildKit",
    "docker_engine": "Docker",
    "docker_engine_linux": "Docker",
}
_OTHER_SOCKETS: Final = {
    "/run/dbus/system_bus_socket": "D-Bus system",
    "/run/dbus": "D-Bus system",
    "/run/systemd/private": "systemd",
    "/var/lib/lxd/unix.socket": "LXD",
    "/var/snap/lxd/common/lxd/unix.socket": "LXD",
    "/var/lib/incus/unix.socket": "Incus",
}
_SOCKET_DIRECTORIES: Final = {
    "/run": "the sockets of the engine, containerd and systemd",
    "/run/docker": "the engine's run-time state and its plugins' sockets",
    "/run/containerd": "containerd.sock",
    "/run/podman": "podman.sock",
    "/run/crio": "crio.sock",
    "/run/buildkit": "buildkitd.sock",
    "/run/k3s": "containerd's socket",
    "/run/k3s/containerd": "containerd.sock",
    "/run/systemd": "systemd's private socket",
    "/run/user": "every user's sockets, including rootless engines'",
}


def engine_of(path: str) -> str | None:
    """The engine whose socket a normal path is: "Docker", "containerd" …; None for other paths."""
    return _ENGINE_SOCKETS.get(path.rpartition("/")[2])


def privileged_socket(path: str) -> str | None:
    """The service of the host that this socket controls as root does, other than a container engine."""
    return _OTHER_SOCKETS.get(path)


def sockets_in(path: str) -> str | None:
    """Which sockets of engines a normal directory holds, None where it holds none."""
    parts = path.split("/")
    if len(parts) == 4 and parts[:3] == ["", "run", "user"]:
        return "that user's sockets, including a rootless engine's"
    return _SOCKET_DIRECTORIES.get(path)


class Exposure(Struct, frozen=True, gc=False):
    """What a host path exposes: the severity of writing and of reading it (None for harmless), and what it is."""

    write: Severity | None
    read: Severity | None
    what: str


_C, _H, _M, _L = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
# Only the path itself: mounting files and directories below it is fine.
_EXACT: Final = {
    "/": Exposure(_C, _H, "the host's whole file system"),
    "/etc": Exposure(_C, _M, "the host's configuration with its accounts and keys"),
    "/usr": Exposure(_C, _L, "the host's programs"),
    "/bin": Exposure(_C, _L, "the host's programs"),
    "/sbin": Exposure(_C, _L, "the host's programs"),
    "/usr/bin": Exposure(_C, _L, "the host's programs"),
    "/usr/sbin": Exposure(_C, _L, "the host's programs"),
    "/usr/local/bin": Exposure(_C, None, "programs that the host's root runs"),
    "/usr/lib": Exposure(_C, _L, "the host's libraries"),
    "/lib": Exposure(_C, _L, "the host's libraries"),
    "/lib64": Exposure(_C, _L, "the host's libraries"),
    "/opt": Exposure(_M, None, "programs installed on the host"),
    "/proc": Exposure(_H, _M, "the host's processes and kernel settings"),
    "/sys": Exposure(_H, _M, "the host's devices and kernel objects"),
    "/dev": Exposure(_H, _M, "every device of the host"),
    "/var": Exposure(_C, _M, "the host's state, including the engine's"),
    "/var/lib": Exposure(_C, _M, "the host's state, including the engine's"),
    "/var/log": Exposure(_M, _L, "the host's logs"),
    "/home": Exposure(_H, _M, "every user's home directory"),
    "/Users": Exposure(_H, _M, "every user's home directory"),
    "/lib/modules": Exposure(_H, None, "the host's kernel modules"),
    "/usr/src": Exposure(_M, None, "the sources that kernel modules are built from"),
    "/etc/passwd": Exposure(_H, None, "the host's accounts"),
    "/etc/group": Exposure(_H, None, "the host's groups, including docker"),
    "/etc/localtime": Exposure(_L, None, "the host's time zone"),
    "/etc/timezone": Exposure(_L, None, "the host's time zone"),
    "/etc/hosts": Exposure(_M, None, "the host's name resolution"),
    "/etc/resolv.conf": Exposure(_M, None, "the host's resolver settings"),
    "/etc/ssl": Exposure(_M, None, "the CAs that the host trusts, and private keys"),
    "/etc/ssl/certs": Exposure(_M, None, "the CAs that the host trusts"),
    "/etc/pki": Exposure(_M, None, "the CAs that the host trusts"),
}
# The path and all below it, the longest first.
_DEEP: Final = {
    "/etc/systemd": Exposure(_C, None, "units that the host's systemd runs as root"),
    "/usr/lib/systemd": Exposure(_C, None, "units that the host's systemd runs as root"),
    "/lib/systemd": Exposure(_C, None, "units that the host's systemd runs as root"),
    "/etc/cron.d": Exposure(_C, None, "cron jobs that the host runs as root"),
    "/etc/cron.daily": Exposure(_C, None, "cron jobs that the host runs as root"),
    "/etc/cron.hourly": Exposure(_C, None, "cron jobs that the host runs as root"),
    "/etc/crontab": Exposure(_C, None, "cron jobs that the host runs as root"),
    "/var/spool/cron": Exposure(_C, None, "cron jobs that the host runs as root"),
    "/etc/init.d": Exposure(_C, None, "scripts that the host runs as root"),
    "/etc/profile.d": Exposure(_C, None, "scripts that every login on the host runs"),
    "/etc/ld.so.preload": Exposure(_C, None, "libraries that every program on the host loads"),
    "/etc/udev": Exposure(_C, None, "commands that the host runs when a device appears"),
    "/etc/pam.d": Exposure(_C, None, "the host's login configuration (PAM)"),
    "/etc/sudoers": Exposure(_C, _L, "the rules for who may become root on the host"),
    "/etc/sudoers.d": Exposure(_C, _L, "the rules for who may become root on the host"),
    "/etc/shadow": Exposure(_C, _H, "the host's password hashes"),
    "/etc/gshadow": Exposure(_C, _H, "the host's group password hashes"),
    "/etc/ssh": Exposure(_C, _H, "the host's SSH keys and settings"),
    "/etc/docker": Exposure(_C, _L, "the engine's configuration"),
    "/etc/containerd": Exposure(_C, _L, "containerd's configuration"),
    "/etc/containers": Exposure(_H, None, "the configuration of the host's container tools"),
    "/etc/kubernetes": Exposure(_C, _H, "the cluster's administrator credentials"),
    "/etc/cni": Exposure(_C, None, "the network plugins that the node runs as root"),
    "/opt/cni": Exposure(_C, None, "the network plugins that the node runs as root"),
    "/usr/libexec/kubernetes": Exposure(_C, None, "the plugins that the kubelet runs as root"),
    "/etc/rancher": Exposure(_C, _H, "the cluster's administrator credentials"),
    "/etc/ssl/private": Exposure(_H, _H, "the host's private keys"),
    "/etc/pki/tls/private": Exposure(_H, _H, "the host's private keys"),
    "/boot": Exposure(_C, _L, "the host's kernel and boot loader"),
    "/proc/sys": Exposure(_C, _L, "the host's kernel settings, including core_pattern"),
    "/proc/1": Exposure(_C, _H, "PID 1 of the host, and through it the host's root file system"),
    "/proc/kcore": Exposure(_C, _H, "the kernel's memory"),
    "/proc/sysrq-trigger": Exposure(_C, None, "the trigger that reboots the host"),
    "/sys/fs/cgroup": Exposure(_H, _L, "the cgroups of every process of the host"),
    "/sys/kernel": Exposure(_H, _L, "the kernel's debug and tracing interfaces"),
    "/sys/firmware": Exposure(_H, _L, "the host's firmware"),
    "/var/lib/docker": Exposure(_C, _M, "every container's files, and their settings including all secrets"),
    "/var/lib/containerd": Exposure(_C, _M, "every container's files"),
    "/var/lib/containers": Exposure(_C, _M, "every container's files, and their settings"),
    "/var/lib/kubelet": Exposure(_C, _H, "every pod's secrets"),
    "/var/lib/kubelet/device-plugins": Exposure(_H, None, "the sockets of device plugins and the kubelet's own"),
    "/var/lib/kubelet/plugins_registry": Exposure(_H, None, "the sockets of plugins that the kubelet uses as root"),
    "/var/lib/kubelet/pod-resources": Exposure(_L, None, "the socket that lists the devices of pods"),
    "/var/lib/rancher": Exposure(_C, _H, "the cluster's state and credentials"),
    "/var/lib/etcd": Exposure(_C, _H, "the cluster's whole state, including secrets"),
    "/var/lib/lxd": Exposure(_C, _M, "every LXD container's files"),
    "/var/lib/libvirt": Exposure(_H, _M, "the host's virtual machines"),
    "/var/lib/dpkg": Exposure(_H, None, "the package database, whose scripts root runs"),
}
_LONGEST_FIRST: Final = tuple(sorted(_DEEP, key=len, reverse=True))


def exposure(path: str) -> Exposure | None:
    """What a normal host path exposes, None where it exposes nothing of the host."""
    if (exact := _EXACT.get(path)) is not None:
        return exact
    return next((_DEEP[parent] for parent in _LONGEST_FIRST if within(path, parent)), None)


_CREDENTIALS: Final = {
    ".ssh": "SSH keys",
    ".aws": "AWS credentials",
    ".azure": "Azure credentials",
    ".config/gcloud": "Google Cloud credentials",
    ".docker": "registry logins",
    ".kube": "Kubernetes credentials",
    ".gnupg": "GnuPG keys",
    ".password-store": "a password store",
    ".netrc": "logins for web services",
    ".git-credentials": "Git logins",
    ".config/gh": "a GitHub token",
    ".config/git/credentials": "Git logins",
    ".npmrc": "npm tokens",
    ".pypirc": "PyPI tokens",
    ".cargo/credentials.toml": "Cargo registry tokens",
    ".m2/settings.xml": "Maven repository logins",
    ".vault-token": "a Vault token",
    ".terraform.d": "Terraform credentials",
    ".pgpass": "PostgreSQL passwords",
    ".my.cnf": "MySQL passwords",
    ".config/containers/auth.json": "registry logins",
    ".oci": "Oracle Cloud credentials",
    ".config/doctl": "a DigitalOcean token",
    ".config/hcloud": "a Hetzner Cloud token",
    ".config/rclone": "logins for cloud storage",
    ".mozilla": "a browser's saved logins",
    ".config/google-chrome": "a browser's saved logins",
    ".bash_history": "a shell's history",
}


_ANYWHERE: Final = (".ssh", ".aws", ".azure", ".kube", ".gnupg", ".password-store", ".config/gcloud")
"""Names that only these directories have, wherever home directories are."""


def credentials(path: str) -> str | None:
    """What credentials of a person a normal path holds, None where it holds no known ones."""
    inside = below_home(path)
    if inside is None:
        named = (name for name in _ANYWHERE if f"/{name}/" in f"{path}/")
        return next((_CREDENTIALS[name] for name in named), None)
    if inside == "":
        return "a whole home directory, with every key and token in it"
    return next((what for name, what in _CREDENTIALS.items() if within(inside, name)), None)


def agent_socket(path: str) -> bool:
    """Whether a normal path is an SSH agent's socket."""
    return "SSH_AUTH_SOCK" in path or path.endswith(("/ssh-auth.sock", "/ssh-agent.sock", "/ssh-agent"))
