"""What is attached to an image, in which order it is read, and what is passed over with which reason."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.manifest import Descriptor, Index, Manifest
from sealock.net.registry.client import Fetched, Registry
from sealock.net.registry.manifests import ManifestError
from sealock.net.registry.requests import RegistryError
from sealock.trust.cosign import attachments as module
from sealock.trust.cosign.attachments import Attachment, AttachmentPurpose, attachments, tag_of

DIGEST = f"sha256:{'d' * 64}"
SIMPLE, ENVELOPE, IN_TOTO = (
    "application/vnd.dev.cosign.simplesigning.v1+json",
    "application/vnd.dsse.envelope.v1+json",
    "application/vnd.in-toto+json",
)
BUNDLE, OPENVEX, OTHER = "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.openvex+json", "text/plain"
CONFIG = Descriptor("application/vnd.oci.empty.v1+json", DIGEST, 2)
Failure = Exception


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def layer(kind: str, size: int = 3, **annotations: str) -> Descriptor:
    return Descriptor(kind, digest(999), size, annotations=annotations)


def layers(*found: Descriptor) -> Manifest:
    return Manifest("", CONFIG, found)


class Attached:
    """A registry that has these referrers (an artifact type and what is in it each), and this under the tag."""

    def __init__(
        self,
        *referrers: tuple[str, Manifest | Index | Failure],
        tagged: Manifest | Index | Failure | None = None,
        blob: bytes | Failure = b"...",
        listed: Failure | None = None,
    ) -> None:
        self.found = {digest(number): noun for number, (_, noun) in enumerate(referrers)}
        self.listed = listed or tuple(
            Descriptor("", digest(number), 5, artifact_type=kind) for number, (kind, _) in enumerate(referrers)
        )
        self.tagged = RegistryError("gone", 404) if tagged is None else tagged
        self.blob = blob
        self.asked: list[str] = []

    def referrers(self, _name: ImageName, _digest: str) -> tuple[Descriptor, ...]:
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed

    def manifest(self, name: ImageName) -> Fetched:
        self.asked.append(f"tag {name.tag[-4:]}" if name.tag else str(int((name.digest or "")[7:], 16)))
        noun = self.tagged if name.tag else self.found[name.digest or ""]
        if isinstance(noun, Exception):
            raise noun
        return Fetched(b"", DIGEST, "", noun)

    def read_blob(self, _name: ImageName, _layer: Descriptor, _limit: int) -> bytes:
        if isinstance(self.blob, Exception):
            raise self.blob
        return self.blob


def shown(registry: Attached, purpose: AttachmentPurpose = "signature") -> list[str]:
    name = ImageName("r.example", "app", "1")
    lines = []
    for each in attachments(cast("Registry", cast("Any", registry)), name, DIGEST, purpose):
        if isinstance(each, Attachment):
            lines.append(f"{each.kind} at {each.where}{' noted' if each.annotations else ''}")
        else:
            lines.append(f"{'unknown' if each.unknown else 'skipped'} {each.where}: {each.why}")
    return lines


NOTHING = layers()


def test_likely_referrers_come_before_the_tag_and_others_after_it() -> None:
    kinds = (OTHER, "application/vnd.oci.empty.v1+json", "", BUNDLE, "x/cosign", "application/vnd.ociother", "y/z")
    registry = Attached(*((kind, NOTHING) for kind in kinds))
    assert shown(registry) == []
    assert registry.asked == ["3", "4", "tag .sig", "1", "2", "0", "5", "6"]


ROWS: dict[str, tuple[str, dict[str, str]]] = {
    "a signature": (SIMPLE, {"signature": "simple"}),
    "an envelope": (ENVELOPE, {"attestation": "envelope", "document": "envelope"}),
    "a bundle": (BUNDLE, {"signature": "bundle", "attestation": "bundle", "document": "bundle"}),
    "a statement": (IN_TOTO, {"document": "statement"}),
    "OpenVEX": (OPENVEX, {"document": "plain"}),
    "CycloneDX": ("application/vnd.cyclonedx+json", {"document": "plain"}),
    "CSAF": ("application/csaf+json", {"document": "plain"}),
}


@pytest.mark.parametrize("purpose", ["signature", "attestation", "document"])
@pytest.mark.parametrize(("kind", "fits"), ROWS.values(), ids=ROWS)
def test_each_purpose_has_its_kinds(kind: str, fits: dict[str, str], purpose: AttachmentPurpose) -> None:
    registry = Attached((BUNDLE, layers(layer(kind))), tagged=layers(layer(kind)))
    suffix = "sig" if purpose == "signature" else "att"
    known = fits.get(purpose)
    assert shown(registry, purpose) == (
        [f"{known} at referrer {digest(0)[:19]}", f"{known} at the .{suffix} tag"] if known else []
    )


@pytest.mark.parametrize(
    ("kind", "at_referrer", "at_tag"),
    [
        (OTHER, False, True),
        ("application/vnd.dev.SIGSTORE.bundle.v9", True, True),
        ("application/vnd.dev.cosign.new", True, True),
        ("application/vnd.dsse.envelope.v9", True, True),
        ("", False, True),
    ],
)
def test_what_is_unknown_is_named_under_the_tag_and_where_it_may_sign(
    kind: str, *, at_referrer: bool, at_tag: bool
) -> None:
    registry = Attached((OTHER, layers(layer(kind))), tagged=layers(layer(kind)))
    assert shown(registry) == [
        *([f"skipped the .sig tag: it has the unknown type {kind!r}"] if at_tag else []),
        *([f"skipped referrer {digest(0)[:19]}: it has the unknown type {kind!r}"] if at_referrer else []),
    ]


def test_layers_are_numbered_where_there_are_several() -> None:
    several = layers(layer(SIMPLE), layer(ENVELOPE), layer(SIMPLE, a="b"))
    assert shown(Attached(tagged=several)) == [
        "simple at the .sig tag, layer 1",
        "simple at the .sig tag, layer 3 noted",
    ]


FAULTS: dict[str, tuple[Attached, list[str]]] = {
    "nothing": (Attached(), []),
    "the tag is not for us": (Attached(tagged=RegistryError("no", 403)), ["unknown the .sig tag: no"]),
    "the tag cannot be had": (Attached(tagged=TransportError("away")), ["unknown the .sig tag: away"]),
    "the tag is refused": (Attached(tagged=ManifestError("bad")), ["skipped the .sig tag: bad"]),
    "the tag is an index": (Attached(tagged=Index("", ())), ["skipped the .sig tag: it is an index, which has no signatures"]),
    "the list cannot be had": (
        Attached(listed=TransportError("away"), tagged=layers(layer(SIMPLE))),
        ["unknown the list of referrers: away", "simple at the .sig tag"],
    ),
    "a referrer is gone": (
        Attached((BUNDLE, RegistryError("gone", 404)), tagged=layers(layer(SIMPLE))),
        [f"unknown referrer {digest(0)[:19]}: gone", "simple at the .sig tag"],
    ),
    "a blob cannot be had": (
        Attached(tagged=layers(layer(SIMPLE), layer(SIMPLE)), blob=TransportError("away")),
        ["unknown the .sig tag, layer 1: away", "unknown the .sig tag, layer 2: away"],
    ),
    "a blob is refused": (
        Attached(tagged=layers(layer(SIMPLE)), blob=ManifestError("bad")), ["skipped the .sig tag: bad"],
    ),
    "the largest signature": (Attached(tagged=layers(layer(SIMPLE, 1 << 20))), ["simple at the .sig tag"]),
    "a larger signature": (
        Attached(tagged=layers(layer(SIMPLE, (1 << 20) + 1), layer(SIMPLE))),
        [
            "skipped the .sig tag, layer 1: it has 1048577 bytes; the limit for signatures is 1048576",
            "simple at the .sig tag, layer 2",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("registry", "lines"), FAULTS.values(), ids=FAULTS)
def test_what_cannot_be_read_is_named(registry: Attached, lines: list[str]) -> None:
    assert shown(registry) == lines


def test_an_attestation_that_is_too_large_may_have_been_a_good_one() -> None:
    ((line),) = shown(Attached(tagged=layers(layer(ENVELOPE, 1 << 40))), "attestation")
    assert line.startswith("unknown the .att tag: it has 1099511627776 bytes; the limit for attestations is ")


REST = "unknown the rest: the image has too many attachments, or the registry is too slow, so not all were read"


@pytest.mark.parametrize(("count", "rest"), [(256, []), (257, [REST])])
def test_so_many_referrers_are_read(count: int, rest: list[str]) -> None:
    registry = Attached(*((OTHER, NOTHING) for _ in range(count)))
    assert shown(registry) == rest
    assert len(registry.asked) == 257


@pytest.mark.parametrize(("count", "rest"), [(256, []), (257, [REST])])
def test_so_many_attachments_are_read(count: int, rest: list[str]) -> None:
    lines = shown(Attached(tagged=layers(*(layer(SIMPLE) for _ in range(count)))))
    assert (len(lines), lines[256:]) == (256 + len(rest), rest)


@pytest.mark.parametrize(("last", "rest"), [(1 << 20, 0), ((1 << 20) + 1, 1)])
def test_so_many_bytes_are_read(monkeypatch: pytest.MonkeyPatch, last: int, rest: int) -> None:
    monkeypatch.setattr(module, "_MOST_TOTAL", 3 << 20)
    found = layers(*(layer(ENVELOPE, size) for size in (1 << 20, 1 << 20, last)))
    lines = shown(Attached(tagged=found), "attestation")
    assert (len(lines), lines.count(REST)) == (3, rest)


@pytest.mark.parametrize(("seconds", "late"), [(120.0, False), (120.1, True)])
def test_a_search_takes_two_minutes_at_most(monkeypatch: pytest.MonkeyPatch, seconds: float, *, late: bool) -> None:
    moments = iter([1000.0, 1000.0, *(1000.0 + seconds for _ in range(9))])
    monkeypatch.setattr(module, "monotonic", lambda: next(moments))
    registry = Attached((BUNDLE, NOTHING), (OTHER, NOTHING))
    assert shown(registry) == ([REST] if late else [])
    assert registry.asked == (["0"] if late else ["0", "tag .sig", "1"])


def test_a_tag_names_the_digest() -> None:
    assert tag_of("sha256:ab", "att") == "sha256-ab.att"
