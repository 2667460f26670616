"""What holds for every text: only digests change, twice is once, and nothing that a text says makes the readers fail."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from sealock.model.location import Source
from sealock.pin import texts
from sealock.pin.spot import DIGEST
from sealock.pin.texts import PinnedFileKind
from support.draws import draws
from support.pinworld import OLD, pin

NAMES = st.sampled_from(["nginx", "ghcr.io/a/b", "host:5000/x", "a/b", "x"])
TAGS = st.sampled_from(["", ":1", ":1.27-alpine", ":latest", f":2@{OLD}", f"@{OLD}"])
REFERENCES = st.builds(str.__add__, NAMES, TAGS)
QUOTES = st.sampled_from(["", '"', "'"])


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(1, 4))):
        quote, image = draw(QUOTES), draw(REFERENCES)
        match draw(st.integers(0, 5)):
            case 0:
                lines.append(f"FROM {quote}{image}{quote} AS s{number} ")
            case 1:
                lines.insert(0, f"ARG B{number}={quote}{image}{quote}")
                lines.append(f"FROM ${{B{number}}}")
            case 2:
                lines.insert(0, f"ARG V={draw(st.sampled_from(['1', '2-slim']))}")
                lines.append(f"FROM {draw(NAMES)}:$V{draw(st.sampled_from(['', '-x']))}")
            case 3:
                lines.append(f"FROM scratch\nCOPY  --from={draw(REFERENCES)}  a b # c")
            case 4:
                lines.append(f"FROM scratch\nRUN --mount=from={draw(REFERENCES)},target=/x \\\n  # {image}\n  true")
            case _:
                lines.append(f"# {image}\nFROM scratch\nLABEL image={image}\n")
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n"]))


@st.composite
def compose_files(draw: st.DrawFn) -> str:
    lines = ["services:"]
    for number in range(draw(st.integers(1, 4))):
        quote, image = draw(QUOTES), draw(REFERENCES)
        if draw(st.booleans()):
            image = f"{draw(NAMES)}:${{T{draw(st.sampled_from([':-1', '-1', '', ':?x']))}}}"
        quote = quote or ('"' if "$" in image else "")
        lines += [
            f"  s{number}:",
            f"    image: {quote}{image}{quote}  # {image}",
            f"    labels: [{quote or chr(34)}{image}{quote or chr(34)}]",
        ]
        if draw(st.booleans()):
            lines.append("    build: .")
    return "\n".join(lines) + "\n"


def holds(name: str, text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        new, results = pin(Path(folder), name, text)
        untagged = any(result.spot.name and result.spot.name.tag is None for result in results)
        if untagged:
            assert bare(new).replace(":latest", "") == bare(text).replace(":latest", "")
        else:
            assert bare(new) == bare(text)
        again, after = pin(Path(folder), name, new)
        assert again == new
        assert not {one.state for one in after} & {"missing", "moved"}


def bare(text: str) -> str:
    return DIGEST.sub("", text)


@given(dockerfiles())
@draws(150)
def test_in_a_dockerfile_nothing_but_digests_changes(text: str) -> None:
    holds("Dockerfile", text)


@given(compose_files())
@draws(100)
def test_in_a_compose_file_nothing_but_digests_changes(text: str) -> None:
    holds("compose.yaml", text)


ODD = st.lists(
    st.sampled_from(
        [
            "FROM ", "ARG A=", "${A", "${A:-", "}", "$A", "$$", "\n", "\\\n", '"', "'", "image: ", "services:\n  a:\n    ", "x:1", "@sha256:", "a" * 64,
            "docker run ", "$(I)", "I=", "containers: [", "{", "]", "apiVersion: v1\nkind: Pod\n", "\x00", "\x1b", "é", "*a", "&a ", "<<: ", "--from=", "RUN --mount=from=",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(ODD, st.sampled_from(["dockerfile", "compose", "kubernetes", "run"]))
@draws(200)
def test_no_text_makes_a_reader_fail(text: str, kind: PinnedFileKind) -> None:
    found = texts.find(kind, Source("some/file", text))
    for spot in found.spots:
        assert spot.stuck or spot.seat is not None
        if spot.seat is not None:
            assert 0 <= spot.seat.start <= spot.seat.end <= len(text)


def test_readers_stay_quick() -> None:
    many = "".join(f"ARG A{number}=x:{number}\n" for number in range(2000)) + "".join(
        f"FROM $A{number}\n" for number in range(2000)
    )
    assert len(texts.find("dockerfile", Source("Dockerfile", many)).spots) == 2000
    script = "".join(f"A{number}=x:1\ndocker run $A{number}\n" for number in range(2000))
    assert texts.find("run", Source("a.sh", script)).spots
    assert texts.find("dockerfile", Source("Dockerfile", "FROM " + "${A:-" * 10_000)).spots[0].stuck
    assert (
        len(texts.find("compose", Source("c.yaml", "services: {a: {image: 'x:" + "${A:-" * 10_000 + "'}}")).spots) == 1
    )
