"""The JSON of a machine reads back as it was written, and broken texts become errors."""

from __future__ import annotations

import pytest

from sealock import formats
from sealock.formats.observed import from_plain, to_plain
from sealock.model.absent import UNKNOWN, UNSET
from sealock.model.container import Container, Mount
from sealock.model.daemon import Daemon, daemon
from sealock.model.document import Document
from sealock.model.enforced import Enforced
from sealock.model.host import Component, Host
from sealock.model.location import Source
from sealock.model.network import EngineNetwork, NetworkEndpoint
from sealock.model.process import IdRange, Process

NOUNS = [
    pytest.param(
        Host(name="a", lsm=UNSET, components=(Component("engine", "26.1"),), daemon=daemon(icc=False)), id="a host"
    ),
    pytest.param(daemon(says=("icc", "hosts"), hosts=("unix:///a", "tcp://0.0.0.0:1")), id="an engine"),
    pytest.param(
        EngineNetwork(name="n", internal=True, endpoints=(NetworkEndpoint("web", "10.0.0.2"),)), id="a network"
    ),
    pytest.param(
        Enforced(
            name="web",
            declared=Container(memory=5, mounts=(Mount("bind", "/", "/x", read_only=True),), cap_add=UNSET),
            effective=Container(memory=UNSET, cpus=0.5),
            process=Process(pid=7, uid_map=(IdRange(0, 100000, 65536),), no_new_privileges=False),
            others=(Process(pid=8),),
            outside=(8,),
        ),
        id="a container",
    ),
]


def observed(text: str) -> Document:
    assert formats.sniff("", text) == "observed"
    return formats.read("observed", Source("seen.json", text))


@pytest.mark.parametrize("made", NOUNS)
def test_noun_reads_back_as_it_was_written(made: Host | Daemon | EngineNetwork | Enforced) -> None:
    assert from_plain(to_plain(made), type(made)) == made


def test_a_missing_key_is_unknown_and_null_is_unset() -> None:
    made = from_plain({"icc": None}, Daemon)
    assert (made.icc, made.hosts) == (UNSET, UNKNOWN)


def test_each_noun_is_a_subject() -> None:
    document = observed(
        '{"observed": {"host": {"daemon": {"icc": true}}, "networks": [{"name": "n"}],'
        ' "containers": [{"name": "web", "declared": {"init": true}, "effective": {}, "process": {"pid": 7}},'
        ' {"name": "pid:8", "declared": {}, "effective": {}, "process": {"pid": 8}}]}}'
    )
    assert not document.errors
    assert [(subject.name, subject.kind, subject.view, subject.container) for subject in document.subjects] == [
        ("host", "host", "", ""),
        ("engine", "daemon", "", ""),
        ("network n", "network", "", ""),
        ("container web", "container", "declared", "web"),
        ("container web (kernel)", "container", "effective", "web"),
        ("container web (declared and enforced)", "enforced", "difference", "web"),
        ("container pid:8", "container", "effective", "pid:8"),
        ("container pid:8 (declared and enforced)", "enforced", "difference", "pid:8"),
    ]


@pytest.mark.parametrize(
    ("text", "message", "left"),
    [
        pytest.param(
            '{"observed": {"host": {"name": 1}, "daemon": {}}}',
            "the host is not as sealock inspect writes it",
            1,
            id="a wrong type costs only that noun",
        ),
        pytest.param(
            '{"observed": {"containers": [{"name": "a"}], "networks": [{"name": "n"}]}}',
            "the container is not as sealock inspect writes it",
            1,
            id="a part that must be there",
        ),
        pytest.param('{"observed": []}', "not the JSON of sealock inspect", 0, id="not an object"),
        pytest.param('{"observed": {"host"', "not the JSON of sealock inspect", 0, id="cut short"),
        pytest.param('{"observed": ' + "[" * 100_000, "not the JSON of sealock inspect", 0, id="nested without end"),
    ],
)
def test_broken_noun_is_an_error_and_others_are_evaluated(text: str, message: str, left: int) -> None:
    document = observed(text)
    assert [error.message.startswith(message) for error in document.errors] == [True]
    assert len(document.subjects) == left
