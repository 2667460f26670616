"""What the kernel shows of real containers is what other tools say; inspecting works from outside, inside and without root."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.capabilities import decoded
from sealock.model.enforced import Enforced
from sealock.model.inspection import Inspection
from sealock.runtime import limitadvice
from sealock.runtime.containers import observe
from sealock.runtime.engine import connect
from sealock.runtime.inspect import inspect
from sealock.runtime.kernel.procfiles import start_time
from support.realengine import Engine, engine, until_printed
from support.realkernel import HARD, containers, enforced, group, pid_of, sealock, start, where
from support.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with containers() as one:
        yield one


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
        (load["type"], int(load["ns"])) for load in json.loads(spaces.stdout)["namespaces"]
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


def test_what_is_advised_is_taken_by_the_engine(docker: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    name = start(docker)
    look = inspect("container", name, where(docker))
    assert "says little of later usage" in look.withheld
    assert not look.update
    monkeypatch.setattr(limitadvice, "LEAST_AGE", 0)
    looks: list[Inspection] = []
    # A limit of its CPUs is advised once it has run for a moment.
    wait_until(
        lambda: looks and "--cpus" in looks[-1].update,
        lambda: looks.append(inspect("container", name, where(docker))),
    )
    look = looks[-1]
    assert look.update.startswith("docker update --memory ")
    done = docker.docker(*look.update.split()[1:])
    assert done.returncode == 0, done.stderr
    after = inspect("container", name, where(docker))
    assert isinstance(after.enforced.effective.memory, int)
    assert isinstance(after.enforced.effective.pids_limit, int)
    assert after.enforced.effective.cpus != UNSET
    assert after.differences == ()


def test_check_reads_back_what_inspect_writes(docker: Engine, tmp_path: Path) -> None:
    name = start(docker, "--cap-add", "SYS_ADMIN", "-v", "/etc:/host")
    done = sealock("inspect", f"container:{name}", "--engine", where(docker), "--format", "json", "--output", str(tmp_path / "seen.json"))  # fmt: skip
    assert done.returncode == 0, done.stderr
    here, elsewhere = (
        {(load["rule"], load["message"]) for load in json.loads(told.stdout)["targets"][0]["findings"]}
        for told in (
            sealock("check", f"container:{name}", "--engine", where(docker), "--format", "json"),
            sealock("check", str(tmp_path / "seen.json"), "--format", "json"),
        )
    )
    assert here == elsewhere
    assert {"C002", "C014"} <= {rule for rule, _ in here}


PYTHON = Path(sys.executable).resolve()
INSIDE = ("-e", "PYTHONPATH=/sealock:/site", "-e", "PYTHONDONTWRITEBYTECODE=1")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The host's own Python, msgspec and typing-extensions, and of sealock what the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(words, check=True, capture_output=True, cwd=Path(__file__).parents[2])
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(folder / "here")
    binds = ["/usr", "/lib", "/lib64"]
    binds += [] if str(PYTHON).startswith("/usr/") else [str(PYTHON.parents[1])]
    mounts = {bind: bind for bind in binds} | {
        str(Path(msgspec.__file__).parents[1]): "/site",
        f"{folder}/here": "/sealock",
    }
    return tuple(word for source, target in mounts.items() for word in ("-v", f"{source}:{target}:ro"))


def inside(
    docker: Engine, wheel: tuple[str, ...], *flags: str, words: tuple[str, ...]
) -> subprocess.CompletedProcess[str]:
    run = ("run", "--rm", "--network=none", *INSIDE, *wheel, *flags, "tiny", str(PYTHON), "-m", "sealock", *words)
    return until_printed(lambda: docker.docker(*run))


def test_from_inside_it_needs_nothing_but_the_wheel(docker: Engine, wheel: tuple[str, ...]) -> None:
    done = inside(docker, wheel, "-m", "200m", "--pids-limit", "77", words=("inspect", "self", "--format", "json"))
    assert done.returncode == 0, done.stderr
    (seen,) = json.loads(done.stdout)["observed"]["containers"]
    held = {one["name"]: one for one in seen["process"]["resources"]}
    assert (held["memory"]["limit"], held["pids"]["limit"]) == (200 << 20, 77)
    assert seen["process"]["id_source"] in {"mountinfo", "cgroup path"}
    assert len(seen["process"]["container_id"]) == 64
    assert seen["effective"]["pid"] == "private"
    assert seen["effective"]["privileged"] is False
    assert seen["effective"]["read_only"] is False
    assert (seen["effective"]["cap_add"], seen["effective"]["cap_drop"]) == (None, None)
    sources = {one["target"]: one["source"] for one in seen["effective"]["mounts"]}
    assert sources["/usr"] == "/usr"


@pytest.mark.parametrize("flags", [(), ("--cgroupns=private",), ("--cgroupns=host",), ("--privileged",), HARD])
def test_from_inside_the_page_names_the_container_and_never_fails(
    docker: Engine, wheel: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    done = inside(docker, wheel, *flags, words=("inspect", "self"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("── self ")
    assert "Docker " in done.stdout
    assert "unknown" not in done.stdout


def test_without_cgroupfs_it_says_what_it_could_not_see(docker: Engine, wheel: tuple[str, ...]) -> None:
    done = inside(docker, wheel, "--tmpfs", "/sys/fs", words=("inspect", "self"))
    assert done.returncode == 0, done.stderr
    assert "its limits and usage: it does not exist" in " ".join(done.stdout.split())


def test_check_self_judges_the_container_from_inside(docker: Engine, wheel: tuple[str, ...]) -> None:
    done = inside(docker, wheel, "--privileged", words=("check", "self", "--format", "json"))
    assert done.returncode == 1, done.stderr
    (target,) = json.loads(done.stdout)["targets"]
    assert "C001" in {one["rule"] for one in target["findings"]}
    assert not target["errors"]


@pytest.mark.parametrize(
    ("flags", "rules"),
    [
        pytest.param(("--user", "1000", "--security-opt", "no-new-privileges"), {}, id="an ordinary user who can gain nothing"),
        pytest.param(("--user", "1000"), {"C002": "medium", "C004": "low"}, id="an ordinary user with setuid programs"),
        pytest.param((), {"C002": "critical", "C004": "medium"}, id="root"),
        pytest.param(("--security-opt", "no-new-privileges"), {"C002": "critical", "C004": "medium"}, id="root that holds it"),
    ],
)  # fmt: skip
def test_capabilities_that_no_process_can_have_are_not_reported(
    docker: Engine, flags: tuple[str, ...], rules: dict[str, str]
) -> None:
    name = start(docker, "--cap-add", "SYS_ADMIN", *flags)
    done = sealock("check", f"container:{name}", "--engine", where(docker), "--format", "json")
    findings = json.loads(done.stdout)["targets"][0]["findings"]
    assert {found["rule"]: found["severity"] for found in findings if found["rule"] in {"C002", "C004"}} == rules
    assert all(
        ("setuid program could gain" in found["message"]) == ("--user" in flags)
        for found in findings
        if found["rule"] == "C002"
    )


def test_the_hosts_shared_memory_is_named(docker: Engine) -> None:
    seen = enforced(docker, start(docker, "-v", "/dev/shm:/hs"))
    assert [
        (mount.kind, mount.source, mount.target) for mount in given(seen.effective.mounts, ()) if mount.target == "/hs"
    ] == [("bind", "/dev/shm", "/hs")]
    assert given(seen.declared.mounts, ())[0].source == "/dev/shm"


def test_the_host_network_of_an_engine_in_a_network_namespace_of_its_own_is_the_hosts() -> None:
    with engine() as apart:
        apart.image("tiny")
        shared, own = (start(apart, f"--network={network}") for network in ("host", "none"))
        modes = {name: enforced(apart, name).effective.network_mode for name in (shared, own)}
        apart.docker("rm", "-f", shared, own)
    assert modes == {shared: "host", own: UNSET}


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
                list(observe(asked))
            looks += 1
    finally:
        coming.wait(PATIENCE)
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


@pytest.mark.parametrize(
    ("flags", "mount"),
    [
        pytest.param((), True, id="the engine's own filter"),
        pytest.param(("--cap-add", "SYS_ADMIN"), False, id="that for SYS_ADMIN"),
    ],
)
def test_what_the_filter_blocks_is_read_from_the_kernel(docker: Engine, flags: tuple[str, ...], mount: object) -> None:
    look = inspect("container", start(docker, *flags), where(docker), filters=True)
    assert look.blocked is not None
    assert not look.blocked.unread
    assert {"kexec_load", "reboot", "init_module"} <= set(look.blocked.blocked)
    assert ("mount" in look.blocked.blocked) == mount
    assert {"read", "execve", "openat"}.isdisjoint(look.blocked.blocked)


def test_a_process_goes_on_after_its_filter_was_read(docker: Engine) -> None:
    name = start(docker)
    inspect("container", name, where(docker), filters=True)
    state = Path(f"/proc/{pid_of(docker, name)}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    assert state == "S"


def test_explain_prints_the_numbers_of_the_namespaces(docker: Engine) -> None:
    name = start(docker, "-v", "/etc:/e:ro", "--user", "1000")
    done = sealock("inspect", f"container:{name}", "--engine", where(docker), "--explain")
    text = " ".join(done.stdout.split())
    assert done.returncode == 0, done.stderr
    for kind in ("mnt", "net", "pid"):
        assert str(Path(f"/proc/{pid_of(docker, name)}/ns/{kind}").readlink()) in text
    assert "its user may read and enter it (0755, owner 0:0)" in text
    assert "Capabilities holds none" in text
    assert "[C004" in text
