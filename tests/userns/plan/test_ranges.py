"""/etc/subuid and /etc/subgid: parsed as by the engine, and a free range."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.userns.plan.ranges import (
    COUNT,
    FIRST,
    LAST,
    NSPAWN,
    SubordinateRange,
    added,
    free_range,
    outside,
    read,
    size,
)
from support.draws import draws

DOCK = "dockremap"


@pytest.mark.parametrize(
    ("line", "broken"),
    [
        ("dockremap:100000:65536", False),
        ("1000:100000:65536", False),
        ("", False),
        ("# a comment", False),
        ("dockremap:100000", True),
        ("dockremap:100000:65536:1", True),
        ("dockremap:x:65536", True),
        ("dockremap:-1:65536", True),
        ("dockremap: 100000:65536", True),
        ("dockremap:100000:0", True),
        (":100000:65536", True),
        ("dockremap:4294967295:1", True),
        ("dockremap:99999999999999999999:1", True),
        ("dockremap:١٠٠:65536", True),
        ("::", True),
    ],
)
def test_a_line_is_a_range_or_is_reported(line: str, *, broken: bool) -> None:
    assert bool(read(f"{line}\n").broken) == broken


def test_a_broken_line_is_reported_by_its_number() -> None:
    read_ = read("# a:1:1\n\na:1:1\nnonsense\n#\n \nb:2:1\n")
    assert read_.broken == ((4, "nonsense"),)
    assert [(one.name, one.start) for one in read_.ranges] == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("dockremap:100000:65536\n", [100000]),
        ("other:100000:65536\n", []),
        ("dockremap:300000:1000\ndockremap:200000:65536\n", [300000, 200000]),
        ("dockremap:200000:65536\n105:300000:65536\n", [300000]),
        ("dockremap2:1:1\n", []),
    ],
    ids=["one", "somebody else's", "several in their order", "those by number hide those by name", "another name"],
)
def test_a_users_ranges_are_those_that_the_engine_takes(text: str, starts: list[int]) -> None:
    assert [one.start for one in read(text).of(DOCK, 105)] == starts


@pytest.mark.parametrize(
    ("text", "overlaps"),
    [
        ("dockremap:100000:65536\nother:165536:65536\n", False),
        ("dockremap:100000:65536\nother:165535:65536\n", True),
        ("other:100000:65536\ndockremap:100000:65536\n", True),
        ("other:90000:200000\ndockremap:100000:65536\n", True),
        ("dockremap:90000:200000\nother:100000:5\n", True),
        ("one:100000:65536\ntwo:100000:65536\ndockremap:300000:65536\n", False),
        ("dockremap:100000:65536\ndockremap:100000:65536\n", True),
        ("dockremap:100000:65536\n105:100000:65536\n", False),
        ("a:1:1000000\nb:5:5\ndockremap:2:2\nc:999999:1\n", True),
    ],
    ids=[
        "beside one another", "by one id", "the same", "within another's", "another's within", "of two others",
        "written twice", "one by name that the engine passes over", "hidden by a longer one",
    ],
)  # fmt: skip
def test_ranges_that_share_ids_are_found(text: str, *, overlaps: bool) -> None:
    assert bool(list(read(text).overlapping(DOCK, 105))) == overlaps


ranges = st.builds(SubordinateRange, st.sampled_from(["a", DOCK]), st.integers(0, 400), st.integers(1, 200))


@draws(200)
@given(st.lists(ranges, max_size=8))
def test_an_overlap_is_found_exactly_where_two_ranges_share_an_id(held: list[SubordinateRange]) -> None:
    text = "".join(f"{one.name}:{one.start}:{one.count}\n" for one in held)
    truth = any(
        DOCK in {one.name, other.name} and set(range(one.start, one.end + 1)) & set(range(other.start, other.end + 1))
        for index, one in enumerate(held)
        for other in held[index + 1 :]
    )
    assert bool(list(read(text).overlapping(DOCK))) == truth


@draws(200)
@given(
    st.lists(
        st.builds(SubordinateRange, st.just("a"), st.integers(50_000, 700_000), st.integers(1, 200_000)), max_size=8
    ),
    st.lists(st.integers(0, 800_000), max_size=8),
)
def test_a_free_range_shares_no_id_with_anybody(held: list[SubordinateRange], ids: list[int]) -> None:
    made = free_range(held, ids, DOCK)
    assert made is not None
    assert made.count == COUNT
    assert made.start >= FIRST
    assert not any(made.overlaps(one) for one in held)
    assert not any(made.start <= number <= made.end for number in ids)


@pytest.mark.parametrize(
    ("taken", "start"),
    [
        ([], 100_000),
        ([SubordinateRange("a", 100_000, COUNT)], 165_536),
        ([SubordinateRange("a", 100_000, 1)], 100_001),
        ([SubordinateRange("a", 165_535, 1)], 165_536),
        ([SubordinateRange("a", 165_536, 1)], 100_000),
        ([SubordinateRange("a", 0, 100_001)], 100_001),
        ([SubordinateRange("a", FIRST, NSPAWN - FIRST)], NSPAWN),
        ([SubordinateRange("a", FIRST, NSPAWN - FIRST - COUNT + 1)], NSPAWN),
        ([SubordinateRange("a", FIRST, LAST - FIRST)], None),
    ],
    ids=[
        "nobody has any", "after the first", "after one id", "one id in the way", "just before one id", "from below",
        "all below systemd-nspawn's are taken", "one too few below systemd-nspawn's", "all are taken",
    ],
)  # fmt: skip
def test_the_lowest_free_range_is_taken(taken: list[SubordinateRange], start: int | None) -> None:
    made = free_range(taken, (), DOCK)
    assert (made.start if made else None) == start


@pytest.mark.parametrize(
    ("number", "who"), [(0, 300_000), (999, 300_999), (1000, 200_000), (1009, 200_009), (1010, None), (-1, None)]
)
def test_several_ranges_are_joined_in_their_order(number: int, who: int | None) -> None:
    held = (SubordinateRange(DOCK, 300_000, 1000), SubordinateRange(DOCK, 200_000, 10))
    assert outside(held, number) == who
    assert size(held) == 1010


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("", "d:1:2\n"),
        ("a:1:1\n", "a:1:1\nd:1:2\n"),
        ("a:1:1", "a:1:1\nd:1:2\n"),
        ("# c\n\n", "# c\n\nd:1:2\n"),
    ],
)
def test_a_line_is_added_and_all_else_stays(text: str, after: str) -> None:
    assert added(text, SubordinateRange("d", 1, 2)) == after


def test_a_hundred_thousand_lines_are_no_matter() -> None:
    held = read("dockremap:100000:65536\n" * 100_000)
    assert len(list(held.overlapping(DOCK))) == 99_999
