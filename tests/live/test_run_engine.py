"""The real engine makes of a run line what sealock makes of it, field by field; what it refuses is a problem."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from sealock import formats
from sealock.formats.inspect import SAYS, read_inspect
from sealock.formats.runargs.verbs import VERBS
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET, Absent
from sealock.model.change import Add, FieldChange, Set, changed
from sealock.model.container import (
    Container,
    Device,
    Health,
    Label,
    Logging,
    Mount,
    Network,
    Port,
    Restart,
    Sysctl,
    Ulimit,
    Variable,
)
from sealock.model.location import Source
from support.realengine import Engine
from support.realengine import engine as started

pytestmark = pytest.mark.live

LINES = """
base
-i base
-itP base
-it=false base
-t=false -i base
--tty=true --interactive=0 base
--rm base
--privileged base
--privileged=false base
--privileged=TRUE base
--read-only base
--init base
--init=false base
--name web base
--name=web2 base
-p 80:80 base
-p80:80 base
-p=80:80 base
-itp 8080:80/udp base
--publish 127.0.0.1:80:80 base
-p 127.0.0.1::80 base
-p 80 base
-p 8000-8002:80-82 base
-p 8000-8010:90 base
-p [::1]:80:80 base
-p 53:53/udp -p 53:53/tcp --publish=1.2.3.4:70-71:70-71/sctp base
-P --expose 5000-5002 --expose 53/udp base
-v vol:/data base
-v vol:/data:ro base
-v /anonymous base
-v /tmp:/t base
-v /tmp:/t:ro,z base
-v ./rel:/rel base
-v vol:/data:nocopy --volume=/etc:/e:ro base
--mount type=bind,source=/tmp,target=/t,readonly base
--mount type=bind,src=/etc,dst=/t,ro=true,bind-propagation=rprivate base
--mount type=volume,src=v2,dst=/d,volume-nocopy base
--mount target=/x base
--mount type=tmpfs,dst=/e,tmpfs-size=5m,tmpfs-mode=1770 base
--mount '"type=bind","source=/tmp","target=/a,b"' base
--tmpfs /run base
--tmpfs /run:rw,noexec,size=64m base
--volumes-from other base
--volumes-from other:ro base
--volume-driver local -v vol3:/data base
-e A=1 base
-eA=1 -e=B=2 --env C=3 base
-e CALLER -e NOBODY base
-e EMPTY= base
-l a=b --label c --label d=e=f base
--annotation k=v base
-u 1000 base
--user=1000:1000 base
--group-add 5 --group-add audio base
--cap-add NET_ADMIN --cap-drop all base
--cap-add=cap_sys_time --cap-add SYS_PTRACE base
--security-opt no-new-privileges base
--security-opt no-new-privileges:true base
--security-opt=no-new-privileges=false base
--security-opt seccomp=unconfined --security-opt apparmor=unconfined base
--security-opt apparmor=mine --security-opt seccomp:unconfined base
--security-opt seccomp=profile.json base
--security-opt label=disable base
--security-opt label:type:svirt_apache_t --security-opt label=level:s0 base
--security-opt systempaths=unconfined base
--privileged --security-opt label=disable base
--device /dev/null base
--device /dev/null:/dev/x --device=/dev/zero:/dev/y:r --device /dev/full:rw base
--device-cgroup-rule 'c 1:3 rwm' --device-cgroup-rule 'a *:* r' base
--device vendor.com/class=one base
--gpus all base
--gpus 2 base
--gpus device=0 base
--sysctl net.ipv4.ip_forward=1 --sysctl kernel.shmmax=100 base
--pid host base
--pid container:other base
--ipc host base
--ipc=none base
--ipc shareable base
--uts host base
--userns host base
--cgroupns host base
--cgroupns=private base
--cgroup-parent /mine base
--network host base
--net none base
--net=bridge base
--network default base
--network container:other base
--network app base
--network app --network-alias a --net-alias b base
--network name=app,alias=x,alias=y base
--network app --network app2 base
--network none --network host base
--link other base
--link other:db base
--network app --link other:db base
-h web --domainname example.org base
--hostname=web base
--dns 1.1.1.1 --dns 2606:4700::1 --dns-search example.org --dns-option ndots:1 --dns-opt rotate base
--add-host db:10.0.0.1 --add-host six=[::1] --add-host host.docker.internal:host-gateway base
--mac-address 02:42:ac:11:00:02 base
-m 64m base
-m=64M --memory-reservation 32mb --memory-swap 128MiB base
--memory 64m --memory-swap -1 base
--memory 64m --memory-swappiness 0 base
--memory 67108864b --shm-size 1g base
--shm-size=64m base
--memory 0.5g base
--cpus .5 base
--cpus=1/2 base
--cpu-shares 512 base
-c 0x100 base
--cpu-quota 50000 --cpu-period 100000 base
--cpuset-cpus 0 --cpuset-mems 0 base
--pids-limit 100 base
--pids-limit -1 base
--ulimit nofile=1024:2048 --ulimit core=0 base
--ulimit memlock=-1 base
--blkio-weight 300 base
--blkio-weight-device /dev/null:200 --device-read-bps /dev/null:1mb --device-write-bps /dev/null:1 base
--device-read-iops /dev/null:10 --device-write-iops /dev/null:10 base
--oom-kill-disable -m 64m base
--oom-score-adj -500 base
--restart always base
--restart=unless-stopped base
--restart on-failure base
--restart on-failure:5 base
--restart no base
--health-cmd 'wget -q localhost || exit 1' --health-interval 5s --health-timeout=1m30s base
--health-cmd true --health-retries 3 --health-start-period 1h --health-start-interval 500ms base
--no-healthcheck base
--log-driver none base
--log-driver local base
--log-driver json-file --log-opt max-size=10m --log-opt max-file=3 base
--log-opt max-size=5m base
--log-driver syslog --log-opt syslog-address=udp://127.0.0.1:514 base
--stop-signal SIGINT --stop-timeout 5 base
--runtime runc base
--workdir /srv base
-w/srv base
--entrypoint sh base
--entrypoint=sh base -c 'echo hi'
--entrypoint= base sh
base sh -c 'echo "$HOME"' --privileged
-a stdout -a STDERR base
--attach stdin base
--cidfile {cid} base
--env-file env base
--label-file labels base
--platform linux/amd64 base
--pull never base
--pull=missing -q base
--isolation default base
--kernel-memory 64m base
--ip 172.31.0.9 --network subnet base
--ip6 2001:db8::5 --link-local-ip 169.254.1.1 --network subnet6 base
--disable-content-trust base
--cpu-rt-runtime 0 --cpu-rt-period 0 base
-- base
-i -- base sh
-dit base
-d base
""".strip().splitlines()
ONLY_RUN = frozenset({"-dit base", "-d base"})
REFUSED = """
--priv base
--privilege base
--cpuset 0 base
--nonsense base
-z base
-itz base
--privileged=yes base
--=x base
---x base
--memory 5 base
--memory 64x base
--memory=-5m base
--memory-swappiness 101 base
-m
--name
--user base
-p [::1]:80 base
-p ::1:80:80 base
-p 80:80/icmp base
-p 99999:80 base
-p 80-82:80-81 base
-p x:80 base
-p a.b:80:80 base
--expose 80:80 base
--expose x base
--restart sometimes base
--restart always:3 base
--restart :3 base
--restart on-failure:x base
--rm --restart always base
--cap-add NOPE base
--cap-add NET_ADMIN,SYS_TIME base
--cap-drop CAP_ base
--security-opt label base
--security-opt foo=bar base
-v /a:/b:ro,foo base
-v /a:/b:z,Z base
-v a:b:/c base
-v /a:/b:ro:rw base
-v /a:/b: base
--tmpfs run base
--mount type=bind,src=/x base
--mount type=foo,dst=/x base
--mount type=bind,dst=/x base
--mount type=tmpfs,src=/x,dst=/x base
--mount bogus base
--mount type=volume,dst=/x,bogus=1 base
--device /dev/null:null base
--device '' base
--device-cgroup-rule x base
--device-read-bps x:1 base
--device-write-iops /dev/null:x base
--blkio-weight-device /dev/null:5 base
--gpus many base
--ulimit nope=1 base
--ulimit nofile=5:3 base
--ulimit nofile base
--log-driver none --log-opt a=b base
--pid nope base
--pid private base
--uts private base
--ipc nope base
--userns nope base
--cgroupns nope base
--network a=b base
--network app --network host base
--network-alias x base
--network host --network-alias x base
--dns nope base
--dns-search a_b base
--add-host nope base
--add-host a: base
--mac-address nope base
--pull sometimes base
--stop-timeout x base
--oom-score-adj 1001 base
--label =x base
-e =x base
--sysctl a base
--health-interval 5 base
--health-interval 1us --health-cmd x base
--health-retries -1 base
--no-healthcheck --health-cmd x base
--cpus 0.1234567891 base
--cpus x base
--cpu-shares x base
--shm-size -1 base
--attach tty base
--storage-opt size base
--volumes-from other:nope base
--name a base
--name -x base
-w srv base
--blkio-weight 5x base
--pids-limit x base
Base
-- --x
base:
base@sha256:12
""".strip().splitlines()
JUDGED = """
--memory-swap 64m base
--memory 64m --memory-swap 32m base
--memory 64m --memory-reservation 128m base
--sysctl kernel.core_pattern=x base
""".strip().splitlines()
"""Refused too, but read without a problem: rules find fault with them and have a remedy."""
KERNEL = frozenset({"blkio_weight", "memory_swappiness", "oom_kill_disable", "memory_swap", "pids_limit", "cpu_shares"})
"""What the engine leaves out, with a warning, where the kernel cannot do it."""
UNORDERED = frozenset({
    "cap_add", "cap_drop", "ports", "expose", "mounts", "labels", "annotations", "sysctls", "ulimits", "environment",
    "storage_options", "networks", "groups",
})  # fmt: skip


@pytest.fixture(scope="module")
def daemon() -> Iterator[Engine]:
    with started() as one:
        one.image("base")
        (one.folder / "profile.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
        (one.folder / "env").write_text("FROM_FILE=1\n")
        (one.folder / "labels").write_text("from-file=1\n")
        (one.folder / "rel").mkdir()
        one.other = one.docker("create", "--name", "other", "-v", "shared:/shared", "base").stdout.strip()
        assert one.other
        for words in (["app"], ["app2"], ["--subnet=172.31.0.0/24", "subnet"]):
            done = one.docker("network", "create", *words)
            assert done.returncode == 0, done.stderr
        done = one.docker("network", "create", "--ipv6", "--subnet=2001:db8::/64", "subnet6")
        assert done.returncode == 0, done.stderr
        yield one


def ours(line: str, verb: str = "create") -> Container:
    document = formats.read("run", Source("", f"docker {verb} {line}"))
    assert document.errors == ()
    (noun,) = (subject.noun for subject in document.subjects if isinstance(subject.noun, Container))
    return noun


def numbers(text: str) -> range:
    low, _, high = text.partition("-")
    return range(int(low), int(high or low) + 1)


def each_port(port: Port) -> list[Port]:
    """The client takes ranges apart, but for a range of host ports that one port is to choose from."""
    inner, outer = numbers(port.container), numbers(port.host) if port.host else None
    if outer is None:
        return [replace(port, container=str(one)) for one in inner]
    if len(inner) == 1:
        return [port]
    return [replace(port, container=str(a), host=str(b)) for a, b in zip(inner, outer, strict=True)]


def each_exposed(text: str) -> list[str]:
    ports, _, protocol = text.partition("/")
    return [f"{number}/{protocol}" for number in numbers(ports)]


def mounted(mount: Mount, folder: Path) -> Mount:
    """The client makes relative sources absolute, and the engine writes sizes in bytes and sets no propagation twice."""
    source = str(folder / mount.source[2:]) if mount.source and mount.source.startswith("./") else mount.source
    options = tuple(
        "size=5242880" if option == "size=5m" and "mode=1770" in mount.options else option for option in mount.options
    )
    return replace(mount, source=source, options=options)


def filled(noun: Container, folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What the engine must say of our container: ours, and what it is known to fill in, field by field."""
    said = {field: getattr(noun, field) for field in SAYS}
    given = {field: () if value is UNSET else value for field, value in said.items()}
    # From the image.
    image_command = ("sh",) if said["entrypoint"] is UNSET else UNSET
    said["command"] = image_command if said["command"] is UNSET else said["command"]
    said["environment"] = (*given["environment"], Variable("BASE", "1"))
    said["labels"] = (*given["labels"], *ours("-l l=1 base").labels)  # type: ignore[misc]  # they are there
    said["mounts"] = (*(mounted(one, folder) for one in given["mounts"]), Mount("volume", None, "/imgvol"))
    ports = [one for port in given["ports"] for one in each_port(port)]
    exposed = [one for text in given["expose"] for one in each_exposed(text)]
    said["expose"] = ("8080/tcp", *exposed, *(f"{port.container}/{port.protocol}" for port in ports))
    said["ports"] = tuple(ports)
    # From the client: files and variables of its own.
    values = ((one, environment.get(one.name)) for one in said["environment"])
    said["environment"] = tuple(Variable(one.name, one.value if one.value is not None else own) for one, own in values)
    if noun.env_files:
        said["environment"] += (Variable("FROM_FILE", "1"),)
    if noun.seccomp == "profile.json":
        said["seccomp"] = '{"defaultAction":"SCMP_ACT_ALLOW"}'
    # Another container's mounts.
    if noun.volumes_from is not UNSET:
        read_only = "other:ro" in given["volumes_from"]
        said["mounts"] += (Mount("volume", "shared", "/shared", read_only=read_only),)
    # The engine's defaults, which nobody can tell from the same words.
    defaults = {
        "runtime": "runc",
        "ipc": "private",
        "network_mode": "bridge",
        "cgroupns": "private",
        "volume_driver": "local",
    }
    for field, default in defaults.items():
        said[field] = UNSET if said[field] == default else said[field]
    if said["entrypoint"] == ():
        said["entrypoint"] = UNSET
    if isinstance(noun.logging, Logging) and noun.logging.driver is None:
        said["logging"] = replace(noun.logging, driver="json-file")
    if isinstance(noun.memory_swap, int) and isinstance(noun.memory, int) and noun.memory_swap == 2 * noun.memory:
        said["memory_swap"] = UNSET
    if noun.pids_limit == -1:
        said["pids_limit"] = UNSET
    if noun.shm_size == 64 << 20:
        said["shm_size"] = UNSET
    if noun.privileged is True:
        said["selinux"] = UNSET
    if noun.restart is not UNSET and getattr(noun.restart, "policy", "") == "no":
        said["restart"] = UNSET
    return said


