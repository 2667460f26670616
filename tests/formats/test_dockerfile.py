"""Dockerfiles as BuildKit reads them: instructions, stages, the final configuration, and the place of each word."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.formats.dockerfile import comments
from sealock.formats.files import FileRefusedError
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.build import AddFile, Arg, Build, Cmd, Copy, Env, Healthcheck, Run, Volume
from sealock.model.container import FIELDS, Container, Health, Label, Mount, Variable
from sealock.model.document import Document, Subject
from sealock.model.location import Source
from sealock.model.project import ProjectFile


def read(text: str) -> Document:
    return formats.read("dockerfile", Source("Dockerfile", text))


def build(text: str) -> Build:
    noun = read(text).subjects[0].noun
    assert isinstance(noun, Build)
    return noun


def final(text: str) -> Subject:
    return read(text).subjects[-1]


def first(text: str, kind: type[Any]) -> Any:
    return next(instruction for _, _, instruction in build(text).each(kind))


def programs(text: str) -> list[list[str]]:
    return [[word.text for word in command.words] for _, _, _, command in build(text).commands()]


CONTAINERS = {
    "a missing instruction is unset": ("FROM debian:12\n", {"image": "debian:12", "user": UNSET, "environment": UNSET, "health": UNSET}),
    "a run-time setting is unknown": ("FROM debian:12\n", {"privileged": UNKNOWN, "ports": UNKNOWN, "memory": UNKNOWN, "name": UNKNOWN}),
    "the last user": ("FROM a\nUSER root\nUSER app\n", {"user": "app"}),
    "a user from an ARG with a default": ("FROM a\nARG U=root\nUSER ${U}\n", {"user": "root"}),
    "a user from an ARG without default": ("FROM a\nARG U\nUSER $U\n", {"user": UNKNOWN}),
    "a user from an ARG with a default in the expansion": ("FROM a\nARG U\nUSER ${U:-app}\n", {"user": "app"}),
    "a user that is unknown": ("FROM a\nUSER $U\n", {"user": UNKNOWN}),
    "a user that is unset for sure": ("FROM scratch\nUSER x$U\n", {"user": "x"}),
    "an image from an ARG": ("ARG V=12\nFROM debian:${V}-slim\n", {"image": "debian:12-slim"}),
    "an image from an ARG without default": ("ARG BASE\nFROM $BASE\n", {"image": UNKNOWN}),
    "the image of the stage at the bottom": ("FROM alpine AS a\nFROM a AS b\nFROM b\n", {"image": "alpine"}),
    "a platform": ("FROM --platform=linux/arm64 a\n", {"platform": "linux/arm64"}),
    "a platform that the builder decides": ("FROM --platform=$BUILDPLATFORM a\n", {"platform": UNKNOWN}),
    "shell form": ("FROM a\nCMD echo  x\n", {"command": ("/bin/sh", "-c", "echo  x")}),
    "shell form after SHELL": ('FROM a\nSHELL ["bash", "-c"]\nENTRYPOINT x\n', {"entrypoint": ("bash", "-c", "x")}),
    "shell form on Windows": ("FROM mcr.microsoft.com/windows/nanoserver:1\nCMD x\n", {"command": ("cmd", "/S", "/C", "x")}),
    "ENTRYPOINT clears the CMD from below": ("FROM a AS b\nCMD x\nFROM b\nENTRYPOINT y\n", {"command": UNSET}),
    "ENTRYPOINT keeps the stage's own CMD": ('FROM a\nCMD ["x"]\nENTRYPOINT y\n', {"command": ("x",)}),
    "ports": ("FROM a\nEXPOSE 80 53/UDP 1-3\n", {"expose": ("80/tcp", "53/udp", "1-3/tcp")}),
    "variables, the last value in the first place": (
        'FROM a\nENV A=1 B="x y"\nENV A=3\n', {"environment": (Variable("A", "3"), Variable("B", "x y"))},
    ),
    "labels": ('FROM a\nLABEL a.b="c d"\n', {"labels": (Label("a.b", "c d"),)}),
    "volumes": ('FROM a\nVOLUME /a\nVOLUME ["/b c"]\n', {"mounts": (Mount("volume", None, "/a"), Mount("volume", None, "/b c"))}),
    "a health check": (
        "FROM a\nHEALTHCHECK --interval=1m30s --timeout=500ms --retries=2 CMD x || y\n",
        {"health": Health(test=("CMD-SHELL", "x || y"), interval=90.0, timeout=0.5, retries=2)},
    ),
    "no health check": ("FROM a\nHEALTHCHECK NONE\n", {"health": Health(disabled=True)}),
    "a working directory in steps": ("FROM a\nWORKDIR /a\nWORKDIR b/../c\n", {"working_dir": "/a/c"}),
    "a working directory that is unknown": ("FROM a\nWORKDIR b\n", {"working_dir": UNKNOWN}),
    "ONBUILD does nothing here": ("FROM a\nONBUILD USER x\n", {"user": UNSET}),
    "ONBUILD does it in the next stage": ("FROM a AS b\nONBUILD USER x\nFROM b\n", {"user": "x"}),
}  # fmt: skip


@pytest.mark.parametrize(("text", "fields"), CONTAINERS.values(), ids=CONTAINERS.keys())
def test_the_final_stage_has_this_configuration(text: str, fields: dict[str, Any]) -> None:
    document = read(text)
    assert not document.errors
    noun = document.subjects[-1].noun
    assert isinstance(noun, Container)
    assert {name: getattr(noun, name) for name in fields} == fields


def test_a_dockerfile_sets_twelve_fields() -> None:
    noun = final("FROM a\n").noun
    assert sum(getattr(noun, name) is not UNKNOWN for name in FIELDS) == 12


UNRESOLVED = {
    "ENV A=$B\n": {"environment": "$B"},
    "ENV PATH=/x:$PATH LD=${LD}/y\n": {},
    "ARG T\nENV A=$T B=${T}x\n": {"environment": "$T, ${T}x"},
    "LABEL a=$B\n": {"labels": "$B"},
    "EXPOSE $P\n": {"expose": "$P"},
    "VOLUME $D/x\n": {"mounts": "$D/x"},
    "USER $U\n": {"user": "$U"},
    "USER $U\nUSER app\n": {},
    "WORKDIR x\n": {"working_dir": "WORKDIR x"},
    "ENV A=${B:-c}\n": {},
}


@pytest.mark.parametrize(("text", "words"), UNRESOLVED.items(), ids=UNRESOLVED.keys())
def test_unresolved_values_are_reported_by_field(text: str, words: dict[str, str]) -> None:
    assert final("FROM debian:12\n" + text).unresolved == words


WHERE = {
    "user": ("FROM a\nUSER root\nUSER  app\n", ("user",), "app"),
    "image": ("FROM --platform=x debian:12 AS y\n", ("image",), "debian:12"),
    "image of the stage below": ("FROM alpine AS x\nFROM x\n", ("image",), "alpine"),
    "second variable": ('FROM a\nENV A=1 \\\n  B="x y"\n', ("environment", 1), 'B="x y"'),
    "variable set again": ("FROM a\nENV A=1\nENV A=2\n", ("environment", 0), "A=2"),
    "port": ("FROM a\nEXPOSE 80 \\\n # no\n 22\n", ("expose", 1), "22"),
    "volume in JSON, and more": ('FROM a\nVOLUME ["/a"] "/b"\nVOLUME ["/c"]\n', ("mounts", 1), '"/c"'),
    "volume in JSON": ('FROM a\nVOLUME ["/a", "/b"]\n', ("mounts", 1), '"/b"'),
    "nothing there: the stage": ("FROM a\nFROM b AS c\n", ("health",), "FROM b AS c"),
}


@pytest.mark.parametrize(("text", "at", "words"), WHERE.values(), ids=WHERE.keys())
def test_a_field_has_the_place_of_its_words(text: str, at: tuple[str | int, ...], words: str) -> None:
    subject = final(text)
    assert text[subject.place(at).start : subject.place(at).end] == words


def test_what_follows_an_array_is_no_part_of_it() -> None:
    text = 'FROM a\nENTRYPOINT ["x", "]", "[\\"", ""] # ["y"]\nCMD [ "$X" ] || exit 1\nRUN ["z"]&& sh -c "curl a"\n'
    container = final(text).noun
    assert isinstance(container, Container)
    assert (container.entrypoint, container.command) == (("x", "]", '["', ""), ("$X",))
    run = first(text, Run)
    assert [command.name for command in run.script.commands()] == ["z"]


def test_instructions_and_stages_have_their_places() -> None:
    text = "ARG A=1\nFROM a\nRUN <<E\nx\nE\nUSER b\nFROM c\nONBUILD RUN d\n"
    where = read(text).subjects[0].where
    excerpts = {at: text[place.start : place.end] for at, place in where.items()}
    assert excerpts == {
        (): "FROM c",
        ("arguments", 0): "ARG A=1",
        ("stages", 0): "FROM a",
        ("stages", 0, "instructions", 0): "RUN <<E\nx\nE",
        ("stages", 0, "instructions", 1): "USER b",
        ("stages", 1): "FROM c",
        ("stages", 1, "instructions", 0): "ONBUILD RUN d",
    }


PROGRAMS = {
    "a pipe": ("RUN curl x | sh", [["curl", "x"], ["sh"]]),
    "continuations with comments": ("RUN a && \\\n  # no\n\n  b \\\n  c", [["a"], ["b", "c"]]),
    "a word across lines": ("RUN ec\\\nho x", [["echo", "x"]]),
    "the exec form": ('RUN ["sh", "-c", "a; b"]', [["sh", "-c", "a; b"], ["a"], ["b"]]),
    "a script": ("RUN <<EOF\na\nb | c\nEOF", [["a"], ["b"], ["c"]]),
    "a script with tabs before it": ("RUN <<-EOF\n\ta\n\t\tb\n\tEOF", [["a"], ["b"]]),
    "a script for bash": ("RUN <<EOF\n#!/usr/bin/env bash\na\nEOF", [["a"]]),
    "a script for another program": ("RUN <<EOF\n#!/usr/bin/python3\nimport os\nEOF", []),
    "a document for a command": ("RUN cat <<A >x\nb\nA", [["cat"]]),
    "two documents for two commands": ("RUN cat <<A && tr <<-B\nx\nA\n\ty\n\tB", [["cat"], ["tr"]]),
    "a mount and the network": ("RUN --mount=type=secret,id=x --network=none a", [["a"]]),
    "a mount with the labels of SELinux": (
        "RUN --mount=type=cache,target=/c,z --mount=type=bind,target=/d,Z,relabel=shared a",
        [["a"]],
    ),
    "backquote as escape": ("RUN a `\n  b", [["a", "b"]]),
    "ONBUILD": ("ONBUILD RUN a", [["a"]]),
}


@pytest.mark.parametrize(("text", "words"), PROGRAMS.values(), ids=PROGRAMS.keys())
def test_scripts_are_parsed(text: str, words: list[list[str]]) -> None:
    escape = "# escape=`\n" if "`" in text else ""
    for ends in ("\n", "\r\n"):
        whole = f"{escape}FROM a\n{text}\nUSER b\n".replace("\n", ends)
        assert not read(whole).errors
        assert programs(whole) == words


def test_words_of_scripts_have_their_place_in_the_file() -> None:
    text = "\ufeffFROM a\nRUN apt-get \\\n # comment\n  install 'c d' && \\\n  x\nRUN <<-E\n\tcurl y\n\tE\nRUN cat <<F\n$(z)\nF\n"
    excerpts = [
        text[word.place.start : word.place.end] for _, _, _, command in build(text).commands() for word in command.words
    ]
    assert excerpts == ["apt-get", "install", "'c d'", "x", "curl", "y", "cat", "z"]


def test_shells_that_are_not_bourne_are_named_and_not_parsed() -> None:
    made = build(
        'FROM a\nSHELL ["C:\\\\x\\\\PowerShell.exe", "-Command"]\nRUN Get-Item x | Out-Null\nSHELL ["/bin/bash", "-c"]\nRUN a\n'
    )
    assert [(script.shell, len(script.pipelines)) for _, _, _, script in made.scripts()] == [
        ("powershell", 0),
        ("bash", 1),
    ]
    assert [run.shell for _, _, run in made.each(Run)] == [
        ("C:\\x\\PowerShell.exe", "-Command"), ("/bin/bash", "-c"),
    ]  # fmt: skip


def test_run_parses_its_flags() -> None:
    run = first(
        "FROM a\nRUN --mount=type=cache,Target=/a,ro --mount=from=x,src=/y,dst=/z --security=insecure --network=host e\n",
        Run,
    )
    assert [(mount.type, mount.options) for mount in run.mounts] == [
        ("cache", (("type", "cache"), ("target", "/a"), ("ro", "true"))),
        ("bind", (("from", "x"), ("src", "/y"), ("dst", "/z"))),
    ]
    assert (run.network.text, run.security.text) == ("host", "insecure")


def test_copy_parses_its_flags() -> None:
    text = "FROM a AS Builder\nFROM c\nARG O=me\nCOPY --from=BUILDER --chown=${O}:$O --chmod=755 --link --parents --exclude=*.md x y /z/\n"
    copy = first(text, Copy)
    assert (copy.stage, copy.source_image.text, copy.chown.text, copy.chmod.text) == (0, "BUILDER", "me:me", "755")
    assert [source.text for source in copy.sources] == ["x", "y"]
    assert copy.target.text == "/z/"
    assert [flag.name for flag in copy.flags] == ["from", "chown", "chmod", "link", "parents", "exclude"]


def test_copy_from_an_image_names_no_stage() -> None:
    copy = first("FROM a\nCOPY --from=nginx:1 /x /y\n", Copy)
    assert copy.stage is None
    assert copy.source_image.text == "nginx:1"


def test_add_parses_its_flags() -> None:
    add = first(
        f"FROM a\nADD --checksum=sha256:{'a' * 64} --keep-git-dir=true --unpack=false https://x/y /z\n", AddFile
    )
    assert add.checksum.text == "sha256:" + "a" * 64
    assert add.sources[0].text == "https://x/y"


def test_here_documents_of_copy_are_sources() -> None:
    copy = first("FROM a\nCOPY <<x <<-'y' /d/\n1\nx\n\t2 $A\n\ty\nUSER b\n", Copy)
    assert [(heredoc.name, heredoc.body, heredoc.expand, heredoc.strip_tabs) for heredoc in copy.heredocs] == [
        ("x", "1\n", True, False), ("y", "2 $A\n", False, True),
    ]  # fmt: skip
    assert [source.text for source in copy.sources] == ["<<x", "<<-'y'"]


def test_windows_paths_keep_their_backslashes_where_the_backquote_escapes() -> None:
    text = "# escape=`\nFROM a\nCOPY x C:\\dir\\\nENV A=C:\\x`$y\nVOLUME C:\\data\n"
    assert not read(text).errors
    assert first(text, Copy).target.text == "C:\\dir\\"
    assert first(text, Env).pairs[0].value.text == "C:\\x$y"
    assert first(text, Volume).paths[0].text == "C:\\data"


def test_directives_are_read_with_their_places() -> None:
    text = "# syntax = docker/dockerfile:1.7\n#escape=`\n# CHECK=error=true\n# other=x\nFROM a\n"
    made = build(text)
    directives = [
        (directive.name, directive.value, text[directive.place.start : directive.place.end])
        for directive in made.directives
    ]
    assert directives == [
        ("syntax", "docker/dockerfile:1.7", "docker/dockerfile:1.7"), ("escape", "`", "`"), ("check", "error=true", "error=true"),
    ]  # fmt: skip
    assert made.escape == "`"


def test_cmd_and_healthcheck_keep_their_lines_and_words() -> None:
    text = 'FROM a\nCMD ["x", "y z"]\nHEALTHCHECK CMD a | b\n'
    cmd, health = first(text, Cmd), first(text, Healthcheck)
    assert (cmd.form, [word.text for word in cmd.words], cmd.line) == ("exec", ["x", "y z"], None)
    assert (health.form, health.line, len(health.script.pipelines[0].commands)) == ("shell", "a | b", 2)


@pytest.mark.parametrize("words", ["['a']", "[a]", '["a",]', "[NaN]", '["a\tb"]', '["a" "b"]', "["])
def test_malformed_json_falls_back_to_the_shell_form(words: str) -> None:
    text = f"FROM a\nCMD {words}\n"
    assert not read(text).errors
    assert first(text, Cmd).line == words


def test_arguments_before_from_stay_outside_of_stages() -> None:
    made = build("ARG A=1 B\nFROM x:$A\nARG A\nENV C=$A D=$B\n")
    assert [pair.name for arg in made.arguments for pair in arg.pairs] == ["A", "B"]
    assert [pair.value.value for pair in first("ARG A=1 B\nFROM x\nARG A\nENV C=$A D=$B\n", Env).pairs] == [
        "1",
        UNKNOWN,
    ]
    assert len(list(made.each(Arg))) == 1


@st.composite
def stages(draw: st.DrawFn) -> list[tuple[int | None, list[tuple[str, int | None]]]]:
    """Stages with what each starts from (a stage before it, or None) and what its instructions take, and how."""
    made: list[tuple[int | None, list[tuple[str, int | None]]]] = []
    for index in range(draw(st.integers(1, 6))):
        earlier = st.none() | st.integers(0, index - 1) if index else st.none()
        takes = st.lists(
            st.tuples(st.sampled_from(["copy", "copy by number", "mount", "mount by number"]), earlier), max_size=3
        )
        made.append((draw(earlier), draw(takes)))
    return made


@given(stages())
def test_a_stage_is_needed_where_the_last_one_depends_on_it(
    made: list[tuple[int | None, list[tuple[str, int | None]]]],
) -> None:
    lines: list[str] = []
    for index, (base, takes) in enumerate(made):
        lines.append(f"FROM {'debian:12' if base is None else f'stage{base}'} AS stage{index}")
        for how, of in takes:
            name = "busybox:1" if of is None else str(of) if how.endswith("number") else f"stage{of}"
            lines.append(
                f"COPY --from={name} /a /b" if how.startswith("copy") else f"RUN --mount=from={name},target=/m x"
            )
    needed = {len(made) - 1}
    for index in reversed(range(len(made))):  # what a stage takes stands before it
        if index in needed:
            base, takes = made[index]
            needed |= {of for of in (base, *(of for _, of in takes)) if of is not None}
    assert {stage.index for stage in build("\n".join(lines)).stages if stage.needed} == needed


def test_stages_have_their_base_and_whether_they_are_needed() -> None:
    made = build(
        "FROM a AS base\nFROM base AS tools\nFROM base AS unused\nFROM scratch AS data\nFROM base\n"
        "COPY --from=tools /x /x\nRUN --mount=from=3,target=/d y\n"
    )
    assert [stage.start.stage for stage in made.stages] == [None, 0, 0, None, 0]
    assert [stage.needed for stage in made.stages] == [True, True, False, True, True]
    assert [stage.name for stage in made.stages] == ["base", "tools", "unused", "data", "4"]


@pytest.mark.parametrize(
    ("start", "stage", "others"),
    [
        pytest.param("base-$TARGETARCH", 0, (1,), id="by the architecture, of which amd64 is the usual one"),
        pytest.param("base-${BUILDARCH}", 0, (1,), id="by that of the machine that builds"),
        pytest.param("base-arm64$TARGETVARIANT", 1, (), id="by a variant, which is mostly none"),
        pytest.param("$TARGETOS", 2, (), id="by the system"),
        pytest.param("base${X:+-debug}-$TARGETARCH", 0, (1,), id="and a switch"),
        pytest.param("$X", None, (), id="but not by another variable"),
        pytest.param("other-$TARGETARCH", None, (), id="but not where no stage has such a name"),
        pytest.param("$TARGETOS$TARGETARCH$TARGETOS$TARGETARCH", None, (), id="nor with more variables than anybody writes"),
    ],
)  # fmt: skip
def test_the_platform_may_decide_on_which_stage_another_builds(
    start: str, stage: int | None, others: tuple[int, ...]
) -> None:
    made = build(f"FROM a AS base-amd64\nFROM a AS base-arm64\nFROM a AS linux\nFROM {start}\n").stages
    assert made[3].start.stage == stage
    assert made[3].start.others == others
    needed = {index for index in range(3) if made[index].needed}
    assert needed == ({stage, *made[3].start.others} if stage is not None else set())


def test_the_subject_is_named_after_the_final_stage() -> None:
    assert final("FROM a\n").name == "final stage"
    assert final("FROM a AS Web\n").name == "stage web"


ERRORS = {
    "no FROM": ("RUN x\n", 1, 1, "before the first FROM"),
    "nothing": ("", 1, 1, "no FROM"),
    "only ARG": ("ARG A=1\n", 1, 1, "no FROM"),
    "unknown instruction": ("FROM a\n  RUNN x\n", 2, 3, "did you mean RUN?"),
    "missing argument": ("FROM a\n\nUSER\n", 3, 1, "USER needs at least one argument"),
    "COPY with one word": ("FROM a\nCOPY x\n", 2, 1, "source and a destination"),
    "unknown flag": ("FROM a\nCOPY --wrong x y\n", 2, 6, "no flag --wrong"),
    "here-document without end": ("FROM a\nRUN cat <<EOF\nx\n", 2, 9, "EOF has no end"),
    "ENV without equals sign": ("FROM a\nENV A=1 \\\n  B\n", 3, 3, "not B"),
    "quote that is not closed": ('FROM a\nENV A=1 B="x\n', 2, 11, "double quote is not closed"),
    "variable that must be set": ("FROM scratch\nUSER ${U:?who}\n", 2, 6, "U: who"),
    "a volume that expands to nothing": ("FROM scratch\nVOLUME /a $B\n", 2, 11, "expands to nothing"),
    "numbers in JSON": ("FROM a\nCMD [1]\n", 2, 1, "strings only"),
    "copy from a stage that is not there": ("FROM a\nCOPY --from=1 x y\n", 2, 13, "no stage 1"),
    "a name in capitals": ("FROM a AS Web\nFROM Web\n", 2, 6, "name is web"),
    "wrong time": ("FROM a\nHEALTHCHECK --interval=3 CMD x\n", 2, 24, "such as 30s"),
    "wrong mount": ("FROM a\nRUN --mount=type=disk x\n", 2, 5, "no type disk"),
    "wrong escape": ("# escape=x\nFROM a\n", 1, 10, "escape character"),
    "line too long": ("FROM a\nRUN " + "x" * 70_000 + "\nUSER b\n", 2, 1, "65535"),
}


@pytest.mark.parametrize(("text", "line", "column", "words"), ERRORS.values(), ids=ERRORS.keys())
def test_an_unreadable_line_is_an_error_with_its_place(text: str, line: int, column: int, words: str) -> None:
    errors = read(text).errors
    assert [(error.location.line, error.location.column) for error in errors] == [(line, column)]
    assert words in errors[0].message


BROKEN = [
    "COPY --chown=1 --chown=2 a /", "COPY --chown a /", "COPY --link=maybe a /", "COPY --link=true --link a /", "COPY a <<EOF\nx\nEOF",
    "COPY --from=$S a /", "COPY --from=0 a /", "COPY a", "ADD a", "ADD --from=x a /", "RUN --network=some x", "RUN --security=none x",
    "RUN --mount=type=cache,wrong=/x x", "RUN --mount=type x", "RUN --mount=from=$S,target=/x x", 'RUN --mount=from=\\"a\\",target=/x x', 'RUN --mount=type=bind,\\"a x', "CMD --x",
    "SHELL sh -c", "SHELL []", "SHELL", "HEALTHCHECK", "HEALTHCHECK echo x", "HEALTHCHECK CMD", "HEALTHCHECK CMD []", "HEALTHCHECK NONE x",
    "HEALTHCHECK --interval=1us CMD x", "HEALTHCHECK --interval=-1s CMD x", "HEALTHCHECK --retries=x CMD x", "HEALTHCHECK --retries=-1 CMD x",
    "ONBUILD", "ONBUILD ONBUILD RUN x", "ONBUILD FROM x", "ENV", "ENV A", "ENV =1", "LABEL a=1 b", "ARG =x", "ARG", 'VOLUME [""]', "VOLUME []",
    "EXPOSE", "WORKDIR", "FROM", "FROM a is b", "FROM a AS 1b", "RUN <<EOF\nx\n EOF", "ENV A=${", "ENV A='x", "RUN [1]", "USER --x",
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_buildkit_rejects_is_one_error_in_its_line(text: str) -> None:
    errors = read(f"FROM scratch\n{text}\n").errors
    assert [error.location.line for error in errors] == [2]


def test_an_error_does_not_keep_the_rest_from_being_read() -> None:
    document = read("FROM a\nWRONG x\nUSER app\n")
    assert len(document.errors) == 1
    noun = document.subjects[-1].noun
    assert isinstance(noun, Container)
    assert noun.user == "app"


def test_the_errors_of_a_text_that_is_no_dockerfile_are_limited() -> None:
    errors = read("FROM a\n" + "{{ if }}\n" * 500).errors
    assert len(errors) == 11
    assert errors[-1].message.startswith("and 490 more")
    assert errors[-1].location.line == 12


@pytest.mark.parametrize("trigger", ["WRONG x", "COPY x", "ENV", "CMD --x"])
def test_a_broken_trigger_is_an_error_though_buildkit_reports_it_only_in_the_next_build(
    trigger: str,
) -> None:
    assert len(read(f"FROM a\nONBUILD {trigger}\n").errors) == 1


def test_a_trigger_is_read_with_the_variables_of_a_later_build() -> None:
    assert not read("FROM scratch\nENV B=1\nONBUILD ENV A=${C:?must}\n").errors
    onbuild = list(build("FROM scratch\nENV B=1\nONBUILD ENV A=$B\n").each(Env))[1][2]
    assert isinstance(onbuild, Env)
    assert onbuild.pairs[0].value is not None
    assert onbuild.pairs[0].value.value is UNKNOWN


def test_a_broken_from_hides_the_instructions_of_its_stage() -> None:
    document = read("FROM a b\nUSER x\nRUN y\nFROM c\n")
    assert len(document.errors) == 1
    assert build("FROM a b\nUSER x\nFROM c\n").stages[0].instructions == ()


class Folder:
    """A directory in memory; None stands for an unreadable file."""

    environment: Mapping[str, str] = MappingProxyType({})

    def __init__(self, **files: str | None) -> None:
        self.files = {name.replace("_", "."): text for name, text in files.items()}

    def text(self, path: str) -> str:
        text = self.files.get(path)
        if text is None:
            raise FileRefusedError(path)
        return text

    def fact(self, path: str) -> ProjectFile:
        return ProjectFile(path, exists=path in self.files)

    def entries(self, _folder: str) -> tuple[str, ...]:
        return tuple(name for name in self.files if "/" not in name)


@pytest.mark.parametrize(
    ("files", "ignored", "errors"),
    [
        ({}, UNSET, 0),
        ({"_dockerignore": "# x\n\n.git\r\n/a/\n!./b\n \n"}, (".git", "a", "!b"), 0),
        ({"_dockerignore": "x", "Dockerfile_dockerignore": "y"}, ("y",), 0),
        ({"_dockerignore": None}, UNKNOWN, 1),
    ],
    ids=["none", "patterns", "the file's own goes first", "unreadable"],
)
def test_the_context_is_read_from_the_directory(files: dict[str, str | None], ignored: Any, errors: int) -> None:
    document = formats.read("dockerfile", Source("x/Dockerfile", "FROM a\n"), Folder(**files))
    made = document.subjects[0].noun
    assert isinstance(made, Build)
    assert made.context.ignored == ignored
    assert len(document.errors) == errors


TOKENS: list[tuple[dict[str, str | None], tuple[str, ...]]] = [
    ({}, ()),
    ({"_npmrc": "registry=https://r.example\nsave-exact=true\n", "_yarnrc_yml": "nodeLinker: pnp\n"}, (".npmrc", ".yarnrc.yml")),
    ({"_npmrc": "//r.example/:_authToken=${NPM_TOKEN}\n"}, (".npmrc",)),
    ({"_npmrc": '//r.example/:_authToken = "${T}"\r\nalways-auth=true\n# _auth=x\n; _auth=x\n_password=\n'}, (".npmrc",)),
    ({"_yarnrc_yml": 'npmRegistries:\n  "//r.example":\n    npmAuthToken: "${T}"\n    npmAlwaysAuth: false\n'}, (".yarnrc.yml",)),
    ({"_npmrc": "//r.example/:_authToken=npm_x\n"}, ()),
    ({"_npmrc": "registry=x\n_auth=eDp5=\n"}, ()),
    ({"_npmrc": "//r.example/:_authToken=${T:-npm_x}\n"}, ()),
    ({"_npmrc": "//r.example/:_PASSWORD=x"}, ()),
    ({"_npmrc": "//r.example/:username=x"}, ()),
    ({"_npmrc": "key=-----BEGIN"}, ()),
    ({"_yarnrc_yml": "npmAuthIdent: a:b\n"}, ()),
    ({"_yarnrc_yml": "httpsCertFilePath: a\n"}, ()),
    ({"_npmrc": None, "_env": "A=1", "_netrc": ""}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("files", "without"), TOKENS)
def test_settings_without_a_token_are_known(files: dict[str, str | None], without: tuple[str, ...]) -> None:
    document = formats.read("dockerfile", Source("Dockerfile", "FROM a\n"), Folder(**files))
    made = document.subjects[0].noun
    assert isinstance(made, Build)
    assert made.context.without_secret == without
    assert not document.errors


@pytest.mark.parametrize(
    ("text", "files", "without"),
    [
        ("COPY .npmrc .", {"../.npmrc": "a=b"}, (".npmrc",)),
        ("COPY .npmrc .", {"../../.npmrc": "a=b"}, (".npmrc",)),
        ("COPY .npmrc .", {"../.npmrc": "_auth=x", "../../.npmrc": "a=b"}, ()),
        ("COPY .npmrc .", {".npmrc": None, "../.npmrc": "a=b"}, ()),
        ("COPY .npmrc .", {".npmrc": "_auth=x", "../.npmrc": "a=b"}, ()),
        ("COPY .npmrc .", {".npmrc": "a=b", "../.npmrc": "_auth=x"}, (".npmrc",)),
        ("COPY .npmrc .", {"../../../.npmrc": "a=b"}, ()),
        ("COPY . .", {"../.npmrc": "a=b"}, ()),
        ("COPY a/b.key .", {"a/b.key": "-----BEGIN PGP PUBLIC KEY BLOCK-----"}, ("a/b.key",)),
        ("COPY ./a/b.pem .", {"../a/b.pem": "-----BEGIN CERTIFICATE-----"}, ("a/b.pem",)),
        ("COPY /b.key .", {"b.key": "-----BEGIN PUBLIC KEY-----\n-----BEGIN PRIVATE KEY-----"}, ()),
        ("COPY b.key .", {"b.key": "0123456789abcdef"}, ()),
        ("COPY b.key .", {"b.key": "# PUBLIC KEY\n0123456789abcdef"}, ()),
        ("COPY b.key .", {"b.key": "-----BEGIN CERTIFICATE-----\n-----BEGIN OTHER-----"}, ()),
        ("COPY b.key .", {"b.key": "-----BEGIN PUBLIC KEY-----\nPrivate-Lines: 8"}, ()),
        ("COPY b.key .", {"b.key": "-----BEGIN PUBLIC KEY-----\nAGE-SECRET-KEY-1"}, ()),
        ("COPY b.key .", {"b.key": None, "../b.key": "-----BEGIN PUBLIC KEY-----"}, ()),
        ("COPY a/b.keys .", {"a/b.key": "-----BEGIN PUBLIC KEY-----"}, ()),
        ("COPY . .", {"b.key": "-----BEGIN PUBLIC KEY-----"}, ("b.key",)),
    ],
)
def test_settings_above_are_those_of_a_file_that_is_not_here(
    text: str, files: dict[str, str | None], without: tuple[str, ...]
) -> None:
    folder = Folder()
    folder.files = files
    document = formats.read("dockerfile", Source("Dockerfile", f"FROM a\n{text}\n"), folder)
    made = document.subjects[0].noun
    assert isinstance(made, Build)
    assert made.context.without_secret == without


def test_a_dockerignore_counts_where_the_listing_is_cut() -> None:
    class Full(Folder):
        def entries(self, _folder: str) -> tuple[str, ...]:
            return tuple(f"a{number}" for number in range(20_000))

    document = formats.read("dockerfile", Source("Dockerfile", "FROM a\n"), Full(_dockerignore="x"))
    made = document.subjects[0].noun
    assert isinstance(made, Build)
    assert made.context.ignored == ("x",)


def test_without_a_directory_the_context_is_unknown() -> None:
    assert build("FROM a\n").context.ignored is UNKNOWN
    assert build("FROM a\n").context.entries is UNKNOWN


def test_comments_also_stand_between_the_lines_of_an_instruction() -> None:
    text = "# a\nFROM a\nRUN b && \\\n\n  # c\n  d # e\n"
    assert [text[place.start : place.end] for place in comments(Source("Dockerfile", text))] == ["# a", "# c"]
