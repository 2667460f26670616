"""Licences are read as the library reads them, whether it is asked or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.reports.sbom import _spdx
from sealock.reports.sbom.licences import _known, _licensing, _parsed, licence
from support.draws import draws

EXCEPTIONS = [word.rpartition("=")[0] or word for word in _spdx.EXCEPTIONS.split()]
IDS = [word.rpartition("=")[0] or word for word in _spdx.IDS.split()]


def test_the_ids_are_those_of_the_library() -> None:
    symbols = _licensing().known_symbols
    names = {name for key, symbol in symbols.items() for name in (key, *symbol.aliases) if " " not in name}
    plain = {name for name in names if not name.lower().startswith("licenseref-")}
    assert {name.lower() for name in IDS} == {name.lower() for name in plain if _parsed(name).single}
    exceptions = {
        name.lower() for key, symbol in symbols.items() if symbol.is_exception for name in (key, *symbol.aliases)
    }
    assert {word.partition("=")[0].lower() for word in _spdx.EXCEPTIONS.split()} == {
        name for name in exceptions if not name.startswith("licenseref-")
    }


@pytest.mark.parametrize("name", IDS)
def test_each_is_written_as_the_library_writes_it(name: str) -> None:
    assert licence(name) == _parsed(name)


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_each_exception_is_written_as_the_library_writes_it(name: str) -> None:
    assert licence(f"GPL-2.0-only WITH {name}") == _parsed(f"GPL-2.0-only WITH {name}")


TOKENS = st.sampled_from(
    [
        *("MIT", "mit", "ISC", "GPL-2.0+", "gpl-2.0", "BSD-3-Clause", "GPL 2.0", "GPL-2", "Expat", "LicenseRef-x", "x"),
        *("Classpath-exception-2.0", "and", "AND", "or", "Or", "with", "WITH", "(", ")", "+", "/", ",", "&", "|", "!"),
        *("not", "NONE", "NOASSERTION", "true", "0", "MIT-", "-MIT", "MIT+", "(MIT)", "MIT,ISC", "MIT&ISC", "\t", "  "),
    ]
)


@draws(200)
@given(st.lists(TOKENS, min_size=1, max_size=7), st.sampled_from([" ", " ", ""]))
def test_expressions_are_read_as_the_library_reads_them(tokens: list[str], between: str) -> None:
    text = between.join(tokens).strip()
    if text:
        assert licence(text) == (_parsed(text) if text.isprintable() else licence(text))


@pytest.mark.parametrize(
    "text",
    [
        *("MIT", "MIT AND ISC", "mit or isc or Apache-2.0", "GPL-2+", "GPL-2 and Expat"),
        *("GPL-2.0-only WITH Linux-syscall-note", "(GPL-2.0-or-later with classpath-exception-2.0)"),
        "GPL-2.0-or-later WITH Libtool-exception AND GPL-3.0-or-later WITH Libtool-exception AND GPL-3.0-or-later",
        "MIT OR Apache-2.0 WITH LLVM-exception",
    ],
)
def test_what_most_packages_say_is_read_without_the_library(text: str) -> None:
    assert _known(text, text.lower()) == _parsed(text)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        pytest.param("GPL 2.0", "GPL-2.0-only", id="a name of several words"),
        pytest.param("MIT WITH Apache-2.0", "", id="a licence where an exception should be"),
        pytest.param("Classpath-exception-2.0 WITH MIT", "", id="an exception where a licence should be"),
        pytest.param("(MIT) OR (ISC)", "MIT OR ISC", id="parentheses at both ends that are no pair"),
        pytest.param(" ", "", id="a blank"),
        pytest.param("MIT OR " * 5000 + "MIT", "", id="an endless text"),
    ],
)
def test_what_is_hard_to_read_is_read_or_left_as_text(text: str, expression: str) -> None:
    assert (licence(text).text, licence(text).expression) == (text, expression)
