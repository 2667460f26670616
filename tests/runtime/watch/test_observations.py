"""What was seen becomes a profile; events and descriptions of engines are read, whatever they hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from sealock.cli.learn import seconds_of
from sealock.errors import TargetError, UsageError
from sealock.formats.profile import read_profile, write_profile
from sealock.model.location import Source
from sealock.model.profile import ContactedAddress, GrantedRights
from sealock.runtime.watch.capabilityuse import capabilities_possible
from sealock.runtime.watch.described import DescribedContainer, read_description
from sealock.runtime.watch.learnedprofiles import LearningCircumstances, profile_of
from sealock.runtime.watch.learning import LearnedContainer
from sealock.runtime.watch.lifecycle import LifecycleEvent, phases_of, read_event, was_killed
from sealock.runtime.watch.observations import LONGEST_PATH, MOST_ADDRESSES, MOST_FILES, Observations
from sealock.runtime.watch.tracepoints import spell_address
from sealock.targets.profiles import add_to_profile

CIRCUMSTANCES = LearningCircumstances("exec: true", "Linux 6", "docker 26", "tracepoints")
ID = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("line", "event"),
    [
        ('{"status":"start","Action":"start"}', LifecycleEvent("start")),
        ('{"Action":"exec_start: /bin/sh -c true"}', LifecycleEvent("exec", "/bin/sh -c true")),
        ('{"Action":"kill","Actor":{"Attributes":{"signal":"1"}}}', LifecycleEvent("kill", "1")),
        ('{"Action":"die","Actor":{"Attributes":{"exitCode":"137"}}}', LifecycleEvent("die", "137")),
        ('{"Action":"health_status: healthy"}', LifecycleEvent("health_status", "healthy")),
        ('{"Name":"c","Status":"died","ContainerExitCode":0}', LifecycleEvent("die", "0")),
        ('{"Action":7}', None),
        ("[]", None),
        ("{", None),
    ],
)
def test_an_event_of_an_engine(line: str, event: LifecycleEvent | None) -> None:
    assert read_event(line.encode()) == event


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=100) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["Action", "Status", "Actor", "Attributes", "signal"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_line_is_an_event_or_none(line: bytes) -> None:
    assert read_event(line) is None or b'"' in line


@pytest.mark.parametrize(
    ("event", "phases"),
    [
        (LifecycleEvent("exec", "ls"), ["exec"]),
        (LifecycleEvent("exec", "/bin/sh -c curl localhost"), ["health check"]),
        (LifecycleEvent("health_status", "healthy"), ["health check"]),
        (LifecycleEvent("kill", "1"), ["reload"]),
        (LifecycleEvent("kill", "15"), []),
        (LifecycleEvent("die", "0"), ["stop"]),
        (LifecycleEvent("die", "143"), ["stop"]),
        (LifecycleEvent("die", "137"), []),
        (LifecycleEvent("die", "139"), []),
        (LifecycleEvent("rename"), []),
    ],
)
def test_the_phase_of_an_event(event: LifecycleEvent, phases: list[str]) -> None:
    assert list(phases_of((event,), ("CMD-SHELL", "curl localhost"))) == phases


@pytest.mark.parametrize(
    ("ends", "killed"), [((), False), (("137",), True), (("137", "0"), False), (("0", "137"), True), (("143",), False)]
)
def test_a_container_was_killed_if_its_last_end_was(ends: tuple[str, ...], killed: bool) -> None:  # noqa: FBT001  a column
    assert was_killed((*(LifecycleEvent("die", status) for status in ends), LifecycleEvent("kill", "9"))) is killed


DOCKER = {
    "Id": "c" * 64, "Name": "/web", "Image": ID, "Path": "httpd", "Args": ["-f"],
    "Config": {"Image": "web:1", "Healthcheck": {"Test": ["CMD", "true"]}, "Labels": {"com.docker.compose.service": "s"}},
    "HostConfig": {"Runtime": "runc", "ReadonlyRootfs": True, "SecurityOpt": None},
    "State": {"Pid": 7, "Running": True, "ExitCode": 0}, "Mounts": [{"Destination": "/data"}],
    "NetworkSettings": {"Networks": {"front": {}}},
}  # fmt: skip


def test_a_description_by_docker() -> None:
    assert read_description(DOCKER) == DescribedContainer(
        "c" * 64, "web", "web:1", ID, ("httpd", "-f"), "runc", ("CMD", "true"), ("/data",), ("front",),
        read_only=True, pid=7, running=True, service="s",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"HostConfig": {"Privileged": True}}, "filtered", False),
        ({"HostConfig": {"SecurityOpt": ["seccomp=unconfined"]}}, "filtered", False),
        ({"HostConfig": {"Runtime": "oci"}, "OCIRuntime": "crun"}, "runtime", "crun"),
        ({"Image": "a" * 64}, "image_id", ID),
        ({"Config": None, "ImageName": "web:2"}, "image", "web:2"),
        ({"State": None}, "pid", 0),
        ({"Mounts": None}, "mounts", ()),
    ],
)
def test_a_description_that_differs(changes: dict[str, object], field: str, value: object) -> None:
    assert getattr(read_description({**DOCKER, **changes}), field) == value


def seen() -> Observations:
    observations = Observations()
    observations.add_call("x86_64", "read")
    observations.add_path(observations.read, "/proc/123/task/7/status")
    observations.add_path(observations.read, "/lib/x.so")
    observations.add_path(observations.mapped, "/lib/x.so")
    observations.add_path(observations.written, "/a\udcff")
    observations.capabilities.add("CHOWN")
    observations.users.add((33, 34))
    observations.listening.add(("tcp", 80, ""))
    observations.contacted.add(("tcp", "10.0.0.2", 5432))
    observations.names["10.0.0.2"] = "db"
    observations.phases |= {"start", "traffic"}
    return observations


def learned(observations: Observations) -> LearnedContainer:
    return LearnedContainer(read_description(DOCKER), observations, GrantedRights(("CHOWN",), 301))


def test_what_was_seen_becomes_a_profile_that_can_be_read_again() -> None:
    profile = profile_of(learned(seen()), (ID,), CIRCUMSTANCES)
    assert profile.read == ("/proc/*/status",)
    assert profile.libraries == ("/lib/x.so",)
    assert profile.written == ("/a�",)
    assert profile.users == ("33:34",)
    assert profile.contacted[0].name == "db"
    assert profile.runs[0].phases == ("start", "traffic")
    assert read_profile(Source("p", write_profile(profile))) == profile


def test_a_second_run_adds_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "web.profile.json"
    add_to_profile(str(path), profile_of(learned(seen()), (ID,), CIRCUMSTANCES))
    more = Observations()
    more.add_call("x86_64", "write")
    more.phases.add("stop")
    both = add_to_profile(str(path), profile_of(learned(more), (ID,), CIRCUMSTANCES))
    assert read_profile(Source("p", path.read_text())) == both
    assert both.calls("x86_64").seen == ("read", "write")
    assert (both.capabilities, len(both.runs)) == (("CHOWN",), 2)
    assert both.phases == {"start", "traffic", "stop"}
    with pytest.raises(TargetError, match="different images"):
        add_to_profile(str(path), profile_of(learned(more), ("sha256:" + "b" * 64,), CIRCUMSTANCES))
    assert read_profile(Source("p", path.read_text())) == both


def test_a_file_that_is_no_profile_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "web.profile.json"
    path.write_text("{}")
    with pytest.raises(TargetError, match="not a profile"):
        add_to_profile(str(path), profile_of(learned(seen()), (ID,), CIRCUMSTANCES))


def test_what_is_too_much_is_lost_and_said() -> None:
    observations = Observations()
    observations.add_path(observations.read, "/" + "x" * LONGEST_PATH)
    observations.read |= {f"/{number}" for number in range(MOST_FILES)}
    observations.add_path(observations.read, "/more")
    observations.add_path(observations.read, "/1")
    assert len(observations.read) == MOST_FILES
    assert observations.lost == {"a path that is too long", f"paths beyond {MOST_FILES} of one kind"}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=50))
def test_any_path_is_kept_as_text_that_can_be_encoded(text: str) -> None:
    observations = Observations()
    observations.add_path(observations.read, f"/{text}")
    assert all(path.startswith("/") and path.encode() for path in observations.read)
    assert len(observations.read) == 1


def test_each_new_thing_makes_it_larger() -> None:
    observations = seen()
    size = observations.size
    observations.add_call("i386", "read")
    assert observations.size == size + 1


def test_capabilities_that_no_call_can_use_are_left_out() -> None:
    observations = Observations()
    for call in ("fchownat", "bind", "read"):
        observations.add_call("x86_64", call)
    granted = ("CHOWN", "NET_BIND_SERVICE", "SYS_CHROOT", "SETUID", "DAC_OVERRIDE", "SYS_ADMIN")
    # What can be used in many calls stays.
    assert capabilities_possible(granted, observations) == {"CHOWN", "NET_BIND_SERVICE", "DAC_OVERRIDE", "SYS_ADMIN"}
    assert capabilities_possible(("CHOWN",), Observations()) == frozenset()


@pytest.mark.parametrize(
    ("family", "raw", "text"),
    [
        (2, b"\x7f\0\0\1" + bytes(12), "127.0.0.1"),
        (10, bytes(15) + b"\1", "::1"),
        (10, bytes(10) + b"\xff\xff\x0a\0\0\1", "10.0.0.1"),
    ],
)
def test_an_address(family: int, raw: bytes, text: str) -> None:
    assert spell_address(family, raw) == text


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("10m", 600), ("1h", 3600), ("45", 45), ("1.5m", 90), ("200ms", 0.2)]
)
def test_a_time(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "0", "-1", "10d", "ten", "1e3", "9999999999999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no time"):
        seconds_of(text)


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    path = str(tmp_path / "p.json")
    one = profile_of(LearnedContainer(DescribedContainer("c"), seen()), (ID,), CIRCUMSTANCES)
    add_to_profile(path, one)
    before = Path(path).read_text()
    more = replace(one, contacted=tuple(ContactedAddress("tcp", f"{number}{'0' * 60_000}", 1) for number in range(150)))
    with pytest.raises(
        TargetError, match=r"nothing was written, since it could not be read again: .*longer than 8 MiB"
    ):
        add_to_profile(path, more)
    assert Path(path).read_text() == before


def test_addresses_beyond_what_a_profile_can_hold_are_lost() -> None:
    full = Observations()
    for number in range(MOST_ADDRESSES):
        full.add_contact("tcp", f"10.0.{number >> 8}.{number & 255}", 80)
    assert full.lost == set()
    full.add_contact("tcp", "10.0.0.0", 81)
    full.add_contact("tcp", "10.0.0.0", 80)
    assert (len(full.contacted), full.lost) == (MOST_ADDRESSES, {f"addresses beyond {MOST_ADDRESSES}"})
