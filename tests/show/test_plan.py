"""A plan is harmless, whatever the setting: it mounts nothing of the host's, and all that it makes bears its label."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.formats.runargs import read
from sealock.model.absent import given as present
from sealock.model.container import Container, Device, Label, Mount, Port, Variable, container
from sealock.model.location import Source
from sealock.show.catalog import demonstrations
from sealock.show.faults import Fault, fault_of_service, own_fault
from sealock.show.plan import Command, Plan, make_plan
from sealock.show.setting import Place, StandIns
from support.draws import draws

SHOWN = demonstrations()
PLACE = Place("abc123", "/t/sealock-show-abc123", "sealock-show:abc123", port=4711, host="h", socket="/r/docker.sock")
OWN = replace(PLACE, image="registry.example/app:1", own_image=True)
MAKES = ("run", "create")


@cache
def fault_in(rule: str) -> Fault:
    return own_fault(SHOWN[rule])


@cache
def planned(rule: str, place: Place = PLACE, client: tuple[str, ...] = ("docker",)) -> Plan:
    fault = fault_in(rule)
    return make_plan(SHOWN[rule], fault.before, fault.after, place, client)


def sources(command: Command) -> list[str]:
    """The host's sides of a command's mounts, with " rw" after those that can be written."""
    found = []
    for option, value in zip(command.words, command.words[1:], strict=False):
        if option == "--volume" and value.startswith("/") and ":" in value:
            source, _, rest = value.partition(":")
            found.append(source if rest.endswith(":ro") else f"{source} rw")
        assert option != "--mount"
    return found


@pytest.mark.parametrize("place", [PLACE, OWN], ids=["busybox", "own image"])
@pytest.mark.parametrize("client", [("docker",), ("podman", "--remote")], ids=["docker", "podman"])
@pytest.mark.parametrize("rule", SHOWN)
def test_each_plan_keeps_to_itself(rule: str, client: tuple[str, ...], place: Place) -> None:
    for command in planned(rule, place, client).commands:
        verbs = [word for word in command.words[len(client) :] if word in MAKES][:1]
        if command.words[: len(client)] == client and verbs and command.words[len(client)] != "exec":
            assert PLACE.label in command.words
            if verbs == ["run"]:
                name = command.words[command.words.index("--name") + 1]
                assert name.startswith(PLACE.box)
                assert "--rm" in command.words
                assert "--pull=never" in command.words
        for source in sources(command):
            own = source.startswith(f"{place.files}/")
            assert own or source in {"/r/docker.sock", "/r"}, "mounts the host's"
        assert not any("0.0.0.0" in word or word in {"-P", "--publish-all"} for word in command.words)
        assert command.words[0] in {client[0], "ls"}


@pytest.mark.parametrize("rule", SHOWN)
def test_every_container_has_no_network_or_one_of_its_own(rule: str) -> None:
    plan = planned(rule)
    allowed = {"none", f"{PLACE.box}-net", "host"}
    for command in plan.commands:
        if command.words[1] == "run":
            named = [
                value for word, value in zip(command.words, command.words[1:], strict=False) if word == "--network"
            ]
            assert set(named) <= allowed
            assert named or rule == "C064", "the default bridge is for the rule on it alone"
    made = [command for command in plan.make if command.words[1] == "network"]
    if SHOWN[rule].network != "published":
        assert all("--internal" in command.words for command in made)


@pytest.mark.parametrize("rule", SHOWN)
def test_what_is_made_is_removed(rule: str) -> None:
    plan = planned(rule)
    removed = {word for command in plan.commands if command.role == "remove" for word in command.words}
    for command in plan.commands:
        if command.words[1] == "run" and "--detach" in command.words:
            assert command.words[command.words.index("--name") + 1] in removed
        if command.words[1] in {"network", "volume"} and command.words[2] == "create":
            assert command.words[-1] in removed


@pytest.mark.parametrize("rule", SHOWN)
def test_the_same_commands_do_harm_before_and_after(rule: str) -> None:
    plan = planned(rule)
    if not any(step.where == "again" for step in SHOWN[rule].steps):
        assert plan.before.harm == plan.after.harm
    assert plan.before.make != plan.after.make


def test_no_name_is_left_open() -> None:
    for rule in SHOWN:
        for command in planned(rule).commands:
            assert not any(
                "<" in word and word != "<address>" and "http://<address>" not in word for word in command.words
            )


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
PATHS = TEXTS.map(lambda text: "/" + text.replace("/", "_"))
MOUNTS = st.builds(
    Mount, st.sampled_from(["bind", "volume", "tmpfs", "npipe", "image"]), PATHS | st.none(), PATHS, st.booleans()
)


@given(
    st.lists(MOUNTS, max_size=4),
    st.lists(st.builds(Device, PATHS, PATHS), max_size=3),
    st.lists(st.builds(Variable, TEXTS, TEXTS | st.none()), max_size=3),
    st.lists(st.builds(Label, TEXTS, TEXTS), max_size=3),
    st.lists(st.builds(Port, st.just("80"), TEXTS | st.none(), TEXTS | st.none()), max_size=3),
    st.sampled_from(["host", "container:theirs", "service:theirs", "private"]),
)
@draws(200)
def test_stand_ins_leave_nothing_of_the_host_nor_of_other_containers(  # noqa: PLR0917  a field each
    mounts: list[Mount],
    devices: list[Device],
    variables: list[Variable],
    labels: list[Label],
    ports: list[Port],
    mode: str,
) -> None:
    noun = container(
        mounts=tuple(mounts), devices=tuple(devices), environment=tuple(variables), labels=tuple(labels),
        ports=tuple(ports), pid=mode, volumes_from=("theirs",),
    )  # fmt: skip
    made = StandIns(SHOWN["C014"], PLACE).harmless(noun)
    kept = made.mounts if isinstance(made.mounts, tuple) else ()
    assert all(mount.source in {None, f"{PLACE.files}/host", f"{PLACE.box}-data"} for mount in kept)
    assert "theirs" not in repr(made)
    secrets = {v.value for v in variables if v.value and v.name != "PATH"} | {label.value for label in labels}
    values = {v.value for v in made.environment} if isinstance(made.environment, tuple) else set()
    assert not (secrets & values) - {f"marker-{PLACE.run}"}
    assert all(port.address in {"127.0.0.1", "127.0.0.2"} for port in present(made.ports, ()))
    assert all(device.source == "/dev/loop-control" for device in present(made.devices, ()))


COMPOSE = """\
services:
  web:
    image: registry.example/web:1
    pid: host
    environment:
      API_TOKEN: ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8
    volumes:
      - ./data:/data
      - /etc:/host-etc
  quiet:
    image: registry.example/quiet:1
