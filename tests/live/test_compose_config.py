"""Holds our reading of compose files against `docker-compose config`, field by field."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from sealock.formats.compose import read, read_many
from sealock.formats.compose.editor import edits
from sealock.formats.compose.fields import TABLE
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNKNOWN, UNSET, Absent
from sealock.model.change import Add, FieldChange, Set, Swap, changed
from sealock.model.container import Container, Health, Logging, Mount, Network, Port, Restart, Variable
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.model.project import Project
from sealock.scan.fix import fix
from sealock.scan.settings import Settings
from sealock.targets.composefiles import find_compose_files
from sealock.targets.directory import DirectoryWindow
from support.composeprojects import TREES, ProjectTree

pytestmark = pytest.mark.live

VECTORS = Path(__file__).parents[1] / "vectors" / "compose"
SINGLE = sorted(path.name for path in VECTORS.iterdir() if path.is_file())
CALLER = {"LONG": "secret", "FROM_CALLER": "caller", "C": "from the caller", "TOKEN": "t", "CONF": "c"}
MANY = {"many": ("base.yaml", "second.yaml", "third.yaml"), "reset": ("compose.yaml", "compose.override.yaml")}
FOLDERS = sorted(path.name for path in VECTORS.iterdir() if path.is_dir() and path.name not in {"refused", "many"})
REFUSED = sorted(
    str(path.relative_to(VECTORS))
    for path in (VECTORS / "refused").rglob("*.yaml")
    if path.parent.name == "refused" or path.name == "compose.yaml"
)


def compose(folder: Path, *files: str, environment: Mapping[str, str] = CALLER) -> subprocess.CompletedProcess[str]:
    words = [word for file in files for word in ("-f", file)]
    return subprocess.run(
        ["docker-compose", *words, "--profile", "*", "config", "--format", "json"],
        cwd=folder,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/home/somebody", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def parsed(text: str) -> dict[str, Any]:
    """What Compose prints; it doubles dollar signs, so that its output can be read again."""
    found: dict[str, Any] = json.loads(text.replace("$$", "$"))
    return found


def ours(folder: Path, *files: str) -> Document:
    """Read these files, or those that the directory's project has by default."""
    window = DirectoryWindow(str(folder), str(VECTORS), CALLER)
    paths = [str(folder / file) for file in files] or find_compose_files(window).paths
    return read_many([Source(path, Path(path).read_text(encoding="utf-8")) for path in paths], window)


NOT_PRINTED = {
    "hooks": "newer than this Compose",
    "env_files": "printed as the variables in them, which are compared",
}


def test_every_field_that_a_compose_file_sets_is_compared() -> None:
    assert {row.name for row in TABLE} - fields({}).keys() == NOT_PRINTED.keys()


@pytest.mark.parametrize("name", SINGLE)
def test_a_file_is_read_as_compose_reads_it(name: str) -> None:
    theirs = compose(VECTORS, name)
    assert theirs.returncode == 0, theirs.stderr
    compare(ours(VECTORS, name), parsed(theirs.stdout), VECTORS)


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_is_read_as_compose_reads_it(name: str) -> None:
    folder = VECTORS / name
    theirs = compose(folder)
    assert theirs.returncode == 0, theirs.stderr
    compare(ours(folder), parsed(theirs.stdout), folder)


@pytest.mark.parametrize(("name", "files"), MANY.items())
def test_several_files_are_laid_over_each_other_as_compose_does(name: str, files: tuple[str, ...]) -> None:
    folder = VECTORS / name
    theirs = compose(folder, *files)
    assert theirs.returncode == 0, theirs.stderr
    compare(ours(folder, *files), parsed(theirs.stdout), folder)


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_compose_loads_what_the_table_says(tree: ProjectTree, tmp_path: Path) -> None:
    theirs = compose(tree.write(tmp_path), environment=dict(tree.environment))
    assert theirs.returncode == 0, theirs.stderr
    web = parsed(theirs.stdout)["services"]["web"]
    assert web["labels"] == dict.fromkeys(tree.loads, "")
    assert web["hostname"] == f"h{tree.variable}"


