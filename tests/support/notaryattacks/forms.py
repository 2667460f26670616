"""Files that are not what they should be, or are too large."""

from __future__ import annotations

from support.notaryattacks.tools import Attack, Row, serve
from support.notaryworld import World
from support.simulators.notary import Reply, listing, said, signed

# Form.


def wrong_type(role: str, claims: str) -> Attack:
    def attack(here: World) -> None:
        author = here.author
        content = listing(role, {"snapshot": author.held("snapshot")}, 9)
        content["_type"] = claims
        author.shelf.put("timestamp", signed(content, [author.shelf.key("timestamp")]))

    return attack


def targets_that_claim_to_be_a_root(here: World) -> None:
    author = here.author
    content = author.targets_content(9) | {"_type": "Root"}
    author.shelf.put("targets", signed(content, author.targets_keys))
    author.list_all()


def body_of(raw: bytes) -> Attack:
    def attack(here: World) -> None:
        serve(here, timestamp=raw)

    return attack


def twice(old: bytes, new: bytes) -> Attack:
    """The timestamp with a key that comes twice."""

    def attack(here: World) -> None:
        raw = here.author.held("timestamp")
        assert old in raw
        serve(here, timestamp=raw.replace(old, new, 1))

    return attack


def declared_too_large(role: str) -> Attack:
    def attack(here: World) -> None:
        here.publish()
        huge = Reply(body=b"{}", headers={"content-length": str(1 << 40)})
        here.server.answers = lambda _gun, name: huge if name.startswith(f"{role}.") else None

    return attack


def endless(role: str) -> Attack:
    def attack(here: World) -> None:
        here.publish()
        reply = Reply(body=b" " * 4096, endless=True)
        here.server.answers = lambda _gun, name: reply if name.startswith(f"{role}.") else None

    return attack


def named_too_large(role: str) -> Attack:
    def attack(here: World) -> None:
        author = here.author
        if role == "snapshot":
            held = said(author.held("snapshot"))
            assert isinstance(held, dict)
            content = listing("timestamp", {}, 9) | {
                "meta": {"snapshot": held | {"length": 1 << 40, "hashes": said(b"x")["hashes"]}}
            }
            author.shelf.put("timestamp", signed(content, [author.shelf.key("timestamp")]))
            return
        held = {"root": said(author.held("root")), "targets": {**said(b"x"), "length": 1 << 40}}
        raw = signed(listing("snapshot", {}, 9) | {"meta": held}, [author.shelf.key("snapshot")])
        author.shelf.put("snapshot", raw)
        author.put_timestamp(raw)

    return attack


ROWS: list[Row] = [
    (
        wrong_type("timestamp", "Snapshot"),
        "malformed",
        "has the type 'Snapshot' instead of 'Timestamp'",
    ),
    (
        wrong_type("timestamp", "timestamp"),
        "malformed",
        "has the type 'timestamp' instead of 'Timestamp'",
    ),
    (targets_that_claim_to_be_a_root, "malformed", "has the type 'Root' instead of 'Targets'"),
    (body_of(b""), "malformed", "is not JSON"),
    (body_of(b"[]"), "malformed", "Expected `object`, got `array`"),
    (body_of(b"[" * 8000), "malformed", "is nested too deeply"),
    (body_of(b'{"signed":{"_type":"Timestamp","version":1.5}}'), "malformed", "has a number that is not an integer"),
    (body_of(b'{"signed":{"_type":"Timestamp","version":NaN}}'), "malformed", "has the number NaN"),
    (body_of(b'{"signed":{"version":' + b"9" * 5000 + b"}}"), "malformed", "has a number out of range"),
    (body_of(b'{"signed":"\\ud800"}'), "malformed", "has text that is not Unicode"),
    (body_of(b'{"signed":"\xff"}'), "malformed", "is not UTF-8"),
    (body_of(b'{"signed":{"_type":"Timestamp"}}'), "malformed", "missing required field `signatures`"),
    (twice(b'"version":1', b'"version":1,"version":9'), "malformed", "has the key 'version' twice"),
    (twice(b'{"signed":', b'{"signed":{},"signed":'), "malformed", "has the key 'signed' twice"),
    (twice(b'"length":', b'"length":1,"length":'), "malformed", "has the key 'length' twice"),
    (declared_too_large("timestamp"), "size", "the timestamp metadata of {gun} is said to have 109951162777"),
    (declared_too_large("snapshot"), "size", "the snapshot metadata of {gun} is said to have 109951162777"),
    (declared_too_large("targets"), "size", "the targets metadata of {gun} is said to have 109951162777"),
    (endless("timestamp"), "size", "the timestamp metadata of {gun} does not end; the limit is 16384"),
    (endless("snapshot"), "size", "the snapshot metadata of {gun} does not end"),
    (endless("targets"), "size", "the targets metadata of {gun} does not end"),
    (named_too_large("snapshot"), "size", "the snapshot metadata of {gun} is said to have 1099511627776 bytes"),
    (named_too_large("targets"), "size", "the targets metadata of {gun} is said to have 1099511627776 bytes"),
]
