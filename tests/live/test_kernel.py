"""The kernel's view of real containers: every difference is made on a real engine, and none is seen where none is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from realengine import Engine, engine
from sealock.engine import connect
from sealock.inspecting import looked
from sealock.kernel.parsing import start_time
from sealock.machine import documents, found, told
from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.capabilities import decoded
from sealock.model.enforced import Enforced
from sealock.model.look import Look
from sealock.rules.catalog import rules
from sealock.rules.judge import judge

pytestmark = pytest.mark.live

IDLE = ("busybox", "sleep", "600")
HARD = (
    "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--user", "65534:65534", "-m", "64m",
    "--memory-swap", "64m", "--memory-reservation", "32m", "--pids-limit", "50", "--cpus", "0.5", "--cpuset-cpus", "0",
    "--cpuset-mems", "0", "--tmpfs", "/tmp", "-v", "vol:/data", "--init", "--ulimit", "nofile=100:200",
    "--sysctl", "net.ipv4.ip_unprivileged_port_start=80",
)  # fmt: skip
LIAR = """\
#!{python}
import json, os, sys
if "create" in sys.argv and "--bundle" in sys.argv:
    path = os.path.join(sys.argv[sys.argv.index("--bundle") + 1], "config.json")
    spec = json.load(open(path))
    lies = [one[4:] for one in spec["process"]["env"] if one.startswith("LIE=")]
    for lie in lies:
        exec(lie)
    json.dump(spec, open(path, "w"))
