"""The order of RubyGems' versions by Gem::Version (RubyGems 3.5 and later).

Numbers and words alternate; words come before numbers, and missing items at the end count as zeros.
"""

from __future__ import annotations

from typing import Final

from sealock.patterns import compile_lazily
from sealock.vulnerabilities.versions.keys import END, Codes, high, high_or_text, zeros

_VERSION: Final = compile_lazily(r"[0-9]+(?:\.[0-9A-Za-z]+)*(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?")
_SEGMENTS: Final = compile_lazily("[0-9]+|[A-Za-z]+")
_WORD: Final = compile_lazily("[A-Za-z]")
_RUN_BEFORE_WORD: Final = compile_lazily(r"(?<![0.])[0.]+(?=[A-Za-z])")
_SPACE: Final = " \t\n\v\f\r\0"

_codes: Final = Codes(high_or_text)
_of: Final = _codes.__getitem__
_ZERO: Final = high("")


def key(version: str) -> bytes:
    """Give the key of a version; raises ValueError where RubyGems rejects it."""
    version = version.strip(_SPACE) or "0"
    if not _VERSION.fullmatch(version):
        raise ValueError(version)
    version = version.replace("-", ".pre.")
    if _WORD.search(version):
        version = _without_zeros(version)
    codes = list(map(_of, _SEGMENTS.findall(version)))
    while codes and codes[-1] == _ZERO:
        codes.pop()
    if _ZERO in codes:
        codes = _with_runs(codes)
    codes.append(END)
    return b"".join(codes)


def _without_zeros(version: str) -> str:
    """Remove the first zeros between a point and a word, as RubyGems does: 1.0.0.rc1 is 1.rc1."""
    for run in _RUN_BEFORE_WORD.finditer(version):
        start = run.start() if run.start() == 0 else version.find(".", run.start(), run.end()) + 1
        if (start or run.start() == 0) and start < run.end():
            return version[:start] + version[run.end() :]
    return version


def _with_runs(codes: list[bytes]) -> list[bytes]:
    coded: list[bytes] = []
    run = 0
    for code in codes:
        if code == _ZERO:
            run += 1
            continue
        if run:
            coded.append(zeros(run, more=code > _ZERO))
            run = 0
        coded.append(code)
    return coded
