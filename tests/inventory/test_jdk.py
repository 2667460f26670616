from __future__ import annotations

import pytest

from sealock.inventory.jdk import Jdk
from sealock.model.inventory import Package
from support.analyzers import read


@pytest.mark.parametrize(
    ("text", "versions"),
    [
        (b'JAVA_VERSION="25.0.2"\nMODULES="java.base java.compiler"\n', ["25.0.2"]),
        (b'IMPLEMENTOR="Eclipse Adoptium"\nJAVA_RUNTIME_VERSION="17.0.9+9"\nJAVA_VERSION="17.0.9"\n', ["17.0.9"]),
        (b'JAVA_VERSION="1.8.0_392"\nOS_NAME="Linux"\n', ["1.8.0_392"]),
        (b"NAME=other\nVERSION=1\n", []),
        (b'JAVA_VERSION=""\n', []),
        (b'JAVA_VERSION="1\x1b[31m"\n', []),
        (b"\xff\xfe\0", []),
    ],
    ids=["new", "with its implementor", "Java 8", "another release file", "empty", "a control character", "no text"],
)
def test_a_release_file_names_a_java_runtime(text: bytes, versions: list[str]) -> None:
    facts, broken = read(Jdk(), "opt/java/openjdk/release", text)
    assert [(fact.name, fact.version) for fact in facts if isinstance(fact, Package)] == [
        ("openjdk", version) for version in versions
    ]
    assert not broken
