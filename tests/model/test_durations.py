"""Durations are parsed as Go's time.ParseDuration does."""

from __future__ import annotations

import pytest

from sealock.model.durations import parse_duration, read_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0), ("+0", 0), ("-0", 0), ("1m30s", 90), ("1.5h", 5400), (".5s", 0.5), ("1.s", 1), ("300ms", 0.3), ("-2s", -2),
        ("+3s", 3), ("1h1m1s", 3661), ("7us", 7e-6), ("7µs", 7e-6), ("7μs", 7e-6), ("9ns", 9e-9),
    ],
)  # fmt: skip
def test_a_duration_is_parsed_into_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "3", "s", ".s", "1d", "1 s", "1m 30s", "--1s", "1.2.3s", "1S", "١s", "1s" * 51])
def test_anything_else_is_none(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), (" 10m ", 600), ("1h30m", 5400), ("200ms", 0.2)])
def test_a_time_is_a_duration(text: str, seconds: float) -> None:
    assert read_time(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "0s", "-1s", "45", "10d", "1e3s", f"{10**9}m", "9" * 99 + "h"])
def test_what_is_above_no_zero_or_beyond_all_clocks_is_no_time(text: str) -> None:
    assert read_time(text) is None