"""


def test_a_services_setting_is_taken_and_the_rest_of_it_is_not(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    fault = fault_of_service(SHOWN["C018"], str(file), "web")
    assert fault.image == "registry.example/web:1"
    assert "-    pid: host" in fault.diff
    plan = make_plan(SHOWN["C018"], fault.before, fault.after, OWN)
    words = " ".join(" ".join(command.words) for command in plan.commands)
    assert "--pid host" in words
    assert "/host-etc" not in words
    fault = fault_of_service(SHOWN["C014"], str(file), "web")
    plan = make_plan(SHOWN["C014"], fault.before, fault.after, OWN)
    words = " ".join(" ".join(command.words) for command in plan.commands)
    assert f"{OWN.files}/host:/host-etc" in words
    assert "/data" not in words
    assert any("/etc" in note for note in plan.notes)


def test_a_services_secret_is_in_no_command(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    fault = fault_of_service(SHOWN["C048"], str(file), "web")
    plan = make_plan(SHOWN["C048"], fault.before, fault.after, OWN)
    assert all("ghp_" not in word for command in plan.commands for word in command.words)


ODD = ("/x -v /:/y", "/x'; id; '", "/$(id)", "/a\\nb", "/`id`", "/x --privileged run app.sock")


@pytest.mark.parametrize("target", ODD)
@pytest.mark.parametrize("rule", ["C011", "C014", "C016"])
def test_what_a_file_says_never_becomes_a_command(rule: str, target: str, tmp_path: Path) -> None:
    source = {"C011": "/var/run/docker.sock", "C014": "/etc", "C016": "/root/.ssh"}[rule]
    mount = {"type": "bind", "source": source, "target": target}
    file = tmp_path / "compose.yaml"
    file.write_text(json.dumps({"services": {"web": {"image": "a:1", "volumes": [mount]}}}))
    fault = fault_of_service(SHOWN[rule], str(file), "web")
    with pytest.raises(SealockError, match="cannot take"):
        make_plan(SHOWN[rule], fault.before, fault.after, OWN)


@pytest.mark.parametrize(
    ("rule", "service", "words"),
    [
        ("C018", "quiet", "does not have the fault C018"),
        ("C018", "wbe", "has no service wbe; it has web, quiet"),
    ],
)
def test_what_a_service_does_not_have_is_an_error(rule: str, service: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(COMPOSE)
    with pytest.raises(SealockError, match=words):
        fault_of_service(SHOWN[rule], str(file), service)


@pytest.mark.parametrize("rule", SHOWN)
def test_the_options_read_back_as_the_setting(rule: str) -> None:
    """The written line is read by the reader of run lines: one field table for both."""
    for act in (planned(rule).before, planned(rule).after):
        (line,) = [command for command in act.make if f"--name {PLACE.box} " in f"{' '.join(command.words)} "]
        quoted = " ".join("'" + word.replace("'", "'\"'\"'") + "'" for word in line.words)
        (subject, *_) = read(Source("x.sh", quoted)).subjects
        assert isinstance(subject.noun, Container)
        assert subject.noun.name == PLACE.box
