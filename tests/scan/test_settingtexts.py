"""One container's settings in each format that sealock writes, read back as they were."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sealock import formats
from sealock.errors import TargetError
from sealock.model.change import Change
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.scan.hardening import HardeningPlace, planned_changes
from sealock.scan.hardeningplan import HardeningPlan
from sealock.scan.runline import EditableRun
from sealock.scan.runmachine import RunMachine
from sealock.scan.settingtexts import FORMATS, change_settings, write_settings

ASKED = ("docker", "run", "nginx:1.27")
HARDENED = (
    "docker", "run", "--cap-add", "CHOWN", "--cap-drop", "ALL", "--tmpfs", "/run", "--read-only", "--cpus", "0.5",
    "--memory", "64m", "--pids-limit", "32", "--security-opt", "no-new-privileges", "--user", "7:7", "nginx:1.27",
)  # fmt: skip
LEFT = {"kubernetes": {"pids_limit"}}
"""What a format cannot hold."""


@pytest.mark.parametrize("form", [form for form in FORMATS if form != "run"])
def test_the_settings_read_back(form: str) -> None:
    container, asked = EditableRun(HARDENED).container, EditableRun(ASKED).container
    text = write_settings(form, "web", HARDENED, container, asked)
    path = {"compose": "compose.yaml", "kubernetes": "pod.yaml", "quadlet": "web.container"}[form]
    document = formats.read(form, Source(path, text.text))  # type: ignore[arg-type]  # a format is a kind
    assert document.errors == ()
    (noun,) = [subject.noun for subject in document.subjects if isinstance(subject.noun, Container)]
    left = LEFT.get(form, set())
    assert {why.partition(":")[0].replace(" ", "_") for why in text.left} == left
    for field in ("cap_drop", "cap_add", "read_only", "cpus", "memory", "pids_limit", "no_new_privileges", "user"):
        if field not in left:
            assert getattr(noun, field) == getattr(container, field), field
    assert [mount.target for mount in noun.mounts or ()] == ["/run"]  # type: ignore[union-attr]  # they are known


def test_a_run_is_the_whole_command() -> None:
    container = EditableRun(HARDENED).container
    text = write_settings("run", "web", (*HARDENED, "a b"), container, container)
    assert text.text.startswith("docker run --cap-add CHOWN ")
    assert text.text.endswith(" nginx:1.27 'a b'\n")


@pytest.mark.parametrize(
    ("form", "network", "lines"),
    [
        ("run", "web", ["docker network create web", "docker run --network web nginx:1.27"]),
        ("compose", "web", ["    networks:", "      - web", "networks:", "  web:"]),
        (
            "quadlet",
            "systemd-web",
            ["Network=web.network", "# The unit web.network, in the same directory:", "# [Network]"],
        ),
    ],
)
def test_a_new_network_is_made_in_each_format(form: str, network: str, lines: list[str]) -> None:
    words = ("docker", "run", "--network", network, "nginx:1.27")
    text = write_settings(form, "web", words, EditableRun(words).container, EditableRun(ASKED).container)
    assert text.left == ()
    assert set(lines) <= set(text.text.splitlines())


FILES = {
    "compose.yaml": ("web", 'services:\n  db: {image: b}\n  web:\n    image: a  # ours\n    ports: ["80:80"]\n'),
    "pod.yaml": ("web", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n    - name: web\n      image: a\n"),
    "web.container": ("web", "[Container]\nImage=a\n# ours\nPublishPort=80:80\n"),
}  # fmt: skip
PLAN = HardeningPlan(frozenset({"CHOWN"}), ("/run/x", "/data/y"), "33:33", filters=("web.seccomp.json", "open.json"))


@pytest.mark.parametrize("path", FILES)
def test_a_plan_changes_one_container_in_place(path: str) -> None:
    name, text = FILES[path]
    place = HardeningPlace(None, RunMachine(4, 8 << 30), PLAN)

    def plan(container: Container) -> Iterable[Change]:
        return planned_changes(container, place)

    changed, asked = change_settings(Source(path, text), name, plan)
    assert asked.image == "a"
    assert {why.partition(":")[0] for why in changed.left} <= {"pids limit"}
    again, container = change_settings(Source(path, changed.text), name, plan)
    assert again.text == changed.text  # nothing is left to close
    assert (container.seccomp, container.user, container.read_only) == ("web.seccomp.json", "33:33", True)
    assert (container.cap_add, container.no_new_privileges) == (("CHOWN",), True)
    assert {mount.target for mount in container.mounts or ()} == {"/run", "/data"}  # type: ignore[union-attr]  # known
    assert "# ours" in changed.text or "ours" not in text


@pytest.mark.parametrize(
    ("path", "text", "why"),
    [
        ("compose.yaml", FILES["compose.yaml"][1], "it has no container 'cache', but service db, service web"),
        ("compose.yaml", "services: {}\n", "it has no container 'cache', but no container"),
        ("notes.txt", "hello\n", "the format of this file is not known"),
    ],
)
def test_a_file_without_the_container_is_an_error(path: str, text: str, why: str) -> None:
    with pytest.raises(TargetError, match=why):
        change_settings(Source(path, text), "cache", lambda _container: ())
