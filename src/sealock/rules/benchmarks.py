"""The benchmarks that a machine can be checked by: the numbers are the publisher's, the words are our own.

https://www.cisecurity.org/benchmark/docker
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from sealock.model.benchmark import Benchmark, BenchmarkScope, BenchmarkSection, Recommendation
from sealock.model.host import Role

_IMAGE: Final = "`sealock check image:REF` checks an image"
_BUILD: Final = "`sealock check` checks Dockerfiles and the images built from them"


def _rule(number: str, title: str, scope: BenchmarkScope, *rules: str, by_hand: str = "") -> Recommendation:
    return Recommendation(number=number, title=title, scope=scope, rules=rules, by_hand=by_hand)


def _by_hand(number: str, title: str, how: str, scope: BenchmarkScope = "host") -> Recommendation:
    return Recommendation(number=number, title=title, scope=scope, by_hand=how)


def _audits() -> Iterator[Recommendation]:
    watched: tuple[tuple[str, Role, str], ...] = (
        ("the engine", "engine-binary", "/dockerd"),
        ("/run/containerd", "containerd-directory", ""),
        ("the engine's data", "data-root", ""),
        ("/etc/docker", "config-directory", ""),
        ("docker.service", "engine-unit", ""),
        ("containerd.sock", "containerd-socket", ""),
        ("docker.socket", "engine-socket-unit", ""),
        ("/etc/default/docker", "engine-defaults", "/default/docker"),
        ("daemon.json", "daemon-config", ""),
        ("containerd's config.toml", "containerd-config", ""),
        ("/etc/sysconfig/docker", "engine-defaults", "/sysconfig/docker"),
        ("containerd", "engine-binary", "/containerd"),
        ("containerd-shim", "engine-binary", "/containerd-shim"),
        ("containerd-shim-runc-v1", "engine-binary", "/containerd-shim-runc-v1"),
        ("containerd-shim-runc-v2", "engine-binary", "/containerd-shim-runc-v2"),
        ("runc", "engine-binary", "/runc"),
    )
    for at, (what, role, ending) in enumerate(watched, start=3):
        yield Recommendation(
            number=f"1.1.{at}", title=f"Auditing is set up for {what}", scope="audit", rules=("H004",),
            role=role, ending=ending,
        )  # fmt: skip


def _files() -> Iterator[Recommendation]:
    owned: tuple[tuple[str, str, Role, str], ...] = (
        ("1", "docker.service", "engine-unit", ""),
        ("3", "docker.socket", "engine-socket-unit", ""),
        ("5", "/etc/docker", "config-directory", ""),
        ("7", "Certificates of registries", "registry-certificate", ""),
        ("9", "The CA's certificate", "tls-ca", ""),
        ("11", "The engine's certificate", "tls-certificate", ""),
        ("13", "The engine's key", "tls-key", ""),
        ("15", "The engine's socket", "engine-socket", ""),
        ("17", "daemon.json", "daemon-config", ""),
        ("19", "/etc/default/docker", "engine-defaults", "/default/docker"),
        ("22", "/etc/sysconfig/docker", "engine-defaults", "/sysconfig/docker"),
        ("23", "containerd's socket", "containerd-socket", ""),
    )
    for number, what, role, ending in owned:
        rules = ("H009",) if role in {"engine-socket", "containerd-socket"} else ("H007",)
        # For /etc/sysconfig/docker the publisher has the mode first.
        after = "21" if number == "22" else str(int(number) + 1)
        to = "root and the engine's group" if role == "engine-socket" else "root"
        yield Recommendation(
            number=f"3.{number}", title=f"{what}: belongs to {to}", scope="files", rules=rules, role=role,
            ending=ending, aspect="owner",
        )  # fmt: skip
        yield Recommendation(
            number=f"3.{after}", title=f"{what}: the mode is not too permissive", scope="files", rules=rules,
            role=role, ending=ending, aspect="mode",
        )  # fmt: skip


_HOST: Final = (
    _rule("1.1.1", "The engine's data has a partition of its own", "host", "H003"),
    _rule("1.1.2", "Only trusted people can use the engine", "host", "H001", "H002"),
    *_audits(),
    _rule(
        "1.2.1", "The machine is hardened", "host", "H012", "H013",
        by_hand="the kernel's settings are sound; review what else runs here",
    ),
    _rule(
        "1.2.2", "The engine is up to date", "host", "H006", "vulnerabilities",
        by_hand="the engine's release line gets updates; compare the version with its release notes",
    ),
)  # fmt: skip
_ENGINE: Final = (
    _rule("2.1", "The engine runs without root, where that is possible", "engine", "E001"),
    _rule("2.2", "Containers on the default bridge cannot reach one another", "engine", "E025"),
    _rule("2.3", 'The engine logs at the level "info"', "engine", "E002"),
    _rule("2.4", "The engine sets up the firewall", "engine", "E003"),
    _rule("2.5", "No registry is trusted without a certificate", "engine", "E004"),
    _rule("2.6", "The storage driver is not aufs, nor another that is out of support", "engine", "E006"),
    _rule("2.7", "The engine verifies TLS clients on TCP", "engine", "E007"),
    _rule("2.8", "Processes have default limits on resources", "engine", "E008"),
    _rule("2.9", "User namespace remapping is on", "engine", "E009"),
    _rule("2.10", "Containers are under the default cgroup parent", "engine", "E010"),
    _rule("2.11", "Containers have the driver's default base device size", "engine", "E026"),
    _rule("2.12", "An authorization plugin is active", "engine", "E011"),
    _rule("2.13", "Logs go to a central server", "engine", "E012"),
    _rule("2.14", "Containers have no-new-privileges by default", "engine", "E013"),
    _rule("2.15", "live-restore is on", "engine", "E014"),
    _rule("2.16", "The userland proxy is off", "engine", "E015"),
    _rule("2.17", "A seccomp profile is the default", "engine", "E016"),
    _rule("2.18", "Experimental features are off", "engine", "E017"),
)
_IMAGES: Final = (
    _rule("4.1", "Containers run as a non-root user", "containers", "C046", "K009"),
    _by_hand("4.2", "Base images are trusted", "`sealock trust verify REF` shows who signed an image"),
    _by_hand("4.3", "Images hold no unneeded packages", _IMAGE),
    _by_hand("4.4", "Images are scanned and rebuilt", f"{_IMAGE} for known vulnerabilities"),
    _by_hand(
        "4.5", "Content trust is on",
        "Docker's client dropped it, and Docker Hub's notary closes on 2026-12-08: `sealock trust verify REF` instead",
    ),
    _rule("4.6", "Images have a HEALTHCHECK", "containers", "C054", "C044"),
    _by_hand("4.7", "No package index is updated in a layer of its own", _BUILD),
    _by_hand("4.8", "No program has the setuid or setgid bit", _IMAGE),
    _by_hand("4.9", "COPY is used, not ADD", _BUILD),
    _by_hand("4.10", "No secrets are in Dockerfiles", _BUILD),
    _by_hand("4.11", "Only verified packages are installed", _BUILD),
    _by_hand("4.12", "Signed artifacts are verified", "`sealock trust verify REF` does it"),
)  # fmt: skip
_RUNTIME: Final = (
    _rule("5.1", "Swarm mode is off where nothing uses it", "host", "H016"),
    _rule("5.2", "An AppArmor profile confines each container", "apparmor", "C008", "K004"),
    _rule("5.3", "SELinux confines each container", "selinux", "C009"),
    _rule("5.4", "Capabilities are limited to what is needed", "containers", "C002", "C003", "K001"),
    _rule("5.5", "No container is privileged", "containers", "C001"),
    _rule("5.6", "No sensitive directory of the machine is mounted", "containers", "C014", "C015", "C016", "K007"),
    _rule("5.7", "No login server runs inside", "containers", "C036"),
    _rule("5.8", "No privileged port of the machine is published", "containers", "C062"),
    _rule(
        "5.9", "Only needed ports are open", "containers", "C061", "C063",
        by_hand="no database, and not all ports at once, is published; review which of the others are needed",
    ),
    _rule("5.10", "The host network is not shared", "containers", "C020", "K008:network_mode"),
    _rule("5.11", "Memory is limited", "containers", "C028", "K005:memory"),
    _rule("5.12", "CPU time is limited", "containers", "C029", "K005:cpus"),
    _rule("5.13", "The root file system is read-only", "containers", "C040", "K006"),
    _rule("5.14", "Ports are published at a specific address", "containers", "C060"),
    _rule("5.15", "Restarts after failures are bounded", "containers", "C043"),
    _rule("5.16", "The host's PID namespace is not shared", "containers", "C018", "K008:pid"),
    _rule("5.17", "The host's IPC namespace is not shared", "containers", "C019", "K008:ipc"),
    _rule("5.18", "No device of the machine is exposed", "containers", "C025", "C026", "K012"),
    _rule(
        "5.19", "ulimits are set where the default is not right", "containers", "C031", "K017"
    ),
    _rule("5.20", "No mount has shared propagation", "containers", "C042"),
    _rule("5.21", "The host's UTS namespace is not shared", "containers", "C021", "K008:uts"),
    _rule("5.22", "seccomp is not disabled", "containers", "C007", "K002"),
    _rule(
        "5.23", "docker exec is not used with --privileged", "containers", "K010",
        by_hand="no process has more privileges than its container now; the audit log shows earlier ones",
    ),
    _rule(
        "5.24", "docker exec is not used as root", "containers", "K018",
        by_hand="no process is root now where the container is not; the audit log shows earlier ones",
    ),
    _rule("5.25", "Containers are in their own cgroup", "containers", "C045", "K011"),
    _rule("5.26", "Containers have no-new-privileges", "containers", "C006", "K003"),
    _rule("5.27", "Health is checked at run time", "containers", "C054", "C044"),
    _rule("5.28", "Containers run the latest of their image", "containers", "C080", "H023"),
    _rule("5.29", "The number of processes is limited", "containers", "C030", "K005:pids_limit"),
    _rule("5.30", "The default bridge is not used", "containers", "C064"),
    _rule("5.31", "The host's user namespace is not shared", "containers", "C022"),
    _rule("5.32", "The engine's socket is not mounted", "containers", "C011", "C012"),
)  # fmt: skip
_OPERATIONS: Final = (
    _rule("6.1", "At most 25 images are unused", "host", "H021:images"),
    _rule("6.2", "At most 25 containers are stopped", "host", "H021:containers"),
)
_SWARM: Final = (
    _rule("7.1", "The swarm has as few managers as needed", "swarm", "H017"),
    _rule("7.2", "The swarm listens at one address", "swarm", "H020"),
    _rule("7.3", "Overlay networks are encrypted", "overlay", "N001"),
    _by_hand("7.4", "The swarm manages secrets", "`docker secret ls` lists them", "swarm"),
    _rule("7.5", "Autolock is on for managers", "swarm", "H018"),
    _by_hand("7.6", "The unlock key is rotated", "`docker swarm unlock-key --rotate` does it", "swarm"),
    _rule("7.7", "Node certificates are rotated", "swarm", "H019"),
    _by_hand("7.8", "The CA certificate is rotated", "`docker swarm ca --rotate` does it", "swarm"),
    _by_hand(
        "7.9", "Management and data traffic are separated", "see --data-path-addr of `docker swarm init`", "swarm"
    ),
)  # fmt: skip


def _order(recommendation: Recommendation) -> tuple[int, ...]:
    return tuple(map(int, recommendation.number.split(".")))


CIS_1_6_0: Final = Benchmark(
    "cis-docker-1.6.0",
    "CIS Docker Benchmark 1.6.0",
    (
        BenchmarkSection("1", "The machine", _HOST),
        BenchmarkSection("2", "The engine", _ENGINE),
        BenchmarkSection("3", "The engine's files", tuple(sorted(_files(), key=_order))),
        BenchmarkSection("4", "Images and how they are built", _IMAGES),
        BenchmarkSection("5", "Containers at run time", _RUNTIME),
        BenchmarkSection("6", "Operations", _OPERATIONS),
        BenchmarkSection("7", "Swarm", _SWARM),
    ),
)
BENCHMARKS: Final = {
    benchmark.id: benchmark
    for benchmark in (
        CIS_1_6_0,
        replace(
            CIS_1_6_0,
            id="cis-docker-1.7.0",
            title="CIS Docker Benchmark 1.7.0",
            note="Where the two editions could be compared, the numbers of 1.7.0 are those of 1.6.0.",
        ),
    )
}
