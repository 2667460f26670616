"""Records the plans of demonstrations: every command, for each client and image, and what stands in for a setting.

`tests/vectors/plans/NAME.txt` holds the records, and `tests/test_records.py` compares. A change that is meant is written
down with `./dev records` and reviewed in the diff. Nothing of a plan is run here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from sealock.errors import SealockError
from sealock.model.container import Container, Device, Label, Mount, Network, Port, Variable, container
from sealock.show.catalog import demonstrations
from sealock.show.chapters import Scene
from sealock.show.faults import own_fault
from sealock.show.plan import Act, Command, Plan, make_plan, start_box
from sealock.show.scenes import scene
from sealock.show.setting import Place, StandIns, focused
from support.shownvalues import show

if TYPE_CHECKING:
    from sealock.show.client import Client

RECORDS = Path(__file__).parent.parent / "vectors" / "plans"
_PLACE = Place("abc123", "/t/sealock-show-abc123", "sealock-show:abc123", port=4711, host="h", socket="/r/docker.sock")
_OWN = replace(_PLACE, image="registry.example/app:1", own_image=True)
_PLACES = {
    "docker": (_PLACE, ("docker",)),
    "podman-own-image": (_OWN, ("podman", "--remote")),
    "no-socket": (replace(_PLACE, socket="", host="", port=0), ("docker",)),
}
_SETTINGS: tuple[Container, ...] = (
    container(mounts=(Mount("bind", "/etc", "/e"), Mount("bind", "/var/run/docker.sock", "/s"), Mount("volume", "data", "/d"), Mount("volume", None, "/v"), Mount("tmpfs", None, "/t"), Mount("bind", "/home/me/.ssh", "/k", read_only=True))),
    container(devices=(Device("/dev/sda", "/dev/sda"), Device("/dev/fuse", "/dev/fuse", "r")), device_rules=("c *:* rwm", "b 8:0 r")),
    container(environment=(Variable("DB_PASSWORD", "hunter2-and-more"), Variable("PATH", "/tmp:/bin"), Variable("A", "b"), Variable("EMPTY", None)), labels=(Label("deploy.token", "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"), Label("a", "b"))),
    container(ports=(Port("80", "8080"), Port("81", "81"))), container(ports=(Port("80", "80", "127.0.0.1"),)), container(ports=(Port("53", "53", protocol="udp"),)),
    container(ports=(Port("80-90", "80-90", "10.0.0.1"),)), container(publish_all=True, expose=("9000/tcp",)), container(publish_all=True),
    container(networks=(Network("front"), Network("back"))), container(network_mode="host"), container(network_mode="container:db"), container(pid="container:db", ipc="container:db"),
    container(volumes_from=("other:ro",), user="root", privileged=True, cap_add=("SYS_ADMIN",), cgroup_parent="x", name="web", hostname="h"),
)  # fmt: skip
_SCENES: tuple[Scene, ...] = ("images", "scanning")
"""The chapters whose scenes need no registry."""
NAMES = (*_PLACES, "settings")


def record(name: str) -> str:
    """The record of a client, or of settings."""
    rows = _settings() if name == "settings" else _plans(name)
    return "".join(f"{row.rstrip()}\n" for text in rows for row in text.splitlines())


def _plans(name: str) -> Iterator[str]:
    place, client = _PLACES[name]
    yield show(start_box(client, place))
    for rule, demonstration in demonstrations().items():
        fault = own_fault(demonstration)
        yield f"=== {rule}"
        try:
            yield from _plan(make_plan(demonstration, fault.before, fault.after, place, client))
        except SealockError as error:
            yield f"{type(error).__name__}: {error}"
    for chapter in _SCENES:
        yield f"=== {chapter}"
        with scene(chapter, place, cast("Client", SimpleNamespace(words=client))) as plan:
            yield show(plan.demonstration)
            yield from _plan(plan)


def _plan(plan: Plan) -> Iterator[str]:
    for title, commands in (
        ("make", plan.make),
        ("before", _commands(plan.before)),
        ("after", _commands(plan.after)),
        ("remove", plan.remove),
    ):
        yield from (f"  {title} {show(command)}" for command in commands)
    yield from (f"  note {note}" for note in plan.notes)


def _commands(act: Act) -> tuple[Command, ...]:
    return *act.make, *act.harm, *act.remove


def _settings() -> Iterator[str]:
    """What stands in for each setting, by the demonstration."""
    for rule, demonstration in demonstrations().items():
        fault = own_fault(demonstration)
        yield f"=== {rule}"
        yield show(focused(demonstration, fault.before, fault.after))
        for noun in _SETTINGS:
            stands = StandIns(demonstration, _PLACE)
            try:
                yield f"  {show(stands.harmless(noun))} {show(list(stands.names(noun)))} {show(stands.notes)}"
            except SealockError as error:
                yield f"  {type(error).__name__}: {error}"


if __name__ == "__main__":
    RECORDS.mkdir(exist_ok=True)
    for record_name in NAMES:
        (RECORDS / f"{record_name}.txt").write_text(record(record_name), encoding="utf-8")
