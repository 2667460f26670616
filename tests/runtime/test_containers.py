"""Containers of an engine as documents and reports, whatever the engine says of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock import formats
from sealock.cli.main import main
from sealock.errors import EngineRefusedError
from sealock.formats.inspect import Inspected
from sealock.model.absent import UNKNOWN, given
from sealock.model.container import POD_FIELDS, Container, container
from sealock.model.enforced import Enforced
from sealock.model.location import Source
from sealock.model.process import Process
from sealock.rules import catalog
from sealock.rules.evaluation import evaluate
from sealock.runtime.containers import ObservedContainer, container_document, documents, observe, process_document
from sealock.runtime.engine import Listed, connect
from sealock.runtime.kernel.processes import ProcReader
from sealock.runtime.mergedviews import merge_views
from support.recordedtree import ALL_CAPS, Recorded
from support.simulators.engine import EngineSimulator, Reply, missing, simulated

LOUD = "evil\x1b[31m\nname\u202e"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineSimulator]:
    with simulated(tmp_path) as one:
        yield one


def check(engine: EngineSimulator, target: str, *words: str) -> int:
    return main(["check", target, "--engine", engine.where, "--no-policy", *words])


def reported(engine: EngineSimulator, target: str, folder: Path) -> dict[str, dict[str, Any]]:
    """The report as JSON, by target."""
    check(engine, target, "--format", "json", "--output", str(folder / "report.json"))
    found = json.loads((folder / "report.json").read_text())
    return {one["target"]: one for one in found["targets"]}


def rules(report: dict[str, Any]) -> set[str]:
    return {one["rule"] for one in report["findings"]}


def test_a_container_is_found_by_name_id_and_the_beginning_of_its_id(engine: EngineSimulator) -> None:
    identity = engine.container("web", host={"Privileged": True})
    for name in ("web", "/web", identity, identity[:63]):
        ((shown, document),) = documents(f"container:{name}", engine.where)
        assert shown == "container:web"
        (noun,) = (subject.noun for subject in document.subjects)
        assert isinstance(noun, Container)
        assert noun.privileged is True


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("wep", "here is no container 'wep' at unix:.*; did you mean web"),
        ("zzz", "here is no container 'zzz' at unix:.*; it has 2 containers"),
        ("0000", "'0000' is the start of 2 container ids: db .*, web .*; give more of the id"),
        ("..", "here is no container"),
        ("a/b?c", "here is no container"),
        (LOUD, "here is no container"),
    ],
)
def test_a_container_that_is_not_there_is_reported(
    engine: EngineSimulator, capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    engine.container("web")
    engine.container("db")
    assert check(engine, f"container:{name}") == 2
    said = " ".join(capsys.readouterr().out.split()).replace("│ ", "")
    assert "\x1b" not in said
    assert re.search(says, said), said


def test_legacy_links_are_reported_once_of_containers_that_run_and_that_do_not(
    engine: EngineSimulator, tmp_path: Path
) -> None:
    engine.container("db")
    engine.container("web", host={"Links": ["/db:/web/database"]})
    engine.container("apart", host={"Links": None})
    reports = reported(engine, "container:*", tmp_path)
    (found,) = (report for report in reports["container:web"]["findings"] if report["rule"] == "P012")
    assert "links web to db" in found["message"].lower()
    assert "copies the other's environment variables" in found["message"]
    assert "user-defined network" in found["remedy"]["text"]
    for name in ("db", "apart"):
        assert "P012" not in rules(reports[f"container:{name}"])


def test_one_request_for_each_container_and_a_handful(engine: EngineSimulator) -> None:
    for number in range(40):
        engine.container(f"c{number}")
    check(engine, "container:*", "--quiet")
    asked = [path for path in engine.asked if path.endswith("/json") and not path.endswith("containers/json")]
    assert len(asked) == 40
    assert len(engine.asked) - len(asked) <= 3
    assert engine.connections <= 9


def test_an_engine_without_containers_has_nothing_to_judge(engine: EngineSimulator) -> None:
    assert check(engine, "container:*") == 0


@pytest.mark.parametrize(
    "state",
    [
        {"Status": "exited"}, {"Status": "created"}, {"Status": "restarting", "Restarting": True, "Pid": 0},
        {"Status": "dead", "Dead": True}, {"Status": "removing"}, {"Status": "new in some engine"}, {"Pid": -5},
    ],
)  # fmt: skip
def test_one_that_does_not_run_is_checked_by_what_is_declared(
    engine: EngineSimulator, state: dict[str, object], tmp_path: Path
) -> None:
    engine.container("web", host={"Privileged": True}, state=state)
    report = reported(engine, "container:web", tmp_path)["container:web"]
    assert "C001" in rules(report)
    assert report["errors"] == []


@pytest.mark.parametrize("pid", [2**22 + 5, 2**40, 1])
def test_a_process_that_is_not_the_containers_is_not_read(engine: EngineSimulator, pid: int, tmp_path: Path) -> None:
    engine.container("web", state={"Status": "running", "Running": True, "Pid": pid})
    report = reported(engine, "container:web", tmp_path)["container:web"]
    (error,) = report["errors"]
    assert "the kernel's view is missing" in error["message"]


ODD = [
    b"", b"[]", b"null", b"{}", b'{"Id": 5}', b"[" * 200_000, b'{"Id": "x", "State": []}', b'{"Id": "x"',
    b'{"Id": "x", "Name": "/y", "State": {"Pid": "5"}}', b"\xff\xfe",
    b'{"Id": "x", "Name": "/y", "State": {"Pid": 99999999999999999999999999}}',
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
def test_an_odd_answer_is_one_containers_error(engine: EngineSimulator, body: bytes, tmp_path: Path) -> None:
    odd = engine.container("odd")
    engine.container("web", host={"Privileged": True})
    engine.answers = lambda path, _query: Reply(body=body) if f"/{odd}/" in path else None
    reports = reported(engine, "container:*", tmp_path)
    assert len(reports) == 2
    assert "C001" in rules(reports["container:web"])
    (other,) = (one for name, one in reports.items() if name != "container:web")
    assert other["errors"]
    assert check(engine, "container:*", "--quiet") == 2


@pytest.mark.parametrize(
    "host",
    [
        5, [], None, {"Privileged": "yes"}, {"Memory": "much"}, {"CapAdd": {"a": 1}}, {"PidsLimit": 1.5},
        {"Binds": [5, None]}, {"RestartPolicy": []}, {"PortBindings": {"80/tcp": 5}}, {"Ulimits": [[]]}, {"Memory": 1e400},
        {"SecurityOpt": ["x" * 100_000]}, {"NanoCpus": 10**30}, {"Mounts": [{"Type": 5, "Target": []}]},
    ],
)  # fmt: skip
def test_values_of_a_wrong_type_are_reported_and_end_nothing(
    engine: EngineSimulator, host: object, tmp_path: Path
) -> None:
    identity = engine.container("web")
    if isinstance(host, dict):
        engine.containers[identity]["HostConfig"] |= host
    else:
        engine.containers[identity]["HostConfig"] = host
    report = reported(engine, "container:web", tmp_path)["container:web"]
    assert not any("internal error of sealock" in one["message"] for one in report["errors"])
    assert report["errors"] or report["skipped"] or report["findings"]


@pytest.mark.parametrize("name", ["runc:[2:INIT]", "runc:[1:CHILD]", "youki:[2:INIT]", "crun"])
def test_a_container_that_starts_is_looked_at_again(engine: EngineSimulator, tmp_path: Path, name: str) -> None:
    recorded = Recorded(tmp_path / "machine")
    identity = engine.container("web", state={"Status": "running", "Running": True, "Pid": 7})
    recorded.process(7, name=name, cgroup=f"0::/docker/{identity}\n", caps=ALL_CAPS, seccomp=0)
    asked: list[str] = []

    def describe(path: str, _query: object) -> None:
        if path.endswith("/web/json"):
            asked.append(path)
            if len(asked) == 3:
                recorded.process(7, cgroup=f"0::/docker/{identity}\n", uid=1000, caps="0" * 16)

    engine.answers = describe
    with connect(engine.where) as connected:
        (observed,) = observe(connected, ("web",), ProcReader(str(recorded.folder)))
    assert observed.enforced is not None
    process = observed.enforced.process
    assert (process.name, process.uid, process.effective, process.seccomp) == ("web", 1000, 0, 2)
    assert len(asked) == 3


def test_a_container_has_the_processes_that_are_in_it(engine: EngineSimulator, tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "machine")
    identity = engine.container("web", state={"Status": "running", "Running": True, "Pid": 7})
    for pid in (7, 8):
        recorded.process(pid, cgroup=f"0::/docker/{identity}\n")
    recorded.process(9, cgroup=f"0::/docker/{'e' * 64}\n", spaces={"pid": 4026533001, "mnt": 4026533002})
    with connect(engine.where) as connected:
        (observed,) = observe(connected, ("web",), ProcReader(str(recorded.folder)))
    assert observed.pids == (7, 8)


def test_a_container_that_only_calls_itself_as_a_runtime_does_is_evaluated(
    engine: EngineSimulator, tmp_path: Path
) -> None:
    recorded = Recorded(tmp_path / "machine")
    identity = engine.container("web", state={"Status": "running", "Running": True, "Pid": 7})
    recorded.process(7, name="runc:[2:INIT]", cgroup=f"0::/docker/{identity}\n", caps=ALL_CAPS)
    with connect(engine.where) as connected:
        (observed,) = observe(connected, ("web",), ProcReader(str(recorded.folder)))
    assert observed.enforced is not None
    assert given(observed.enforced.process.effective, 0) == int(ALL_CAPS, 16)


def test_one_that_is_removed_meanwhile_is_left_out(engine: EngineSimulator, tmp_path: Path) -> None:
    gone = engine.container("gone")
    engine.container("web")
    engine.answers = lambda path, _query: missing(gone) if f"/{gone}/" in path else None
    assert list(reported(engine, "container:*", tmp_path)) == ["container:web"]


def test_one_that_is_removed_while_it_starts_is_left_out(engine: EngineSimulator, tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "machine")
    starting = engine.container("starting", state={"Status": "running", "Running": True, "Pid": 7})
    for name in ("web", "db"):
        engine.container(name)
    recorded.process(7, name="runc:[2:INIT]", cgroup=f"0::/docker/{starting}\n", caps=ALL_CAPS, seccomp=0)
    asked: list[str] = []

    def describe(path: str, _query: object) -> Reply | None:
        asked.extend([path] if f"/{starting}/" in path else [])
        return missing(starting) if len(asked) > 1 and f"/{starting}/" in path else None

    engine.answers = describe
    with connect(engine.where) as connected:
        seen = list(observe(connected, (), ProcReader(str(recorded.folder))))
    assert sorted(each.listed.name for each in seen) == ["db", "web"]


def test_a_refusal_while_one_starts_ends_the_run(engine: EngineSimulator, tmp_path: Path) -> None:
    recorded = Recorded(tmp_path / "machine")
    starting = engine.container("starting", state={"Status": "running", "Running": True, "Pid": 7})
    recorded.process(7, name="runc:[2:INIT]", cgroup=f"0::/docker/{starting}\n", caps=ALL_CAPS, seccomp=0)
    asked: list[str] = []

    def describe(path: str, _query: object) -> Reply | None:
        asked.extend([path] if f"/{starting}/" in path else [])
        return Reply(500, b'{"message": "no luck"}') if len(asked) > 1 and f"/{starting}/" in path else None

    engine.answers = describe
    with connect(engine.where) as connected, pytest.raises(EngineRefusedError, match="no luck"):
        list(observe(connected, (), ProcReader(str(recorded.folder))))


def test_a_refusal_of_one_is_its_own_error(engine: EngineSimulator, tmp_path: Path) -> None:
    sick = engine.container("sick")
    engine.container("web")
    engine.answers = lambda path, _query: Reply(500, b'{"message": "no luck"}') if f"/{sick}/" in path else None
    reports = reported(engine, "container:*", tmp_path)
    assert "no luck" in reports["container:sick"]["errors"][0]["message"]
    assert reports["container:web"]["errors"] == []


def test_a_container_with_too_much_to_say_is_its_own_error(engine: EngineSimulator, tmp_path: Path) -> None:
    engine.container("vast", Padding="x" * (9 << 20))
    engine.container("web")
    reports = reported(engine, "container:*", tmp_path)
    assert "larger than 4 MiB" in reports["container:vast"]["errors"][0]["message"]
    assert reports["container:web"]["errors"] == []


def test_an_engine_that_dies_leaves_what_was_checked_and_an_error(engine: EngineSimulator, tmp_path: Path) -> None:
    names = [engine.container(f"c{number}") for number in range(20)]
    engine.answers = lambda path, _query: Reply(body=b"{", cut=0) if f"/{names[10]}/" in path else None
    reports = reported(engine, "container:*", tmp_path)
    assert "broke off" in reports["container:*"]["errors"][0]["message"]
    assert len(reports) > 1


@pytest.mark.parametrize("words", [("--format", "terminal"), ("--format", "github"), ("--format", "html")])
def test_names_and_labels_reach_no_terminal_unescaped(
    engine: EngineSimulator, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    identity = engine.container(LOUD, host={"Privileged": True, "Binds": [f"/etc:/{LOUD}"]})
    engine.containers[identity]["Config"]["Labels"] = {LOUD: LOUD}
    engine.containers[identity]["Config"]["Env"] = [f"A={LOUD}"]
    assert check(engine, "container:*", *words, "--color", "never") == 1
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert not any(line.startswith("name") for line in text.splitlines())


def test_what_an_old_engine_does_not_report_is_not_known(tmp_path: Path) -> None:
    with simulated(tmp_path, "1.24") as engine:
        engine.container("web")
        ((_, document),) = documents("container:web", engine.where)
        (noun,) = (subject.noun for subject in document.subjects)
        assert isinstance(noun, Container)
        assert (noun.cgroupns, noun.cpus, noun.auto_remove, noun.device_rules) == (UNKNOWN,) * 4
        report = reported(engine, "container:web", tmp_path)["container:web"]
        assert {one["rule"] for one in report["skipped"]} & {"C023"}


def test_a_remedy_names_the_container_and_its_options(engine: EngineSimulator, tmp_path: Path) -> None:
    engine.container("web")
    remedies = {
        one["rule"]: one["remedy"] for one in reported(engine, "container:web", tmp_path)["container:web"]["findings"]
    }
    said = json.dumps(remedies)
    assert "docker update --pids-limit" in said
    assert "start it again with --cap-drop ALL" in said


def test_each_container_of_an_observed_machine_is_merged_by_itself() -> None:
    """One container's declared --privileged hides nothing that only the kernel shows of another."""
    loud, quiet = {"privileged": True, "pid": "host"}, {"privileged": False}
    observed = {
        "observed": {
            "containers": [
                {"name": "loud", "declared": loud, "effective": loud, "process": {"pid": 7}},
                {"name": "quiet", "declared": quiet | {"pid": None}, "effective": loud, "process": {"pid": 8}},
            ]
        }
    }
    document = formats.read("observed", Source("seen.json", json.dumps(observed)))
    by_kind = {kind: [rule for rule in catalog.rules(kind) if rule.id in {"C001", "C018"}] for kind in ("container",)}
    result = merge_views(evaluate("seen.json", document, by_kind), document)
    notes = {(finding.container, finding.rule): finding.message.rpartition(" (")[2] for finding in result.findings}
    assert notes == {
        ("loud", "C001"): "declared and effective)",
        ("loud", "C018"): "declared and effective)",
        ("quiet", "C001"): "effective only)",
        ("quiet", "C018"): "effective only)",
    }


