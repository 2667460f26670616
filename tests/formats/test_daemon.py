"""daemon.json: settings are read, and a change keeps the layout of the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats.daemon.fields import BY_FIELD, KNOWN, TABLE, UNWRITTEN
from sealock.formats.daemon.flags import read_flags
from sealock.formats.textedits import apply_edits
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.change import Add, FieldChange, Remove, Set, changed
from sealock.model.container import Ulimit
from sealock.model.daemon import FIELDS, Daemon
from sealock.model.document import Document
from sealock.model.location import Source
from support.draws import draws


def read(text: str) -> Document:
    return formats.read("daemon", Source("daemon.json", text))


def noun(text: str) -> Daemon:
    document = read(text)
    assert not document.errors, document.errors
    made = document.subjects[0].noun
    assert isinstance(made, Daemon)
    return made


def after(text: str, change: FieldChange) -> str:
    document = read(text)
    return apply_edits(text, formats.edits(document, document.subjects[0], change))


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ('{"icc": false}', "icc", False),
        ('{"hosts": ["unix:///a", "tcp://b:1"]}', "hosts", ("unix:///a", "tcp://b:1")),
        ('{"log-opts": {"max-size": "10m"}}', "log_opts", (("max-size", "10m"),)),
        ('{"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}}}', "default_ulimits", (Ulimit("nofile", 1, 2),)),
        ('{"exec-opts": ["native.cgroupdriver=systemd"]}', "cgroup_driver", "systemd"),
        ('{"runtimes": {"crun": {"path": "/usr/bin/crun"}}}', "runtimes", ("crun",)),
        ('{"icc": null}', "icc", UNSET),
        ('{"hosts": []}', "hosts", UNSET),
        ("{}", "userns_remap", UNSET),
        ("{}", "rootless", UNKNOWN),
        ('{"ICC": false}', "icc", UNSET),
        ('{"insecure-registry": []}', "unknown_keys", ("insecure-registry",)),
        *(
            (f'{{"{key}": 1}}', "unknown_keys", UNSET)
            for key in ("cri-containerd", "default-stop-timeout", "ip-forward-no-drop", "network-diagnostic-port")
        ),
    ],
)  # fmt: skip
def test_field_is_read(text: str, field: str, value: object) -> None:
    assert getattr(noun(text), field) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"icc": "no"}', "icc should be true or false: the engine will not start"),
        ('{"hosts": "tcp://a"}', "hosts should be a list of strings: the engine will not start"),
        ('{"default-ulimits": {"nofile": 5}}', "default-ulimits should be an object such as"),
        ("[]", "the engine's settings are a JSON object"),
        ('{"icc": false,}', "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_broken_setting_is_an_error(text: str, message: str) -> None:
    assert read(text).errors[0].message.startswith(message)


def test_unreadable_setting_is_unknown() -> None:
    document = read('{"icc": "no"}')
    assert getattr(document.subjects[0].noun, "icc") is UNKNOWN  # noqa: B009  any noun
    assert document.subjects[0].unresolved == {"icc": "icc"}


FLAGS = [
    ("-H unix:///a --host=tcp://b:1", {"hosts": ["unix:///a", "tcp://b:1"]}),
    ("-Htcp://a:1", {"hosts": ["tcp://a:1"]}),
    ("-H=tcp://a:1", {"hosts": ["tcp://a:1"]}),
    ("-D", {"debug": True}),
    ("-l debug", {"log-level": "debug"}),
    ("-G staff", {"group": "staff"}),
    ("-s overlay2", {"storage-driver": "overlay2"}),
    ("-b br0", {"bridge": "br0"}),
    ("--authorization-plugin a --authorization-plugin b", {"authorization-plugins": ["a", "b"]}),
    ("--insecure-registry a:1 --insecure-registry=b:2", {"insecure-registries": ["a:1", "b:2"]}),
    ("--registry-mirror https://m", {"registry-mirrors": ["https://m"]}),
    ("--storage-opt a=b --storage-opt c=d", {"storage-opts": ["a=b", "c=d"]}),
    ("--label a=b --label c", {"labels": ["a=b", "c"]}),
    ("--default-ulimit nofile=1:2 --default-ulimit core=-1", {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1, "Hard": 2}, "core": {"Name": "core", "Soft": -1, "Hard": -1}}}),
    ("--default-ulimit odd --default-ulimit nofile=x --default-ulimit nproc=1:x --default-ulimit nproc=7", {"default-ulimits": {"nproc": {"Name": "nproc", "Soft": 7, "Hard": 7}}}),
    (f"--default-ulimit a=² --default-ulimit b=--5 --default-ulimit c={'9' * 5000} --default-ulimit d=x:5", {}),
    ("--log-driver=syslog --log-opt a=b --log-opt c=d=e --log-opt f", {"log-driver": "syslog", "log-opts": {"a": "b", "c": "d=e", "f": ""}}),
    ("--add-runtime crun=/usr/bin/crun --add-runtime=kata=/k", {"runtimes": {"crun": {"path": "/usr/bin/crun"}, "kata": {"path": "/k"}}}),
    ("--exec-opt native.cgroupdriver=systemd --exec-opt other=x", {"exec-opts": ["native.cgroupdriver=systemd", "other=x"]}),
    ("--exec-opt native.cgroupdriver=systemd --exec-opt native.cgroupdriver=cgroupfs", {"exec-opts": ["native.cgroupdriver=systemd", "native.cgroupdriver=cgroupfs"]}),
    ("--http-proxy http://a --https-proxy http://b --no-proxy c", {"proxies": {"http-proxy": "http://a", "https-proxy": "http://b", "no-proxy": "c"}}),
    ("stray --unknown x --data-root /d", {"data-root": "/d"}),
    ("--data-root /a --data-root /b", {"data-root": "/b"}),
    ("--group", {"group": ""}),
    *((f"--{row.key} x", {row.key: "x"}) for row in TABLE if row.read.__name__ == "_text"),
    *((f"--{row.key}=x y", {row.key: "x"}) for row in TABLE if row.read.__name__ == "_text"),
    *((f"--{row.key}", {row.key: True}) for row in TABLE if row.read.__name__ == "_bool"),
    *((f"--{row.key}={word} --data-root d", {row.key: value, "data-root": "d"}) for row in TABLE if row.read.__name__ == "_bool"
      for word, value in (("true", True), ("1", True), ("false", False), ("0", False), ("F", False))),
]  # fmt: skip


@pytest.mark.parametrize(("words", "settings"), FLAGS)
def test_a_flag_of_dockerd_says_what_its_key_says(words: str, settings: dict[str, Any]) -> None:
    flags, keys = read_flags(words.split()), noun(json.dumps(settings))
    assert {field: getattr(flags, field) for field in FIELDS if field in BY_FIELD and field != "features"} == {
        field: getattr(keys, field) for field in FIELDS if field in BY_FIELD and field != "features"
    }


@pytest.mark.parametrize(
    ("words", "rootless"), [("", UNSET), ("--rootless", True), ("--rootless=true", True), ("--rootless=false", False)]
)
def test_only_flags_know_that_an_engine_is_rootless(words: str, rootless: object) -> None:
    assert read_flags(words.split()).rootless is rootless


@pytest.mark.parametrize(
    ("before", "change", "expected"),
    [
        pytest.param('{"icc": true}', Set("icc", False), '{"icc": false}', id="a value is replaced where it stands"),
        pytest.param('{\n    "a" : 1\n}\n', Set("icc", False), '{\n    "a" : 1,\n    "icc": false\n}\n', id="a new key gets a line like the others"),
        pytest.param('{ "debug": true }', Set("icc", False), '{ "debug": true, "icc": false }', id="or stands in theirs"),
        pytest.param("{}", Set("icc", False), '{\n  "icc": false\n}', id="the first key of all"),
        pytest.param('{\n  "icc": true,\n  "debug": true\n}', Set("icc", UNSET), '{\n  "debug": true\n}', id="a key goes with its line"),
        pytest.param('{\n  "icc": true,\n  "debug": true\n}', Set("debug", UNSET), '{\n  "icc": true\n}', id="the last one with the comma before it"),
        pytest.param('{\n  "icc": true\n}', Set("icc", UNSET), "{}", id="the only one leaves nothing"),
        pytest.param('{"hosts": ["a", "b"]}', Remove("hosts", "a"), '{"hosts": ["b"]}', id="an element goes"),
        pytest.param('{"hosts": ["a"], "icc": true}', Remove("hosts", "a"), '{"icc": true}', id="the last element takes its key along"),
        pytest.param('{"icc": true}', Add("hosts", "a"), '{"icc": true, "hosts": ["a"]}', id="a first element brings its key"),
        pytest.param('{"icc": true}', Set("log_opts", (("max-size", "1m"),)), '{"icc": true, "log-opts": {"max-size": "1m"}}', id="an object"),
        pytest.param('{"\\"x\\":": 1, "icc": true}', Set("icc", UNSET), '{"\\"x\\":": 1}', id="names with quotes in them"),
        pytest.param('{\r\n\t"icc": true\r\n}', Set("debug", True), '{\r\n\t"icc": true,\r\n\t"debug": true\r\n}', id="line ends and tabs stay"),
        pytest.param('{"icc": false}', Set("icc", False), '{"icc": false}', id="what is so already changes nothing"),
    ],
)  # fmt: skip
def test_a_change_keeps_the_layout(before: str, change: FieldChange, expected: str) -> None:
    assert after(before, change) == expected


@pytest.mark.parametrize(
    ("text", "change", "message"),
    [
        pytest.param('{"icc": true', Set("icc", False), "broken JSON cannot be fixed", id="broken text"),
        pytest.param('{"icc": true, "icc": true}', Set("icc", False), "broken JSON cannot be fixed", id="a key that stands twice"),
        pytest.param("{}", Set("rootless", True), "no setting of its own", id="what daemon.json cannot say"),
        pytest.param("{}", Set("runtimes", ("x",)), "no setting of its own", id="what it says in more than we read"),
    ],
)  # fmt: skip
def test_change_without_a_spelling_is_refused(text: str, change: FieldChange, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        after(text, change)


WORDS = st.text('abz/:.-"\\é ', min_size=1, max_size=8)
VALUES = {
    bool: st.booleans(),
    str: WORDS,
    tuple: st.lists(WORDS, min_size=1, max_size=3, unique=True).map(tuple),
}
SIMPLE = {
    **dict.fromkeys(("icc", "debug", "tls", "live_restore", "iptables"), VALUES[bool]),
    **dict.fromkeys(("group", "ip", "log_driver", "userns_remap"), VALUES[str]),
    **dict.fromkeys(("hosts", "registry_mirrors", "labels"), VALUES[tuple]),
}
SETS = st.sampled_from(sorted(SIMPLE)).flatmap(
    lambda field: st.builds(Set, st.just(field), st.one_of(st.just(UNSET), SIMPLE[field]))
)
TEXTS = st.lists(SETS, max_size=4).flatmap(
    lambda sets: st.sampled_from([None, 2, "\t"]).map(
        lambda indent: json.dumps(
            {set_.field.replace("_", "-"): set_.value for set_ in sets if set_.value is not UNSET}, indent=indent
        )
    )
)


@draws(200)
@given(TEXTS, SETS)
def test_changed_text_reads_back_as_the_changed_noun(text: str, change: Set) -> None:
    healed = after(text, change)
    assert noun(healed) == changed(noun(text), change)
    assert after(healed, change) == healed


@draws(200)
@given(st.text('{}[]",:\\ \nticafrue01-', max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    document = read(text)
    assert document.kind == "daemon"
    assert document.errors or document.subjects


def test_every_row_is_known_to_the_engine_and_writes_what_it_reads() -> None:
    assert all(row.key in KNOWN for row in TABLE)
    assert {row.field for row in TABLE} >= UNWRITTEN
