"""Why the system refused something is said in its words, without numbers of errors and without the path once more."""

from __future__ import annotations

import ssl

import pytest

from sealock.errors import reason_of


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileNotFoundError(2, "No such file or directory", "/etc/x"), "No such file or directory"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (OSError("no number"), "no number"),
        (OSError(), "OSError"),
        (TimeoutError(), "TimeoutError"),
        (UnicodeDecodeError("ascii", b"\xff", 0, 1, "odd"), "'ascii' codec can't decode byte 0xff in position 0: odd"),
        (ssl.SSLError(1, "[SSL] PEM lib (_ssl.c:1)"), "[SSL] PEM lib (_ssl.c:1)"),
        (ValueError("not a key"), "not a key"),
    ],
)
def test_an_error_has_a_reason(error: BaseException, words: str) -> None:
    assert reason_of(error) == words