def plain(field: str, value: Any) -> Any:
    """False and the empty list are nothing said, but where init is taken away."""
    if isinstance(value, Logging):
        return replace(value, options=tuple(sorted(value.options)))
    if field in UNORDERED and not isinstance(value, Absent):
        value = frozenset(value)
    if field == "init":
        return value
    return UNSET if value is False or (not isinstance(value, int | float) and not value) or value == 0 else value


def differences(daemon: Engine, line: str) -> dict[str, Any]:
    """The fields in which the engine's container is not ours, though nothing explains it."""
    noun = ours(line)
    done = daemon.docker("create", *shlex.split(line))
    assert done.returncode == 0, done.stderr
    identity = done.stdout.split()[-1]
    # The engine knows the other container by its id.
    told = daemon.docker("inspect", identity).stdout.replace(f"container:{daemon.other}", "container:other")
    daemon.docker("rm", "-f", "-v", identity)
    engine = read_inspect(told)
    assert engine.errors == ()
    wanted = filled(noun, daemon.folder, daemon.environment)
    differ = {}
    for field in SAYS:
        mine, theirs = plain(field, wanted[field]), plain(field, getattr(engine.container, field))
        if field in KERNEL and theirs is UNSET and "kernel does not support" in done.stderr:
            continue
        if field == "name" and mine is UNSET:
            continue  # the engine makes one up
        if field == "hostname" and "host" in {noun.network_mode, noun.uts}:
            continue  # it is the host's
        if field == "cgroupns" and mine is UNSET:
            continue  # the daemon's default, which hangs on the kernel
        if field == "labels" and "--label-file" in line:
            continue  # the client reads the file
        if mine != theirs:
            differ[field] = (mine, theirs)
    return differ


