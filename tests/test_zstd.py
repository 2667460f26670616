"""Each version of Python gets the decompressor that it has."""

from __future__ import annotations

import runpy
import sys
from types import ModuleType

import pytest

from sealock import zstd


@pytest.mark.parametrize(
    ("version", "name"),
    [
        pytest.param((3, 13, 9), "backports.zstd", id="Python 3.13 has that of a backport"),
        pytest.param((3, 14, 0), "compression.zstd", id="Python 3.14 has that of its own library"),
    ],
)
def test_each_python_has_a_decompressor(monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], name: str) -> None:
    library = ModuleType(name)
    library.__dict__.update(ZstdDecompressor=object(), ZstdError=object())
    monkeypatch.setattr(sys, "version_info", version)
    monkeypatch.setitem(sys.modules, name.partition(".")[0], ModuleType(name.partition(".")[0]))
    monkeypatch.setitem(sys.modules, name, library)
    loaded = runpy.run_path(zstd.__file__)
    assert loaded["ZstdDecompressor"] is library.__dict__["ZstdDecompressor"]
