"""Whatever an image holds and says that it starts: advice comes, within bounds of time."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.reports.bases import render
from support.baseadvice import GLIBC, SHELL, advise, dynamic
from support.draws import draws
from support.elffiles import make

NAMES = ["a", "b", "bin/sh", "bin/c", "lib/libc.so.6", "etc/ld.so.conf", "x/WHEEL", "s/a-1.dist-info/WHEEL", "d/e/f"]
TEXTS = st.sampled_from(
    ['#!/bin/sh\nexec "$@"\n', "#!/a\n", "#!/usr/bin/env -S b\n", "#!\n", "/\n", "-> a", "-> b", "-> ../../..", "=> a", "=> none",
     "Tag: x-y-manylinux\n", "#!/bin/sh\nsh -c 'sh -c \"/a; /b\"'; $X; `y`; exec; command\n", ""]
)  # fmt: skip
PROGRAMS = st.sampled_from(
    [
        SHELL,
        dynamic("libb.so", "a"),
        make({}, soname="libb.so"),
        make({}, interpreter="/a"),
        b"\x7fELF",
        dynamic()[:150],
    ]
)
WORDS = st.lists(
    st.sampled_from(
        ["/a", "b", "sh", "-c", "/bin/sh", "exec", "env", "tini", "--", "-u", "/a; /b", "$X", "", "..", "/", "gosu"]
    )
    | st.text(max_size=5),
    max_size=5,
)


@given(
    layers=st.lists(st.dictionaries(st.sampled_from(NAMES), TEXTS | PROGRAMS, max_size=6), min_size=1, max_size=3),
    entrypoint=WORDS,
    command=WORDS,
)
@draws(150)
def test_no_image_breaks_it(layers: list[dict[str, bytes | str]], entrypoint: list[str], command: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = advise(Path(folder), *layers, config={"Entrypoint": entrypoint, "Cmd": command})
    assert len(found.results) == 5
    render("terminal", found, width=60).encode()
    render("json", found).encode()


def nested(depth: int) -> str:
    text = "/app"
    for _ in range(depth):
        text = f"sh -c {chr(39)}{text.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}{chr(39)}"
    return text


@pytest.mark.parametrize(
    "files",
    [
        {"run": "#!/bin/sh\n" + "sh -c 'sh -c /run'\n" * 3000},
        {"run": "#!/bin/sh\n" + f"{nested(6)}\n" * 100},
        {"run": "#!/bin/sh\n" + "".join(f"/s{number}\n" for number in range(300)), **{f"s{number}": "#!/bin/sh\n/run\n" for number in range(300)}},
        {"run": "-> a", **{f"{'d/' * number}a": f"-> /{'d/' * (number + 1)}a" for number in range(60)}},
        {"run": dynamic(*(f"l{number}.so" for number in range(500)))},
        {"run": make({}, interpreter="/run", needed=("run",))},
    ],
    ids=["the same again and again", "shells in shells", "many scripts", "links on links", "many libraries", "its own loader"],
)  # fmt: skip
def test_what_leads_round_in_circles_ends(files: dict[str, bytes | str], tmp_path: Path) -> None:
    base: dict[str, bytes | str] = {**GLIBC, "bin/sh": SHELL, "app": dynamic()}
    found = advise(tmp_path, base | files, config={"Cmd": ["/run"]})
    assert len(found.start.steps) <= 60
    assert len(found.closure.missing) <= 100
