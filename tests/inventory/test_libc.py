from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.inventory.analyzer import AnalyzedFile
from sealock.inventory.onfiles.libc import GlibcAnalyzer
from support.draws import draws
from support.elffiles import make

LOADER = "/lib64/ld-linux-x86-64.so.2"


def told(data: bytes) -> list[str]:
    facts = list(GlibcAnalyzer().read(AnalyzedFile("usr/bin/app", data, mode=0o755, uid=3)))
    assert all(
        (fact.kind, fact.path, fact.mode, fact.uid) == ("needs-glibc", "usr/bin/app", 0o755, 3) for fact in facts
    )
    return [fact.detail for fact in facts]


def program(
    *symbols: str, interpreter: str = LOADER, needed: tuple[str, ...] = ("libc.so.6",), wide: bool = True
) -> bytes:
    """A program that wants symbols written as name@version."""
    wanted = [(name, version, "libc.so.6") for name, _, version in (symbol.partition("@") for symbol in symbols)]
    return make({}, needed=needed, interpreter=interpreter, symbols=wanted, wide=wide)


@pytest.mark.parametrize(
    ("symbols", "detail"),
    [
        (["puts@GLIBC_2.2.5"], f"version GLIBC_2.2.5; loader {LOADER}"),
        (["puts@GLIBC_2.2.5", "fstat@GLIBC_2.33", "memcpy@GLIBC_2.14"], f"version GLIBC_2.33; loader {LOADER}"),
        (["backtrace@GLIBC_2.2.5"], f"version GLIBC_2.2.5; loader {LOADER}; lacks backtrace@GLIBC_2.2.5"),
        (["mallinfo2@GLIBC_2.33", "obstack_free@GLIBC_2.2.5"], f"version GLIBC_2.33; loader {LOADER}; lacks mallinfo2@GLIBC_2.33, obstack_free@GLIBC_2.2.5"),
        (["gnu_get_libc_version@GLIBC_2.2.5"], f"version GLIBC_2.2.5; loader {LOADER}; lacks gnu_get_libc_version@GLIBC_2.2.5"),
        (["fts_open@GLIBC_2.2.5", "error@GLIBC_2.2.5"], f"version GLIBC_2.2.5; loader {LOADER}; lacks error@GLIBC_2.2.5, fts_open@GLIBC_2.2.5"),
        (["qsort_r@GLIBC_2.8"], f"version GLIBC_2.8; loader {LOADER}"),
        (["puts@GLIBC_2.x", "memcpy@GLIBC_2.14"], f"version GLIBC_2.14; loader {LOADER}"),
        (["puts@GLIBC_2.999999999", "memcpy@GLIBC_2.14"], f"version GLIBC_2.14; loader {LOADER}"),
        (["puts@GLIBC_2.99999999", "memcpy@GLIBC_2.14"], f"version GLIBC_2.99999999; loader {LOADER}"),
        (["__fprintf_chk@GLIBC_2.3.4"], f"version GLIBC_2.3.4; loader {LOADER}; gcompat __fprintf_chk@GLIBC_2.3.4"),
        (["__isoc23_strtol@GLIBC_2.38", "fopen64@GLIBC_2.2.5"], f"version GLIBC_2.38; loader {LOADER}; gcompat __isoc23_strtol@GLIBC_2.38, fopen64@GLIBC_2.2.5"),
        (["memcpy@GLIBC_PRIVATE"], f"loader {LOADER}; lacks memcpy@GLIBC_PRIVATE"),
        (["__res_context_search@GLIBC_PRIVATE"], f"loader {LOADER}; lacks __res_context_search@GLIBC_PRIVATE"),
        (["getaddrinfo@GLIBC_2.2.5"], f"version GLIBC_2.2.5; loader {LOADER}; resolves getaddrinfo"),
        (["newlocale@GLIBC_2.3", "iconv_open@GLIBC_2.2.5"], f"version GLIBC_2.3; loader {LOADER}; locale iconv_open, newlocale"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("wide", [True, False])
def test_a_program_for_glibc_tells_what_musl_has_not(symbols: list[str], detail: str, *, wide: bool) -> None:
    assert told(program(*symbols, wide=wide)) == [detail]


def test_a_library_needs_glibc_without_a_loader() -> None:
    assert told(program("puts@GLIBC_2.2.5", interpreter="")) == ["version GLIBC_2.2.5"]


def test_a_program_needs_glibc_by_its_loader_alone() -> None:
    assert told(program(interpreter="/lib64/ld64.so.2")) == ["loader /lib64/ld64.so.2"]


def test_libraries_that_musl_has_not_are_named() -> None:
    detail = told(program("puts@GLIBC_2.2.5", needed=("libnss_files.so.2", "libnsl.so.1", "libc.so.6")))
    assert detail == [f"version GLIBC_2.2.5; loader {LOADER}; lacks libnss_files.so.2, libnsl.so.1"]


def test_many_symbols_are_counted() -> None:
    detail = told(program(*(f"__f{number:02}_chk@GLIBC_2.3.4" for number in range(20))))[0]
    assert detail.endswith("__f10_chk@GLIBC_2.3.4, __f11_chk@GLIBC_2.3.4 and 8 more")


@pytest.mark.parametrize(
    "data",
    [
        make({".rodata": b"static"}),
        make({}, needed=("libc.musl-x86_64.so.1",), interpreter="/lib/ld-musl-x86_64.so.1"),
        make({}, needed=("libother.so.1",), symbols=[("other", "OTHER_1.0", "libother.so.1")]),
        b"\x7fELF",
    ],
    ids=["static", "musl", "no libc", "broken"],
)
def test_what_does_not_need_glibc_tells_nothing(data: bytes) -> None:
    assert told(data) == []


@draws(150)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=15))
def test_no_damage_makes_it_fail(changes: list[tuple[int, int]]) -> None:
    data = bytearray(program("puts@GLIBC_2.2.5", "backtrace@GLIBC_2.2.5", "__x_chk@GLIBC_2.4"))
    for place, value in changes:
        data[place % len(data)] = value
    for detail in told(bytes(data)):
        assert detail.isprintable()
