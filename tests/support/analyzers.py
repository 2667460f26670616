"""Asks an analyzer as a scan does, and mutates what it reads."""

from __future__ import annotations

from hypothesis import strategies as st

from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact
from sealock.model.inventory import Package


def read(analyzer: Analyzer, path: str, data: bytes) -> tuple[list[Fact], str]:
    """What one file tells, and what is broken in it ("" for nothing)."""
    found: list[Fact] = []
    try:
        for fact in analyzer.read(AnalyzedFile(path, data)):
            found.append(fact)  # noqa: PERF402  what came before a fault is to be kept
    except BrokenFileError as broken:
        return found, str(broken)
    return found, ""


def joined(analyzer: Analyzer, files: dict[str, bytes]) -> list[Fact]:
    """What several files of one layer tell together; none may be broken."""
    facts: list[Fact] = []
    for path, data in files.items():
        found, broken = read(analyzer, path, data)
        assert not broken, broken
        facts += found
    return list(analyzer.join(facts))


def packages(analyzer: Analyzer, files: dict[str, bytes]) -> list[Package]:
    """The packages that several files of one layer tell of."""
    return [fact for fact in joined(analyzer, files) if isinstance(fact, Package)]


def survives(analyzer: Analyzer, path: str, data: bytes) -> None:
    """Whatever the bytes are: facts, then perhaps Broken, and join takes them."""
    found, _ = read(analyzer, path, data)
    list(analyzer.join(found))


@st.composite
def mutated(draw: st.DrawFn, whole: bytes) -> bytes:
    """A sound file, with a few bytes overwritten, a piece cut out or doubled, or its end missing."""
    data = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["overwrite", "cut", "double", "end", "number"])):
            case "overwrite":
                new = draw(st.binary(min_size=1, max_size=8))
                data[at : at + len(new)] = new
            case "cut":
                del data[at : at + draw(st.integers(1, 64))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 64))]
            case "number":
                data[at : at + 4] = draw(st.sampled_from([0, 1, 0x7FFFFFFF, 0xFFFFFFFF])).to_bytes(4, "little")
            case _:
                del data[at:]
    return bytes(data)
