"""A unit as Podman's own generator reads it: the run line that it makes is the same container, field by field."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from msgspec.structs import replace

from sealock import formats
from sealock.model.absent import UNKNOWN
from sealock.model.container import FIELDS, Container
from sealock.model.document import Document
from sealock.model.location import Source
from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.directory import DirectoryWindow
from support.draws import draws
from support.quadletunits import units

pytestmark = pytest.mark.live
GENERATOR = Path("/usr/libexec/podman/quadlet")
SORTED = ("environment", "labels", "annotations", "mounts", "networks")
OTHERS = {"d.volume": "[Volume]\nVolumeName=data\n", "n.network": "[Network]\n", "p.pod": "[Pod]\n"}


@pytest.fixture(scope="module", autouse=True)
def _generator() -> None:
    if not GENERATOR.exists() or shutil.which("podman") is None:
        pytest.skip("there is no podman")


def generated(directory: Path) -> tuple[dict[str, str], str]:
    """The services that the generator makes of a directory, by name, and what it says."""
    done = subprocess.run(
        [GENERATOR, "-dryrun"], env={"QUADLET_UNIT_DIRS": str(directory)}, capture_output=True, text=True, check=False
    )
    services: dict[str, str] = {}
    for part in done.stdout.split("\n---"):
        name, mark, text = part.strip("-\n").partition("---\n")
        if mark:
            services[name.removesuffix(".service")] = text
    return services, done.stderr


def container_of(document: Document) -> Container:
    return next(subject.noun for subject in document.subjects if isinstance(subject.noun, Container))


def comparable(noun: Container, directory: Path) -> dict[str, object]:
    """The fields; paths are absolute, and what the generator sorts or puts into any order is sorted."""
    values = {field: getattr(noun, field) for field in FIELDS}
    mounts = values["mounts"]
    if isinstance(mounts, tuple):
        values["mounts"] = tuple(
            replace(mount, source=os.path.normpath(directory / mount.source))
            if mount.source and mount.source.startswith(".")
            else mount
            for mount in mounts
        )
    files = values["env_files"]
    if isinstance(files, tuple):
        values["env_files"] = tuple(os.path.normpath(directory / path) for path in files)
    for field in SORTED:
        if isinstance(values[field], tuple):
            values[field] = sorted(map(repr, values[field]))
    return values


def compare(directory: Path, texts: Mapping[str, str]) -> None:
    """Compare each unit with the run line that the generator makes of it."""
    for name, text in {**OTHERS, **texts}.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    services, said = generated(directory)
    for name, text in texts.items():
        if not name.endswith(".container"):
            continue
        stem = name.removesuffix(".container")
        document = formats.read("quadlet", Source(name, text), DirectoryWindow(str(directory), str(directory)))
        if stem not in services:
            assert document.errors, f"the generator refuses it: {said}\n{text}"
            continue
        line = formats.read("run", Source("x.service", services[stem]))
        assert {error.message for error in document.errors} == {error.message for error in line.errors}, text
        theirs, ours = container_of(line), container_of(document)
        if theirs.name is UNKNOWN:
            theirs = replace(theirs, name=ours.name)
        differences = {
            field: (value, comparable(ours, directory)[field])
            for field, value in comparable(theirs, directory).items()
            if value != comparable(ours, directory)[field]
        }
        assert not differences, f"{differences}\n{text}\n{services[stem]}"


HEAD = "[Container]\nImage=quay.io/a/b:1\n"
TABLE = {
    "plain": HEAD,
    "relative": HEAD + "Volume=./x:/x\nVolume=../y:/y\nEnvironmentFile=z.env\n",
    "drops": HEAD + "AddCapability=CHOWN\nHostName=a\n",
    "inpod": HEAD + "Pod=p.pod\n",
    "once": HEAD + "[Service]\nType=oneshot\n",
    "remap": HEAD + "RemapUsers=keep-id\nRemapUid=200\n",
    "group": HEAD + "User=a\nGroup=b\n",
    "quirks": HEAD + "Exec=a '' b\nEnvironment=A=$$x%%\nPodmanArgs=--memory 1g \\\n\\\n --pid host\n",
    "sections": "[Container]\nImage=a/b\n[Install]\nWantedBy=x\n[Container]\nReadOnly=true\n",
    "tpl@": HEAD,
    "tpl@one": HEAD + "HostName=%i\n",
    "shared": HEAD + "Network=plain.container\n",
    "two-parts": HEAD,
}
REFUSED = {
    "badgroup": HEAD + "Group=b\n",
    "badkey": HEAD + "Privileged=true\n",
    "badline": HEAD + "what\n",
    "badpod": HEAD + "Pod=p\n",
    "noimage": "[Container]\nHostName=x\n",
}
DROP_INS = {
    "drops.container.d/10.conf": "[Container]\nAddCapability=\nAddCapability=KILL\nHostName=b\n",
    "drops.container.d/20.conf": "[Container]\nAddCapability=MKNOD\n",
    "two-.container.d/10.conf": "[Container]\nReadOnly=true\n",
    "tpl@.container.d/10.conf": "[Container]\nReadOnly=true\n",
}


def test_the_generator_makes_the_same_containers(tmp_path: Path) -> None:
    compare(tmp_path, {f"{name}.container": text for name, text in TABLE.items()} | DROP_INS)


@pytest.mark.parametrize("name", list(REFUSED))
def test_what_the_generator_refuses_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "sound.container").write_text(HEAD)
    compare(tmp_path, {f"{name}.container": REFUSED[name]})
    assert name not in generated(tmp_path)[0]


def test_a_unit_that_is_nowhere_is_unresolved_as_others_may_be_in_another_directory(tmp_path: Path) -> None:
    text = HEAD + "Volume=missing.volume:/x\n"
    (tmp_path / "web.container").write_text(text)
    services, said = generated(tmp_path)
    assert "web" not in services
    assert "missing.volume" in said
    document = formats.read("quadlet", Source("web.container", text), DirectoryWindow(str(tmp_path), str(tmp_path)))
    assert not document.errors
    assert next(subject for subject in document.subjects if isinstance(subject.noun, Container)).unresolved["mounts"]


@draws(12, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate))
@given(st.lists(units(), min_size=25, max_size=25))
def test_units_of_any_keys_are_the_same_containers(texts: list[str]) -> None:
    with TemporaryDirectory() as directory:
        compare(Path(directory), {f"u{number}.container": text for number, text in enumerate(texts)})


FAULTY = """\
# the web server
[Unit]
Description=Web

