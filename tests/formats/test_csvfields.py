from __future__ import annotations

import pytest

from sealock.formats.csvfields import split_fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", [""]),
        ("a=b", ["a=b"]),
        ("a=b,,c", ["a=b", "", "c"]),
        ('"a=b,c",d', ["a=b,c", "d"]),
        ('d,"a=b,c"', ["d", "a=b,c"]),
        ('"a ""b"" c",d', ['a "b" c', "d"]),
        ('"",a', ["", "a"]),
        ("'a,b'", ["'a", "b'"]),
        (" a, b", [" a", " b"]),
    ],
)
def test_a_list_is_split_at_the_commas_outside_of_quotes(text: str, fields: list[str]) -> None:
    assert split_fields(text) == fields


@pytest.mark.parametrize(
    "text", ['"', 'a"', 'a="b"', 'a,b="c"', '"a"b', '"a" ,b', ' "a"', '"a', 'a,"b', '"a""', '"a"""b"']
)
def test_a_quote_that_encloses_no_whole_field_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^has a quote that encloses no whole field$"):
        split_fields(text)