@pytest.mark.parametrize("line", LINES)
def test_the_engine_makes_the_same_container_of_it(daemon: Engine, line: str, tmp_path: Path) -> None:
    line = line.format(cid=tmp_path / "cid") if "{cid}" in line else line
    if line in ONLY_RUN:
        assert daemon.docker("create", *shlex.split(line)).returncode == 125
        assert ours(line, "run").detach is True
        return
    assert not differences(daemon, line)


CHANGES: list[FieldChange] = [
    Set("privileged", True),
    Set("read_only", True),
    Set("user", "1000:1000"),
    Set("no_new_privileges", True),
    Set("unconfined_paths", True),
    Set("seccomp", "unconfined"),
    Set("memory", 512 << 20),
    Set("cpus", 0.75),
    Set("pids_limit", 200),
    Set("restart", Restart("on-failure", 5)),
    Set("health", Health(test=("CMD-SHELL", "wget -q 'a b' || exit 1"), interval=30.5, retries=2)),
    Set("logging", Logging("json-file", (("max-size", "10m"), ("max-file", "3")))),
    Set("entrypoint", ("sh",)),
    Set("command", ("sh", "-c", 'echo "$A"')),
    Set("init", True),
    Set("networks", (Network("app", ("x", "y")), Network("app2"))),
    Add("cap_add", "NET_ADMIN"),
    Add("cap_drop", "ALL"),
    Add("selinux", "disable"),
    Add("ports", Port("80", "8080", "::1", "udp")),
    Add("mounts", Mount("tmpfs", None, "/tmp", options=("noexec", "size=64m"))),
    Add("mounts", Mount("bind", "/etc", "/a,b", read_only=True)),
    Add("mounts", Mount("volume", "data", "/c:d")),
    Add("environment", Variable("A", 'it\'s $5 "a"\n')),
    Add("labels", Label("a", "b c")),
    Add("ulimits", Ulimit("nofile", 10, 20)),
    Add("devices", Device("/dev/null", "/dev/x", "r")),
    Add("sysctls", Sysctl("net.ipv4.ip_forward", "1")),
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.field)
def test_what_a_change_writes_the_engine_reads_as_the_change(daemon: Engine, change: FieldChange) -> None:
    document = formats.read(
        "run", Source("", "docker network create app\ndocker network create app2\ndocker create base")
    )
    made = apply_edits(document.source.text, formats.edits(document, document.subjects[0], change))
    line = made.partition("docker create ")[2]
    assert getattr(ours(line), change.field) == getattr(changed(ours("base"), change), change.field)
    assert not differences(daemon, line)