def test_no_engine_is_reported_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "container:web", "--engine", f"unix://{tmp_path}/none.sock"]) == 2
    assert "is the engine running" in " ".join(capsys.readouterr().out.split())


def test_the_engine_is_closed_when_no_more_is_wanted(engine: EngineSimulator) -> None:
    for number in range(20):
        engine.container(f"c{number}")
    some = documents("container:*", engine.where)
    next(some)
    some.close()  # type: ignore[attr-defined]  # it is a generator
    with connect(engine.where) as ours:
        assert len(ours.containers()) == 20


REMEDIES = [
    ({"Privileged": True}, "C001", "start it again without --privileged"),
    ({"PidMode": "host"}, "C018", "start it again without --pid host"),
    ({"CapAdd": ["SYS_ADMIN"]}, "C002", "start it again without --cap-add SYS_ADMIN"),
    ({"CgroupnsMode": "host"}, "C023", "start it again with --cgroupns private"),
    ({"Memory": 0}, "C028", "docker update --memory 512m --memory-swap 1g web"),
    ({"Binds": ["/etc:/e"]}, "C014", "start it again with --volume /etc:/e:ro and without --volume /etc:/e"),
    ({"Binds": ["/a b;c:/docker.sock"]}, "", ""),
]


@pytest.mark.parametrize(("host", "rule", "says"), REMEDIES)
def test_a_remedy_is_words_to_type(
    engine: EngineSimulator, host: dict[str, object], rule: str, says: str, tmp_path: Path
) -> None:
    engine.container("web", host=host)
    report = reported(engine, "container:web", tmp_path)["container:web"]
    said = [one["remedy"]["text"] for one in report["findings"] if one["rule"] == rule]
    assert [text.partition("Here: ")[2] for text in said] == ([says] if says else [])