os.execvp("runc", ["runc", *sys.argv[1:]])
"""
"""A runtime that does other than it was told: it changes the specification by what the environment says."""


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    liar = tmp_path_factory.mktemp("runtime") / "liar"
    liar.write_text(LIAR.format(python=sys.executable), encoding="utf-8")
    liar.chmod(0o755)
    # In the network of this machine, so that its network is the host's; it makes none of its own.
    with engine("--add-runtime", f"liar={liar}", apart=False) as one:
        one.image("tiny")
        yield one
        for name in one.docker("ps", "-aq").stdout.split():
            one.docker("rm", "-fv", name)


def start(docker: Engine, *flags: str, words: tuple[str, ...] = IDLE) -> str:
    network = () if any(flag.startswith("--network") for flag in flags) else ("--network=none",)
    done = docker.docker("run", "-d", *network, *flags, "tiny", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def where(docker: Engine) -> str:
    return docker.environment["DOCKER_HOST"]


def enforced(docker: Engine, name: str) -> Enforced:
    with connect(where(docker)) as asked:
        seen = next(found(asked, (name,)))
    assert seen.enforced is not None, seen.unseen
    return seen.enforced


def differences(docker: Engine, name: str) -> set[str]:
    (_, document), *_ = documents(f"container:{name}", where(docker))
    assert not document.problems
    verdict = judge(name, document, {"enforced": rules("enforced")})
    return {finding.rule for finding in verdict.findings}


def pid_of(docker: Engine, name: str) -> int:
    return int(docker.docker("inspect", "-f", "{{.State.Pid}}", name).stdout)


def within(docker: Engine, name: str, *words: str) -> None:
    """Do something in a container's mount namespace with the rights of the host's root."""
    done = subprocess.run(
        ["nsenter", "-t", str(pid_of(docker, name)), "-m", "-p", "busybox", *words], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def group(controller: str, name: str = "") -> Path:
    return Path("/sys/fs/cgroup", controller, *(("docker", name) if name else ()))


def write(path: Path, text: str) -> None:
    """Write in one go: cgroupfs takes each write as an order."""
    with path.open("w") as file:
        file.write(text)


CLEAN = {
    "plain": (),
    "hardened": HARD,
    "privileged": ("--privileged",),
    "namespaces of the host": ("--pid=host", "--ipc=host", "--uts=host", "--network=host"),
    "everything unconfined": (
        "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined", "--cap-add", "ALL",
    ),
    "some capabilities": ("--cap-drop", "NET_RAW", "--cap-add", "SYS_ADMIN"),
    "all dropped and one added": ("--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE"),
    "folders of the host": ("-v", "/:/host", "-v", "/dev:/hostdev", "-v", "/run:/run:ro", "-v", "/proc:/hostproc"),
    "a folder in a folder": ("-v", "/usr:/u", "-v", "v1:/imgvol/x", "--mount", "type=tmpfs,target=/imgvol/x/y"),
    "devices": ("--device", "/dev/null:/dev/x", "--device", "/dev/full", "--device-cgroup-rule", "c 42:* rwm"),
    "a terminal": ("-t", "-i"),
    "limits in all spellings": (
        "-m", "32m", "--cpu-quota", "25000", "--cpu-period", "50000", "--cpu-shares", "512", "--cpuset-cpus", "0",
        "--oom-score-adj", "100", "--shm-size", "10m",
    ),
    "a memory limit without one of swap": ("-m", "40m", "--memory-swap", "-1"),
    "another parent of control groups": ("--cgroup-parent", "/sealock-test"),
    "a user of its own": ("--user", "1000:1000", "--group-add", "4242"),
}  # fmt: skip


@pytest.mark.parametrize("flags", CLEAN.values(), ids=CLEAN)
def test_where_nobody_meddled_nothing_differs(docker: Engine, flags: tuple[str, ...]) -> None:
    assert differences(docker, start(docker, *flags)) == set()


def test_containers_that_share_namespaces_are_told_apart(docker: Engine) -> None:
    one = start(docker, "--name", "one", "--ipc", "shareable")
    two = start(docker, "--name", "two", "--pid=container:one", "--network=container:one", "--ipc=container:one")
    assert differences(docker, one) == differences(docker, two) == set()
    spaces = enforced(docker, "one").process.namespaces
    assert isinstance(spaces, tuple)
    shared = {space.kind: space.shared_with for space in spaces if space.shared_with}
    assert shared == {"pid": ("two",), "net": ("two",), "ipc": ("two",)}
    assert not enforced(docker, "two").others


def test_a_container_in_a_container_is_told_apart(docker: Engine) -> None:
    outer = start(docker, "--privileged")
    inner = "a" * 64
    docker.docker("exec", "-d", outer, "busybox", "unshare", "-m", "-p", "-f", "busybox", "sleep", "601")
    try:
        time.sleep(0.3)
        pid = next(iter(pids("601")))
        for controller in ("systemd", "memory", "pids", "freezer"):
            below = group(controller, outer) / "docker" / inner
            below.mkdir(parents=True)
            write(below / "cgroup.procs", str(pid))
        seen = enforced(docker, outer)
        assert pid not in {one.pid for one in seen.others} | set(seen.outside)
    finally:
        docker.docker("rm", "-f", outer)


def pids(seconds: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if (path / "cmdline").read_text(encoding="utf-8") == f"busybox\0sleep\0{seconds}\0":
                found.append(int(path.name))
        except OSError:
            continue
    return found


def memory_written_away(_docker: Engine, name: str) -> None:
    write(group("memory", name) / "memory.memsw.limit_in_bytes", "-1")
    write(group("memory", name) / "memory.limit_in_bytes", "-1")


def pids_written_away(_docker: Engine, name: str) -> None:
    write(group("pids", name) / "pids.max", "max")


def quota_written_away(_docker: Engine, name: str) -> None:
    write(group("cpu", name) / "cpu.cfs_quota_us", "-1")


def set_widened(_docker: Engine, name: str) -> None:
    write(group("cpuset", name) / "cpuset.cpus", (group("cpuset") / "cpuset.cpus").read_text(encoding="utf-8"))


def first_process_moved(docker: Engine, name: str) -> None:
    for controller in ("memory", "pids", "cpu", "cpuset", "devices", "blkio", "freezer", "cpuacct", "systemd"):
        write(group(controller) / "cgroup.procs", str(pid_of(docker, name)))


def first_process_moved_from_one_group(docker: Engine, name: str) -> None:
    write(group("memory") / "cgroup.procs", str(pid_of(docker, name)))


def other_process_moved(docker: Engine, name: str) -> None:
    docker.docker("exec", "-d", name, "busybox", "sleep", "602")
    time.sleep(0.2)
    for pid in pids("602"):
        write(group("pids") / "cgroup.procs", str(pid))


def privileged_exec(docker: Engine, name: str) -> None:
    assert docker.docker("exec", "-d", "--privileged", name, "busybox", "sleep", "603").returncode == 0
    time.sleep(0.2)


def mounted_later(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/bin")


def mounted_over(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/imgvol")


def mounted_in_dev(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-t", "tmpfs", "none", "/dev/shm/../pts")


def root_remounted(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-o", "remount,rw,bind", "/")


def volume_remounted(docker: Engine, name: str) -> None:
    within(docker, name, "mount", "-o", "remount,rw,bind", "/data")


def uncovered(docker: Engine, name: str) -> None:
    within(docker, name, "umount", "/proc/sys")


def device_allowed(_docker: Engine, name: str) -> None:
    write(group("devices", name) / "devices.allow", "b 254:0 rwm")


def every_device_allowed(_docker: Engine, name: str) -> None:
    write(group("devices", name) / "devices.allow", "a")


MEDDLED: list[tuple[str, tuple[str, ...], Callable[[Engine, str], None]]] = [
    ("K005", ("-m", "32m"), memory_written_away),
    ("K005", ("--pids-limit", "20"), pids_written_away),
    ("K005", ("--cpus", "0.5"), quota_written_away),
    ("K005", ("--cpuset-cpus", "0"), set_widened),
    ("K005", ("-m", "32m", "--pids-limit", "20"), first_process_moved),
    ("K011", (), first_process_moved),
    ("K011", (), first_process_moved_from_one_group),
    ("K011", (), other_process_moved),
    ("K010", (), privileged_exec),
    ("K010", ("--cap-drop", "ALL"), privileged_exec),
    ("K007", (), mounted_later),
    ("K007", (), mounted_over),
    ("K007", (), mounted_in_dev),
    ("K006", ("--read-only",), root_remounted),
    ("K016", ("-v", "vol:/data:ro"), volume_remounted),
    ("K013", (), uncovered),
    ("K012", (), device_allowed),
    ("K012", (), every_device_allowed),
]


@pytest.mark.parametrize(
    ("rule", "flags", "meddle"), MEDDLED, ids=[f"{rule}-{meddle.__name__}" for rule, _, meddle in MEDDLED]
)
def test_what_somebody_changes_afterwards_is_found(
    docker: Engine, rule: str, flags: tuple[str, ...], meddle: Callable[[Engine, str], None]
) -> None:
    name = start(docker, *flags)
    assert differences(docker, name) == set()
    meddle(docker, name)
    assert rule in differences(docker, name)


LIES = {
    "K001": ((), "[spec['process']['capabilities'][k].append('CAP_SYS_ADMIN') for k in ('bounding','permitted')]"),
    "K002": ((), "spec['linux'].pop('seccomp')"),
    "K003": (("--security-opt", "no-new-privileges"), "spec['process']['noNewPrivileges'] = False"),
    "K006": (("--read-only",), "spec['root']['readonly'] = False"),
    "K008": ((), "spec['linux']['namespaces'] = [n for n in spec['linux']['namespaces'] if n['type'] != 'uts']; spec.pop('hostname', None)"),
    "K009": (("--user", "1000:1000"), "spec['process']['user']['uid'] = 0"),
    "K013": ((), "spec['linux'].update(maskedPaths=[], readonlyPaths=[])"),
    "K014": ((), "spec['linux'].pop('sysctl', None); m = [dict(containerID=0, hostID=0, size=65536)]; spec['linux']['namespaces'].append(dict(type='user')); spec['linux'].update(uidMappings=m, gidMappings=m)"),
}  # fmt: skip


@pytest.mark.parametrize("rule", LIES)
def test_a_runtime_that_does_other_than_it_was_told_is_found(docker: Engine, rule: str) -> None:
    flags, lie = LIES[rule]
    name = start(docker, *flags, "--runtime", "liar", "-e", f"LIE={lie}")
    assert differences(docker, name) == {rule}


BOTH: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("C001", ("--privileged",), ()),
    ("C002", ("--cap-add", "SYS_ADMIN"), ()),
    ("C003", ("--cap-add", "NET_ADMIN"), ()),
    ("C004", (), ("--cap-drop", "ALL")),
    ("C005", ("--cap-drop", "ALL", "--cap-add", "NET_RAW"), ("--cap-drop", "NET_RAW")),
    ("C006", (), ("--security-opt", "no-new-privileges")),
    ("C007", ("--security-opt", "seccomp=unconfined"), ()),
    ("C010", ("--security-opt", "systempaths=unconfined"), ()),
    ("C011", ("-v", "{socket}:/var/run/docker.sock"), ()),
    ("C012", ("-v", "/run:/run"), ()),
    ("C014", ("-v", "/etc:/host"), ("-v", "/etc:/host:ro")),
    ("C015", ("-v", "/etc:/host:ro"), ("-v", "vol:/host")),
    ("C018", ("--pid=host",), ()),
    ("C019", ("--ipc=host",), ()),
    ("C020", ("--network=host",), ()),
    ("C021", ("--uts=host",), ()),
    ("C023", ("--cgroupns=host",), ("--cgroupns=private",)),
    ("C025", ("--device", "/dev/vda"), ()),
    ("C026", ("--device-cgroup-rule", "b *:* rwm"), ("--device-cgroup-rule", "c 10:229 rwm")),
    ("C028", (), ("-m", "32m")),
    ("C029", (), ("--cpus", "0.5")),
    ("C030", (), ("--pids-limit", "20")),
    ("C033", ("-m", "32m", "--memory-swap", "-1"), ("-m", "32m", "--memory-swap", "32m")),
    ("C034", ("-m", "32m", "--oom-kill-disable"), ("-m", "32m")),
    ("C040", (), ("--read-only",)),
    ("C041", ("--tmpfs", "/x:exec,suid"), ("--tmpfs", "/x")),
    ("C042", ("-v", "{shared}:/x:shared"), ("-v", "{shared}:/x")),
    ("C045", ("--cgroup-parent", "/sealock-test"), ()),
    ("C046", ("--user", "0:0"), ("--user", "1000:1000")),
    ("C047", ("--user", "1000:1000", "--group-add", "0"), ("--user", "1000:1000", "--group-add", "4242")),
    ("C050", ("--sysctl", "net.ipv4.conf.all.route_localnet=1"), ()),
]  # fmt: skip


@pytest.fixture(scope="module")
def shared(docker: Engine) -> Iterator[Path]:
    """A folder whose mounts are shared; unmounted again when the containers are gone."""
    folder = docker.folder / "shared"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    subprocess.run(["mount", "--make-shared", folder], check=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize(("rule", "with_it", "without"), BOTH, ids=[rule for rule, _, _ in BOTH])
def test_a_setting_is_found_by_the_engines_word_and_by_the_kernels(
    docker: Engine, shared: Path, rule: str, with_it: tuple[str, ...], without: tuple[str, ...]
) -> None:
    for flags, wanted in ((with_it, True), (without, False)):
        name = start(docker, *(flag.format(socket=docker.socket, shared=shared) for flag in flags))
        (_, document), *_ = documents(f"container:{name}", where(docker))
        verdict = judge(name, document, {"container": rules("container")})
        for end in ("", " (kernel)"):
            views = {subject.name for subject in document.subjects if subject.kind == "container"}
            view = next(one for one in views if one.endswith("(kernel)") == bool(end))
            hits = [one for one in verdict.findings if one.rule == rule and one.subject == view]
            silent = [one for one in verdict.not_judged if one.rule == rule and one.subject == view]
            assert (bool(hits), silent) == (wanted, []), (view, flags)
        once = [one for one in told(verdict, document).findings if one.rule == rule]
        assert len(once) == len({one.location for one in once})
        docker.docker("rm", "-fv", name)


@pytest.fixture(scope="module")
def hard(docker: Engine) -> tuple[str, Enforced]:
    name = start(docker, "--name", "hard", *HARD)
    return name, enforced(docker, name)


@pytest.fixture(scope="module")
def privileged(docker: Engine) -> tuple[str, Enforced]:
    name = start(docker, "--name", "priv", "--privileged")
    return name, enforced(docker, name)


@pytest.mark.parametrize("which", ["hard", "privileged"])
def test_the_reading_is_what_capsh_lsns_and_cgroupfs_say(which: str, request: pytest.FixtureRequest) -> None:
    name, seen = request.getfixturevalue(which)
    process = seen.process
    assert isinstance(process.bounding, int)
    told = subprocess.run(["capsh", f"--decode={process.bounding:016x}"], capture_output=True, text=True, check=True)
    names = told.stdout.strip().partition("=")[2]
    assert {f"cap_{one.lower()}" for one in decoded(process.bounding)} == set(names.split(",")) - {""}
    spaces = subprocess.run(
        ["lsns", "-J", "-p", str(process.pid), "-o", "TYPE,NS"], capture_output=True, text=True, check=True
    )
    assert {(one.kind, one.inode) for one in given(process.namespaces, ())} == {
        (one["type"], int(one["ns"])) for one in json.loads(spaces.stdout)["namespaces"]
    }
    held = {one.name: one for one in given(process.resources, ())}
    limit = int((group("memory", name) / "memory.limit_in_bytes").read_text(encoding="utf-8"))
    assert held["memory"].limit == (limit if limit < 1 << 62 else None)
    pids_max = (group("pids", name) / "pids.max").read_text(encoding="utf-8").strip()
    assert held["pids"].limit == (None if pids_max == "max" else int(pids_max))
    rules_there = (group("devices", name) / "devices.list").read_text(encoding="utf-8").strip().split("\n")
    assert [one.rule for one in given(process.devices, ())] == rules_there
    assert process.start == start_time(Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8"))


def test_the_hardened_one_is_as_it_was_asked_for(hard: tuple[str, Enforced]) -> None:
    declared, shown = hard[1].declared, hard[1].effective
    for field in (
        "memory", "memory_swap", "memory_reservation", "pids_limit", "cpus", "cpuset_cpus", "read_only",
        "no_new_privileges", "user", "cap_drop", "cap_add", "seccomp",
    ):  # fmt: skip
        assert getattr(shown, field) == getattr(declared, field), field
    assert ("net.ipv4.ip_unprivileged_port_start", "80") in given(hard[1].process.sysctls, ())
    assert ("nofile", 100, 200) in given(hard[1].process.limits, ())


def test_the_filter_and_the_masks_are_those_of_the_runtimes_specification(docker: Engine) -> None:
    name = start(docker)
    spec = next(docker.folder.glob(f"exec/**/{name}/config.json"))
    asked = json.loads(spec.read_text(encoding="utf-8"))
    seen = enforced(docker, name)
    assert isinstance(seen.process.bounding, int)
    assert {f"CAP_{one}" for one in decoded(seen.process.bounding)} == set(asked["process"]["capabilities"]["bounding"])
    assert bool(asked["linux"].get("seccomp")) == (seen.process.seccomp == 2)
    assert isinstance(seen.process.mounts, tuple)
    covered = {mount.target for mount in seen.process.mounts}
    wanted = [*asked["linux"]["maskedPaths"], *asked["linux"]["readonlyPaths"]]
    assert {path for path in wanted if os.path.lexists(path)} <= covered


def test_what_is_advised_is_taken_by_the_engine(docker: Engine) -> None:
    name = start(docker)
    time.sleep(1.2)
    look: Look = looked("container", name, where(docker))
    assert look.update.startswith("docker update --memory ")
    done = docker.docker(*look.update.split()[1:])
    assert done.returncode == 0, done.stderr
    after = looked("container", name, where(docker))
    assert isinstance(after.enforced.effective.memory, int)
    assert isinstance(after.enforced.effective.pids_limit, int)
    assert after.enforced.effective.cpus != UNSET
    assert after.differences == ()


def sealock(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealock", *words],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, **environment},
    )  # fmt: skip


def test_check_reads_back_what_inspect_writes(docker: Engine, tmp_path: Path) -> None:
    name = start(docker, "--cap-add", "SYS_ADMIN", "-v", "/etc:/host")
    done = sealock("inspect", f"container:{name}", "--engine", where(docker), "--format", "json", "--output", str(tmp_path / "seen.json"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    here, elsewhere = (
        {(one["rule"], one["message"]) for one in json.loads(told.stdout)["targets"][0]["findings"]}
        for told in (
            sealock("check", f"container:{name}", "--engine", where(docker), "--format", "json"),
            sealock("check", str(tmp_path / "seen.json"), "--format", "json"),
        )
    )
    assert here == elsewhere
    assert {"C002", "C014"} <= {rule for rule, _ in here}


PYTHON = Path(sys.executable).resolve()
INSIDE = (
    "-v", "/usr:/usr:ro", "-v", "/lib:/lib:ro", "-v", "/lib64:/lib64:ro",
    "-v", f"{Path(msgspec.__file__).parent.parent}:/site:ro", "-v", f"{Path(__file__).parents[2] / 'src'}:/sealock:ro",
    "-e", "PYTHONPATH=/sealock:/site", "-e", "PYTHONDONTWRITEBYTECODE=1",
)  # fmt: skip
"""The host's own Python, and of sealock no more than a wheel brings."""


