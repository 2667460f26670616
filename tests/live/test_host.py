"""Every recommendation of the benchmark that can be provoked: on an engine where it holds, and on one where it does not."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.hostengine import Machine, machine
from support.waiting import wait_until

pytestmark = pytest.mark.live

UNITS = """
for unit in docker.service docker.socket; do
    printf '[Service]\\nExecStart=/usr/sbin/dockerd\\n' >/etc/systemd/system/$unit
done
mkdir -p /etc/default /etc/sysconfig /etc/containerd /etc/audit/rules.d /etc/docker/certs.d/r.example.net /run/containerd
: >/etc/default/docker
: >/etc/sysconfig/docker
: >/etc/containerd/config.toml
: >/etc/docker/certs.d/r.example.net/ca.crt
: >/etc/ca.pem
: >/etc/server.pem
: >/etc/key.pem
"""
"""Files of every kind, to be made sound or loose."""
SOCKET = """
import os, socket
socket.socket(socket.AF_UNIX).bind("/run/containerd/containerd.sock")
os.chmod("/run/containerd/containerd.sock", {mode})
os.chown("/run/containerd/containerd.sock", {owner}, {owner})
"""
"""Made when the engine runs: it would talk to whoever listens there."""
SOUND = (
    UNITS
    + """
chmod 0711 /run/containerd
chmod 0600 /etc/key.pem
printf -- '-w /etc -p wa\\n-w /usr\\n-w /run/containerd\\n-w %s\\n' "$HERE" >/etc/audit/rules.d/docker.rules
sed -i '/^docker:/d' /etc/group
mkdir -p /etc/docker/plugins
printf 'unix://%s/guard.sock' "$HERE" >/etc/docker/plugins/guard.spec
python3 -c '
import json, os, socketserver, http.server
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def address_string(self): return ""
    def log_message(self, *_): pass
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = {"Implements": ["authz"]} if self.path == "/Plugin.Activate" else {"Allow": True}
        text = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
here = Server(os.environ["HERE"] + "/guard.sock", Answer)
if os.fork() == 0:
    open(os.environ["HERE"] + "/guard.pid", "w").write(str(os.getpid()))
    here.serve_forever()
'
"""
)
LOOSE = (
    UNITS
    + """
chmod 0666 /etc/systemd/system/docker.service /etc/systemd/system/docker.socket /etc/default/docker /etc/sysconfig/docker
chmod 0666 /etc/docker/daemon.json /etc/docker/certs.d/r.example.net/ca.crt /etc/ca.pem /etc/server.pem /etc/key.pem
chmod 0777 /etc/docker
for file in /etc/systemd/system/docker.service /etc/systemd/system/docker.socket /etc/default/docker /etc/sysconfig/docker \\
    /etc/docker /etc/docker/daemon.json /etc/docker/certs.d/r.example.net/ca.crt /etc/ca.pem /etc/server.pem /etc/key.pem; do
    chown 1234:1234 $file