CHANGES = [
    ("plain.yaml", "web", Set("privileged", True)),
    ("plain.yaml", "web", Set("restart", Restart("unless-stopped"))),
    ("ports.yaml", "short", Swap("ports", Port("80", "8080"), Port("80", "8080", "127.0.0.1"))),
    ("ports.yaml", "long", Swap("ports", Port("53", "5353", None, "udp"), Port("53", "5353", "::1", "udp"))),
    (
        "volumes.yaml",
        "short",
        Swap("mounts", Mount("bind", "~/home", "/home"), Mount("bind", "~/home", "/home", read_only=True)),
    ),
    ("volumes.yaml", "long", Add("mounts", Mount("volume", "fresh", "/fresh"))),
    ("volumes.yaml", "many", Add("mounts", Mount("tmpfs", None, "/more", options=("size=64m",)))),
    ("security.yaml", "a", Set("cap_add", ())),
    ("security.yaml", "a", Set("seccomp", UNSET)),
    ("security.yaml", "c", Set("no_new_privileges", True)),
    ("limits.yaml", "deploy", Set("memory", 2**30)),
    ("limits.yaml", "both", Set("pids_limit", 50)),
    ("networks.yaml", "implicit", Add("networks", Network("fresh", ("alias",)))),
    ("networks.yaml", "list", Add("networks", Network("unused"))),
    ("health.yaml", "off", Set("health", Health(test=("CMD", "true"), interval=30.0, retries=3))),
    ("logging.yaml", "none", Set("logging", Logging("json-file", (("max-size", "10m"),)))),
    ("environment.yaml", "map", Add("environment", Variable("NEW", "a: $b 'c' \"d\" #e"))),
    ("environment.yaml", "list", Swap("environment", Variable("D", "x=y"), Variable("D", "${no}"))),
    ("anchors.yaml", "two", Set("privileged", False)),
    ("anchors.yaml", "three", Set("cap_add", ())),
    ("flow.json", "web", Set("read_only", True)),
    ("two-documents.yaml", "web", Set("user", "1000")),
]


@pytest.mark.parametrize(("name", "service", "change"), CHANGES)
def test_a_changed_file_says_to_compose_what_was_asked_for(
    name: str, service: str, change: FieldChange, tmp_path: Path
) -> None:
    text = (VECTORS / name).read_text(encoding="utf-8")
    document = read(Source(name, text), DirectoryWindow(str(VECTORS), str(VECTORS), CALLER))
    subject = next(subject for subject in document.subjects if subject.name == f"service {service}")
    assert isinstance(subject.noun, Container)
    (tmp_path / name).write_text(apply_edits(text, edits(document, subject, change)), encoding="utf-8")
    theirs = compose(tmp_path, name)
    assert theirs.returncode == 0, theirs.stderr
    wanted = fields(parsed(theirs.stdout)["services"][service])[change.field]
    assert said(changed(subject.noun, change), change.field, tmp_path) == wanted


