"""The table [pin] of sealock.toml."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import PolicyError
from sealock.model.imagename import parse
from sealock.model.location import Source
from sealock.policy.minages import read_age
from sealock.policy.settings import read

TABLE = """[pin]
min-age = "7d"

[[pin.image]]
match = ["ghcr.io/acme/*"]
min-age = "0"

[[pin.image]]
match = ["docker.io/library/nginx:edge", "ghcr.io/acme/base"]
min-age = "2w"

[[pin.image]]
match = ["ghcr.io/*", "ghcr.io/acme/base"]
min-age = "1d"
"""


@pytest.mark.parametrize(
    ("image", "days"),
    [
        ("redis:7", 7),
        ("ghcr.io/acme/app", 0),
        ("ghcr.io/acme/base:1", 14),
        ("nginx:edge", 14),
        ("nginx:1", 7),
        ("ghcr.io/x", 1),
    ],
)
def test_the_entry_with_the_longest_pattern_applies(image: str, days: int) -> None:
    name = parse(image)
    assert name is not None
    assert read(Source("sealock.toml", TABLE), "").min_ages.about(name) == timedelta(days=days)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[pin]\nmin-age = "7"\n', "sealock.toml:2: [pin] min-age should be a number of hours, days or weeks"),
        ("[pin]\nmin-age = 7\n", "min-age should be a string"),
        ('[pin]\nmin-age = "-1d"\n', "should be a number"),
        ('[pin]\nmin_age = "7d"\n', "min_age is not a setting"),
        ('[[pin.image]]\nmin-age = "7d"\n', "match is missing"),
        ('[[pin.image]]\nmatch = ["nginx"]\nmin-age = "7d"\n', "should begin with the registry"),
        ('[[pin.image]]\nmatch = ["docker.io/*"]\n', "min-age should be a number"),
        ("[pin]\nimage = 3\n", "image should be a list of tables"),
        ("[pin]\nimage = [3]\n", "match is missing"),
    ],
)
def test_a_wrong_table_is_an_error(text: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read(Source("sealock.toml", text), "")
    assert words in str(caught.value)


@given(st.one_of(st.text(max_size=12), st.from_regex(r"\d{1,7}[hdwm]?", fullmatch=True)))
def test_an_age_is_read_or_refused(text: str) -> None:
    age = read_age(text)
    unit = text.strip()[-1:]
    if age:
        assert unit in set("hdw")
        assert text.strip()[:-1].isdigit()
        assert timedelta() < age <= timedelta(weeks=99999)
    elif age is not None:
        assert text.strip().rstrip("hdw").strip("0") == ""
