"""What devcontainer.json says of its container, and how it is changed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.devcontainer import comments, read
from sealock.formats.jsontext import without_comments
from sealock.formats.verification import is_same
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Add, FieldChange, Remove, Set, changed
from sealock.model.container import Container, Mount, Port, Variable
from sealock.model.document import Subject
from sealock.model.location import Source
from sealock.model.project import Project
from support.draws import draws


def subject_of(text: str, errors: int = 0) -> Subject:
    document = read(Source(".devcontainer/devcontainer.json", text))
    assert len(document.errors) == errors, document.errors
    return document.subjects[0]


def field(name: str, members: str) -> Any:
    return getattr(subject_of(f'{{"image": "x:1"{"," if members else ""}{members}}}').noun, name)


SOCKET = Mount("bind", "/var/run/docker.sock", "/var/run/docker-host.sock")
FIELDS = [
    ("the image", "image", "", "x:1"),
    ("nothing is privileged by itself", "privileged", "", UNSET),
    ("privileged", "privileged", '"privileged": true', True),
    ("init", "init", '"init": true', True),
    ("capAdd", "cap_add", '"capAdd": ["SYS_PTRACE"]', ("SYS_PTRACE",)),
    ("securityOpt", "seccomp", '"securityOpt": ["seccomp=unconfined"]', "unconfined"),
    ("runArgs", "network_mode", '"runArgs": ["--network=host", "--cap-add", "NET_ADMIN"]', "host"),
    ("runArgs and their values", "cap_add", '"runArgs": ["--cap-add", "NET_ADMIN"], "capAdd": ["CHOWN"]', ("NET_ADMIN", "CHOWN")),
    ("a mount as a text", "mounts", '"mounts": ["source=/a,target=/b,type=bind"]', (Mount("bind", "/a", "/b"),)),
    ("a mount as an object", "mounts", '"mounts": [{"type": "volume", "source": "v", "target": "/b"}]', (Mount("volume", "v", "/b"),)),
    ("workspaceMount", "mounts", '"workspaceMount": "source=/,target=/w,type=bind"', (Mount("bind", "/", "/w"),)),
    ("containerEnv", "environment", '"containerEnv": {"A": "b"}', (Variable("A", "b"),)),
    ("containerUser", "user", '"containerUser": "root"', "root"),
    ("remoteUser is for the editor", "user", '"remoteUser": "root"', UNSET),
    ("appPort as a number is on 127.0.0.1", "ports", '"appPort": 3000', (Port("3000", "3000", "127.0.0.1"),)),
    ("appPort as a text", "ports", '"appPort": ["8000:80"]', (Port("80", "8000"),)),
    ("docker-in-docker is privileged", "privileged", '"features": {"ghcr.io/devcontainers/features/docker-in-docker:2": {}}', True),
    ("docker-outside-of-docker mounts the socket", "mounts", '"features": {"ghcr.io/devcontainers/features/docker-outside-of-docker:1": {}}', (SOCKET,)),
    ("comments and a comma too many", "privileged", '/* a */ "privileged": true, // b\n', True),
]  # fmt: skip


@pytest.mark.parametrize(("name", "members", "value"), [pytest.param(*row, id=sentence) for sentence, *row in FIELDS])
def test_a_development_container_says(name: str, members: str, value: object) -> None:
    assert field(name, members) == value


def test_another_feature_may_ask_for_anything() -> None:
    subject = subject_of(
        '{"image": "x", "features": {"ghcr.io/a/b/c:1": {}, "ghcr.io/devcontainers/features/go:1": {}}}'
    )
    assert subject.unresolved["privileged"] == "what the feature ghcr.io/a/b/c:1 asks for"


def test_what_the_tools_fill_in_is_unresolved() -> None:
    subject = subject_of('{"image": "x:${localEnv:V}", "containerUser": "${localEnv:USER}"}')
    assert isinstance(subject.noun, Container)
    assert (subject.noun.image, subject.noun.user) == (UNKNOWN, UNKNOWN)


def test_an_image_that_is_built_is_a_project() -> None:
    text = '{"build": {"dockerfile": "D", "context": "..", "args": {"TOKEN": "x"}, "options": ["--network=host"]}}'
    document = read(Source("devcontainer.json", text))
    container, project = (subject.noun for subject in document.subjects)
    assert isinstance(container, Container)
    assert isinstance(project, Project)
    assert (container.image, container.image_role) == (UNSET, "built")
    build = project.services[0].build
    assert build is not None
    assert (build.dockerfile, build.context, build.args, build.network) == ("D", "..", (("TOKEN", "x"),), "host")
    assert not document.errors


def test_a_compose_file_decides_what_is_not_set() -> None:
    subject = subject_of(
        '{"dockerComposeFile": "c.yml", "service": "a", "capAdd": ["ALL"], "runArgs": ["--privileged"]}'
    )
    assert isinstance(subject.noun, Container)
    assert (subject.noun.cap_add, subject.noun.privileged, subject.noun.image) == (("ALL",), UNKNOWN, UNKNOWN)


def test_a_command_that_runs_a_container_is_read_too() -> None:
    document = read(Source("devcontainer.json", '{"image": "x", "postCreateCommand": "docker run --privileged y:1"}'))
    assert any(isinstance(subject.noun, Container) and subject.noun.privileged is True for subject in document.subjects)


FAULTS = [
    ("no image", "{}", "names no image, build or dockerComposeFile"),
    ("a list", "[]", "must be an object"),
    ("a boolean that is none", '{"image": "x", "privileged": "yes"}', "/privileged must be true or false"),
    ("an option that there is not", '{"image": "x", "runArgs": ["--fly"]}', "unknown option: --fly"),
    ("a bad mount", '{"image": "x", "mounts": ["a"]}', "has the unknown key"),
    ("no JSON", '{"image": ', "this is not valid YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [pytest.param(*row, id=sentence) for sentence, *row in FAULTS])
def test_a_fault_is_an_error_with_its_place(text: str, message: str) -> None:
    error = read(Source("devcontainer.json", text)).errors[0]
    assert message in error.message
    assert error.location.line == 1


FILE = '{\n  // the image\n  "image": "x:1",\n@  "name": "n"\n}\n'
CHANGES = [
    ("a key is set", "", Set("privileged", True), None),
    ("a flag", '  "privileged": true, // why\n', Set("privileged", False), "  // why\n"),
    ("an item is added", '  "capAdd": ["CHOWN"],\n', Add("cap_add", "KILL"), '  "capAdd": ["CHOWN", "KILL"],\n'),
    ("the last item goes with its key", '  "capAdd": ["CHOWN"],\n', Remove("cap_add", "CHOWN"), ""),
    ("an option of runArgs is removed", '  "runArgs": ["--init", "--pid", "host"],\n', Set("pid", UNSET), '  "runArgs": ["--init"],\n'),
    ("an option is added to runArgs", '  "runArgs": ["--init"],\n', Set("memory", 1 << 29), '  "runArgs": ["--init", "--memory=512m"],\n'),
    ("a mount is removed", '  "mounts": [\n    "type=bind,source=/,target=/h",\n    "type=volume,source=v,target=/v"\n  ],\n', Remove("mounts", Mount("bind", "/", "/h")), '  "mounts": [\n    "type=volume,source=v,target=/v"\n  ],\n'),
    ("a variable is removed", '  "containerEnv": { "A": "b", "C": "d" },\n', Remove("environment", Variable("A", "b")), '  "containerEnv": { "C": "d" },\n'),
    ("the user", '  "containerUser": "root",\n', Set("user", "1000"), '  "containerUser": "1000",\n'),
]  # fmt: skip


def change(text: str, wanted: FieldChange) -> str:
    document = read(Source("devcontainer.json", text))
    return formats.apply_edits(text, formats.edits(document, document.subjects[0], wanted))


@pytest.mark.parametrize(("keys", "wanted", "after"), [pytest.param(*row, id=sentence) for sentence, *row in CHANGES])
def test_a_change_is_written(keys: str, wanted: FieldChange, after: str | None) -> None:
    text = FILE.replace("@", keys)
    expected = FILE.replace("@", after) if after is not None else FILE.replace('@  "name": "n"', '  "name": "n",\n  "privileged": true')  # fmt: skip
    assert change(text, wanted) == expected
    assert change(expected, wanted) == expected


MEMBERS: dict[str, list[Any]] = {
    "privileged": [True, False], "init": [True], "capAdd": [["CHOWN"], ["SYS_ADMIN", "KILL"]], "securityOpt": [["seccomp=unconfined"], ["label=disable", "no-new-privileges"]],
    "runArgs": [["--privileged"], ["--pid", "host", "--init"], ["--memory=1g"], ["-v", "/:/h", "--network=host"]], "containerUser": ["root", "1000:1000"],
    "containerEnv": [{"A": "b"}, {"A": "b", "C": "d e"}], "mounts": [["type=bind,source=/,target=/h"], [{"type": "volume", "source": "v", "target": "/v"}, "type=tmpfs,target=/t"]],
    "appPort": [80, ["80:80", 90]], "name": ["n"], "features": [{}],
}  # fmt: skip
ANY: list[FieldChange] = [
    Set("privileged", False), Add("cap_drop", "ALL"), Add("cap_add", "NET_ADMIN"), Remove("cap_add", "SYS_ADMIN"), Set("pid", UNSET), Set("memory", 1 << 28),
    Set("mounts", ()), Set("ports", ()), Set("environment", ()), Set("seccomp", UNSET), Set("selinux", ()), Set("no_new_privileges", True), Set("user", "1:2"),
    Set("init", UNSET), Set("network_mode", UNSET), Add("mounts", Mount("tmpfs", None, "/new")), Add("environment", Variable("N", "a b")), Set("read_only", True),
]  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(list(MEMBERS)), unique=True, max_size=6))
    data: dict[str, Any] = {"image": "x:1"} | {name: draw(st.sampled_from(MEMBERS[name])) for name in names}
    text = json.dumps(data, indent=draw(st.sampled_from([None, 2, 4])))
    return text.replace(",\n", ", // why\n") if draw(st.booleans()) else text


@draws(150)
@given(files(), st.sampled_from(ANY))
def test_reading_after_a_change_equals_changing_after_reading(text: str, wanted: FieldChange) -> None:
    noun = subject_of(text).noun
    assert isinstance(noun, Container)
    try:
        after = change(text, wanted)
    except FormatError:
        return
    again = subject_of(after).noun
    assert isinstance(again, Container)
    assert is_same(again, changed(noun, wanted))
    assert change(after, wanted) == after
    json.loads(without_comments(after))


PIECES = ["{", "}", "[", "]", ",", ":", '"image"', '"x"', '"privileged"', "true", '"runArgs"', '"--pid=host"', '"mounts"', '"build"', '"features"', "//", "/*", "*/", "\n", '"', "\\", "1", "null", "é", "\t"]  # fmt: skip


@draws(200)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(ANY))
def test_no_text_makes_reading_or_changing_raise(text: str, wanted: FieldChange) -> None:
    document = read(Source("devcontainer.json", text))
    comments(document.source)
    for error in document.errors:
        assert error.location.line >= 1
    for subject in document.subjects:
        for place in subject.where.values():
            assert place.start <= place.end <= len(text)
        if isinstance(subject.noun, Container):
            try:
                formats.edits(document, subject, wanted)
            except FormatError:
                continue
