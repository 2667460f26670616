"""The repositories of apk, which tell the stream."""

from __future__ import annotations

import pytest

from sealock.inventory.apkrepositories import PATH, ApkRepositories
from sealock.model.inventory import FileFact
from support.analyzers import read, survives


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("https://m.example/v3.20/main\n#https://m.example/edge/main\n\n  https://m.example/v3.20/community  \n", "https://m.example/v3.20/main\nhttps://m.example/v3.20/community"),
        ("# nothing\n", ""),
        ("", ""),
        ("\x1b[31m\nhttps://m.example/v3.9/main\n", "https://m.example/v3.9/main"),
    ],
)  # fmt: skip
def test_lines_that_name_a_repository_are_told(text: str, detail: str) -> None:
    facts, broken = read(ApkRepositories(), PATH, text.encode())
    assert not broken
    assert facts == ([FileFact("apk-repositories", PATH, detail=detail)] if detail else [])


def test_any_bytes_are_survived_and_little_is_kept() -> None:
    survives(ApkRepositories(), PATH, b"\xff\xfe\x00" * 9999)
    (fact,), _ = read(ApkRepositories(), PATH, b"x" * 60_000)
    assert isinstance(fact, FileFact)
    assert len(fact.detail) <= 4000
