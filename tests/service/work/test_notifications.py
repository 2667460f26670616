"""What registries say of pushes: the forms that are known, and everything else is an error that says so."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import UsageError
from sealock.net.registry.names import is_digest, is_tag, reference
from sealock.service.work.notifications import Deleted, Pushed, parse_notification

DIGEST = f"sha256:{'a' * 64}"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def envelope(action: str, host: str = "registry.example", **target: str) -> bytes:
    """An event as the distribution registry writes it."""
    event = {
        "id": "asdf-asdf-asdf-asdf-0",
        "timestamp": "2026-11-21T14:44:26.402973972Z",
        "action": action,
        "target": {"size": 708, "length": 708, "url": "http://example/v2/", **target},
        "request": {"id": "r", "addr": "192.0.2.1", "host": host, "method": "PUT", "useragent": "docker"},
        "actor": {"name": "me"},
        "source": {"addr": "registry:5000", "instanceID": "i"},
    }
    return msgspec.json.encode({"events": [event]})


@pytest.mark.parametrize(
    ("body", "notices"),
    [
        (envelope("push", mediaType=MANIFEST, digest=DIGEST, repository="team/app", tag="1"), (Pushed("registry.example/team/app", "1", DIGEST),)),
        (envelope("push", mediaType="application/vnd.docker.distribution.manifest.list.v2+json", digest=DIGEST, repository="app"), (Pushed("registry.example/app", "", DIGEST),)),
        (envelope("push", mediaType="application/octet-stream", digest=DIGEST, repository="team/app"), ()),
        (envelope("pull", mediaType=MANIFEST, digest=DIGEST, repository="team/app", tag="1"), ()),
        (envelope("mount", mediaType=MANIFEST, digest=DIGEST, repository="team/app"), ()),
        (envelope("delete", digest=DIGEST, repository="team/app"), (Deleted("registry.example/team/app", "", DIGEST),)),
        (envelope("delete", repository="team/app", tag="1"), (Deleted("registry.example/team/app", "1", ""),)),
        (b'{"images": ["registry.example/app:1", "nginx"]}', (Pushed("registry.example/app", "1", ""), Pushed("docker.io/library/nginx", "latest", ""))),
        (f'{{"images": ["a.example/x@{DIGEST}", "a.example/x@{DIGEST}"]}}'.encode(), (Pushed("a.example/x", "", DIGEST),)),
        (b'{"deleted": ["a.example/x:1"]}', (Deleted("a.example/x", "1", ""),)),
        (b'{"events": []}', ()),
    ],
)  # fmt: skip
def test_a_notification_names_what_was_pushed_and_deleted(body: bytes, notices: tuple[Any, ...]) -> None:
    assert parse_notification(body) == notices


def test_the_host_that_this_service_reaches_the_registry_by_comes_first() -> None:
    body = envelope("push", "internal:5000", mediaType=MANIFEST, digest=DIGEST, repository="app")
    assert parse_notification(body, "registry.example:8443") == (Pushed("registry.example:8443/app", "", DIGEST),)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "not JSON of a form"),
        (b"{}", "neither"),
        (b'{"images": "x"}', "not JSON of a form"),
        (b'{"images": ["UPPER/x"]}', "names what is no image"),
        (b'{"images": ["a.example/../x"]}', "names what is no image"),
        (envelope("push", mediaType=MANIFEST, digest=DIGEST, repository="../../x"), "names what is no image"),
        (b'{"images": [' + b",".join([b'"a"'] * 10_001) + b"]}", "more than 10000 entries"),
        (b" " * (5 << 20), "bytes; at most"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_what_is_no_notification_is_an_error(body: bytes, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        parse_notification(body)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([DIGEST, MANIFEST, "push", "delete", "a.example/x:1"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["events", "images", "deleted", "action", "target", "repository", "tag", "digest", "mediaType", "request", "host"]), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@given(st.one_of(json.map(msgspec.json.encode), st.binary(max_size=200)))
def test_any_bytes_give_valid_names_or_an_error(body: bytes) -> None:
    try:
        notices = parse_notification(body)
    except UsageError:
        return
    for notice in notices:
        assert reference(f"{notice.repository}:x").repository
        assert not notice.tag or is_tag(notice.tag)
        assert not notice.digest or is_digest(notice.digest)
        assert notice.tag or notice.digest
