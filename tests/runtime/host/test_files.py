"""The engine's files: every mode and owner beside a plain account of what a benchmark's item asks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealock.model.absent import given
from sealock.model.finding import RuleFinding, Severity
from sealock.model.host import Host, HostFile, Role
from sealock.rules.host.file_permissions import FilePermissions
from sealock.rules.host.socket_permissions import SocketPermissions
from sealock.runtime.host import read_host

ASKED: dict[Role, str] = {
    "engine-unit": "rw-r--r--",
    "engine-socket-unit": "rw-r--r--",
    "containerd-unit": "rw-r--r--",
    "config-directory": "rwxr-xr-x",
    "daemon-config": "rw-r--r--",
    "engine-defaults": "rw-r--r--",
    "containerd-config": "rw-r--r--",
    "registry-certificate": "rw-r--r--",
    "tls-ca": "rw-r--r--",
    "tls-certificate": "rw-r--r--",
    "tls-key": "rw-------",
    "engine-binary": "rwxr-xr-x",
    "containerd-directory": "rwx--x--x",
    "data-root": "rwx--x--x",
    "engine-socket": "rw-rw----",
    "containerd-socket": "rw-rw----",
}
"""The most that each may have, as `ls` writes it."""


def allowed(mode: int, most: str) -> bool:
    """Letter by letter, as a person compares what `ls -l` shows."""
    letters = [("rwx"[at % 3] if mode >> (8 - at) & 1 else "-") for at in range(9)]
    return all(letter in {"-", most[at]} for at, letter in enumerate(letters))


def faults(host_file: HostFile) -> list[RuleFinding]:
    host = Host(files=(host_file,))
    return [*FilePermissions().check(host), *SocketPermissions().check(host)]


@pytest.mark.parametrize("role", ASKED)
def test_each_of_the_512_modes_is_checked_bit_by_bit(role: Role) -> None:
    for mode in range(0o1000):
        found = faults(HostFile(role, "/x", "file", mode, 0, 0))
        expected = allowed(mode, ASKED[role])
        assert (not found) == expected, oct(mode)
        assert all(fault.evidence == "/x mode" for fault in found)


@pytest.mark.parametrize("mode", [0o577, 0o466, 0o377])
def test_a_mode_whose_number_is_smaller_may_allow_more(mode: int) -> None:
    assert mode < 0o644
    assert faults(HostFile("daemon-config", "/x", "file", mode, 0, 0))


@pytest.mark.parametrize(
    ("role", "mode", "uid", "gid", "severity"),
    [
        pytest.param("daemon-config", 0o644, 0, 0, None, id="root's own"),
        pytest.param("daemon-config", 0o644, 1000, 0, Severity.HIGH, id="another owner changes it"),
        pytest.param("daemon-config", 0o644, 0, 1000, Severity.LOW, id="a group that may only read"),
        pytest.param("daemon-config", 0o664, 0, 1000, Severity.HIGH, id="a group that may write"),
        pytest.param("engine-socket", 0o660, 0, 999, None, id="the engine's group has its socket"),
        pytest.param("engine-socket", 0o660, 1000, 999, Severity.HIGH, id="the engine's socket of another owner"),
        pytest.param("engine-socket", 0o666, 0, 999, Severity.CRITICAL, id="the engine's socket open to all"),
        pytest.param("engine-socket", 0o664, 0, 999, Severity.LOW, id="reading a socket lets nobody in"),
        pytest.param("containerd-socket", 0o660, 0, 999, Severity.HIGH, id="containerd's is root's alone"),
        pytest.param("containerd-socket", 0o600, 0, 999, None, id="a group that may do nothing"),
    ],
)
def test_who_owns_a_file_matters_by_what_the_mode_lets_them(
    role: Role, mode: int, uid: int, gid: int, severity: Severity | None
) -> None:
    found = faults(HostFile(role, "/x", "file", mode, uid, gid))
    rules = {"engine-socket": SocketPermissions.severity, "containerd-socket": SocketPermissions.severity}
    worst = max((fault.severity or rules.get(role, FilePermissions.severity) for fault in found), default=None)
    assert worst == severity


def machine(folder: Path, **texts: str) -> Path:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


FILES = {
    "usr/lib/systemd/system/docker.service": "engine-unit",
    "usr/lib/systemd/system/docker.socket": "engine-socket-unit",
    "lib/systemd/system/containerd.service": "containerd-unit",
    "etc/docker/daemon.json": "daemon-config",
    "etc/default/docker": "engine-defaults",
    "etc/sysconfig/docker": "engine-defaults",
    "etc/containerd/config.toml": "containerd-config",
    "usr/sbin/dockerd": "engine-binary",
    "usr/bin/containerd-shim-runc-v2": "engine-binary",
    "usr/bin/runc": "engine-binary",
    "etc/docker/certs.d/registry.example.net:5000/ca.crt": "registry-certificate",
    "etc/docker/certs.d/registry.example.net:5000/client.cert": "registry-certificate",
    "etc/docker/certs.d/registry.example.net:5000/client.key": "tls-key",
}


def test_every_file_is_found_with_its_mode(tmp_path: Path) -> None:
    machine(tmp_path, **dict.fromkeys(FILES, "x"))
    for at, path in enumerate(FILES):
        (tmp_path / path).chmod(0o400 + at)
    seen = read_host(str(tmp_path)).host
    found = {one.path: (one.role, one.mode, one.kind) for one in given(seen.files, ())}
    assert (
        found.items()
        >= {f"/{path}": (role, 0o400 + at, "file") for at, (path, role) in enumerate(FILES.items())}.items()
    )
    assert found["/etc/docker"][0] == "config-directory"
    assert seen.unread is not None


def test_the_unit_of_the_administrator_counts_before_that_of_the_distribution(tmp_path: Path) -> None:
    unit = "systemd/system/docker.service"
    machine(tmp_path, **{f"etc/{unit}": "x", f"usr/lib/{unit}": "x"})
    found = [one.path for one in given(read_host(str(tmp_path)).host.files, ()) if one.role == "engine-unit"]
    assert found == [f"/etc/{unit}"]


def test_files_that_the_settings_name_are_read_too(tmp_path: Path) -> None:
    machine(tmp_path, **{"srv/ca.pem": "x", "srv/key.pem": "x"})
    (tmp_path / "srv" / "data").mkdir()
    seen = read_host(
        str(tmp_path), data_root="/srv/data", named=(("tls-ca", "/srv/ca.pem"), ("tls-key", "/srv/key.pem"))
    )
    found = {(one.role, one.path, one.kind) for one in given(seen.host.files, ())}
    assert found == {
        ("tls-ca", "/srv/ca.pem", "file"), ("tls-key", "/srv/key.pem", "file"), ("data-root", "/srv/data", "directory"),
    }  # fmt: skip


def test_owners_have_the_names_that_the_machine_itself_gives_them(tmp_path: Path) -> None:
    machine(
        tmp_path,
        **{
            "etc/passwd": f"ann:x:{os.getuid()}:0::/:/bin/sh\n",
            "etc/group": f"crew:x:{os.getgid()}:\n",
            "etc/default/docker": "",
        },
    )
    (one,) = (file for file in given(read_host(str(tmp_path)).host.files, ()) if file.role == "engine-defaults")
    assert (one.owner, one.group) == ("ann", "crew")


def test_what_is_no_file_at_all_is_reported_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "etc" / "docker").mkdir(parents=True)
    os.mkfifo(tmp_path / "etc" / "docker" / "daemon.json")
    (tmp_path / "etc" / "default").mkdir()
    (tmp_path / "etc" / "default" / "docker").symlink_to("nowhere")
    seen = read_host(str(tmp_path))
    kinds = {one.path: one.kind for one in given(seen.host.files, ())}
    assert kinds["/etc/docker/daemon.json"] == "other"
    assert "/etc/default/docker" not in kinds
    assert seen.config == ""