@pytest.mark.parametrize("line", REFUSED)
def test_what_the_client_refuses_is_a_problem(daemon: Engine, line: str) -> None:
    done = daemon.docker("create", *shlex.split(line))
    if done.returncode == 0:
        daemon.docker("rm", "-f", "-v", done.stdout.split()[-1])
    assert done.returncode != 0
    document = formats.read("run", Source("", f"docker create {line}"))
    assert document.errors
    assert all(error.location.line == 1 for error in document.errors)


@pytest.mark.parametrize("line", JUDGED)
def test_what_rules_judge_is_read_though_the_client_refuses_it(daemon: Engine, line: str) -> None:
    assert daemon.docker("create", *shlex.split(line)).returncode != 0
    assert ours(line) != ours("base")


@pytest.mark.parametrize(
    ("client", "verb", "least"),
    [
        ("docker", "run", 90),
        ("docker", "create", 90),
        ("docker", "exec", 8),
        ("docker", "update", 12),
        ("docker", "build", 30),
        ("docker", "service create", 60),
        ("docker", "service update", 80),
        ("podman", "exec", 8),
        ("podman", "update", 20),
        ("podman", "build", 80),
    ],
)
def test_every_option_of_the_real_client_is_known(client: str, verb: str, least: int) -> None:
    shown = subprocess.run([client, *verb.split(), "--help"], capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"^  +(?:-\w, +)?--([\w-]+)", shown, re.MULTILINE))
    assert len(names) > least
    assert {name for name in names if name not in VERBS[verb].options} <= {"help"}
