from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.model.severity import Severity
from sealock.vulnerabilities import cvss
from support.draws import draws

V3 = "CVSS:3.1/AV:{}/AC:{}/PR:{}/UI:{}/S:{}/C:{}/I:{}/A:{}"


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        # Examples of FIRST's own documents.
        pytest.param("AV:N/AC:L/Au:N/C:N/I:N/A:C", 7.8, id="version 2: CVE-2002-0392"),
        pytest.param("(AV:N/AC:L/Au:N/C:C/I:C/A:C)", 10.0, id="version 2 in brackets: CVE-2003-0818"),
        pytest.param("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, id="version 3.0: CVE-2013-1937's like"),
        pytest.param("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, id="version 3.1: CVE-2013-1937"),
        pytest.param("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 8.8, id="version 3.1, a changed scope"),
        pytest.param("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, id="no impact"),
        pytest.param("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H", 10.0, id="version 4"),
        pytest.param(
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 9.3, id="version 4, one system"
        ),
        *(
            pytest.param(text, None, id=f"no vector: {text[:20]!r}")
            for text in ("", "9.8", "CVSS:3.1/", "CVSS:4.0/AV:N", "CVSS:9.0/AV:N", "CVSS:3.1/AV:N/AV:N", "x" * 100_000)
        ),
    ],
)
def test_scores(vector: str, score: float | None) -> None:
    assert cvss.score(vector) == score


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (None, None), (0.0, Severity.INFO), (0.1, Severity.LOW), (3.9, Severity.LOW), (4.0, Severity.MEDIUM),
        (6.9, Severity.MEDIUM), (7.0, Severity.HIGH), (8.9, Severity.HIGH), (9.0, Severity.CRITICAL), (10.0, Severity.CRITICAL),
    ],
)  # fmt: skip
def test_words(score: float | None, word: Severity | None) -> None:
    assert cvss.severity(score) is word


@draws(200)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["CVSS:3.1", "CVSS:4.0", "AV:N", "AC:L", "", "C:H", "A", ":", "S:U"])).map("/".join)
)
def test_no_text_breaks_it(text: str) -> None:
    found = cvss.score(text)
    assert found is None or 0.0 <= found <= 10.0
