"""Whatever bytes come: a manifest, or a refusal in words, and never anything else."""

from __future__ import annotations

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TargetError
from sealock.net.registry.auth import parse_challenge
from sealock.net.registry.manifests import ManifestError, read_manifest
from sealock.net.registry.names import reference
from support.draws import draws
from support.registryworld import manifest
from support.simulators.registry import OCI_INDEX, OCI_MANIFEST

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.just("sha256:" + "a" * 64)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
)
FIELDS = ["schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType"]
DESCRIPTORS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("mediaType", "digest", "size", "urls", "annotations", "platform", "artifactType"), JSON),
)
KINDS = st.sampled_from([OCI_MANIFEST, OCI_INDEX, "", "application/json", "\ud800"])


@draws(50)
@given(
    table=st.fixed_dictionaries(
        {}, optional={key: JSON | DESCRIPTORS | st.lists(DESCRIPTORS, max_size=3) for key in FIELDS}
    ),
    kind=KINDS,
)
def test_any_json_is_read_or_refused(table: dict[str, object], kind: str) -> None:
    raw = json.dumps(manifest() | table).encode()
    with suppress(ManifestError):
        found = read_manifest(raw, kind)
        assert read_manifest(raw, kind) == found


@draws(100)
@given(raw=st.binary(max_size=300), kind=KINDS)
def test_any_bytes_are_refused(raw: bytes, kind: str) -> None:
    with suppress(ManifestError):
        read_manifest(raw, kind)


@draws(100)
@given(text=st.text(max_size=80))
def test_any_reference_makes_a_safe_path(text: str) -> None:
    with suppress(TargetError):
        name = reference(text)
        assert not set(name.repository) - set("abcdefghijklmnopqrstuvwxyz0123456789._-/")
        assert "" not in name.repository.split("/")
        assert not any(part.startswith(".") for part in name.repository.split("/"))
        assert not set(name.registry) & set("/@?#%\\ ")


@draws(100)
@given(header=st.text(max_size=200))
def test_any_challenge_is_read(header: str) -> None:
    parse_challenge(header)
