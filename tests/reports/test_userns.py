"""The page of a plan: fits its width, shows nothing that steers a terminal, and tells a command whole."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from sealock.model.container import container
from sealock.reports.userns import as_json, render
from sealock.text import width
from sealock.userns.plan import Bind, EngineImage, EngineVolume, MachineFacts, Owned, PlannedContainer, plan
from sealock.userns.plan.plan import RemappingPlan


def made(number: int, name: str = "web-{}") -> RemappingPlan:
    names = [name.format(index) for index in range(number)]
    paths = [f"/srv/{name}" for name in names]
    return plan(
        MachineFacts(
            kernel="6.1.0",
            user_namespaces=True,
            most_namespaces=1000,
            subuid="",
            subgid="",
            accounts={"root": 0, "jo": 1000},
            engine=True,
            flag="",
            storage="overlay2",
            data_root="/var/lib/docker",
            free=10**12,
            images=tuple(EngineImage(f"{one}:1", 10**9, pullable=index % 2 == 0) for index, one in enumerate(names)),
            containers=tuple(PlannedContainer(name, container(privileged=True)) for name in names),
            volumes=tuple(EngineVolume(one, path=path) for one, path in zip(names, paths, strict=True)),
            binds=tuple(Bind(one, path, "/data") for one, path in zip(names, paths, strict=True)),
            owned=tuple(Owned(path=path, owners=((0, 0, 5), (1000, 33, 2)), setuid=(f"{path}/su",)) for path in paths),
        )
    )


@pytest.mark.parametrize("number", [0, 1, 60])
@pytest.mark.parametrize("room", [72, 80, 120])
def test_lines_fit_but_for_commands_that_are_to_be_copied(number: int, room: int) -> None:
    text = render(made(number), width=room)
    rows = [row for row in text.splitlines() if not row.startswith(("    for i", "    find", "    docker volume"))]
    assert max(map(width, rows)) <= room


def test_many_things_are_told_shortly_and_all_of_them_where_asked_for() -> None:
    short, long = render(made(60)), render(made(60), every=True)
    assert len(short.splitlines()) < 150
    assert "and 55 more: --all shows them" in short
    assert "web-59" in long
    assert all(f"find /srv/web-{index} " in long for index in range(60))


@pytest.mark.parametrize("lacking", ["uids", "gids"])
def test_users_on_the_host_are_shown_where_both_ranges_are_known(lacking: str) -> None:
    heading = "Users of containers on the host"
    assert heading in render(made(1))
    assert heading not in render(replace(made(1), **{lacking: ()}))


@pytest.mark.parametrize("name", ["\x1b[31m{}", "a\n{}", "\u202e{}", "\udcff{}"])
def test_names_from_outside_steer_nothing(name: str) -> None:
    text = render(made(3, name))
    assert all(one.isprintable() or one == "\n" for one in text)
    assert len(text.splitlines()) < 100


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "Ready: `sealock userns enable` can enable remapping."),
        (1, "The machine is ready, but 1 container would no longer work: see below."),
        (3, "The machine is ready, but 3 containers would no longer work: see below."),
    ],
)
def test_the_first_line_says_whether_anything_is_left_to_settle(number: int, said: str) -> None:
    assert render(made(number), width=100).splitlines()[1] == said


def test_without_unicode_there_is_none() -> None:
    assert render(made(0), unicode=False).isascii()


def test_json_holds_all_of_it() -> None:
    told = json.loads(as_json(made(3)))
    assert told["result"] == "ready"
    assert told["refused"] == ["web-0", "web-1", "web-2"]
    assert [one["path"] for one in told["handovers"]] == ["/srv/web-0", "/srv/web-1", "/srv/web-2"]
    assert told["handovers"][0]["commands"]
