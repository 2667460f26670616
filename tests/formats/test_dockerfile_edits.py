"""Changes of a Dockerfile's text make the change in its place, and nothing else."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNSET
from sealock.model.change import Add, Change, Edit, On, Remove, Set, Swap
from sealock.model.container import Health, Label, Mount, Variable
from sealock.model.location import Place, Source


def fixed(text: str, change: Change) -> str:
    document = formats.read("dockerfile", Source("Dockerfile", text))
    assert not document.errors
    return apply_edits(text, formats.edits(document, document.subjects[-1], change))


DIGEST = f"sha256:{'ab' * 32}"
USER = Set("user", "10001:10001")
SHADOW = "RUN groupadd --gid 10001 app && useradd --uid 10001 --gid app --no-create-home --shell {} app\n"
DEBIAN = SHADOW.format("/usr/sbin/nologin")
ALPINE = "RUN addgroup -g 10001 app && adduser -u 10001 -G app -D -H -s /sbin/nologin app\n"
CHANGES = {
    "user before the command": (
        "FROM debian:12\nRUN x\n# Starts it.\nCMD y\n", USER, f"FROM debian:12\nRUN x\n{DEBIAN}USER 10001:10001\n# Starts it.\nCMD y\n",
    ),
    "user before entrypoint, command and health check": (
        "FROM alpine\nRUN x\nENTRYPOINT y\n\nHEALTHCHECK NONE\nCMD z\n", USER,
        f"FROM alpine\nRUN x\n{ALPINE}USER 10001:10001\nENTRYPOINT y\n\nHEALTHCHECK NONE\nCMD z\n",
    ),
    "user at the end": ("FROM fedora:41\nRUN x\n", USER, f"FROM fedora:41\nRUN x\n{SHADOW.format('/sbin/nologin')}USER 10001:10001\n"),
    "user where the last line has no end": ("FROM alpine\nRUN x", USER, f"FROM alpine\nRUN x\n{ALPINE}USER 10001:10001"),
    "user where a command is followed by work": (
        "FROM alpine\nCMD x\nRUN y\n", USER, f"FROM alpine\nCMD x\nRUN y\n{ALPINE}USER 10001:10001\n",
    ),
    "user on scratch": ("FROM scratch\nCOPY a /\nCMD x\n", USER, "FROM scratch\nCOPY a /\nUSER 10001:10001\nCMD x\n"),
    "user on distroless": (
        "FROM gcr.io/distroless/static\nCOPY a /\n", USER, "FROM gcr.io/distroless/static\nCOPY a /\nUSER 10001:10001\n",
    ),
    "user on an unknown image": ("FROM example.org/x\nRUN y\n", USER, "FROM example.org/x\nRUN y\nUSER 10001:10001\n"),
    "user on a base that has no tools": (
        "FROM registry.access.redhat.com/ubi9-minimal\n", USER, "FROM registry.access.redhat.com/ubi9-minimal\nUSER 10001:10001\n",
    ),
    "user in Windows line ends": (
        "FROM alpine\r\nRUN x\r\nCMD y\r\n", USER, "FROM alpine\r\nRUN x\r\n" + ALPINE.replace("\n", "\r\n") + "USER 10001:10001\r\nCMD y\r\n",
    ),
    "user whose USER is the cause": (
        "FROM alpine\n# Root it is.\nUSER root\nCMD x\n", USER, f"FROM alpine\n{ALPINE}# Root it is.\nUSER 10001:10001\nCMD x\n",
    ),
    "user whose USER is needed by what follows": (
        "FROM alpine\nUSER root\nRUN x\nCMD y\n", USER, f"FROM alpine\nUSER root\nRUN x\n{ALPINE}USER 10001:10001\nCMD y\n",
    ),
    "user after another who cannot create accounts": (
        "FROM alpine\nUSER app\nUSER root\nCMD x\n", USER, "FROM alpine\nUSER app\nUSER 10001:10001\nCMD x\n",
    ),
    "user who is there already": (
        "FROM alpine\nRUN adduser -D -u 10001 me\nCMD x\n", USER, "FROM alpine\nRUN adduser -D -u 10001 me\nUSER 10001:10001\nCMD x\n",
    ),
    "user in the final stage, not in those before": (
        "FROM alpine AS a\nUSER root\nFROM a AS b\nCMD x\n", USER, f"FROM alpine AS a\nUSER root\nFROM a AS b\n{ALPINE}USER 10001:10001\nCMD x\n",
    ),
    "user through a variable": ("FROM alpine\nARG U=root\nUSER ${U} \nCMD x\n", Set("user", "app"), "FROM alpine\nARG U=root\nUSER app \nCMD x\n"),
    "no user": ("FROM alpine\nUSER a\n# b\nUSER c\nCMD x\n", Set("user", UNSET), "FROM alpine\n# b\nCMD x\n"),
    "a port more": ("FROM a\nEXPOSE 80\nCMD x\n", Add("expose", "443/tcp"), "FROM a\nEXPOSE 80\nEXPOSE 443\nCMD x\n"),
    "a port less of several": ("FROM a\nEXPOSE 80 22 443\n", Remove("expose", "22/tcp"), "FROM a\nEXPOSE 80 443\n"),
    "the first port less": ("FROM a\nEXPOSE 22 \\\n  80\n", Remove("expose", "22/tcp"), "FROM a\nEXPOSE 80\n"),
    "the last port less": ("FROM a\nEXPOSE 80 \\\n  22\nUSER x\n", Remove("expose", "22/tcp"), "FROM a\nEXPOSE 80\nUSER x\n"),
    "the only port less": ("FROM a\n# ssh\nEXPOSE 22\nUSER x\n", Remove("expose", "22/tcp"), "FROM a\n# ssh\nUSER x\n"),
    "a port changed": ("FROM a\nEXPOSE 80 53/udp # x\n".replace(" # x", ""), Swap("expose", "53/udp", "5353/udp"), "FROM a\nEXPOSE 80 5353/udp\n"),
    "a variable changed": (
        'FROM a\nENV A=1 B="x y"\nUSER c\n', Swap("environment", Variable("A", "1"), Variable("A", "$x \\")), 'FROM a\nENV A="\\$x \\\\" B="x y"\nUSER c\n',
    ),
    "a variable in the old form changed": (
        "FROM a\nENV A some words\n", Swap("environment", Variable("A", "some words"), Variable("A", "b")), "FROM a\nENV A=b\n",
    ),
    "a variable less": ("FROM a\nENV A=1 \\\n    B=2\n", Remove("environment", Variable("B", "2")), "FROM a\nENV A=1\n"),
    "a variable of the base stage set again": (
        "FROM a AS b\nENV A=1\nFROM b\nCMD x\n", Swap("environment", Variable("A", "1"), Variable("A", "2")), "FROM a AS b\nENV A=1\nFROM b\nENV A=2\nCMD x\n",
    ),
    "a label more": ("FROM a\n", Add("labels", Label("a.b", "c d")), 'FROM a\nLABEL a.b="c d"\n'),
    "a volume less in JSON": ('FROM a\nVOLUME ["/a", "/b"]\n', Remove("mounts", Mount("volume", None, "/a")), 'FROM a\nVOLUME ["/b"]\n'),
    "a volume changed in JSON": (
        'FROM a\nVOLUME ["/a", "/b"]\n', Swap("mounts", Mount("volume", None, "/a"), Mount("volume", None, "/c d")), 'FROM a\nVOLUME ["\\"/c d\\"", "/b"]\n',
    ),
    "an entrypoint": ("FROM a\nCMD x\n", Set("entrypoint", ("b", "c d")), 'FROM a\nCMD x\nENTRYPOINT ["b", "c d"]\n'),
    "an entrypoint over a command from below": (
        "FROM a AS b\nCMD x\nFROM b\n", Set("entrypoint", ("y",)), 'FROM a AS b\nCMD x\nFROM b\nENTRYPOINT ["y"]\nCMD ["/bin/sh", "-c", "x"]\n',
    ),
    "a command in its place": ("FROM a\nCMD x \\\n  y\nUSER z\n", Set("command", ("q",)), 'FROM a\nCMD ["q"]\nUSER z\n'),
    "no command": ("FROM a\nCMD x\nUSER z\n", Set("command", UNSET), "FROM a\nUSER z\n"),
    "a health check": (
        "FROM a\nCMD x\n", Set("health", Health(test=("CMD", "b"), interval=90.0, timeout=0.5, retries=3)),
        'FROM a\nCMD x\nHEALTHCHECK --interval=90s --timeout=500ms --retries=3 CMD ["b"]\n',
    ),
    "a health check again": (
        "FROM a\nHEALTHCHECK NONE\nCMD x\n", Set("health", Health(test=("CMD-SHELL", "b || c"))), "FROM a\nHEALTHCHECK CMD b || c\nCMD x\n",
    ),
    "a working directory in its place": ("FROM a\nWORKDIR /x\nCMD y\n", Set("working_dir", "/z z"), 'FROM a\nWORKDIR "/z z"\nCMD y\n'),
    "a working directory that is in use": (
        "FROM a\nWORKDIR /x\nCOPY . .\nCMD y\n", Set("working_dir", "/z"), "FROM a\nWORKDIR /x\nCOPY . .\nWORKDIR /z\nCMD y\n",
    ),
    "a stop signal": ("FROM a\nSTOPSIGNAL SIGKILL\n", Set("stop_signal", "SIGTERM"), "FROM a\nSTOPSIGNAL SIGTERM\n"),
    "an image": ("FROM  debian  AS x\nFROM x\n", Set("image", f"debian:13@{DIGEST}"), f"FROM  debian:13@{DIGEST}  AS x\nFROM x\n"),
    "an image that depends on an ARG": ("ARG V=12\nFROM debian:$V\n", Set("image", "debian:13"), "ARG V=12\nFROM debian:13\n"),
    "what is so already": ("FROM a\nUSER b\n", Set("user", "b"), "FROM a\nUSER b\n"),
    "a variable where the backquote escapes": (
        "# escape=`\nFROM a\n", Add("environment", Variable("A", 'C:\\x "$y"')), '# escape=`\nFROM a\nENV A="C:\\x `"`$y`""\n',
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "change", "expected"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_is_made_in_place(text: str, change: Change, expected: str) -> None:
    assert fixed(text, change) == expected
    assert fixed(expected, change) == expected


REFUSED = {
    "a run-time setting": ("FROM a\n", Set("privileged", False), "cannot set privileged"),
    "read-only": ("FROM a\n", Set("read_only", True), "cannot set read only"),
    "a bind mount": ("FROM a\n", Add("mounts", Mount("bind", "/a", "/b")), "only declare volumes"),
    "a variable without value": ("FROM a\n", Add("environment", Variable("A", None)), "environment of its user"),
    "a name with blanks": ("FROM a\n", Add("labels", Label("a b", "c")), "no name"),
    "a value of two lines": ("FROM a\n", Add("environment", Variable("A", "b\nc")), "several lines"),
    "no image": ("FROM a\n", Set("image", UNSET), "needs an image"),
    "another element for a single value": ("FROM a\n", Add("user", "b"), "holds one value"),
    "a change to another subject": ("FROM a\n", On("web", Set("user", "b")), "by its fields"),
    "a health check without command": ("FROM a\n", Set("health", Health()), "needs a command"),
    "a volume with a blank in the plain form": (
        "FROM a\nVOLUME /a /b\n", Swap("mounts", Mount("volume", None, "/a"), Mount("volume", None, "/c d")), "JSON form",
    ),
    "a platform": ("FROM a\n", Set("platform", "linux/amd64"), "choice of the person who builds"),
    "an invalid port": ("FROM a\n", Add("expose", "80 81"), "no port"),
    "a port of a base stage that others share": (
        "FROM a AS b\nEXPOSE 22\nFROM b AS c\nFROM b\n", Remove("expose", "22/tcp"), "stage c builds on that too",
    ),
    "several ports from one variable": ("FROM a\nARG P='1 2'\nEXPOSE $P\n", Remove("expose", "1/tcp"), "comes from|does not reach"),
    "a user from below taken away": ("FROM a AS b\nUSER x\nFROM b\n", Set("user", UNSET), "does not reach"),
    "a stage that is not finished": ("FROM a\nUSER b \\\n# c\n", Set("working_dir", "/x"), "does not reach|could not be read"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "change", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_change_that_a_dockerfile_cannot_express_is_refused(text: str, change: Change, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        fixed(text, change)


def test_an_edit_of_text_is_passed_through() -> None:
    edit = Edit(Place(0, 4), "from")
    assert fixed("FROM a\n", edit) == "from a\n"


def test_a_run_line_in_a_dockerfile_is_changed_where_it_stands() -> None:
    text = (
        'FROM docker:28\nUSER 1\nCMD docker run --privileged a\nHEALTHCHECK CMD ["docker","run","--privileged","b"]\n'
    )
    document = formats.read("dockerfile", Source("Dockerfile", text))
    _, final, shell_form, exec_form = document.subjects
    assert (final.name, shell_form.name, exec_form.name) == ("final stage", "docker run a", "docker run b")
    changed = apply_edits(text, formats.edits(document, shell_form, Set("privileged", False)))
    assert changed == text.replace("run --privileged a", "run a")
    with pytest.raises(FormatError, match="does not allow this change"):
        formats.edits(document, exec_form, Set("privileged", False))
    user = formats.edits(document, final, Set("user", "10001"))
    assert apply_edits(text, user) == text.replace("USER 1\n", "USER 10001\n")
