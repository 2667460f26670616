"""The unified diff of --diff: exact for `patch` and git, harmless for a terminal."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.reports.diff import render
from support.draws import draws

CHANGES = [
    pytest.param("a\nb\nc\n", "a\nB\nc\n", id="one line"),
    pytest.param("a\nb\n", "a\nb\nc\n", id="a line more"),
    pytest.param("a\nb\nc\n", "a\nc\n", id="a line less"),
    pytest.param("", "a\n", id="from nothing"),
    pytest.param("a\n", "", id="to nothing"),
    pytest.param("a", "b", id="no line end at the end"),
    pytest.param("a\nb", "a\nb\n", id="a line end more"),
    pytest.param("a\r\nb\r\n", "a\r\nB\r\n", id="Windows line ends"),
    pytest.param("a\rb\x0bc\x85d\u2028e\n", "a\rb\x0bC\x85d\u2028e\n", id="what others call line ends"),
    pytest.param("x\n" * 50 + "a\n" + "y\n" * 50, "x\n" * 50 + "b\n" + "y\n" * 50, id="in the middle"),
    pytest.param("a\n" + "x\n" * 30 + "b\n", "A\n" + "x\n" * 30 + "B\n", id="two places"),
    pytest.param("-- a\n++ b\n", "-- A\n++ B\n", id="lines that look like heads"),
]


def patched(folder: Path, old: str, diff: str) -> str:
    file = folder / "Dockerfile"
    file.write_bytes(old.encode())
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], cwd=folder, input=diff.encode(), check=True, capture_output=True
    )
    return file.read_bytes().decode() if file.exists() else ""


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_git_applies_it(old: str, new: str, tmp_path: Path) -> None:
    assert patched(tmp_path, old, render("Dockerfile", old, new)) == new


@given(
    st.lists(st.sampled_from(["a", "b", "c", "", "d\r"]), max_size=20),
    st.lists(st.sampled_from(["a", "b", "c", "", "d\r"]), max_size=20),
)
@draws(60)
def test_git_applies_any(tmp_path_factory: pytest.TempPathFactory, old: list[str], new: list[str]) -> None:
    before, after = "\n".join(old), "\n".join(new)
    diff = render("Dockerfile", before, after)
    assert bool(diff) == (before != after)
    if diff:
        assert patched(tmp_path_factory.mktemp("diff"), before, diff) == after


def test_it_has_three_lines_of_context_and_counts_right() -> None:
    old = "".join(f"{number}\n" for number in range(1, 21))
    assert render("f", old, old.replace("10\n", "ten\n")) == (
        "--- a/f\n+++ b/f\n@@ -7,7 +7,7 @@\n 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n"
    )


def test_no_difference_is_no_diff() -> None:
    assert render("f", "a\n", "a\n") == ""


@pytest.mark.parametrize(
    ("name", "head"),
    [
        pytest.param("./app/Dockerfile", "--- a/app/Dockerfile", id="here"),
        pytest.param("/srv/app/Dockerfile", "--- a/srv/app/Dockerfile", id="absolute"),
        pytest.param("a\n+++ b/etc/passwd", '--- "a/a\\n+++ b/etc/passwd"', id="a name with a line break"),
        pytest.param('q"x', '--- "a/q\\"x"', id="a name with a quote"),
        pytest.param("\x1b[2J", '--- "a/\\033[2J"', id="a name with an escape"),
        pytest.param("\udcff", '--- "a/\\377"', id="a name that is not UTF-8"),
    ],
)
def test_a_name_cannot_break_out_of_its_line(name: str, head: str) -> None:
    assert render(name, "a\n", "b\n").splitlines()[0] == head


def test_a_terminal_gets_no_escapes_from_outside() -> None:
    shown = render("f", "a\tb\x1b[2J\r\n", "a\tc\u202e\n", colour=True, terminal=True)
    assert "\x1b[1;31m-a\tb\\e[2J\x1b[0m\n" in shown
    assert "\x1b[32m+a\tc\\u202e\x1b[0m\n" in shown


def test_huge_texts_with_a_small_difference_are_quick() -> None:
    old = "".join(f"line {number % 7}\n" for number in range(200_000))
    new = old.replace("line 3\n", "line three\n", 1)
    assert render("f", old, new).count("\n") == 11
