"""A profile reads back as it was written, in one order and without secrets; any other text is an error with its place."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock.errors import TargetError
from sealock.formats.profile import read_profile, schema, write_profile
from sealock.model.location import Source
from sealock.model.profile import (
    PHASES,
    ArchitectureCalls,
    ContactedAddress,
    GrantedRights,
    LearningRun,
    ListeningPort,
    Profile,
    ProfilePeaks,
    merge,
    ordered,
)
from support.draws import draws

SCHEMA = Path(__file__).parents[2] / "docs/schema/profile.schema.json"
TOKEN = f"ghp_{'0123456789abcdefghijABCDEFGHIJ012345'}"
PROFILE = Profile(
    "web:1",
    (f"sha256:{'b' * 64}", f"sha256:{'a' * 64}"),
    (
        LearningRun(
            ("redis-server", "--requirepass", "s3cretPassw0rdOfTheirs"),
            "curl -u admin:sw0rdfish77 http://127.0.0.1/",
            "6.18.0",
            "docker 26.1.5",
            "runc 1.1.15",
            "tracepoints",
            ("stop", "start"),
            ("3 connections",),
        ),
    ),
    ("reload",),
    GrantedRights(("CHOWN", "SETUID"), 301, no_new_privileges=True),
    (ArchitectureCalls("x86_64", ("write", "read"), ("fork", "read")),),
    ("CHOWN",),
    ("33:33", "0:0"),
    (ListeningPort("tcp", 8080, "127.0.0.1"), ListeningPort("tcp", 80)),
    (ContactedAddress("tcp", "10.0.0.2", 5432, "db"),),
    ProfilePeaks(1 << 26, 9, 0.5),
    ("/usr/sbin/nginx",),
    ("/usr/lib/libc.so.6",),
    (f"/srv/{TOKEN}/x", "/etc/passwd"),
    ("/run/x.pid",),
)


def test_written_profile_reads_back_and_is_written_the_same() -> None:
    text = write_profile(PROFILE)
    profile = read_profile(Source("web.profile.json", text))
    assert write_profile(profile) == text
    assert profile.syscalls == (ArchitectureCalls("x86_64", ("read", "write"), ("fork",)),)
    assert profile.runs[0].phases == ("start", "stop")
    assert profile.ports == (ListeningPort("tcp", 80), ListeningPort("tcp", 8080, "127.0.0.1"))


def test_secrets_are_masked() -> None:
    text = write_profile(PROFILE)
    for secret in (TOKEN, "s3cretPassw0rdOfTheirs", "sw0rdfish77"):
        assert secret not in text
    assert "/etc/passwd" in text


def test_schema_is_the_one_of_the_documentation() -> None:
    expected = json.dumps(schema(), indent=2) + "\n"
    assert SCHEMA.read_text(encoding="utf-8") == expected
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(write_profile(PROFILE)), schema())


@pytest.mark.parametrize(
    ("old", "new", "where", "why"),
    [
        ('"schema": 1', '"schema": 2', "", "it has schema 2, and this version of sealock reads schema 1"),
        ('"image": "web:1"', '"image": 3', "", "expected `str`, got `int`"),
        ('"start"', '"begin"', "", "invalid enum value 'begin'"),
        ('"x86_64"', '"../x"', "", "expected `str` matching regex"),
        ('"/etc/passwd"', '"etc/passwd"', "", "expected `str` matching regex"),
        ('"port": 80,', '"port": 70000,', "", "expected `int` <= 65535"),
        ('"excluded"', '"exclude"', "3:14", "object contains unknown field `exclude`"),
        ('"schema": 1,', "", "1:1", "object missing required field `schema`"),
        ('"web:1",', '"web:1"', "5:5", "expected a comma"),
    ],
)
def test_other_texts_are_errors_with_their_place(old: str, new: str, where: str, why: str) -> None:
    text = write_profile(PROFILE)
    assert old in text
    with pytest.raises(TargetError) as raised:
        read_profile(Source("web.profile.json", text.replace(old, new, 1)))
    line = text[: text.index(old)].count("\n") + 1
    where = where or f"{line}:{text.splitlines()[line - 1].rindex(' ') + 2}"
    assert str(raised.value).startswith(f"web.profile.json:{where}: not a profile: {why}")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["schema", "profile", "runs", "image"]), inner),
)
TEXTS = st.text(max_size=30)
PROFILES = st.builds(
    Profile,
    image=TEXTS,
    digests=st.lists(st.sampled_from([f"sha256:{digit * 64}" for digit in "abc"])).map(tuple),
    runs=st.lists(
        st.builds(LearningRun, command=st.lists(TEXTS).map(tuple), exercise=TEXTS, phases=st.just(PHASES))
    ).map(tuple),
    syscalls=st.lists(
        st.builds(
            ArchitectureCalls,
            architecture=st.sampled_from(["x86_64", "aarch64"]),
            seen=st.lists(st.sampled_from(["read", "write", "fork"])).map(tuple),
            possible=st.lists(st.sampled_from(["read", "write", "fork"])).map(tuple),
        )
    ).map(tuple),
    read=st.lists(TEXTS.map("/{}".format)).map(tuple),
)


@given(PROFILES)
def test_every_profile_reads_back(profile: Profile) -> None:
    text = write_profile(profile)
    assert write_profile(read_profile(Source("p", text))) == text
    assert ordered(ordered(profile)) == ordered(profile)
    if profile.digests:
        assert merge(profile, profile) == merge(merge(profile, profile), profile)


@given(JSON.map(json.dumps) | st.text())
@draws(200)
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(TargetError, match=r"^p:\d+:\d+: not a profile: "):
        read_profile(Source("p", text))
