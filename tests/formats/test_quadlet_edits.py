"""Changing a unit: its text afterwards, and that reading after a change equals changing after reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.quadlet import comments, read
from sealock.formats.quadlet.fields import KNOWN, SECTIONS
from sealock.formats.verification import is_same
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, Remove, Set, Swap, changed
from sealock.model.container import Container, Label, Mount, Port, Ulimit, Variable
from sealock.model.document import Subject
from sealock.model.location import Source
from support.draws import draws
from support.quadletunits import UnitFiles, units

HEAD = "# top\n[Container]\nImage=quay.io/a/b:1\n"
FILES = {"d.volume": "[Volume]\n", "n.network": "[Network]\n"}


def container_of(text: str) -> tuple[Subject, Container]:
    document = read(Source("web.container", text), UnitFiles(FILES))
    subject = next(subject for subject in document.subjects if isinstance(subject.noun, Container))
    assert isinstance(subject.noun, Container)
    return subject, subject.noun


def change(text: str, wanted: FieldChange) -> str:
    document = read(Source("web.container", text), UnitFiles(FILES))
    return formats.apply_edits(text, formats.edits(document, container_of(text)[0], wanted))


CHANGES = [
    ("a key is added behind the last one", "", Add("cap_drop", "ALL"), "DropCapability=ALL\n"),
    ("a value is added behind those of its key", "AddCapability=KILL\nUser=1\n", Add("cap_add", "CHOWN"), "AddCapability=KILL\nAddCapability=CHOWN\nUser=1\n"),
    ("a flag", "", Set("read_only", True), "ReadOnly=true\n"),
    ("a flag that was false", "ReadOnly=false\n", Set("read_only", True), "ReadOnly=true\n"),
    ("a switch", "", Set("no_new_privileges", True), "NoNewPrivileges=true\n"),
    ("a key that older versions do not have is an option", "", Set("memory", 512 << 20), "PodmanArgs=--memory=512m\n"),
    ("what no key says is an option", "", Set("cpus", 1.5), "PodmanArgs=--cpus=1.5\n"),
    ("an option of PodmanArgs is removed with its line", "PodmanArgs=--privileged\n", Set("privileged", False), ""),
    ("one of several stays", "PodmanArgs=--privileged --memory 1g\n", Set("privileged", False), "PodmanArgs=--memory 1g\n"),
    ("an option that `run` does not have stays", "PodmanArgs=--privileged --sbom spdx\n", Set("privileged", False), "PodmanArgs=--sbom spdx\n"),
    ("and both words of one go", "PodmanArgs=--init --pid host --tty\n", Set("pid", UNSET), "PodmanArgs=--init --tty\n"),
    ("a comment in the middle stays", "PodmanArgs=--init \\\n  # b\n  --pid host\n", Set("pid", UNSET), "PodmanArgs=--init\n  # b\n"),
    ("a comment in a removed value stays", "PodmanArgs=--pid \\\n  # b\n  host\n", Set("pid", UNSET), "# b\n"),
    ("a word of several goes", "AddCapability=KILL SYS_ADMIN CHOWN\n", Remove("cap_add", "SYS_ADMIN"), "AddCapability=KILL CHOWN\n"),
    ("the first of several goes", "AddCapability=SYS_ADMIN CHOWN\n", Remove("cap_add", "SYS_ADMIN"), "AddCapability=CHOWN\n"),
    ("a value is changed in place", "PublishPort=8080:80 \n", Swap("ports", Port("80", "8080"), Port("80", "8080", "127.0.0.1")), "PublishPort=127.0.0.1:8080:80 \n"),
    ("a volume keeps the name of its unit", "Volume=d.volume:/d\n", Swap("mounts", Mount("volume", "systemd-d", "/d"), Mount("volume", "systemd-d", "/d", read_only=True)), "Volume=d.volume:/d:ro\n"),
    ("a mount is removed", "Volume=/a:/b\nVolume=/c:/d\n", Remove("mounts", Mount("bind", "/a", "/b")), "Volume=/c:/d\n"),
    ("a tmpfs", "", Add("mounts", Mount("tmpfs", None, "/t")), "Tmpfs=/t\n"),
    ("the user", "User=root\n", Set("user", "10:20"), "User=10\nGroup=20\n"),
    ("the user without a key", "", Set("user", "10:20"), "User=10\nGroup=20\n"),
    ("the user and the group", "User=a\nGroup=b\n", Set("user", "10"), "User=10\n"),
    ("seccomp", "SeccompProfile=unconfined\n", Set("seccomp", UNSET), ""),
    ("SELinux", "SecurityLabelDisable=true\n", Set("selinux", ()), ""),
    ("a variable with blanks is quoted", "", Add("environment", Variable("A", 'b "c" 5%')), 'Environment="A=b \\"c\\" 5%%"\n'),
    ("a label", "Label=a=b\n", Add("labels", Label("c", "d e")), 'Label=a=b\nLabel="c=d e"\n'),
    ("the network", "Network=host\n", Set("network_mode", UNSET), ""),
    ("a ulimit", "", Add("ulimits", Ulimit("nofile", 1, 2)), "Ulimit=nofile=1:2\n"),
    ("the command", "Exec=a b\n", Set("command", ("a", "c d")), 'Exec=a "c d"\n'),
    ("a word of the command", "Exec=b c\n", Set("command", ("a", "c")), "Exec=a c\n"),
    ("a longer command", "Exec=a\n", Set("command", ("a", "b")), "Exec=a b\n"),
    ("a shorter command", "Exec=a b c\n", Set("command", ("a",)), "Exec=a\n"),
    ("a command where none was", "ReadOnly=true\n", Set("command", ("a", "b c")), 'ReadOnly=true\nExec=a "b c"\n'),
    ("a longer command in the middle", "Exec=a\nReadOnly=true\n", Set("command", ("a", "b")), "Exec=a b\nReadOnly=true\n"),
    ("a command after one that was emptied", "Exec=\n", Set("command", ("a",)), "Exec=\nExec=a\n"),
    ("a command in the place of several", "Exec=a\nExec=b\n", Set("command", ("c", "d")), "Exec=c d\n"),
    ("none of several commands", "Exec=a\nExec=b\n", Set("command", UNSET), ""),
    ("no command", "Exec=a b\n", Set("command", UNSET), ""),
    ("the same command", "Exec=a  b\n", Set("command", ("a", "b")), "Exec=a  b\n"),
    ("every earlier value of a single key goes", "ReadOnly=true\nReadOnly=false\n", Set("read_only", UNSET), ""),
    ("the lines of other sections stay", "[Install]\nWantedBy=x\n", Add("cap_drop", "ALL"), None),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wanted", "after"), [pytest.param(*row, id=sentence) for sentence, *row in CHANGES])
def test_a_change_is_written(lines: str, wanted: FieldChange, after: str | None) -> None:
    text = HEAD + lines
    expected = HEAD + after if after is not None else HEAD + "DropCapability=ALL\n" + lines
    assert change(text, wanted) == expected
    assert change(expected, wanted) == expected


REFUSED = [
    ("what a drop-in sets", "web.container.d/a.conf", "AddCapability=KILL", Remove("cap_add", "KILL"), "is set in web.container.d/a.conf"),
    ("a value that systemd fills in", "", "PodmanArgs=--pid=%i", Set("pid", UNSET), "has an expansion"),
    ("several options in one word", "", "PodmanArgs=-it", Set("tty", UNSET), "combines several options"),
    ("what Quadlet adds", "", "", Set("auto_remove", False), "does not come from a key of its own"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("file", "line", "wanted", "message"), [pytest.param(*row, id=sentence) for sentence, *row in REFUSED]
)
def test_what_cannot_be_changed_is_refused(file: str, line: str, wanted: FieldChange, message: str) -> None:
    text, files = (HEAD, {file: f"[Container]\n{line}\n"}) if file else (f"{HEAD}{line}\n", {})
    document = read(Source("web.container", text), UnitFiles(files))
    with pytest.raises(FormatError, match=message):
        formats.edits(document, document.subjects[0], wanted)


ANY: list[FieldChange] = [
    Set("privileged", False), Add("cap_drop", "ALL"), Add("cap_add", "CHOWN"), Remove("cap_add", "NET_ADMIN"), Set("memory", 1 << 30),
    Set("user", "1:2"), Set("pid", UNSET), Set("seccomp", UNSET), Set("no_new_privileges", True), Set("read_only", True), Set("ipc", UNSET),
    Add("mounts", Mount("tmpfs", None, "/new")), Set("mounts", ()), Set("ports", ()), Set("environment", ()), Set("pids_limit", 100),
    Set("network_mode", UNSET), Add("environment", Variable("N", "a b")), Set("selinux", ()), Set("unconfined_paths", UNSET),
]  # fmt: skip


@draws(100)
@given(units(), st.sampled_from(ANY))
def test_reading_after_a_change_equals_changing_after_reading(text: str, wanted: FieldChange) -> None:
    _, noun = container_of(text)
    try:
        after = change(text, wanted)
    except FormatError:
        return
    assert is_same(container_of(after)[1], changed(noun, wanted))
    assert len(comments(Source("web.container", after))) == len(comments(Source("web.container", text)))
    assert change(after, wanted) == after


PIECES = ["[Container]\n", "Image=a\n", "PodmanArgs=", "--privileged ", "--memory 1g", "\\\n", "\\", "'", '"', "# a\n", ";", "=", "\n", " ", "%", "$", "%h", "${A}", "\\x", "\\u12", "é", "\ufeff", "\x85", "\r\n", "User=", "Volume=", "d.volume:/x", "[", "]", "Group=1\n", "AddCapability=", "\t", "\0"]  # fmt: skip


@draws(200)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60), st.sampled_from(ANY))
def test_no_text_makes_reading_or_changing_raise(text: str, wanted: FieldChange) -> None:
    document = read(Source("web.container", text), UnitFiles(FILES))
    for error in document.errors:
        assert error.location.line >= 1
    for subject in document.subjects:
        for place in subject.where.values():
            assert 0 <= place.start <= place.end <= len(text)
        if not isinstance(subject.noun, Container):
            continue
        try:
            planned = formats.edits(document, subject, wanted)
        except FormatError:
            continue
        after = read(Source("web.container", formats.apply_edits(text, planned)), UnitFiles(FILES))
        assert len(after.errors) <= len(document.errors)


KINDS = sorted(SECTIONS)
VALUES = [
    "",
    "a",
    "true",
    "a=b",
    "a b",
    "./x",
    "80:80",
    "/a:/b",
    "--privileged",
    "--build-arg",
    "--network=host",
    "'",
    "\\",
    "%h",
    "0",
    "host",
]


@draws(200)
@given(st.data(), st.sampled_from(KINDS))
def test_no_unit_of_any_kind_makes_reading_raise(data: st.DataObject, kind: str) -> None:
    section = SECTIONS[kind]
    lines = data.draw(st.lists(st.tuples(st.sampled_from(sorted(KNOWN[section])), st.sampled_from(VALUES)), max_size=6))
    text = f"[{section}]\n" + "".join(f"{key}={value}\n" for key, value in lines)
    document = read(Source(f"x.{kind}", text), UnitFiles(FILES))
    assert document.subjects or document.errors
    for subject in document.subjects:
        assert all(0 <= place.start <= place.end <= len(text) for place in subject.where.values())


def test_every_place_of_a_unit_without_an_image_is_in_its_text() -> None:
    text = "[Container]\nPodmanArgs=a\n"
    document = read(Source("x.container", text))
    assert [error.message for error in document.errors] == ["Quadlet refuses the unit: it has neither Image nor Rootfs"]
    assert {place.start for place in document.subjects[0].where.values()} == {0}
