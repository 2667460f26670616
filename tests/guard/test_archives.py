"""Archives that clients stream: what the guard reads of them is there once, and what it reads decides."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import socket
import tarfile
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.guard.archives import Spool, read_archive
from sealock.guard.decision.exchange import Allowed, ArchiveAnswer, ArchivedImage, ArchiveQuestion
from sealock.guard.enginedoor import EngineDoor
from sealock.guard.forwarding import Forwarder
from sealock.guard.http1 import ChunkReader, WireError
from sealock.guard.sockets import Line
from support.guardworld import OPEN, GuardWorld, rules
from support.oddcontexts import CONTEXTS, GOOD, Member, OddContext, archive, folder, link, member


def read(data: bytes, question: ArchiveQuestion) -> ArchiveAnswer:
    """What is read of an archive."""
    with TemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_archive(file.fileno(), question)


@pytest.mark.parametrize("context", CONTEXTS, ids=lambda context: context.what)
def test_a_dockerfile_is_read_where_it_stands_once(context: OddContext) -> None:
    answer = read(context.data, ArchiveQuestion("context", context.dockerfile))
    if context.text.startswith("FROM"):
        assert answer == ArchiveAnswer(context.text)
    else:
        assert not answer.dockerfile
        assert context.text in answer.wrong


@given(st.data())
def test_a_changed_archive_is_read_or_refused(data: st.DataObject) -> None:
    changed = bytearray(
        data.draw(st.sampled_from([context.data for context in CONTEXTS if len(context.data) < 40_000]))
    )
    for _ in range(data.draw(st.integers(1, 4))):
        if changed:
            changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    for question in (ArchiveQuestion("context"), ArchiveQuestion("images")):
        answer = read(bytes(changed), question)
        assert bool(answer.wrong) != bool(answer.dockerfile or answer.images)


def blob(value: object) -> tuple[str, Member]:
    """A JSON blob: its digest, and its member."""
    text = json.dumps(value)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"sha256:{digest}", member(f"blobs/sha256/{digest}", text)


def saved(
    *tags: str, labels: dict[str, str] | None = None, user: str = "", index: Any = None, manifest: Any = None, more: tuple[Member, ...] = ()
) -> bytes:  # fmt: skip
    """An archive as docker save writes it, with its parts exchanged."""
    config, stored = blob({"architecture": "amd64", "os": "linux", "config": {"Labels": labels or {}, "User": user}})
    described, image = blob({"config": {"digest": config}, "layers": []})
    listed = [{"Config": stored.name, "RepoTags": list(tags), "Layers": []}] if manifest is None else manifest
    names = [
        {
            "digest": described,
            "annotations": {"io.containerd.image.name": tag, "org.opencontainers.image.ref.name": "x"},
        }
        for tag in tags
    ]
    rows = [folder("blobs"), folder("blobs/sha256"), stored, image]
    rows += [member("manifest.json", json.dumps(listed))] if listed != "" else []
    rows += [member("index.json", json.dumps({"manifests": names} if index is None else index))] if index != "" else []
    return archive(*rows, *more)


_HAS = "own:1"
_IMAGE = blob(
    {
        "config": {"digest": blob({"architecture": "amd64", "os": "linux", "config": {"Labels": {}, "User": ""}})[0]},
        "layers": [],
    }
)
_NAMED = {"manifests": [{"digest": _IMAGE[0], "annotations": {"io.containerd.image.name": "other:1"}}]}
_CONFIG = f"blobs/sha256/{blob({'architecture': 'amd64', 'os': 'linux', 'config': {'Labels': {}, 'User': ''}})[0][7:]}"
IMAGES: list[tuple[str, bytes, set[str] | str]] = [
    ("as docker save writes it", saved(_HAS), {_HAS}),
    ("manifest.json only", saved(_HAS, index=""), {_HAS}),
    ("index.json only", saved(_HAS, manifest=""), {_HAS}),
    ("without a name", saved(), set()),
    ("another name in index.json", saved(_HAS, index=_NAMED), {_HAS, "other:1"}),
    ("an index in the index", saved(_HAS, manifest="", index={"manifests": [{"digest": blob(_NAMED)[0], "annotations": {"org.opencontainers.image.ref.name": "deep:1"}}]}, more=(blob(_NAMED)[1],)), {"other:1", "deep:1"}),
    ("a platform that is not there", saved(_HAS, manifest="", index={"manifests": [*_NAMED["manifests"], {"digest": f"sha256:{'0' * 64}"}]}), {"other:1"}),
    ("keys in another case", saved(manifest=[{"Config": _CONFIG, "repotags": ["other:1"]}]), "which engines read as another"),
    ("a key with the long s", saved(manifest=[{"Config": _CONFIG, "RepoTag\u017f": ["other:1"]}]), "which engines read as another"),
    ("keys of the index in another case", saved(manifest="", index={"Manifests": []}), "which engines read as another"),
    ("manifest.json twice", saved(_HAS, more=(member("manifest.json", "[]"),)), "stands twice"),
    ("manifest.json is a link", saved(_HAS, manifest="", more=(link("manifest.json", "index.json"),)), "no plain file"),
    ("its configuration twice", saved(_HAS, more=(member(_CONFIG, "{}"),)), "stands twice"),
    ("blobs through a link", saved(_HAS, more=(link("b", "blobs"), member("b/sha256/x", "{}"))), "through a link"),
    ("a configuration that is not there", saved(manifest=[{"Config": "x.json", "RepoTags": ["other:1"]}]), "does not hold"),
    ("a manifest that is not there", saved(manifest="", index={"manifests": [{"digest": f"sha256:{'0' * 64}", "annotations": {"org.opencontainers.image.ref.name": "other:1"}}]}), "does not hold"),
    ("a digest that is a path", saved(manifest="", index={"manifests": [{"digest": "sha256:../../x"}]}), "no digest"),
    ("an index that leads to itself too deep", saved(_HAS, index={"manifests": [{"digest": "sha256:1"}]}, more=tuple(member(f"blobs/sha256/{n}", json.dumps({"manifests": [{"digest": f"sha256:{n + 1}"}]})) for n in range(1, 12))), "nested too deep"),
    ("no JSON", saved(more=(), manifest=[{"Config": 1}]), "cannot be read"),
    ("an archive of something else", archive(member("x", "y")), "neither manifest.json nor index.json"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "data", "names"), IMAGES, ids=[row[0] for row in IMAGES])
def test_all_names_that_images_take_are_read(what: str, data: bytes, names: set[str] | str) -> None:
    answer = read(data, ArchiveQuestion("images"))
    if isinstance(names, str):
        assert names in answer.wrong, answer
    else:
        assert {name for image in answer.images for name in image.names} == names, (what, answer.wrong)
        assert f"sha256:{_CONFIG[-64:]}" in answer.images[0].ids


def test_an_archive_of_many_files_takes_little_memory() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for number in range(20_000):
            tar.addfile(tarfile.TarInfo(f"node_modules/{number}/index.js"))
        tar.addfile(member("Dockerfile", GOOD), io.BytesIO(GOOD.encode()))
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert read(made.getvalue(), ArchiveQuestion("context")).dockerfile == GOOD
    assert len(list(Path("/proc/self/fd").iterdir())) == before


async def received_from(sock: socket.socket) -> bytes:
    """All that comes from a socket."""
    received = b""
    while piece := await asyncio.get_running_loop().sock_recv(sock, 65536):
        received += piece
    return received


@pytest.mark.parametrize("limit", [1 << 20, 5000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_kept_body_goes_on_as_it_came(*, chunked: bool, limit: int) -> None:
    """Also one that is larger than what is kept, which passes where nothing is denied."""
    body = bytes(range(256)) * 2500
    parts = [body[:300_000], body[300_000:300_001], body[300_001:]]
    wire = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n" if chunked else body

    async def carried() -> bytes:
        loop = asyncio.get_running_loop()
        theirs, ours = socket.socketpair()
        out, engine = socket.socketpair()
        for sock in (theirs, engine):
            sock.setblocking(False)
        line, target = Line(ours, loop), Line(out, loop)
        sending = asyncio.ensure_future(loop.sock_sendall(theirs, wire + b"next"))
        with closing(Spool()) as kept:
            await kept.fill(line, -1 if chunked else len(body), limit, lambda: None)
            assert kept.complete == (limit > len(body))
            forwarder = Forwarder(line, EngineDoor("/nowhere", loop))
            length = kept.size if kept.complete else -1 if chunked else len(body)
            receiving = asyncio.ensure_future(received_from(engine))
            await forwarder.send_body(length, target, kept)
        target.close()
        await sending
        received = await receiving
        if not kept.complete and chunked:
            reader = ChunkReader()
            received = b"".join(map(bytes, reader.feed(received)[0]))
            assert reader.done
        while len(line.buffer) < len(b"next") and await line.more():
            pass
        assert bytes(line.buffer) == b"next"
        line.close()
        theirs.close()
        engine.close()
        return received

    assert asyncio.run(carried()) == body


def test_a_body_that_ends_early_is_refused() -> None:
    async def filled() -> None:
        theirs, ours = socket.socketpair()
        theirs.sendall(b"5\r\nabc")
        theirs.close()
        line = Line(ours, asyncio.get_running_loop())
        with closing(line), closing(Spool()) as kept, pytest.raises(WireError, match="ended within the body"):
            await kept.fill(line, -1, 1 << 20, lambda: None)

    asyncio.run(filled())


def world(policy: str, dockerfile: str = "", images: tuple[ArchivedImage, ...] = (), **answer: str) -> GuardWorld:
    """A world where the request streams an archive."""
    made = GuardWorld(OPEN + policy)
    made.archive = ArchiveAnswer(dockerfile, images, **answer)
    return made


_DIGEST = f"sha256:{'a' * 64}"
_PINNED = f"FROM debian:12@{_DIGEST}\nUSER 1\n"
BUILDS = [
    ("a plain one", "", "FROM debian:12\nRUN make\nUSER 1\n", set()),
    ("without the sandbox", "", "FROM debian:12\nRUN --security=insecure mount -t tmpfs x /mnt\nUSER 1\n", {"B044"}),
    ("without the sandbox, whatever denies", 'fail-on = "critical"', "FROM debian:12\nRUN --network=host make\nUSER 1\n", {"B044"}),
    ("a password", "", "FROM debian:12\nRUN echo root:x | chpasswd\nUSER 1\n", {"B039"}),
    ("a password that is accepted", 'accept = ["B039"]', "FROM debian:12\nRUN echo root:x | chpasswd\nUSER 1\n", set()),
    ("root", "", "FROM debian:12\nRUN make\n", set()),
    ("root, where that denies", 'deny = ["C046"]', "FROM debian:12\nRUN make\n", {"C046"}),
    ("a comment suppresses nothing", "", "FROM debian:12\n# sealock: ignore B039\nRUN echo root:x | chpasswd\nUSER 1\n", {"B039"}),
    ("another base image", 'images = ["docker.io/library/debian"]', "FROM alpine:3\nUSER 1\n", {"G009"}),
    ("another base image, of a stage", 'images = ["docker.io/library/debian"]', "FROM alpine:3 AS a\nFROM debian:12\nCOPY --from=a /x /\nUSER 1\n", {"G009"}),
    ("another image to copy from", 'images = ["docker.io/library/debian"]', "FROM debian:12\nCOPY --from=alpine:3 /x /\nUSER 1\n", {"G009"}),
    ("a stage is no image", 'images = ["docker.io/library/debian"]', "FROM debian:12 AS a\nFROM a\nCOPY --from=0 /x /\nUSER 1\n", set()),
    ("nothing is no image", 'images = ["docker.io/library/debian"]', "FROM scratch\nUSER 1\n", set()),
    ("a base image of an argument", 'images = ["docker.io/library/debian"]', "ARG B=debian:12\nFROM $B\nUSER 1\n", set()),
    ("a base image of an argument that is not given", 'images = ["docker.io/library/debian"]', "ARG B\nFROM $B\nUSER 1\n", {"G009"}),
    ("a base image by an id", 'images = ["docker.io/library/*"]', "FROM 0123456789ab\nUSER 1\n", {"G009"}),
    ("no digest", 'require = ["digest"]', "FROM debian:12\nUSER 1\n", {"G009"}),
    ("a digest", 'require = ["digest"]', _PINNED, set()),
    ("no evidence", 'require = ["trust"]', _PINNED, {"G011"}),
    ("another caller's image", "own = true", "FROM theirs:1\nUSER 1\n", {"G005"}),
    ("another caller's image, mounted", "own = true", "FROM debian:12\nRUN --mount=type=bind,from=theirs:1,target=/x ls\nUSER 1\n", {"G005"}),
    ("another image, mounted", 'images = ["docker.io/library/debian"]', "FROM debian:12\nRUN --mount=from=alpine:3,target=/x ls\nUSER 1\n", {"G009"}),
    ("a stage, mounted", 'images = ["docker.io/library/debian"]', "FROM debian:12 AS a\nFROM a\nRUN --mount=from=A,target=/x --mount=from=0,target=/y --mount=type=cache,target=/z ls\nUSER 1\n", set()),
    ("an archive of the host", 'accept = ["B062"]', "FROM docker-archive:x.tar\nUSER 1\n", {"G009"}),
    ("an archive of the host to copy from", "", "FROM debian:12\nCOPY --from=oci-archive:/srv/x.tar / /x\nUSER 1\n", {"G009"}),
    ("a directory of the host, mounted", "", "FROM debian:12\nRUN --mount=from=dir:/srv/x,target=/x ls\nUSER 1\n", {"G009"}),
    ("an image called like a program", 'accept = ["B062"]', "FROM docker:27.3.1\nUSER 1\n", set()),
    ("a file that the engine fetches", "", "FROM debian:12.9\nUSER 1\nADD https://169.254.169.254/x /x\n", {"G015"}),
    ("a file that the engine fetches, in an argument", "", "FROM debian:12.9\nUSER 1\nARG U=https://10.0.0.1/x\nADD $U /x\n", {"G015"}),
    ("a file of an address that is not known", "", "FROM debian:12.9\nUSER 1\nADD $U /x\n", {"G015"}),
    ("a file of the context", "", "FROM debian:12.9\nUSER 1\nADD x.tar /x\n", set()),
    ("a file that the engine fetches, after one of the context", "", "FROM debian:12.9\nUSER 1\nADD x.tar HTTPS://10.0.0.1/x /x/\n", {"G015"}),
    ("a file that the engine fetches, in another step", "", "FROM debian:12.9\nUSER 1\nADD x.tar /x\nADD https://10.0.0.1/x /y\n", {"G015"}),
    ("a file of an address that is not known, which the engine may fetch", 'accept = ["G015"]', "FROM debian:12.9\nUSER 1\nADD $U /x\n", set()),
    ("a file that is called like an address", "", "FROM debian:12.9\nUSER 1\nADD https.tar x-http://y.tar /x/\n", set()),
    ("an image to copy from", 'images = ["docker.io/library/debian"]', "FROM debian:12\nCOPY --from=alpine:3 /x /x\nUSER 1\n", {"G009"}),
    ("a stage to copy from", 'images = ["docker.io/library/debian"]', "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a /x /x\nUSER 1\n", set()),
    ("the context to copy from, then an image", 'images = ["docker.io/library/debian"]', "FROM debian:12\nCOPY x /x\nCOPY --from=alpine:3 /x /x\nUSER 1\n", {"G009"}),
    ("an image to copy from in a stage that builds on another", 'images = ["docker.io/library/debian"]', "FROM debian:12 AS a\nFROM a\nCOPY --from=alpine:3 /x /x\nUSER 1\n", {"G009"}),
    ("a base image that is not known, for an owner", "own = true", "ARG B\nFROM $B\nUSER 1\n", {"G009"}),
    ("a base image that is not known, of which something is required", 'require = ["digest"]', "ARG B\nFROM $B\nUSER 1\n", {"G009"}),
    ("a base image that is not known, where any may be", "", "ARG B\nFROM $B\nUSER 1\n", set()),
    ("a cache, then an image, mounted", 'images = ["docker.io/library/debian"]', "FROM debian:12\nRUN --mount=type=cache,target=/z --mount=from=alpine:3,target=/x ls\nUSER 1\n", {"G009"}),
    ("a stage that is not there by its number, mounted", 'images = ["docker.io/library/debian"]', "FROM debian:12\nRUN --mount=from=7,target=/x ls\nUSER 1\n", {"G009"}),
    ("a rule's fault that is accepted", 'accept = ["B044"]', "FROM debian:12.9\nUSER 1\nRUN --network=host true\n", set()),
    ("a rule's fault of a lower severity", "", "FROM debian:12.9\nUSER 1\nADD x /x\n", set()),
    ("a rule's fault of a lower severity, denied by name", 'deny = ["B008"]', "FROM debian:12.9\nUSER 1\nADD x /x\n", {"B008"}),
    ("a rule's fault that is denied and accepted", 'deny = ["B008"]\naccept = ["B008"]', "FROM debian:12.9\nUSER 1\nADD x /x\n", set()),
    ("a file that the engine may fetch", 'accept = ["G015"]', "FROM debian:12.9\nUSER 1\nADD https://10.0.0.1/x /x\n", set()),
    ("no Dockerfile at all", "", "nothing of this kind\n", {"G016"}),
]  # fmt: skip


@pytest.mark.parametrize(("what", "policy", "text", "denied"), BUILDS, ids=[row[0] for row in BUILDS])
def test_the_dockerfile_of_a_build_decides(what: str, policy: str, text: str, denied: set[str]) -> None:
    made = world(policy, text)
    made.engine["/images/0123456789ab/json"] = {"Id": "x", "RepoTags": ["secret:1"]}
    made.engine["/images/theirs:1/json"] = {"Config": {"Labels": {"sealock.guard.owner": "them"}}}
    assert (
        rules(made.decide("POST /v1.44/build?t=new:1" if "images" not in policy else "POST /v1.44/build")) == denied
    ), what


@pytest.mark.parametrize(
    ("text", "skipped"), [("FROM debian:12\nUSER 1\n", False), ("ARG T\nFROM debian:$T\nUSER 1\n", True)]
)
def test_rules_that_could_not_be_evaluated_on_a_build_are_named(text: str, *, skipped: bool) -> None:
    decision = world("", text).decide("POST /v1.44/build?t=new:1")
    assert isinstance(decision, Allowed)
    assert ("B062" in decision.skipped) is skipped
    assert rules(world('deny = ["B062"]', text).decide("POST /v1.44/build?t=new:1")) == ({"B062"} if skipped else set())


@pytest.mark.parametrize("query", ["", "&remote=client-session", "&remote=upload-request", "&version=1&session="])
def test_a_context_that_the_client_sends_is_read_whatever_it_is_called(query: str) -> None:
    made = GuardWorld(OPEN)
    made.archive = ArchiveAnswer("FROM debian:12.9\nUSER 1000\nRUN --network=host true\n")
    assert "B044" in rules(made.decide(f"POST /build?t=x{query}", b"", media="application/x-tar"))


def test_build_arguments_count_as_the_engine_takes_them() -> None:
    made = world('images = ["docker.io/library/debian"]', "ARG B=debian:12\nFROM $B\nUSER 1\n")
    line = "POST /v1.44/build?buildargs="
    assert rules(made.decide(f"{line}%7B%22B%22%3A%22alpine%22%7D")) == {"G009"}
    assert rules(made.decide(f"{line}%7B%22B%22%3Anull%7D")) == set()
    assert rules(made.decide(f"{line}%5B%5D")) == {"G003"}


LOADS: list[tuple[str, str, tuple[str, ...], dict[str, str], set[str]]] = [
    ("any", "", ("new:1",), {}, set()),
    ("a name that the caller may not give", 'images = ["docker.io/mine/*"]', ("new:1",), {}, {"G009"}),
    ("a name that the caller may give", 'images = ["docker.io/mine/*"]', ("docker.io/mine/a:1",), {}, set()),
    ("the name of a pulled image", "own = true", ("pulled:1",), {}, {"G005"}),
    ("the name of an image of a registry", 'require = ["digest"]', ("pulled:1",), {}, {"G009"}),
    ("the same image again", "own = true", ("same:1", "docker.io/library/same:1"), {}, set()),
    ("the caller's own name", "own = true", ("mine:1",), {}, set()),
    ("another's label", "own = true", ("new:1",), {"sealock.guard.owner": "them"}, {"G005"}),
    ("no name", 'images = ["docker.io/mine/*"]', (), {}, set()),
]


@pytest.mark.parametrize(("what", "policy", "names", "labels", "denied"), LOADS, ids=[row[0] for row in LOADS])
def test_a_load_is_decided_by_its_names_and_labels(
    what: str, policy: str, names: tuple[str, ...], labels: dict[str, str], denied: set[str]
) -> None:
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": labels, "User": "1"}})
    made = world(policy, images=(ArchivedImage(names, config, ("sha256:1", "sha256:2")),))
    made.engine["/images/same:1/json"] = {"Id": "sha256:2", "Config": {}}
    made.engine["/images/docker.io/library/same:1/json"] = {"Id": "sha256:2", "Config": {}}
    made.engine["/images/pulled:1/json"] = {"RepoDigests": [f"pulled@{_DIGEST}"], "Config": {}}
    made.engine["/images/mine:1/json"] = {"Config": {"Labels": {"sealock.guard.owner": "all"}}}
    assert rules(made.decide("POST /v1.44/images/load")) == denied, what


def test_a_secret_in_a_loaded_image_denies() -> None:
    config = {"config": {"User": "1", "Env": ["AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzzzzKEY1"]}}
    made = world("", images=(ArchivedImage(("a:1",), json.dumps(config)),))
    assert "C083" in rules(made.decide("POST /v1.44/images/load"))


@pytest.mark.parametrize("line", ["POST /v1.44/build", "POST /v1.44/images/load"])
def test_an_archive_that_is_not_read_is_named_or_denied(line: str) -> None:
    wrong = world("", wrong="it is larger than 8 GiB", remedy="send less")
    assert rules(wrong.decide(line)) == {"G016"}
    accepted = world('accept = ["G016"]', wrong="it is larger than 8 GiB").decide(line)
    assert isinstance(accepted, Allowed)
    assert "the images in the archive" in accepted.unread or "the Dockerfile and" in accepted.unread
    plugin = world("", unread="the engine gives a plugin no streams")
    assert isinstance(plugin.decide(line), Allowed)
    assert rules(world('deny = ["G016"]', unread="the engine gives a plugin no streams").decide(line)) == {"G016"}


@pytest.mark.parametrize(
    "line", ["PUT /v1.44/containers/a/archive?path=/x", "POST /v1.44/images/create?fromSrc=-&repo=a"]
)
def test_other_streams_are_denied_where_the_policy_asks_for_it(line: str) -> None:
    assert rules(world('deny = ["G016"]').decide(line)) == {"G016"}
    assert isinstance(world("").decide(line), Allowed)