def inside(docker: Engine, *flags: str, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    roots = [] if str(PYTHON).startswith("/usr/") else ["-v", f"{PYTHON.parents[1]}:{PYTHON.parents[1]}:ro"]
    return docker.docker("run", "--rm", "--network=none", *INSIDE, *roots, *flags, "tiny", str(PYTHON), "-m", "sealock", *words)  # fmt: skip


def test_from_inside_it_needs_nothing_but_the_wheel(docker: Engine) -> None:
    done = inside(docker, "-m", "200m", "--pids-limit", "77", words=("inspect", "self", "--format", "json"))
    assert done.returncode == 0, done.stderr
    (seen,) = json.loads(done.stdout)["observed"]["containers"]
    held = {one["name"]: one for one in seen["process"]["resources"]}
    assert (held["memory"]["limit"], held["pids"]["limit"]) == (200 << 20, 77)
    assert seen["process"]["id_source"] in {"mountinfo", "cgroup path"}
    assert len(seen["process"]["container_id"]) == 64
    assert seen["effective"]["pid"] == "private"
    assert seen["effective"]["privileged"] is False
    assert seen["effective"]["read_only"] is False


@pytest.mark.parametrize("flags", [(), ("--cgroupns=private",), ("--cgroupns=host",), ("--privileged",), HARD])
def test_from_inside_the_page_names_the_container_and_never_fails(docker: Engine, flags: tuple[str, ...]) -> None:
    done = inside(docker, *flags, words=("inspect", "self"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("── self ")
    assert "Docker " in done.stdout
    assert "could not be seen" not in done.stdout


def test_without_cgroupfs_it_says_what_it_could_not_see(docker: Engine) -> None:
    done = inside(docker, "--tmpfs", "/sys/fs", words=("inspect", "self"))
    assert done.returncode == 0, done.stderr
    assert "its limits and its use: it is not there" in " ".join(done.stdout.split())


def test_check_self_judges_the_container_from_inside(docker: Engine) -> None:
    done = inside(docker, "--privileged", words=("check", "self", "--format", "json"))
    assert done.returncode == 1, done.stderr
    (target,) = json.loads(done.stdout)["targets"]
    assert "C001" in {one["rule"] for one in target["findings"]}
    assert not target["problems"]


def test_without_root_it_says_what_only_root_may_see(docker: Engine) -> None:
    name = start(docker)
    pid = pid_of(docker, name)
    words = [sys.executable, "-m", "sealock", "inspect", f"pid:{pid}", "--format", "json"]
    done = subprocess.run(
        ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *words],
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert "its namespaces: only root may read it" in said["unseen"]
    (seen,) = said["observed"]["containers"]
    assert "namespaces" not in seen["process"]
    assert {"pid", "ipc", "network_mode"} & set(seen["effective"]) == set()
    assert seen["process"]["container_id"] == name
    assert seen["process"]["bounding"] > 0


def test_containers_that_come_and_go_are_no_error(docker: Engine) -> None:
    coming = subprocess.Popen(
        ["sh", "-c", "for i in 1 2 3 4 5 6 7 8; do docker run --rm --network=none tiny busybox true; done"],
        env=docker.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        looks = 0
        while coming.poll() is None and looks < 100:
            with connect(where(docker)) as asked:
                list(found(asked))
            looks += 1
    finally:
        coming.wait(60)
    assert looks > 2


def test_nothing_below_a_containers_root_is_opened(docker: Engine) -> None:
    """Access times would tell: whatever a container puts into its files is not looked at."""
    name = start(docker)
    trace = subprocess.run(
        ["strace", "-f", "-e", "trace=%file", sys.executable, "-m", "sealock", "inspect", f"pid:{pid_of(docker, name)}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert trace.returncode == 0
    assert "/root/" not in "".join(line for line in trace.stderr.split("\n") if '"proc/' in line)
    assert f"proc/{pid_of(docker, name)}/ns/mnt" in trace.stderr


def test_one_that_has_ended_is_an_error_with_a_hint(docker: Engine) -> None:
    name = start(docker, "--name", "ended", words=("busybox", "true"))
    docker.docker("wait", name)
    done = sealock("inspect", "container:ended", "--engine", where(docker))
    assert done.returncode == 2
    assert "container ended is exited" in done.stderr
    assert "sealock check container:ended" in done.stderr


def test_a_container_is_found_by_its_id_without_an_engine(docker: Engine) -> None:
    name = start(docker)
    done = sealock("inspect", f"container:{name[:14]}", "--engine", "unix:///nowhere.sock", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["observed"]["containers"][0]["process"]["container_id"] == name


def test_devices_are_given_by_their_names_on_the_host(docker: Engine) -> None:
    seen = enforced(docker, start(docker, "--device", "/dev/kmsg"))
    assert seen.effective.devices is not UNKNOWN
    assert "/dev/kmsg" in str(seen.effective.devices)
