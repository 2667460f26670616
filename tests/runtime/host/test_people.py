"""Who can use the engine, and what their clients keep: made-up accounts, sudo rules, client settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.model.absent import UNKNOWN, UNSET, given
from sealock.model.host import Host
from sealock.rules.catalog import rules
from sealock.runtime.host import read_host

PASSWD = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\nbob:x:1001:994::/home/bob:/bin/sh\nweb:x:33:33::/srv:/bin/false\n"


def host(folder: Path, texts: dict[str, str]) -> Host:
    for path, text in texts.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return read_host(str(folder)).host


@pytest.mark.parametrize(
    ("group", "names"),
    [
        pytest.param("docker:x:994:", ["bob"], id="whose first group it is"),
        pytest.param("docker:x:995:ann,bob", ["ann", "bob"], id="who is named"),
        pytest.param("docker:x:994:bob,ann", ["bob", "ann"], id="who is both counts once"),
        pytest.param("docker:x:995:root", [], id="root is root anyway"),
        pytest.param("docker:x:995:", [], id="nobody"),
        pytest.param("dockers:x:995:ann", [], id="another group"),
        pytest.param("docker:x:many:ann\ndocker:x:995:bob", ["bob"], id="a line that is broken"),
        pytest.param("docker:x:995:ghost", ["ghost"], id="a name without an account"),
    ],
)
def test_members_of_the_engines_group_can_use_it(tmp_path: Path, group: str, names: list[str]) -> None:
    seen = host(tmp_path, {"etc/passwd": PASSWD, "etc/group": f"root:x:0:\n{group}\n"})
    assert [one.name for one in given(seen.logins, ())] == names
    assert all((one.how, one.where) == ("docker group", "/etc/group") for one in given(seen.logins, ()))


def test_without_a_list_of_groups_logins_are_unknown(tmp_path: Path) -> None:
    assert host(tmp_path, {"etc/passwd": PASSWD}).logins is UNKNOWN


def test_the_group_is_the_one_that_the_socket_is_open_to(tmp_path: Path) -> None:
    socket = tmp_path / "run" / "docker.sock"
    socket.parent.mkdir()
    socket.write_text("")
    socket.chmod(0o660)
    gid = socket.stat().st_gid
    seen = host(tmp_path, {"etc/passwd": PASSWD, "etc/group": f"docker:x:99999:ann\ncrew:x:{gid or 4242}:bob\n"})
    expected = ("bob", "crew group") if gid else ("ann", "docker group")
    assert [(one.name, one.how) for one in given(seen.logins, ())] == [expected]


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ("ann ALL=(root) NOPASSWD: /usr/bin/docker", ["ann"]),
        ("ann ALL=(root)NOPASSWD:/usr/bin/docker", ["ann"]),
        ("%crew ALL = (ALL:ALL) NOPASSWD: SETENV: /usr/bin/docker ps, /bin/ls", ["%crew"]),
        ("ann ALL=NOPASSWD: /bin/ls, \\\n  /usr/local/bin/docker-compose", ["ann"]),
        ("ann ALL=(root) NOPASSWD: /usr/bin/podman\nbob ALL=NOPASSWD: /usr/bin/nerdctl", ["ann", "bob"]),
        ("Cmnd_Alias ENGINE = /usr/bin/docker, /usr/bin/ctr\nann ALL=NOPASSWD: ENGINE", ["ann"]),
        ("Cmnd_Alias A = /usr/bin/docker\nCmnd_Alias B = A\nann ALL=NOPASSWD: B", ["ann"]),
        ("ann ALL=(root) /usr/bin/docker", []),
        ("ann ALL=NOPASSWD: /bin/ls, PASSWD: /usr/bin/docker", []),
        ("ann ALL=NOPASSWD: !/usr/bin/docker", []),
        ("ann ALL=NOPASSWD: /usr/bin/dockerfile-lint", []),
        ("# ann ALL=NOPASSWD: /usr/bin/docker", []),
        ("ann ALL=NOPASSWD: /bin/ls # not /usr/bin/docker", []),
        ("Cmnd_Alias ENGINE = /usr/bin/docker\nann ALL=ENGINE", []),
        ("Defaults env_keep += NOPASSWD:/usr/bin/docker", []),
        ("@includedir /etc/sudoers.d", []),
        ("NOPASSWD:" * 20_000 + "\\\n" * 20_000, []),
    ],
)
def test_rules_of_sudo_that_ask_for_no_password(tmp_path: Path, rules: str, names: list[str]) -> None:
    seen = host(tmp_path, {"etc/group": "", "etc/sudoers.d/rules": rules})
    assert [(one.name, one.where) for one in given(seen.logins, ())] == [
        (name, "/etc/sudoers.d/rules") for name in names
    ]


def test_an_alias_of_one_file_is_known_in_another(tmp_path: Path) -> None:
    seen = host(
        tmp_path,
        {"etc/group": "", "etc/sudoers": "Cmnd_Alias E = /usr/bin/docker", "etc/sudoers.d/a": "ann ALL=NOPASSWD: E"},
    )
    assert [one.name for one in given(seen.logins, ())] == ["ann"]


def test_files_that_sudo_passes_over_say_nothing(tmp_path: Path) -> None:
    rule = "ann ALL=NOPASSWD: /usr/bin/docker"
    seen = host(tmp_path, {"etc/group": "", "etc/sudoers.d/a.dpkg-old": rule, "etc/sudoers.d/a~": rule})
    assert seen.logins is UNSET


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ('{"auths": {"r.example.net": {"auth": "YTpi"}}}', ("/home/ann/.docker/config.json",)),
        ('{"auths": {"r.example.net": {"identitytoken": "x"}}}', ("/home/ann/.docker/config.json",)),
        ('{"auths": {"r.example.net": {}}, "credsStore": "pass"}', UNSET),
        ('{"auths": {"r.example.net": {"auth": ""}}}', UNSET),
        ('{"auths": []}', UNSET),
        ("{", UNSET),
        ("[" * 100_000, UNSET),
    ],
)
def test_passwords_of_registries_in_plain_text(tmp_path: Path, config: str, found: object) -> None:
    seen = host(tmp_path, {"etc/passwd": PASSWD, "etc/group": "", "home/ann/.docker/config.json": config})
    assert seen.client_credentials == found


def test_the_homes_of_people_and_of_root_are_read(tmp_path: Path) -> None:
    config = '{"auths": {"r": {"auth": "YTpi"}}}'
    homes = ("root", "home/ann", "srv")
    seen = host(tmp_path, {"etc/passwd": PASSWD} | {f"{home}/.docker/config.json": config for home in homes})
    assert seen.client_credentials == ("/root/.docker/config.json", "/home/ann/.docker/config.json")


@pytest.mark.parametrize(
    ("meta", "hosts"),
    [
        ('{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://10.0.0.5:2375"}}}', ("tcp://10.0.0.5:2375",)),
        ('{"Name": "far", "Endpoints": {"kubernetes": {"Host": "https://k"}}}', UNSET),
        ("[]", UNSET),
    ],
)
def test_engines_that_contexts_name(tmp_path: Path, meta: str, hosts: object) -> None:
    folder = "root/.docker/contexts"
    seen = host(tmp_path, {"etc/passwd": PASSWD, f"{folder}/meta/abc/meta.json": meta})
    assert seen.client_hosts == hosts


def test_a_context_with_certificates_is_not_shown(tmp_path: Path) -> None:
    folder = "root/.docker/contexts"
    meta = '{"Endpoints": {"docker": {"Host": "tcp://10.0.0.5:2376"}}}'
    seen = host(
        tmp_path,
        {"etc/passwd": PASSWD, f"{folder}/meta/abc/meta.json": meta, f"{folder}/tls/abc/docker/ca.pem": "x"},
    )
    assert seen.client_hosts is UNSET


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("H002", "/etc/sudoers"),
        ("H002", "/etc/sudoers.d"),
        ("H007", "/etc/docker/certs.d"),
        ("H010", "/root/.docker/config.json"),
        ("H011", "/home/ann/.docker/contexts/meta"),
    ],
)
def test_what_only_root_may_read_is_skipped_without_root(rule: str, path: str) -> None:
    evaluate = next(one for one in rules("host") if one.id == rule)
    silent = {"logins": UNSET, "files": UNSET, "client_credentials": UNSET, "client_hosts": UNSET}
    assert [fault.message for fault in evaluate.check(Host(**silent, unread=(path,)))] == [f"{path} could not be read"]
    assert not list(evaluate.check(Host(**silent, unread=("/etc/shadow",))))


@pytest.mark.parametrize(
    ("path", "text", "hosts"),
    [
        ("etc/environment", "PATH=/bin\nDOCKER_HOST=tcp://10.0.0.5:2375\n", ("tcp://10.0.0.5:2375",)),
        ("root/.bashrc", 'export DOCKER_HOST="tcp://10.0.0.5:2375"; echo', ("tcp://10.0.0.5:2375",)),
        ("etc/profile.d/docker.sh", "export DOCKER_HOST=tcp://a:1 DOCKER_TLS_VERIFY=1", UNSET),
        ("home/ann/.zshrc", "# DOCKER_HOST=tcp://a:1", UNSET),
        ("home/ann/.zshrc", "export DOCKER_HOST=ssh://me@a", UNSET),
        ("home/ann/.zshrc", "MY_DOCKER_HOST=tcp://a:1", UNSET),
    ],
)
def test_engines_that_the_starts_of_shells_name(tmp_path: Path, path: str, text: str, hosts: object) -> None:
    assert host(tmp_path, {"etc/passwd": PASSWD, path: text}).client_hosts == hosts
