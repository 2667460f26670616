"""A machine below a made-up root: its settings by file, flags and unit; audit rules, firewall, disks, kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.daemon import Daemon
from sealock.model.document import Document
from sealock.model.finding import Finding
from sealock.model.host import Host
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from sealock.rules.host.not_audited import unwatched
from sealock.runtime.host import HostSnapshot, read_host
from sealock.runtime.hosts import FLAGS, SETTINGS, host_document
from sealock.runtime.mergedviews import merge_views


def machine(folder: Path, texts: dict[str, str]) -> str:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return str(folder)


def seen(folder: Path, texts: dict[str, str], engine: int = 0) -> HostSnapshot:
    return read_host(machine(folder, texts), engine=engine)


def process(pid: int, words: str, name: str = "dockerd", group: str = "/") -> dict[str, str]:
    return {
        f"proc/{pid}/comm": f"{name}\n",
        f"proc/{pid}/cmdline": "".join(f"{word}\0" for word in words.split()),
        f"proc/{pid}/cgroup": f"0::{group}\n",
    }


def document(folder: Path, texts: dict[str, str]) -> Document:
    return host_document(None, root=machine(folder, texts))


def settings(folder: Path, texts: dict[str, str]) -> Daemon:
    found = next(subject.noun for subject in document(folder, texts).subjects if isinstance(subject.noun, Host))
    assert isinstance(found.daemon, Daemon)
    return found.daemon


AUDITED = {
    "usr/bin/dockerd": "x",
    "usr/lib/systemd/system/docker.service": "x",
    "etc/docker/daemon.json": "{}",
    "etc/default/docker": "",
}


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        pytest.param("", ["/etc/default/docker", "/etc/docker", "/etc/docker/daemon.json", "/usr/bin/dockerd", "/usr/lib/systemd/system/docker.service"], id="no rules"),
        pytest.param("-w /etc -p wa\n-w /usr -k x", [], id="folders above watch what is below"),
        pytest.param("-w /etc/docker -k docker\n-w /usr/bin/dockerd\n-w /etc/default/docker", ["/usr/lib/systemd/system/docker.service"], id="one is left"),
        pytest.param("-w /bin/dockerd\n-w /lib/systemd/system/docker.service\n-w /etc/", [], id="links of old are the same folders"),
        pytest.param("-a always,exit -F path=/usr/bin/dockerd -F perm=x\n-a exit,always -F dir=/etc -F perm=w\n-w /usr/lib/systemd", [], id="rules on system calls"),
        pytest.param("-a never,exit -F dir=/usr\n-w /etc", ["/usr/bin/dockerd", "/usr/lib/systemd/system/docker.service"], id="what is never noted"),
        pytest.param("# -w /usr\n-w /etc/docker-other\n-w /etc/default", ["/etc/docker", "/etc/docker/daemon.json", "/usr/bin/dockerd", "/usr/lib/systemd/system/docker.service"], id="comments and names that only begin alike"),
    ],
)  # fmt: skip
def test_what_the_audit_rules_do_not_watch(tmp_path: Path, rules: str, missing: list[str]) -> None:
    host = seen(tmp_path, AUDITED | {"etc/audit/rules.d/docker.rules": rules}).host
    assert list(unwatched(host)) == missing


def test_the_rules_that_are_loaded_at_start_count_too(tmp_path: Path) -> None:
    host = seen(tmp_path, AUDITED | {"etc/audit/audit.rules": "-w /usr", "etc/audit/rules.d/a.rules": "-w /etc"}).host
    assert not unwatched(host)


@pytest.mark.parametrize(
    ("texts", "firewall"),
    [
        ({}, UNSET),
        ({"etc/ufw/ufw.conf": "# ufw\nENABLED=yes\n"}, "ufw"),
        ({"etc/ufw/ufw.conf": "ENABLED=no\n"}, UNSET),
        ({"run/firewalld/x": ""}, "firewalld"),
    ],
)
def test_which_firewall_is_on(tmp_path: Path, texts: dict[str, str], firewall: object) -> None:
    assert seen(tmp_path, texts).host.firewall == firewall


ROOT = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("mounts", "apart"),
    [
        ("", UNKNOWN),
        (ROOT, False),
        (ROOT + "2 1 8:2 / /var/lib/docker rw - ext4 /dev/sdb rw\n", True),
        (ROOT + "2 1 8:2 / /var rw - ext4 /dev/sdb rw\n", True),
        (ROOT + "2 1 8:2 / /var/lib/dock rw - ext4 /dev/sdb rw\n", False),
        (ROOT + "2 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/sda1 rw\n", False),
        (ROOT + "2 1 8:1 /srv/docker /var/lib/docker rw - ext4 /dev/sda1 rw\n", False),
        (
            ROOT + "2 1 8:2 / /var rw - ext4 /dev/sdb rw\n3 2 8:2 /lib/docker /var/lib/docker rw - ext4 /dev/sdb rw\n",
            True,
        ),
        (ROOT + "2 1 8:2 / /var/lib/docker rw - ext4 a rw\n3 2 8:1 /x /var/lib/docker rw - ext4 b rw\n", False),
        (ROOT + "2 1 8:1 / / rw - ext4 a rw\n3 2 0:44 / /var/lib/docker rw - tmpfs a rw\n", True),
        ("2 1 8:2 / /boot rw - ext4 /dev/sdb rw\n", UNKNOWN),
    ],
)
def test_whether_the_data_has_a_disk_of_its_own(tmp_path: Path, mounts: str, apart: object) -> None:
    assert seen(tmp_path, {"proc/self/mountinfo": mounts}).host.data_root_mounted == apart


def test_a_link_of_this_machine_is_none_in_a_tree_of_another(tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to("/")
    data = str(tmp_path / "here")
    mounts = f"{ROOT}2 1 8:2 / {data} rw - ext4 /dev/sdb rw\n"
    tree = machine(tmp_path / "tree", {"proc/self/mountinfo": mounts})
    assert read_host(tree, data_root=data).host.data_root_mounted is True


def test_whether_the_data_has_a_disk_of_its_own_is_seen_from_the_engines_mount_namespace(tmp_path: Path) -> None:
    here = process(7, "dockerd") | {
        "proc/7/mountinfo": f"{ROOT}2 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 a rw\n"
    }
    own_disk = f"{ROOT}2 1 8:2 / /var/lib/docker rw - ext4 b rw\n"
    assert seen(tmp_path, here | {"proc/self/mountinfo": own_disk}).host.data_root_mounted is False


@pytest.mark.parametrize(
    ("texts", "engine", "words"),
    [
        pytest.param({}, 0, None, id="none runs"),
        pytest.param(process(7, "dockerd --debug"), 0, ("--debug",), id="one runs"),
        pytest.param(process(7, "dockerd --a") | process(30, "dockerd --b"), 0, ("--a",), id="of two the older"),
        pytest.param(process(7, "dockerd --a") | process(30, "dockerd --b"), 30, ("--b",), id="of two the one that answers"),
        pytest.param(
            process(7, "dockerd --a") | process(30, "dockerd --b", group="/system.slice/docker.service") | process(1, "init", "systemd"),
            1, ("--b",), id="where systemd keeps the socket, the one that it started",
        ),
        pytest.param(process(7, "dockerd --a", "docker"), 0, None, id="a program of another name"),
        pytest.param({"proc/7/comm": "dockerd\n"}, 0, (), id="one whose words may not be read"),
    ],
)  # fmt: skip
def test_which_engine_runs_with_which_words(
    tmp_path: Path, texts: dict[str, str], engine: int, words: tuple[str, ...] | None
) -> None:
    assert seen(tmp_path, texts, engine).command == words


UNIT = {
    "usr/lib/systemd/system/docker.service": "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\nEnvironmentFile=-/etc/default/docker"
}
OPTIONS = {"etc/default/docker": "DOCKER_OPTS=--icc=false\n"}


def test_where_no_engine_runs_its_unit_and_the_environment_file_count(tmp_path: Path) -> None:
    found = settings(tmp_path, UNIT | OPTIONS | {"etc/docker/daemon.json": '{"live-restore": true}'})
    assert (found.icc, found.live_restore, found.hosts) == (False, True, ("fd://",))


def test_an_engine_that_somebody_started_by_hand_is_not_what_the_unit_says(tmp_path: Path) -> None:
    found = settings(tmp_path, UNIT | OPTIONS | process(9, "dockerd --debug"))
    assert (found.icc, found.debug) == (UNSET, True)


def test_the_file_is_the_one_that_the_flag_names(tmp_path: Path) -> None:
    found = settings(tmp_path, process(9, "dockerd --config-file=/srv/d.json") | {"srv/d.json": '{"icc": false}'})
    assert found.icc is False


@pytest.mark.parametrize(
    ("texts", "drifts"),
    [
        pytest.param({"etc/docker/daemon.json": '{"icc": false}'} | process(9, "dockerd --icc=true"), [("icc", "daemon.json", "command line")], id="the flag says otherwise"),
        pytest.param({"etc/docker/daemon.json": '{"icc": false}'} | process(9, "dockerd --icc=false"), [], id="both say the same"),
        pytest.param(UNIT | {"etc/default/docker": "DOCKER_OPTS=--debug\n"} | process(9, "dockerd -H fd:// --debug=false", group="/system.slice/docker.service"), [("debug", "unit", "command line")], id="the unit was changed and the engine not restarted"),
        pytest.param(UNIT | {"etc/default/docker": "DOCKER_OPTS=--debug\n"} | process(9, "dockerd"), [], id="the unit is not what started it"),
    ],
)  # fmt: skip
def test_where_settings_differ(tmp_path: Path, texts: dict[str, str], drifts: list[tuple[str, str, str]]) -> None:
    host = next(subject.noun for subject in document(tmp_path, texts).subjects if isinstance(subject.noun, Host))
    assert [(drift.setting, drift.source, drift.other_source) for drift in given(host.drift, ())] == drifts


def test_a_machine_without_an_engine_judges_none(tmp_path: Path) -> None:
    found = document(tmp_path, {})
    assert [subject.kind for subject in found.subjects] == ["host"]


def test_what_is_wrong_with_the_file_is_a_problem(tmp_path: Path) -> None:
    found = document(tmp_path, {"etc/docker/daemon.json": '{"icc": "no"}'})
    assert "icc should be true or false" in found.errors[0].message


def findings(folder: Path, texts: dict[str, str]) -> dict[str, Finding]:
    found = document(folder, texts)
    result = evaluate("host", found, {kind: rules(kind) for kind in ("host", "daemon", "network")})
    return {finding.rule: finding for finding in merge_views(result, found).findings}


def test_a_remedy_names_the_file_the_words_and_the_command_that_writes_them(tmp_path: Path) -> None:
    found = findings(tmp_path, process(9, "dockerd") | {"etc/docker/daemon.json": '{\n  "icc": true\n}\n'})
    assert found["E025"].remedy.text.endswith(
        'In /etc/docker/daemon.json: set "icc": false (`sealock check /etc/docker/daemon.json --only E025 --fix '
        "--unsafe` does it), then restart the engine."
    )
    assert (found["E025"].location.file, found["E025"].location.line) == ("/etc/docker/daemon.json", 2)
    assert found["E014"].remedy.text.endswith("then reload the engine (SIGHUP).")


def test_a_remedy_for_a_flag_does_not_send_people_to_the_file_only(tmp_path: Path) -> None:
    found = findings(tmp_path, process(9, "dockerd --iptables=false --icc=true"))
    assert "Take the flag off the engine's command line" in found["E003"].remedy.text
    assert 'in /etc/docker/daemon.json: set "icc": false' in found["E025"].remedy.text
    assert found["E003"].location.file == "command line"


def test_no_remedy_of_the_engine_speaks_of_docker_run(tmp_path: Path) -> None:
    found = findings(tmp_path, {"etc/docker/daemon.json": '{"debug": true}'})
    assert not [one for one in found.values() if "start it again" in one.remedy.text]


def test_a_password_in_the_file_is_not_shown(tmp_path: Path) -> None:
    text = '{"proxies": {"http-proxy": "http://me:s3cr3t@proxy.example.net:3128"}}'
    found = findings(tmp_path, {"etc/docker/daemon.json": text})["E020"]
    assert found.conceal
    assert "s3cr3t" not in found.message + found.evidence


def test_texts_that_have_a_part_in_it_are_kept_for_the_report(tmp_path: Path) -> None:
    found = document(tmp_path, {"etc/docker/daemon.json": '{"icc": true}'} | process(9, "dockerd --debug"))
    assert found.sources[SETTINGS].text == '{"icc": true}'
    assert found.sources[FLAGS].text == "dockerd --debug"


LISTENS = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


@pytest.mark.parametrize(
    ("address", "where"),
    [("00000000:0949", "0.0.0.0:2377"), ("0500000A:0949", "10.0.0.5:2377"), ("00000000:0050", "")],
)
def test_where_a_swarm_listens(tmp_path: Path, address: str, where: str) -> None:
    row = f"   0: {address} 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
    assert seen(tmp_path, process(9, "dockerd") | {"proc/9/net/tcp": LISTENS + row}, 9).swarm_listens == where


@pytest.mark.parametrize(
    ("texts", "modules"),
    [
        ({"sys/kernel/security/lsm": "capability,apparmor"}, ("capability", "apparmor")),
        ({"sys/module/apparmor/parameters/enabled": "Y\n"}, ("apparmor",)),
        ({"sys/fs/selinux/enforce": "1"}, ("selinux",)),
        ({"sys/kernel/security/x": ""}, UNSET),
        ({}, UNKNOWN),
    ],
)
def test_which_security_modules_the_kernel_has(tmp_path: Path, texts: dict[str, str], modules: object) -> None:
    assert seen(tmp_path, texts).host.lsm == modules


def test_settings_of_the_kernel_are_read_by_name(tmp_path: Path) -> None:
    host = seen(tmp_path, {"proc/sys/kernel/kptr_restrict": "0\n", "proc/sys/kernel/yama/ptrace_scope": "1\n"}).host
    assert host.sysctls == (("kernel.kptr_restrict", "0"), ("kernel.yama.ptrace_scope", "1"))
