"""The workflow asks for what it must and no more, and whatever comes, it ends in a verdict."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TargetError, TransportError
from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.result import find_tag
from sealock.trust.notary.workflow import Update
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError
from support.draws import draws
from support.simulators.notary import NOW, Author, NotarySimulator

GUN = "example.com/app"
ROLES = ("root", "timestamp", "snapshot", "targets", "targets/releases")


def made() -> tuple[Author, str]:
    """A repository whose releases sign a tag, and its digest."""
    author = Author(NotarySimulator(), GUN)
    digest = f"sha256:{secrets.token_hex(32)}"
    author.delegated["targets/releases"] = ([generate()], [""])
    author.put_delegation("targets/releases", {"v1": (digest, 9)})
    author.publish()
    return author, digest


class Memory:
    """A source that gives files by role, changed by whoever wants to change them."""

    def __init__(self, author: Author, change: Callable[[str, bytes], bytes | None] = lambda _role, raw: raw) -> None:
        self.author, self.change = author, change
        self.asked: list[str] = []

    def get(self, name: str, role: str, limit: int, /) -> bytes | None:
        self.asked.append(name.partition(".")[0])
        raw = self.author.shelf.find(name)
        changed = None if raw is None else self.change(role, raw)
        if changed is not None and len(changed) > limit:
            raise MetadataRefusedError(check="size", why="too large")
        return changed


def update(source: Memory, cached: Mapping[str, bytes]) -> Update:
    one = Update(GUN, Pin(), NOW, source, cached.get)
    one.run()
    return one


AUTHOR, DIGEST = made()
CACHED = update(Memory(AUTHOR), {}).fresh


def test_first_it_asks_for_all_and_then_for_the_timestamp_alone() -> None:
    source = Memory(AUTHOR)
    fresh = update(source, {}).fresh
    assert source.asked == list(ROLES)
    source = Memory(AUTHOR)
    update(source, fresh)
    assert source.asked == ["timestamp"]


@draws(200)
@given(role=st.sampled_from(ROLES), at=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), known=st.booleans())
def test_with_any_byte_of_any_file_changed_it_refuses_or_tells_the_truth(
    *, role: str, at: float, byte: int, known: bool
) -> None:
    def change(of: str, raw: bytes) -> bytes:
        where = int(at * len(raw))
        return raw[:where] + bytes([byte]) + raw[where + 1 :] if of == role else raw

    try:
        one = update(Memory(AUTHOR, change), {"root": CACHED["root"]} if known else {})
    except MetadataRefusedError:
        return
    found = find_tag(one.trusted, "v1")
    assert found is None or found.digest == DIGEST


@draws(100)
@given(role=st.sampled_from(ROLES), noise=st.binary(max_size=300) | st.none(), known=st.booleans())
def test_with_noise_in_the_place_of_any_file_too(*, role: str, noise: bytes | None, known: bool) -> None:
    source = Memory(AUTHOR, lambda of, raw: noise if of == role else raw)
    if role == "root" and known:
        assert find_tag(update(source, {"root": CACHED["root"]}).trusted, "v1")
        return
    with pytest.raises(MetadataRefusedError):
        update(source, {"root": CACHED["root"]} if known else {})


@draws(100)
@given(role=st.sampled_from(ROLES[1:]), noise=st.binary(max_size=300))
def test_noise_in_what_is_kept_is_an_error_since_it_could_hide_a_rollback(role: str, noise: bytes) -> None:
    with pytest.raises(TargetError, match=f"`sealock trust forget {AUTHOR.gun}` deletes it"):
        update(Memory(AUTHOR), {**CACHED, role: noise})


@pytest.mark.parametrize("role", ROLES[1:])
def test_what_is_kept_under_signatures_that_do_not_hold_is_as_if_it_were_not_kept(role: str) -> None:
    table = json.loads(CACHED[role])
    table["signatures"] = []
    update_ = update(Memory(AUTHOR), {**CACHED, role: json.dumps(table).encode()})
    signed_tag = find_tag(update_.trusted, "v1")
    assert signed_tag is not None
    assert signed_tag.digest == DIGEST


@pytest.mark.parametrize("role", ROLES)
def test_a_server_that_breaks_off_is_no_verdict(role: str) -> None:
    def change(of: str, raw: bytes) -> bytes:
        if of == role:
            msg = "broke off"
            raise TransportError(msg)
        return raw

    with pytest.raises(TransportError, match="broke off"):
        update(Memory(AUTHOR, change), {})


def test_a_kept_root_is_all_that_is_needed_to_go_on_after_the_rest_was_lost() -> None:
    source = Memory(AUTHOR)
    update(source, {"root": CACHED["root"]})
    assert source.asked == list(ROLES[1:])