@pytest.mark.parametrize("form", ["terminal", "json", "html", "sarif"])
def test_a_secret_of_a_container_is_not_shown(
    engine: EngineSimulator, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = engine.container("web")
    engine.containers[identity]["Config"]["Env"] = ["PASSWORD=hunter2hunter2"]
    check(engine, "container:web", "--format", form)
    said = capsys.readouterr().out
    assert "PASSWORD" in said
    assert "hunter2" not in said


def test_settings_of_pods_are_named_once_of_a_process_and_not_of_a_container_of_the_engine() -> None:
    seen = Container(privileged=False)
    enforced = Enforced(name="a", declared=seen, effective=seen, process=Process(pid=1))
    rules = {
        "container": tuple(rule for rule in catalog.every_rule() if rule.reads and set(rule.reads) <= set(POD_FIELDS))
    }
    assert len(rules["container"]) > 3
    alone = evaluate("x", process_document(enforced), rules)
    assert {skipped.reason for skipped in alone.skipped} == {"only a manifest of Kubernetes sets it, and the kernel does not show it"}  # fmt: skip
    inspected = Inspected(container(privileged=False), {})
    observed = ObservedContainer(Listed("0", ("/a",)), Source("a", ""), inspected, enforced)
    joined = evaluate("x", container_document(observed), rules)
    assert (joined.skipped, joined.findings) == ((), ())