done
sed -i '/^docker:/d' /etc/group
echo 'docker:x:4321:ann,bob' >>/etc/group
mkdir -p /etc/sudoers.d /run/shared
mount -t tmpfs tmpfs /run/shared
mount --make-shared /run/shared
echo 'ann ALL=(root) NOPASSWD: /usr/bin/docker' >/etc/sudoers.d/ann
"""
)
CERTIFICATES = {"tlscacert": "/etc/ca.pem", "tlscert": "/etc/server.pem", "tlskey": "/etc/key.pem"}
GOOD = {
    "icc": False, "live-restore": True, "storage-driver": "overlay2", "userns-remap": "default", "userland-proxy": False,
    "no-new-privileges": True, "log-driver": "syslog", "log-opts": {"syslog-address": "udp://127.0.0.1:514"},
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 4096}}, "authorization-plugins": ["guard"],
    **CERTIFICATES,
}  # fmt: skip
BAD = {
    "debug": True, "storage-driver": "vfs", "cgroup-parent": "/elsewhere", "experimental": True,
    "insecure-registries": ["registry.example.net:5000"], "seccomp-profile": "unconfined", **CERTIFICATES,
}  # fmt: skip
"""Settings of either kind; the bad ones go without what the good ones have."""
HARDENED = [
    "--read-only",
    "--memory",
    "64m",
    "--memory-swap",
    "64m",
    "--cpus",
    "0.5",
    "--pids-limit",
    "50",
    "--cap-drop",
    "ALL",
    "--user",
    "1000:1000",
    "--security-opt",
    "no-new-privileges",
    "--restart",
    "on-failure:3",
    "-p",
    "127.0.0.1:8080:8080",
    "--network",
    "app",
    "--health-cmd",
    "true",
    "--ulimit",
    "nofile=1024:1024",
]
PRIVILEGED = [
    "--privileged",
    "--network",
    "host",
    "--pid",
    "host",
    "--ipc",
    "host",
    "--uts",
    "host",
    "--restart",
    "always",
    "-v",
    "/etc:/e",
    "-v",
    "/run/shared:/h:shared",
]
OPEN = [
    "-p",
    "25:25",
    "-p",
    "3306:3306",
    "--security-opt",
    "seccomp=unconfined",
    "--cap-add",
    "SYS_ADMIN",
    "--device",
    "/dev/fuse",
    "--cgroup-parent",
    "/mine",
    "--no-healthcheck",
]


@pytest.fixture(scope="module")
def good() -> Iterator[dict[str, Any]]:
    with machine(GOOD, setup=SOUND, own_disk=True) as here:
        guard = int((here.folder / "guard.pid").read_text())
        here.inside(sys.executable, "-c", SOCKET.format(mode=0o660, owner=0))
        here.image("base:1")
        here.docker("network", "create", "app")
        done = here.docker("run", "-d", "--name", "hardened", *HARDENED, "base:1", "busybox", "sleep", "600")
        assert done.returncode == 0, done.stderr
        yield here.benchmark()
    # Not before the engine has ended: it asks its plugin to the last.
    os.kill(guard, signal.SIGKILL)


@pytest.fixture(scope="module")
def bad() -> Iterator[Machine]:
    with machine(BAD, ["--iptables=false", "--host=tcp://127.0.0.1:2375", "--tls=false"], LOOSE) as here:
        here.inside(sys.executable, "-c", SOCKET.format(mode=0o666, owner=1234))
        here.socket.chmod(0o666)
        here.image("base:1")
        spoilt(here)
        yield here


def spoilt(here: Machine) -> None:
    """Run what should not be run, and leave lying about what should not."""
    for name, options in (("privileged", [*PRIVILEGED, "-v", f"{here.socket}:/s"]), ("open", OPEN)):
        done = here.docker("run", "-d", "--name", name, *options, "base:1", "busybox", "sleep", "600")
        assert done.returncode == 0, done.stderr
    here.docker("exec", "-d", "open", "busybox", "sh", "-c", "printf sshd >/proc/self/comm; busybox sleep 600; :")
    here.docker("exec", "-d", "--privileged", "open", "busybox", "sleep", "600")
    done = here.docker("run", "-d", "--user", "1000:1000", "--name", "plain", "base:1", "busybox", "sleep", "600")
    assert done.returncode == 0, done.stderr
    here.docker("exec", "-d", "--user", "0", "plain", "busybox", "sleep", "600")
    for _ in range(26):
        here.docker("create", "base:1", "busybox")
    # The tag names another image from here on.
    here.docker("import", "-c", "LABEL other=1", "-", "base:1", data=b"\0" * 1024)
    done = here.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--cert-expiry", "8760h")
    assert done.returncode == 0, done.stderr
    here.docker("network", "create", "--driver", "overlay", "clear")


@pytest.fixture(scope="module")
def worse(bad: Machine) -> dict[str, Any]:
    return bad.benchmark()


@pytest.fixture(scope="module")
def swarm() -> Iterator[dict[str, Any]]:
    with machine({"storage-driver": "vfs", "bridge": "none"}) as here:
        here.image("base:1")
        words = "--listen-addr 127.0.0.1:2377 --advertise-addr 127.0.0.1 --autolock"
        done = here.docker("swarm", "init", *words.split())
        assert done.returncode == 0, done.stderr
        here.docker("network", "rm", "ingress", data=b"y\n")
        wait_until(lambda: "ingress" not in here.docker("network", "ls").stdout)
        here.docker("network", "create", "--driver", "overlay", "--opt", "encrypted", "dark")
        here.docker("service", "create", "--detach", "--replicas", "0", "base:1")
        yield here.benchmark()


PROVOKED = [
    "1.1.2", *(f"1.1.{at}" for at in (3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 18)),
    "2.2", "2.3", "2.4", "2.5", "2.6", "2.7", "2.8", "2.9", "2.10", "2.12", "2.13", "2.14", "2.15", "2.16", "2.17", "2.18",
    *(f"3.{at}" for at in range(1, 25)),
    "4.1", "4.6",
    "5.4", "5.5", "5.6", "5.7", "5.8", "5.9", "5.10", "5.11", "5.12", "5.13", "5.14", "5.15", "5.16", "5.17", "5.18",
    "5.20", "5.21", "5.22", "5.23", "5.24", "5.25", "5.26", "5.27", "5.28", "5.29", "5.30", "5.32",
    "6.2",
]  # fmt: skip
BY_HAND = {"5.9", "5.23", "5.24"}
"""What is sound as far as a program can tell."""
IN_SWARM = ["5.1", "7.2", "7.3", "7.5", "7.7"]
ROOT_ALONE = {"3.15"}
"""The socket of the bad engine belongs to root all the same."""


@pytest.mark.parametrize("number", PROVOKED)
def test_a_recommendation_holds_on_the_one_and_fails_on_the_other(
    number: str, good: dict[str, Any], worse: dict[str, Any]
) -> None:
    assert (good[number]["outcome"], good[number]["reasons"][1:]) == ("manual" if number in BY_HAND else "pass", [])
    if number not in ROOT_ALONE:
        assert worse[number]["outcome"] == "fail", worse[number]
        assert worse[number]["reasons"]


@pytest.mark.parametrize("number", IN_SWARM)
def test_a_swarm_is_checked_where_there_is_one(number: str, swarm: dict[str, Any], worse: dict[str, Any]) -> None:
    assert (swarm[number]["outcome"], worse[number]["outcome"]) == ("pass", "fail"), worse[number]


def test_where_there_is_no_swarm_it_is_not_applicable(good: dict[str, Any]) -> None:
    assert {good[f"7.{at}"]["outcome"] for at in range(1, 10)} == {"not applicable"}
    assert good["5.1"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("number", "names"),
    [("5.5", {"privileged"}), ("5.7", {"open"}), ("5.11", {"privileged", "open"}), ("5.32", {"privileged"})],
)
def test_containers_at_fault_are_named(number: str, names: set[str], worse: dict[str, Any]) -> None:
    said = {name for reason in worse[number]["reasons"] for name in reason.partition(": ")[0].split(", ")}
    assert said & {"privileged", "open"} == names


@pytest.fixture(scope="module")
def found(bad: Machine) -> list[dict[str, Any]]:
    return bad.findings()


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("H002", "lets ann run docker as root without a password"),
        ("H023", "runs open from an older image than base:1 now is"),
        ("E007", "listens on tcp://127.0.0.1:2375 and uses no TLS"),
        ("N001", "does not encrypt"),
    ],
)
def test_what_the_benchmark_has_no_number_for_is_found_too(rule: str, words: str, found: list[dict[str, Any]]) -> None:
    assert [one for one in found if one["rule"] == rule and words in one["message"]]


def test_what_a_flag_sets_is_shown_where_it_is_set(found: list[dict[str, Any]]) -> None:
    (one,) = (one for one in found if one["rule"] == "E003")
    assert one["location"]["file"] == "command line"
    assert "systemctl edit docker" in one["remedy"]["text"]


def test_what_the_file_sets_is_shown_with_its_line(found: list[dict[str, Any]]) -> None:
    (one,) = (one for one in found if one["rule"] == "E016")
    assert one["location"]["file"] == "/etc/docker/daemon.json"


@pytest.mark.parametrize(
    ("settings", "flags", "drifts"),
    [
        pytest.param({"bridge": "none"}, ["--iptables=false"], set(), id="nothing differs"),
        pytest.param({"bridge": "none", "live-restore": True}, ["--iptables=false"], {"live-restore"}, id="the file was changed while the engine ran"),
    ],
)  # fmt: skip
def test_settings_that_were_changed_and_are_not_in_force(
    settings: dict[str, Any], flags: list[str], drifts: set[str]
) -> None:
    with machine({"bridge": "none", "storage-driver": "vfs"}, flags) as here:
        file = Path("/etc/docker/daemon.json")
        here.inside("sh", "-c", f"echo '{json.dumps(settings | {'storage-driver': 'vfs'})}' >{file}")
        said = [finding["message"] for finding in here.findings() if finding["rule"] == "H015"]
        assert {one.removeprefix("has ").partition(" ")[0] for one in said} == drifts


NETWORKS = (
    "create --opt com.docker.network.bridge.enable_icc=false closed",
    "create --internal inner",
    "create --driver macvlan --opt parent=up0 lan",
    "create --driver macvlan --internal --opt parent=up1 still",
)


LINKS = "ip link add up0 type veth peer name up1"
FIREWALL = "mkdir -p /etc/ufw; echo ENABLED=yes >/etc/ufw/ufw.conf"


def test_networks_of_every_kind_and_the_firewall_are_checked() -> None:
    with machine({"storage-driver": "vfs"}, setup=f"{LINKS}; {FIREWALL}") as here:
        for words in NETWORKS:
            done = here.docker("network", *words.split())
            assert done.returncode == 0, done.stderr
        here.image("base:1")
        for name, ports in (("one", "8080:80"), ("two", "127.0.0.1:8081:80")):
            done = here.docker("run", "-d", "--name", name, "-p", ports, "base:1", "busybox", "sleep", "600")
            assert done.returncode == 0, done.stderr
        said = here.findings()
        assert {(one["rule"], one["subject"]) for one in said if one["rule"].startswith("N")} == {
            ("N003", "network bridge"), ("N004", "network lan"),
        }  # fmt: skip
        assert [one["message"] for one in said if one["rule"] == "H022"] == [
            "runs ufw, which does not filter the published 8080/tcp (one)"
        ]
