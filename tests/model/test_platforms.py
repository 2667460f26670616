"""Platforms: what a machine runs, and which image of an index fits best."""

from __future__ import annotations

import pytest

from sealock.model.manifest import Platform
from sealock.model.platforms import choose, fit, of_machine

OFFERED = {
    name: Platform(*name.split("/"))
    for name in (
        "linux/amd64",
        "linux/arm/v6",
        "linux/arm/v7",
        "linux/arm",
        "linux/arm64/v8",
        "linux/arm64",
        "windows/amd64",
    )
}


@pytest.mark.parametrize(
    ("machine", "platform"),
    [
        ("x86_64", "linux/amd64"), ("amd64", "linux/amd64"), ("aarch64", "linux/arm64"), ("arm64", "linux/arm64"),
        ("armv7l", "linux/arm/v7"), ("armv6l", "linux/arm/v6"), ("i386", "linux/386"), ("i686", "linux/386"),
        ("loongarch64", "linux/loong64"), ("s390x", "linux/s390x"), ("riscv64", "linux/riscv64"),
    ],
)  # fmt: skip
def test_the_platform_of_a_machine(machine: str, platform: str) -> None:
    assert of_machine(machine) == platform


@pytest.mark.parametrize(
    ("wanted", "scores"),
    [
        ("linux/amd64", {"linux/amd64": 3}),
        ("linux/arm/v7", {"linux/arm/v7": 3, "linux/arm": 2}),
        ("linux/arm", {"linux/arm/v7": 3, "linux/arm/v6": 2, "linux/arm": 2}),
        ("linux/arm64", {"linux/arm64/v8": 3, "linux/arm64": 2}),
        ("linux/arm64/v9", {"linux/arm64": 2}),
        ("amd64", {"linux/amd64": 1, "windows/amd64": 1}),
        ("windows", {"windows/amd64": 1}),
        ("linux/ppc64le", {}),
        ("freebsd/amd64", {}),
        ("/linux//amd64/", {"linux/amd64": 3}),
        ("a", {}),
    ],
)
def test_how_well_each_platform_fits(wanted: str, scores: dict[str, int]) -> None:
    assert {name: score for name, offered in OFFERED.items() if (score := fit(offered, wanted))} == scores


@pytest.mark.parametrize(
    ("wanted", "best", "fits"),
    [
        ("linux/arm/v7", "linux/arm/v7", True),
        ("linux/arm64", "linux/arm64/v8", True),
        ("amd64", "linux/amd64", True),
        ("linux/ppc64le", "linux/amd64", False),
    ],
)
def test_the_best_is_chosen_and_the_first_of_equals(wanted: str, best: str, *, fits: bool) -> None:
    place, does = choose(list(OFFERED.values()), wanted)
    assert (list(OFFERED)[place], does) == (best, fits)


@pytest.mark.parametrize(
    ("offered", "place", "fits"),
    [
        pytest.param(("linux/s390x", "", ""), 1, True, id="where none fits, the first that is not stated"),
        pytest.param(("", "linux/amd64"), 1, True, id="one that fits before one that is not stated"),
        pytest.param(("linux/s390x", "linux/arm64"), 0, False, id="else the first, which does not fit"),
    ],
)
def test_a_platform_that_is_not_stated_may_fit(offered: tuple[str, ...], place: int, *, fits: bool) -> None:
    platforms = [Platform(*filter(None, name.split("/"))) for name in offered]
    assert choose(platforms, "linux/amd64") == (place, fits)