@pytest.mark.parametrize("name", [*SINGLE, *FOLDERS])
def test_a_fixed_file_loads(name: str, tmp_path: Path) -> None:
    shutil.copytree(VECTORS, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / name if name in FOLDERS else tmp_path
    if name in SINGLE:
        # Some of the vectors have names of other kinds of file.
        name = str((tmp_path / name).rename(tmp_path / f"compose.{name}").name)
    for file in fix(str(tmp_path / name), settings=Settings(policy_file=""), unsafe=True, write=True):
        assert file.fixed
        theirs = compose(folder, *([] if name in FOLDERS else [name]))
    assert theirs.returncode == 0, theirs.stderr


def test_a_base_and_what_extends_it_load_when_both_are_fixed(tmp_path: Path) -> None:
    text = "services:\n  base:\n    image: x:1\n  kid:\n    extends: base\n  grandchild:\n    extends: {service: kid}\n"
    (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
    fix(str(tmp_path), settings=Settings(policy_file=""), unsafe=True, write=True)
    theirs = compose(tmp_path)
    assert theirs.returncode == 0, theirs.stderr
    assert {service["security_opt"][0] for service in parsed(theirs.stdout)["services"].values()} == {
        "no-new-privileges:true"
    }


OURS_ALONE = {
    "refused/required.yaml": "whoever starts the project is to set the variable: the file is sound",
    "refused/no-image.yaml": "a part of a project, to be laid over another file",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_compose_refuses_is_a_problem_with_a_place(name: str) -> None:
    path = VECTORS / name
    folder, file = path.parent, path.name
    others = ["compose.override.yaml"] if (folder / "compose.override.yaml").exists() else []
    assert compose(folder, file, *others).returncode != 0
    errors = ours(folder, file, *others).errors
    if name in OURS_ALONE:
        assert not errors
        return
    assert errors
    assert all(error.location.line > 0 for error in errors)


# What Compose says, in the words of our nouns. Its output is canonical: every field in its long form.


def compare(document: Document, config: dict[str, Any], folder: Path) -> None:
    assert not document.errors, document.errors
    containers = {
        subject.name.removeprefix("service "): subject.noun
        for subject in document.subjects
        if isinstance(subject.noun, Container)
    }
    assert set(containers) == set(config["services"])
    for name, service in config["services"].items():
        container = containers[name]
        for field, wanted in fields(service).items():
            assert (name, field, said(container, field, folder)) == (name, field, wanted)
    project = next(subject.noun for subject in document.subjects if isinstance(subject.noun, Project))
    compare_project(project, config, folder)


def said(container: Container, field: str, folder: Path) -> Any:
    """What a container says of a field, in the shape that `fields` gives."""
    value = getattr(container, field)
    assert value is not UNKNOWN, field
    if field in FLAGS:
        return value is True
    if field == "networks" and not value and container.network_mode is UNSET:
        return {"default": []}
    if isinstance(value, Absent):
        return UNSET
    if field in SIZES:
        # Compose leaves out what is 0.
        return value or UNSET
    if field == "mounts":
        return sorted(mounted(one, folder) for one in value) or UNSET
    if field in SHAPES:
        return SHAPES[field](value) or ([] if field in {"command", "entrypoint"} else UNSET)
    return value


def mounted(mount: Mount, folder: Path) -> tuple[Any, ...]:
    source = absolute(mount.source, folder) if mount.kind == "bind" and mount.source else mount.source or ""
    words = (word for word in mount.options if word.startswith(("size=", "mode=", "nocopy")) or word in {"z", "Z"})
    sizes = sorted(word.replace("64m", "67108864") for word in words)
    return (mount.kind, source, mount.target, mount.read_only, mount.propagation or "", *sizes)


def pairs(value: Any) -> dict[str, Any]:
    return {one.name: one.value for one in value}


SHAPES: dict[str, Callable[[Any], Any]] = {
    "ports": lambda value: sorted(
        (port.address or "", port.host or "", port.container, port.protocol) for one in value for port in each(one)
    ),
    **dict.fromkeys(("environment", "labels", "annotations", "sysctls"), pairs),
    "networks": lambda value: {one.name: list(one.aliases) for one in value},
    "devices": lambda value: sorted((one.source, one.target, one.permissions) for one in value),
    "ulimits": lambda value: {one.name: (one.soft, one.hard) for one in value},
    "links": lambda value: sorted((one.target, one.alias) for one in value),
    **dict.fromkeys(
        ("device_rules", "volumes_from", "storage_options", "extra_hosts", "secrets", "expose", "cap_add", "cap_drop", "dns", "dns_search", "dns_options", "groups", "selinux"), sorted
    ),
    **dict.fromkeys(("command", "entrypoint"), list),
    "cpus": lambda value: round(float(value), 4),
    "restart": lambda value: (value.policy, value.retries),
    "logging": lambda value: (value.driver, dict(value.options)),
    "health": lambda one: (
        one.disabled, list(one.test), one.interval, one.timeout, one.start_period, one.start_interval, one.retries,
    ),
}  # fmt: skip


FLAGS = ("init", "tty", "stdin_open", "privileged", "read_only", "oom_kill_disable")


def each(port: Port) -> list[Port]:
    """One port for each of a range; Compose gives a range for a single container port as it is."""
    first, dash, last = port.container.partition("-")
    if not dash:
        return [port]
    count = int(last) - int(first) + 1
    start = int((port.host or "0").partition("-")[0])
    return [
        Port(str(int(first) + step), str(start + step) if port.host else None, port.address, port.protocol)
        for step in range(count)
    ]


def absolute(path: str, folder: Path) -> str:
    if path.startswith("~"):
        return "/home/somebody" + path[1:]
    if path[:1] == "/" or path[1:2] == ":" or path.startswith("\\"):
        return path
    return str(Path(*folder.parts, path)) if ".." not in path else str((folder / path).resolve())


def fields(service: dict[str, Any]) -> dict[str, Any]:
    """Every field of a container as Compose's canonical form has it."""
    found: dict[str, Any] = {}

    def put(field: str, key: str, make: Any = lambda value: value) -> None:
        held = service.get(key)
        found[field] = UNSET if held in (None, [], {}, "") and key not in {"command", "entrypoint"} else make(held)

    for field, key in TEXTS.items():
        put(field, key)
    for field in FLAGS:
        # Compose leaves out what is false.
        found[field] = service.get(field, False)
    for field, key in SIZES.items():
        put(field, key, int)
    for field, key in LISTS.items():
        put(field, key, sorted)
    for field in ("cap_add", "cap_drop"):
        put(field, field, lambda names: sorted({name.upper().removeprefix("CAP_") for name in names}))
    put("stop_timeout", "stop_grace_period", lambda text: int(seconds(text)))
    put("environment", "environment", dict)
    put("labels", "labels", dict)
    put("storage_options", "storage_opt", lambda pairs: sorted(f"{name}={value}" for name, value in pairs.items()))
    put("annotations", "annotations", dict)
    put("sysctls", "sysctls", lambda pairs: {name: str(value) for name, value in pairs.items()})
    put(
        "ports",
        "ports",
        lambda ports: sorted(
            (p.get("host_ip", ""), p.get("published", ""), str(p["target"]), p["protocol"]) for p in ports
        ),
    )
    put("devices", "devices", lambda found: sorted((d["source"], d["target"], d["permissions"]) for d in found))
    put("ulimits", "ulimits", lambda limits: {n: pair(v) for n, v in limits.items()})
    put("secrets", "secrets", lambda found: sorted(one["source"] for one in found))
    put("links", "links", lambda found: sorted((o.partition(":")[0], o.partition(":")[2] or o) for o in found))
    put("expose", "expose", lambda found: sorted(one if "/" in one else f"{one}/tcp" for one in found))
    put("command", "command")
    put("entrypoint", "entrypoint")
    found["extra_hosts"] = sorted(one.replace("=", ":", 1) for one in service.get("extra_hosts") or ()) or UNSET
    found["mounts"] = mounts(service)
    found["networks"] = networks(service)
    found |= limits(service) | security(service)
    found |= {"health": health(service), "logging": logging(service), "restart": restart(service)}
    return {field: none_is_unset(value) for field, value in found.items()}


def none_is_unset(value: Any) -> Any:
    return UNSET if value is None else value


TEXTS = {
    "image": "image", "name": "container_name", "platform": "platform", "working_dir": "working_dir",
    "stop_signal": "stop_signal", "runtime": "runtime", "user": "user", "pid": "pid", "ipc": "ipc", "uts": "uts",
    "userns": "userns_mode", "cgroupns": "cgroup", "cgroup_parent": "cgroup_parent", "network_mode": "network_mode",
    "hostname": "hostname", "domainname": "domainname", "mac_address": "mac_address", "cpuset_cpus": "cpuset", "pull": "pull_policy",
}  # fmt: skip
SIZES = {
    "memory_swap": "memswap_limit", "shm_size": "shm_size", "memory_swappiness": "mem_swappiness",
    "cpu_shares": "cpu_shares", "cpu_quota": "cpu_quota", "cpu_period": "cpu_period", "cpu_rt_runtime": "cpu_rt_runtime",
    "cpu_rt_period": "cpu_rt_period", "oom_score_adj": "oom_score_adj",
}  # fmt: skip
LISTS = {
    "device_rules": "device_cgroup_rules", "volumes_from": "volumes_from", "groups": "group_add", "dns": "dns", "dns_search": "dns_search", "dns_options": "dns_opt",
}  # fmt: skip


def pair(limit: Any) -> tuple[int, int]:
    """A ulimit's soft and hard value; a single one is printed as a number, and no number where it is 0."""
    if isinstance(limit, dict):
        return limit.get("soft", 0), limit.get("hard", 0)
    return limit, limit


def seconds(text: str) -> float:
    total, number = 0.0, ""
    units = {"h": 3600, "m": 60, "s": 1}
    for at, one in enumerate(text):
        if one.isdigit() or one == ".":
            number += one
        elif one == "m" and text[at + 1 : at + 2] == "s":
            total += float(number) / 1000
            break
        else:
            total += float(number) * units[one]
            number = ""
    return total


def mounts(service: dict[str, Any]) -> Any:
    found = []
    for one in service.get("volumes") or ():
        bind, tmpfs = one.get("bind") or {}, one.get("tmpfs") or {}
        words = [
            *(["nocopy"] if (one.get("volume") or {}).get("nocopy") else []),
            *([bind["selinux"]] if "selinux" in bind else []),
            *([f"size={tmpfs['size']}"] if "size" in tmpfs else []),
            *([f"mode={tmpfs['mode']:o}"] if "mode" in tmpfs else []),
        ]
        found.append(
            (
                one["type"],
                one.get("source", ""),
                one["target"],
                one.get("read_only", False),
                bind.get("propagation", ""),
                *sorted(words),
            )
        )
    for text in service.get("tmpfs") or ():
        target, _, options = text.partition(":")
        words = options.split(",")
        found.append(
            (
                "tmpfs",
                "",
                target,
                "ro" in words,
                "",
                *sorted(w.replace("64m", "67108864") for w in words if w.startswith(("size=", "mode="))),
            )
        )
    return sorted(found) or UNSET


def networks(service: dict[str, Any]) -> Any:
    held = service.get("networks") or {}
    return {name: (one or {}).get("aliases", []) for name, one in held.items()} or UNSET


def limits(service: dict[str, Any]) -> dict[str, Any]:
    resources = (service.get("deploy") or {}).get("resources") or {}
    limit, reserved = resources.get("limits") or {}, resources.get("reservations") or {}
    cpus = service.get("cpus") or limit.get("cpus")
    memory = service.get("mem_limit") or limit.get("memory")
    reservation = service.get("mem_reservation") or reserved.get("memory")
    return {
        "cpus": round(float(cpus), 4) if cpus else UNSET,
        "memory": int(memory) if memory else UNSET,
        "memory_reservation": int(reservation) if reservation else UNSET,
        "pids_limit": service.get("pids_limit", limit.get("pids")),
        "blkio_weight": (service.get("blkio_config") or {}).get("weight"),
        "gpus": gpus(
            [*(service.get("gpus") or ()), *(d for d in reserved.get("devices") or () if "gpu" in d["capabilities"])]
        ),
    }


def gpus(devices: list[dict[str, Any]]) -> Any:
    if not devices:
        return UNSET
    if ids := devices[0].get("device_ids"):
        return "device=" + ",".join(ids)
    count = devices[0].get("count", -1)
    return "all" if count == -1 else str(count)


def security(service: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = dict.fromkeys(
        ("seccomp", "apparmor", "selinux", "no_new_privileges", "unconfined_paths"), UNSET
    )
    for text in service.get("security_opt") or ():
        name, _, value = text.replace("=", ":", 1).partition(":")
        match name:
            case "seccomp" | "apparmor":
                found[name] = value
            case "label":
                found["selinux"] = sorted([*(found["selinux"] or ()), value])
            case "no-new-privileges":
                found["no_new_privileges"] = value != "false"
            case "systempaths":
                found["unconfined_paths"] = True
    return found


def health(service: dict[str, Any]) -> Any:
    held = service.get("healthcheck")
    if not held:
        return UNSET
    test = held.get("test") or []
    off = bool(held.get("disable")) or test == ["NONE"]
    times = (held.get(key) for key in ("interval", "timeout", "start_period", "start_interval"))
    return (
        off,
        [] if test == ["NONE"] else test,
        *(None if time is None else seconds(time) for time in times),
        held.get("retries"),
    )


def logging(service: dict[str, Any]) -> Any:
    held = service.get("logging")
    return (held.get("driver"), dict(held.get("options") or {})) if held else UNSET


def restart(service: dict[str, Any]) -> Any:
    if text := service.get("restart"):
        policy, _, retries = text.partition(":")
        return policy, int(retries) if retries else None
    policy = (service.get("deploy") or {}).get("restart_policy")
    if not policy:
        return UNSET
    return {"any": "always"}.get(policy["condition"], policy["condition"]), policy.get("max_attempts")


def compare_project(project: Project, config: dict[str, Any], folder: Path) -> None:
    assert {volume.name for volume in project.volumes if is_used(volume.name, "volumes", config)} == set(
        config.get("volumes") or ()
    )
    assert {network.name for network in project.networks if is_used(network.name, "networks", config)} == set(
        config.get("networks") or ()
    )
    for service in project.services:
        theirs = config["services"][service.name]
        conditions = {name: one["condition"] for name, one in (theirs.get("depends_on") or {}).items()}
        assert {one.service: one.condition for one in service.depends_on}.items() <= conditions.items()
        assert list(service.profiles) == theirs.get("profiles", [])
        assert sorted(service.external_links) == sorted(theirs.get("external_links", []))
        build = theirs.get("build")
        assert (service.build is None) == (build is None)
        if service.build is not None and build is not None:
            own = service.build
            assert absolute(own.context, folder) == build["context"]
            assert (own.dockerfile or ("Dockerfile" if own.inline is None else None)) == build.get("dockerfile")
            assert (own.inline, own.target, own.network) == (
                build.get("dockerfile_inline"),
                build.get("target"),
                build.get("network"),
            )
            assert dict(own.args).items() >= (build.get("args") or {}).items()
            assert list(own.secrets) == [one["source"] for one in build.get("secrets") or ()]
            assert (own.privileged, list(own.entitlements)) == (
                build.get("privileged", False),
                build.get("entitlements", []),
            )
            assert list(own.ssh) == build.get("ssh", [])
            assert {name for name, _ in own.additional_contexts} == set(build.get("additional_contexts") or ())


def is_used(name: str, kind: str, config: dict[str, Any]) -> bool:
    """Whether Compose shows a network or volume: it leaves out what no service uses."""
    if kind == "networks":
        return any(name in (service.get("networks") or {}) for service in config["services"].values())
    mounted = [one for service in config["services"].values() for one in service.get("volumes") or ()]
    return any(one["type"] == "volume" and one.get("source") == name for one in mounted)
