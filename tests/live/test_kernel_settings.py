"""For each setting that the kernel shows a container with it and one without: both views say the same."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from sealock.runtime.containers import documents
from sealock.runtime.mergedviews import merge_views
from support.realengine import Engine
from support.realkernel import PARENT, containers, start, where

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    with containers() as one:
        yield one


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
    ("C016", ("-v", "{shared}/ann/.ssh:/x:ro"), ("-v", "{shared}/ann/public:/x:ro")),
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
    ("C045", ("--cgroup-parent", PARENT), ()),
    ("C046", ("--user", "0:0"), ("--user", "1000:1000")),
    ("C047", ("--user", "1000:1000", "--group-add", "0"), ("--user", "1000:1000", "--group-add", "4242")),
    ("C050", ("--sysctl", "net.ipv4.conf.all.route_localnet=1"), ()),
]  # fmt: skip


WORD: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    ("C008", ("--security-opt", "apparmor=unconfined"), ()),
    ("C009", ("--security-opt", "label=disable"), ()),
    ("C013", ("-e", "DOCKER_HOST=tcp://10.0.0.1:2375"), ("-e", "DOCKER_HOST=unix:///x.sock")),
    ("C022", ("--userns=host",), ()),
    ("C024", ("--pid=container:{other}",), ("--ipc=shareable",)),
    ("C024", ("--network=container:{other}",), ()),
    ("C031", ("--ulimit", "core=-1"), ("--ulimit", "core=0")),
    ("C032", (), ("--ulimit", "nofile=100:200")),
    ("C043", ("--restart", "always"), ("--restart", "on-failure:3")),
    ("C044", ("--no-healthcheck",), ("--health-cmd", "true")),
    ("C048", ("-e", "DB_PASSWORD=vG7kq2Xw9tLz4Rb8"), ("-e", "DB_PASSWORD_FILE=/run/secrets/db")),
    ("C049", ("--label", "token=ghp_0123456789abcdefghijABCDEFGHIJ012345"), ("--label", "token=none")),
    ("C051", ("--log-driver", "none"), ()),
    ("C052", ("--log-opt", "max-file=1"), ("--log-opt", "max-size=10m")),
    ("C056", ("--volumes-from", "{other}"), ()),
    ("C057", ("--runtime", "liar"), ()),
    ("C060", ("-p", "0.0.0.0:8080:80"), ("-p", "127.0.0.1:8080:80")),
    ("C060", ("-p", "[::]:8080:80"), ("-p", "[::1]:8080:80")),
    ("C061", ("-p", "6379:6379"), ("-p", "127.0.0.1:6379:6379")),
    ("C062", ("-p", "25:25"), ("-p", "8025:25")),
    ("C063", ("-P",), ()),
]  # fmt: skip
"""What the kernel has no word for, or none that tells it from something else: the engine's word decides."""


@pytest.fixture(scope="module")
def shared(docker: Engine) -> Iterator[Path]:
    """A folder whose mounts are shared; unmounted again when the containers are gone."""
    folder = docker.folder / "shared"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    subprocess.run(["mount", "--make-shared", folder], check=True)
    for name in (".ssh", "public"):
        (folder / "ann" / name).mkdir(parents=True)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.mark.parametrize(("rule", "with_it", "without"), BOTH, ids=[rule for rule, _, _ in BOTH])
def test_a_setting_is_found_by_the_engines_word_and_by_the_kernels(
    docker: Engine, shared: Path, rule: str, with_it: tuple[str, ...], without: tuple[str, ...]
) -> None:
    for flags, wanted in ((with_it, True), (without, False)):
        name = start(docker, *(flag.format(socket=docker.socket, shared=shared) for flag in flags))
        (_, document), *_ = documents(f"container:{name}", where(docker))
        result = evaluate(name, document, {"container": rules("container")})
        assert {"declared", "effective"} <= {subject.view for subject in document.subjects}
        for view in ("declared", "effective"):
            hits = [finding for finding in result.findings if finding.rule == rule and finding.view == view]
            silent = [skipped for skipped in result.skipped if skipped.rule == rule and skipped.view == view]
            assert (bool(hits), silent) == (wanted, []), (view, flags)
        once = [finding for finding in merge_views(result, document).findings if finding.rule == rule]
        assert len(once) == len({one.location for one in once})
        docker.docker("rm", "-fv", name)


@pytest.fixture(scope="module")
def other(docker: Engine) -> str:
    return start(docker, "--ipc=shareable", "-v", "/vol")


@pytest.mark.parametrize(("rule", "with_it", "without"), WORD, ids=[f"{rule} {' '.join(one)}" for rule, one, _ in WORD])
def test_what_the_engine_only_knows_is_found_by_its_word_and_the_kernel_says_nothing_false(
    docker: Engine, other: str, rule: str, with_it: tuple[str, ...], without: tuple[str, ...]
) -> None:
    for flags, wanted in ((with_it, True), (without, False)):
        name = start(docker, *(flag.format(other=other) for flag in flags))
        (_, document), *_ = documents(f"container:{name}", where(docker))
        result = merge_views(evaluate(name, document, {"container": rules("container")}), document)
        assert bool([finding for finding in result.findings if finding.rule == rule]) == wanted, flags
        assert not [one for one in result.skipped if one.rule == rule], flags
        docker.docker("rm", "-fv", name)
