"""Links and names, resolved within the image."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.image.paths import normalize, resolve
from support.draws import draws

LINKS = {
    "bin": "usr/bin", "lib": "/usr/lib", "usr/bin/sh": "dash", "usr/bin/vi": "/etc/alternatives/vi",
    "etc/alternatives/vi": "../../usr/bin/vim", "up": "../../../../etc", "a": "b", "b": "a", "self": "self/x", "top": "/",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("bin/sh", "usr/bin/dash"),
        ("bin/vi", "usr/bin/vim"),
        ("lib/x", "usr/lib/x"),
        ("up/passwd", "etc/passwd"),
        ("../../bin/./ls", "usr/bin/ls"),
        ("a", None),
        ("self", None),
        ("top/top/top/bin/sh", "usr/bin/dash"),
        ("missing/x", "missing/x"),
        ("bin/../x", "usr/x"),
        ("bin/-a/!b", "usr/bin/-a/!b"),
        ("bin/..a/.b", "usr/bin/..a/.b"),
        ("bin/sh/../x/.", "usr/bin/x"),
        ("", ""),
    ],
)
def test_links_are_followed_within_the_image(path: str, leads: str | None) -> None:
    assert resolve(path, LINKS) == leads


@pytest.mark.parametrize(("count", "leads"), [(40, "end"), (41, None)])
def test_as_many_links_are_followed_as_linux_follows(count: int, leads: str | None) -> None:
    links = {f"l{number}": f"l{number + 1}" for number in range(1, count)} | {f"l{count}": "end"}
    assert resolve("l1", links) == leads


def test_a_bush_of_links_ends_soon() -> None:
    bush = {f"l{number}": f"l{number + 1}/l{number + 1}" for number in range(100)}
    assert resolve("l0", bush) is None
    long = {"x": "x/" * 100_000}
    assert resolve("x", long) is None


@draws(200)
@given(
    st.dictionaries(st.sampled_from(["a", "b", "a/c", "b/c"]), st.text("abc/.", min_size=1, max_size=9), max_size=4),
    st.text("abc/.", max_size=12),
)
def test_what_is_resolved_is_normal(links: dict[str, str], path: str) -> None:
    found = resolve(path, links)
    assert found is None or normalize(found) == (found, False)


@draws(200)
@given(st.text("ab./", max_size=12))
def test_normal_names_are_as_the_system_has_them(name: str) -> None:
    path, outside = normalize(name)
    assert "/" + path == "/" + os.path.normpath("/" + name.lstrip("/")).lstrip("/")
    assert normalize(path) == (path, False)
    assert outside == (os.path.commonpath(["/r/o", os.path.normpath("/r/o/" + name.lstrip("/"))]) != "/r/o") or outside


def test_links_lead_where_the_system_says(tmp_path: Path) -> None:
    for directory in ("usr/bin", "etc/alternatives"):
        (tmp_path / directory).mkdir(parents=True)
    for name in ("dash", "vim"):
        (tmp_path / "usr/bin" / name).write_text("x")
    relative = {"bin": "usr/bin", "usr/bin/sh": "dash", "etc/alternatives/vi": "../../usr/bin/vim"}
    for name, target in relative.items():
        (tmp_path / name).symlink_to(target)
    for path in ("bin/sh", "etc/alternatives/vi", "bin"):
        assert str((tmp_path / path).resolve().relative_to(tmp_path.resolve())) == resolve(path, relative)
