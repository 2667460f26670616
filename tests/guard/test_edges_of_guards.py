"""What a guard reads and writes at its bounds: exactly the most that is allowed, and one more."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from sealock.errors import TargetError
from sealock.guard import peers
from sealock.guard.afterwards import _place
from sealock.guard.archives import read_archive
from sealock.guard.decision.exchange import ArchiveAnswer, ArchiveQuestion, ImageAnswer, ImageQuestion, NoAnswer
from sealock.guard.hostpaths import PathError, resolve
from sealock.guard.http1 import ChunkReader, WireError, read_request
from sealock.guard.imageevidence import StoredEvidence, StoredImage, digest_of
from sealock.guard.log import masked_body
from sealock.guard.logreading import read_log
from sealock.guard.metrics import GuardMetrics
from sealock.guard.permits import caller_table
from sealock.model.process import Mounted
from support.malformedrequests import head
from support.oddcontexts import GOOD, archive, link, member

DIGEST = f"sha256:{'a' * 64}"
STORED = StoredImage(DIGEST, "nginx", datetime.now(UTC), "", ())


@pytest.mark.parametrize(("length", "sound"), [(64 << 10, True), ((64 << 10) + 1, False)], ids=["longest", "one more"])
def test_a_target_has_at_most_so_many_bytes(length: int, *, sound: bool) -> None:
    text = head(b"GET /%b HTTP/1.1" % (b"x" * (length - 1)))
    if sound:
        assert len(read_request(text).target) == length
    else:
        with pytest.raises(WireError, match="target is longer"):
            read_request(text)


@pytest.mark.parametrize(("lines", "sound"), [(98, True), (99, False)], ids=["the most", "one more"])
def test_a_head_has_at_most_a_hundred_lines(lines: int, *, sound: bool) -> None:
    text = head(b"GET /a HTTP/1.1", *(b"X-%d: y" % number for number in range(lines)))
    assert text.count(b"\r\n") - 1 == lines + 2
    if sound:
        assert read_request(text).target == "/a"
    else:
        with pytest.raises(WireError, match="more than 100 lines"):
            read_request(text)


@pytest.mark.parametrize(("digits", "why"), [(15, ""), (16, "is malformed"), (17, "is too long")])
def test_the_size_of_a_chunk_has_at_most_fifteen_digits(digits: int, why: str) -> None:
    line = b"1".rjust(digits, b"0") + b"\r\n"
    reader = ChunkReader()
    if why:
        with pytest.raises(WireError, match=why):
            reader.feed(line)
    else:
        parts, _ = reader.feed(line + b"x\r\n0\r\n\r\n")
        assert b"".join(map(bytes, parts)) == b"x"
        assert reader.done


@pytest.mark.parametrize(("parts", "sound"), [(512, True), (513, False)], ids=["the most", "one more"])
def test_a_path_has_at_most_so_many_parts(tmp_path: Path, parts: int, *, sound: bool) -> None:
    above = len(tmp_path.parts) - 1
    path = f"{tmp_path}{'/a' * (parts - above)}"
    if sound:
        assert resolve(path).kind == "missing"
    else:
        with pytest.raises(PathError, match="too many parts"):
            resolve(path)


def test_a_sticky_directory_that_only_its_owner_writes_adds_nobody(tmp_path: Path) -> None:
    way = tmp_path / "way"
    (way / "end").mkdir(parents=True)
    os.chown(way / "end", 777, -1)
    for mode, added in ((0o1755, False), (0o1775, True), (0o1757, True)):
        way.chmod(mode)
        assert (777 in resolve(f"{way}/end").writers) == added, oct(mode)


BODIES = {"the longest body": (64 << 10, True), "one byte more": ((64 << 10) + 1, False)}


@pytest.mark.parametrize(("length", "shown"), BODIES.values(), ids=BODIES)
def test_a_body_of_so_many_bytes_is_shown(length: int, *, shown: bool) -> None:
    masked = masked_body(b'"' + b"x" * (length - 2) + b'"')
    assert isinstance(masked, msgspec.Raw)
    assert (json.loads(bytes(masked)) == f"{length} bytes") != shown


@pytest.mark.parametrize(("depth", "shown"), [(40, True), (41, False)], ids=["deepest", "one deeper"])
def test_a_body_of_so_many_levels_is_shown(depth: int, *, shown: bool) -> None:
    masked = masked_body(b"[" * depth + b'"x"' + b"]" * depth)
    assert isinstance(masked, msgspec.Raw)
    assert (b"x" in bytes(masked)) == shown


@pytest.mark.parametrize(("length", "sound"), [(1 << 20, True), ((1 << 20) + 1, False)], ids=["longest", "one more"])
def test_a_line_of_a_log_has_at_most_a_mebibyte(length: int, *, sound: bool) -> None:
    start, end = b'{"event": "', b'"}'
    line = start + b"x" * (length - len(start) - len(end)) + end
    if sound:
        assert list(read_log(iter([line]), "log")) == []
    else:
        with pytest.raises(TargetError, match="log:1: this is no line"):
            list(read_log(iter([line]), "log"))


def test_two_hundred_callers_are_counted_by_their_names() -> None:
    metrics = GuardMetrics()
    for number in range(201):
        metrics.request(f"c{number}", "GET /info", "allowed", 0.1)
    metrics.request("c199", "GET /info", "allowed", 0.1)
    assert metrics.total("requests_total", caller="c199") == 2
    assert metrics.total("requests_total", caller="c200") == 0
    assert metrics.total("requests_total", caller="others") == 1


@pytest.mark.parametrize(("length", "rows"), [(98, 1), (99, 3)], ids=["a row's width", "one more"])
def test_a_list_that_fills_a_row_stays_in_it(length: int, rows: int) -> None:
    written = caller_table("x", {"allow": ["x" * length]}).splitlines()[2:]
    assert len(written) == rows
    assert max(map(len, written)) <= 110


# Evidence.


@pytest.mark.parametrize(
    ("stored", "known"),
    [
        (STORED, True),
        (replace(STORED, digest=f"sha256:{'b' * 64}"), False),
        (replace(STORED, at=datetime.now(UTC).replace(tzinfo=None)), False),
    ],
    ids=["of this image", "of another image", "of no zone"],
)
def test_only_what_is_stored_of_an_image_is_known_of_it(stored: StoredImage, tmp_path: Path, *, known: bool) -> None:
    store = StoredEvidence(str(tmp_path))
    store.store(STORED)
    (tmp_path / "evidence" / f"{'a' * 64}.json").write_bytes(msgspec.json.encode(stored))
    answer = store.answer(ImageQuestion("nginx", ("trust",)), {"RepoDigests": [f"nginx@{DIGEST}"]})
    assert isinstance(answer, ImageAnswer if known else NoAnswer)


REFERENCES: dict[str, tuple[Any, str]] = {
    "a text that is no name": (["a:b:c", f"nginx@{DIGEST}"], DIGEST),
    "a number": ([5, f"nginx@{DIGEST}"], DIGEST),
    "a name of this repository without a digest": (["nginx:1", f"nginx@{DIGEST}"], ""),
    "the same repository of another registry": ([f"ghcr.io/library/nginx@{DIGEST}"], ""),
    "null": (None, ""),
}


@pytest.mark.parametrize(("references", "digest"), REFERENCES.values(), ids=REFERENCES)
def test_a_digest_is_that_of_the_same_repository(references: Any, digest: str) -> None:
    assert digest_of("nginx", {"RepoDigests": references}) == digest


# Who calls, and what is mounted.

CGROUPS: dict[str, tuple[dict[str, str], dict[str, str], bool]] = {
    "the container's own": ({"": "/docker/c1"}, {"": "/docker/c1"}, True),
    "one below the container's": ({"": "/docker/c1/x"}, {"": "/docker/c1"}, True),
    "one whose name begins alike": ({"": "/docker/c12"}, {"": "/docker/c1"}, False),
    "the one above": ({"": "/docker"}, {"": "/docker/c1"}, False),
    "of one controller only": ({"cpu": "/docker/c1", "memory": "/user"}, {"cpu": "/docker/c1", "memory": "/docker/c1"}, False),
    "of a controller that is missing": ({"cpu": "/docker/c1"}, {"cpu": "/docker/c1", "memory": "/docker/c1"}, False),
    "a container in the root group": ({"": "/"}, {"": "/"}, False),
    "a container that is gone": ({"": "/docker/c1"}, {}, False),
}  # fmt: skip


@pytest.mark.parametrize(("own", "container", "within"), CGROUPS.values(), ids=CGROUPS)
def test_a_process_is_of_a_container_by_all_its_cgroups(
    own: dict[str, str], container: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, within: bool
) -> None:
    monkeypatch.setattr(peers, "_groups", {1: own, 2: container}.__getitem__)
    assert peers.is_within(1, 2) is within


def mounted(target: str, root: str, device: str) -> Mounted:
    known: dict[str, Any] = {"target": target, "root": root, "device": device}
    names = Mounted.__struct_fields__
    return Mounted(**{name: known.get(name, "") for name in names})


MOUNTS = (
    mounted("/", "/", "8:1"),
    mounted("/srv", "/export", "8:2"),
    mounted("/srv/a", "/", "8:3"),
    mounted("/srv/a", "/", "8:4"),
)
PLACES = {
    "the mounted directory itself": ("/srv", ("8:2", "/export")),
    "a file below it": ("/srv/x", ("8:2", "/export/x")),
    "a name that begins alike": ("/srvx", ("8:1", "/srvx")),
    "what is mounted over another": ("/srv/a", ("8:4", "/")),
    "a file below that": ("/srv/a/x", ("8:4", "/x")),
    "the root directory": ("/", ("8:1", "/")),
}


@pytest.mark.parametrize(("path", "place"), PLACES.values(), ids=PLACES)
def test_a_path_is_in_the_file_system_that_was_mounted_last(path: str, place: tuple[str, str]) -> None:
    assert _place(MOUNTS, path) == place
    assert _place(MOUNTS[::-1], path)[0] == ("8:3" if place[0] == "8:4" else place[0])


# Archives.


def answered(data: bytes, question: ArchiveQuestion) -> ArchiveAnswer:
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_archive(file.fileno(), question)


LARGE = GOOD + "#" * ((4 << 20) - len(GOOD))
CONTEXTS: dict[str, tuple[bytes, str, str]] = {
    "the context itself as its Dockerfile": (archive(member("Dockerfile", GOOD)), ".", "outside of the context"),
    "a Dockerfile below a directory beside a link": (archive(link("x", "y"), member("a/b", GOOD)), "a/b", ""),
    "the largest Dockerfile": (archive(member("Dockerfile", LARGE)), "", ""),
    "a Dockerfile of one byte more": (archive(member("Dockerfile", f"{LARGE}#")), "", "larger than 4 MiB"),
}


@pytest.mark.parametrize(("data", "name", "why"), CONTEXTS.values(), ids=CONTEXTS)
def test_a_dockerfile_is_found_in_its_context(data: bytes, name: str, why: str) -> None:
    answer = answered(data, ArchiveQuestion("context", name))
    assert why in answer.wrong
    assert bool(answer.wrong) == bool(why)
    assert answer.dockerfile.startswith(GOOD) != bool(why)


@pytest.mark.parametrize("digest", ["../x:ab", "sha256:../x", ":ab", "sha256:"])
def test_no_blob_of_an_archive_is_outside_of_its_place(digest: str) -> None:
    index = json.dumps({"manifests": [{"digest": digest}]})
    assert "which is no digest" in answered(archive(member("index.json", index)), ArchiveQuestion("images")).wrong
