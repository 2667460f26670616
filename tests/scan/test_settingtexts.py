"""One container's settings in each format that sealock writes, read back as they were."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.model.container import Container
from sealock.model.location import Source
from sealock.scan.runline import EditableRun
from sealock.scan.settingtexts import FORMATS, write_settings

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
