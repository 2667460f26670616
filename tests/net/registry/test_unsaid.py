"""What a server repeats of a login is blotted out, however it spells it."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.net.registry.redaction import redact, secrets_of

LOGIN = b64encode(b'me:p/ss wo"rd+').decode()


@pytest.mark.parametrize(
    ("text", "secrets", "told"),
    [
        pytest.param("the name is wrong", ("password",), "the name is wrong", id="nothing is said"),
        pytest.param("Basic c2VjcmV0, secret", ("secret",), "Basic ***, ***", id="as it is and in base64"),
        pytest.param("a SECRET here", ("secret",), "a *** here", id="in capitals"),
        pytest.param("pass passwords", ("pass", "password"), "*** ***s", id="the longest first"),
        pytest.param("p%2fss%20wo", ("p/ss wo",), "***", id="as URLs have it, in small letters"),
        pytest.param("the ab of it", ("ab",), "", id="a short one, which blots would tell"),
        pytest.param("the cd of it", ("ab",), "the cd of it", id="a short one that is not said"),
        pytest.param("all is said", ("", ""), "all is said", id="no secret"),
    ],
)
def test_what_is_left(text: str, secrets: tuple[str, ...], told: str) -> None:
    assert redact(text, secrets) == told


@pytest.mark.parametrize(
    ("header", "secrets"),
    [
        ("Bearer abc", ["abc"]),
        (f"Basic {LOGIN}", [LOGIN, 'me:p/ss wo"rd+', 'p/ss wo"rd+']),
        ("Basic !", ["!", "", ""]),
        ("Basic a", ["a"]),
        ("Basic /w==", ["/w=="]),
        ("", [""]),
    ],
)
def test_the_secrets_of_a_header(header: str, secrets: list[str]) -> None:
    assert list(secrets_of(header)) == secrets


@given(secret=st.text(st.characters(exclude_categories=["Cs"]), min_size=4), before=st.text(), after=st.text())
def test_no_spelling_is_left(secret: str, before: str, after: str) -> None:
    for spelled in (secret, quote(secret), quote_plus(secret), json.dumps(secret), secret.encode().hex()):
        whole = redact(f"{before}{spelled}{after}", [secret])
        assert len(whole) <= len(before) + len(after) + 5