[Container]
Image=docker.io/library/nginx:1.27
# what it may do
AddCapability=SYS_ADMIN CHOWN
PodmanArgs=--privileged \\
  # the host's processes
  --pid=host
Volume=/var/run/docker.sock:/var/run/docker.sock
Volume=d.volume:/data
Network=host
SeccompProfile=unconfined
PublishPort=8080:80
Environment=A=b "TZ=x"
ReadOnly=false

[Install]
WantedBy=default.target
"""


def test_a_fixed_unit_is_accepted_and_fixing_it_again_changes_nothing(tmp_path: Path) -> None:
    for name, text in OTHERS.items():
        (tmp_path / name).write_text(text)
    path = tmp_path / "web.container"
    path.write_text(FAULTY)
    quiet = Settings(vulnerabilities=False, environment={}, pedantic=True)
    before = check(str(path), settings=quiet)
    fix(str(path), settings=quiet, unsafe=True, write=True)
    fixed = path.read_text()
    services, said = generated(tmp_path)
    assert "web" in services, said
    for line in FAULTY.splitlines():
        if line.strip().startswith("#"):
            assert line.strip() in fixed
    left = check(str(path), settings=quiet)
    assert len(list(left.findings())) < len(list(before.findings())) / 2
    compare(tmp_path, {"web.container": fixed})
    fix(str(path), settings=quiet, unsafe=True, write=True)
    assert path.read_text() == fixed
