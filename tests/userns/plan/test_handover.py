"""Folders and volumes: who owns them is to own them as the mapped user, by commands that shift once."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from sealock.model.container import container
from sealock.userns.plan import Bind, EngineVolume, MachineFacts, Owned, PathEntry, PlannedContainer
from sealock.userns.plan.ownership import Handover, Ids, KeptDirectory, copies, handovers, returning, shifting
from sealock.userns.plan.ranges import SubordinateRange, inside

IDS = Ids((SubordinateRange("d", 200_000, 65536),), (SubordinateRange("d", 300_000, 65536),))
DATA = Bind("web", "/srv/data", "/data")


def planned(*binds: Bind, ids: Ids = IDS, **fields: Any) -> list[Handover | KeptDirectory]:
    return list(handovers(MachineFacts(binds=binds, data_root="/var/lib/docker", **fields), ids))


def owned(path: str = "/srv/data", *owners: tuple[int, int, int], **fields: Any) -> Owned:
    return Owned(path=path, owners=owners or ((0, 0, 3),), **fields)


def test_a_directory_of_one_owner() -> None:
    (made,) = planned(DATA, owned=(owned(),))
    assert isinstance(made, Handover)
    assert made.commands == (
        "find /srv/data -xdev -uid 0 -execdir chown -h 200000 {} +",
        "find /srv/data -xdev -gid 0 -execdir chown -h :300000 {} +",
    )
    assert made.back == tuple(returning("/srv/data", IDS))


def test_the_way_back_shifts_every_id_of_the_ranges() -> None:
    users, groups = returning("/srv/my data", IDS)
    assert users == (
        "find '/srv/my data' -xdev -uid +199999 -uid -265536 -execdir sh -c"
        """ 'for f; do chown -h $(($(stat -c %u "$f") - 200000)) "$f"; done' sh {} +"""
    )
    assert groups == (
        "find '/srv/my data' -xdev -gid +299999 -gid -365536 -execdir sh -c"
        """ 'for f; do chown -h :$(($(stat -c %g "$f") - 300000)) "$f"; done' sh {} +"""
    )
    before = owned("/srv", (0, 0, 3), (200_007, 365_535, 1), (199_999, 7, 1))
    kept = [command.partition(" -execdir")[0] for command in returning("/srv", IDS, before)]
    assert kept == [
        "find /srv -xdev -uid +199999 -uid -265536 ! -uid 200007",
        "find /srv -xdev -gid +299999 -gid -365536 ! -gid 365535",
    ]
    joined = Ids((SubordinateRange("d", 300_000, 1000), SubordinateRange("d", 200_000, 65536)), IDS.gids)
    assert "- 199000))" in list(returning("/d", joined))[1]
    assert [inside(joined.uids, number) for number in (300_000, 300_999, 301_000, 200_000, 265_535, 265_536, 0)] == [
        0, 999, None, 1000, 66535, None, None,
    ]  # fmt: skip


def test_many_owners_need_one_command_for_users_and_one_for_groups() -> None:
    commands = list(shifting("/d", [(0, 0, 1), (33, 33, 1), (1000, 0, 1)], IDS))
    assert commands == [
        "for i in 0 33 1000; do find /d -xdev -uid $i -execdir chown -h $((i + 200000)) {} +; done",
        "for i in 0 33; do find /d -xdev -gid $i -execdir chown -h :$((i + 300000)) {} +; done",
    ]


def test_each_part_of_a_joined_range_has_its_own_distance() -> None:
    ids = Ids((SubordinateRange("d", 300_000, 1000), SubordinateRange("d", 200_000, 65536)), IDS.gids)
    commands = [one for one in shifting("/d", [(999, 0, 1), (1000, 0, 1)], ids) if "-uid" in one]
    assert commands == [
        "find /d -xdev -uid 999 -execdir chown -h 300999 {} +",
        "find /d -xdev -uid 1000 -execdir chown -h 200000 {} +",
    ]


def test_a_thousand_owners_need_commands_of_bearable_length() -> None:
    commands = list(shifting("/d", [(uid, 0, 1) for uid in range(1000)], IDS))
    assert len(commands) == 26
    assert max(map(len, commands)) < 400


def test_ids_that_no_container_writes_as_are_left_only() -> None:
    assert not planned(DATA, owned=(owned("/srv/data", (200_000, 300_000, 5)),))
    (made,) = planned(DATA, owned=(owned("/srv/data", (0, 300_000, 5), (500_000, 0, 1)),))
    assert isinstance(made, Handover)
    assert [command for command in made.commands if "-uid 500000" in command or "-gid 300000" in command] == []
    assert any("1 entry belongs to unmapped ids" in note for note in made.notes)


@pytest.mark.parametrize(
    "path", ["/srv/two words", "/srv/$(reboot)", "/srv/'quoted'", "/srv/a;b", "/srv/a\nb", "/srv/-rf", "/srv/ü"]
)
def test_a_path_stays_one_word_whatever_is_in_it(path: str) -> None:
    for command in shifting(path, [(0, 0, 1)], IDS):
        assert shlex.split(command)[:3] == ["find", path, "-xdev"]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", True), ("/etc", True), ("/etc/ssl/certs", True), ("/usr/share", True), ("/home", True), ("/var/run", True),
        ("/var/lib", True), ("/var/lib/docker", True), ("/var/lib/docker/volumes/x/_data", True), ("/proc", True),
        ("/sys/fs/cgroup", True), ("/dev", True), ("/root", True), ("/tmp", True), ("/lib/modules", True),
        ("/var/log/app", True), ("/etcetera", False), ("/home/jo/app", False), ("/var/lib/app", False), ("/srv/x", False),
        ("/var/lib/dockers", False), ("/opt/app", False), ("/tmp/work", False),
    ],
)  # fmt: skip
def test_what_belongs_to_the_machine_is_never_handed_over(path: str, *, kept: bool) -> None:
    (made,) = planned(Bind("web", path, "/x"), owned=(owned(path),))
    assert isinstance(made, KeptDirectory) == kept


def test_a_directory_within_another_goes_along_with_it() -> None:
    binds = (DATA, Bind("db", "/srv/data/db", "/db"), Bind("db", "/srv/data2", "/two"))
    held = (owned(device=1), owned("/srv/data/db", device=1), owned("/srv/data2", device=1))
    assert [one.path for one in planned(*binds, owned=held)] == ["/srv/data", "/srv/data2"]


def test_a_directory_within_another_on_its_own_file_system_does_not() -> None:
    binds = (DATA, Bind("db", "/srv/data/db", "/db"))
    held = (owned(device=1), owned("/srv/data/db", device=2))
    assert [one.path for one in planned(*binds, owned=held)] == ["/srv/data", "/srv/data/db"]


def test_a_directory_within_one_that_is_only_read_is_handed_over_itself() -> None:
    binds = (Bind("web", "/srv/data", "/data", read_only=True), Bind("db", "/srv/data/db", "/db"))
    held = (owned(device=1), owned("/srv/data/db", device=1))
    assert [one.path for one in planned(*binds, owned=held)] == ["/srv/data/db"]


def test_what_nobody_could_look_at_is_named_and_no_command_is_made_up() -> None:
    (made,) = planned(DATA)
    assert isinstance(made, Handover)
    assert made.notes == ("could not be read: run sealock as root on the machine with the directory",)
    assert not made.reads
    assert not made.whole
    assert (made.commands, made.back, made.owners) == ((), (), ())


def test_what_is_only_read_changes_hands_where_others_cannot_read_it() -> None:
    bind = Bind("web", "/srv/data", "/data", read_only=True)
    assert not planned(bind, owned=(owned(),))
    (made,) = planned(bind, owned=(owned(hidden=((0, 0, 1),)),))
    assert isinstance(made, Handover)
    assert made.reads
    assert all("-perm -004" in command for command in made.commands)


def test_one_that_writes_among_those_that_read_counts() -> None:
    binds = (DATA, Bind("log", "/srv/data", "/data", read_only=True))
    (made,) = planned(*binds, owned=(owned(),))
    assert isinstance(made, Handover)
    assert not made.reads
    assert len(made.binds) == 2


def test_who_opts_out_goes_on_as_before() -> None:
    held = (PlannedContainer("web", container(userns="host")),)
    assert not planned(DATA, owned=(owned(),), containers=held)


@pytest.mark.parametrize("kind", ["socket", "device", "other", "missing"])
def test_what_is_neither_file_nor_directory_is_no_matter_of_owners(kind: Any) -> None:
    assert not planned(DATA, owned=(owned(kind=kind),))


def test_what_is_said_of_a_directory_does_not_depend_on_those_before_it() -> None:
    """Each kind that needs nothing, or has no command, stands first, between and last."""
    alone = [
        (Bind("web", f"/srv/{name}-{kind}", "/data"), owned(f"/srv/{name}-{kind}", kind=kind, device=device))
        for name in "ac"
        for device, kind in enumerate(("socket", "device", "other", "missing", "unknown", "directory", "file"))
    ]
    alone += [(Bind("web", path, "/data"), owned(path, device=9)) for path in ("/etc/ssl", "/srv/b", "/var/run")]
    alone += [(Bind("web", "/srv/a-directory/in", "/data"), owned("/srv/a-directory/in", device=9))]
    apart = [made for bind, tree in alone for made in planned(bind, owned=(tree,))]
    together = planned(*(bind for bind, _ in alone), owned=tuple(tree for _, tree in alone))
    assert together == sorted(apart, key=lambda made: made.path)
    assert len(together) == 10


@pytest.mark.parametrize("held", [(), (owned(kind="unknown"),)], ids=["not looked at", "could not be looked at"])
def test_what_could_not_be_read_is_reported(held: tuple[Owned, ...]) -> None:
    (made,) = planned(DATA, owned=held)
    assert isinstance(made, Handover)
    assert not made.whole
    assert not made.commands
    assert "could not be read" in made.notes[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"setuid": ("/srv/data/su",)}, "setuid and setgid bits"),
        ({"capable": ("/srv/data/ping",)}, "file capabilities"),
        ({"acls": ("/srv/data/a",)}, "access control lists"),
    ],
)
def test_what_a_change_of_owner_takes_away_is_reported(fields: dict[str, Any], words: str) -> None:
    (made,) = planned(DATA, owned=(owned(**fields),))
    assert isinstance(made, Handover)
    assert any(words in note and "/srv/data/" in note for note in made.notes)


def test_people_who_lose_their_files_are_named() -> None:
    (made,) = planned(DATA, owned=(owned("/srv/data", (1000, 1000, 1)),), accounts={"jo": 1000})
    assert isinstance(made, Handover)
    assert "jo (1000)" in made.notes[0]


def test_every_entry_is_listed_with_its_new_owner() -> None:
    entries = (
        PathEntry("/srv/data", 0, 0),
        PathEntry("/srv/data/a", 33, 300_005),
        PathEntry("/srv/data/b", 200_000, 300_000),
    )
    (made,) = planned(DATA, owned=(owned(entries=entries),))
    assert isinstance(made, Handover)
    assert [(entry.path, entry.new_uid, entry.new_gid) for entry in made.entries] == [
        ("/srv/data", 200_000, 300_000),
        ("/srv/data/a", 200_033, 300_005),
    ]


OLD, NEW = "/var/lib/docker/volumes/db/_data", "/var/lib/docker/200000.300000/volumes/db/_data"
ROOT = "/var/lib/docker/200000.300000"


def copied(*volumes: EngineVolume, **fields: Any) -> list[tuple[str, ...]]:
    machine = MachineFacts(volumes=volumes, data_root="/var/lib/docker", **fields)
    return [copy.commands for copy in copies(machine, IDS, ROOT)]


def test_a_volume_is_copied_and_then_changes_hands() -> None:
    assert copied(EngineVolume("db", path=OLD), owned=(owned(OLD, (999, 999, 5)),)) == [
        (
            f"docker volume create db && cp -a {OLD}/. {NEW}/",
            f"find {NEW} -xdev -uid 999 -execdir chown -h 200999 {{}} +",
            f"find {NEW} -xdev -gid 999 -execdir chown -h :300999 {{}} +",
        )
    ]


def test_an_empty_volume_needs_nothing() -> None:
    assert not copied(EngineVolume("db", path=OLD), owned=(owned(OLD, (0, 0, 1)),))


@pytest.mark.parametrize(
    "volume",
    [
        EngineVolume("nfs", path=OLD, plain=False),
        EngineVolume("far", driver="rexray", path=OLD),
        EngineVolume("gone", path="/x"),
    ],
)
def test_a_volume_that_is_no_directory_here_is_reported(volume: EngineVolume) -> None:
    (made,) = copies(MachineFacts(volumes=(volume,), data_root="/var/lib/docker"), IDS, ROOT)
    assert not made.commands
    assert made.notes
    # Those after it are copied all the same; an empty one needs nothing.
    empty = "/var/lib/docker/volumes/empty/_data"
    volumes = (EngineVolume("empty", path=empty), volume, EngineVolume("db", path=OLD))
    trees = (owned(empty, (0, 0, 1)), owned(OLD, (999, 999, 5)))
    machine = MachineFacts(volumes=volumes, data_root="/var/lib/docker", owned=trees)
    assert [copy.name for copy in copies(machine, IDS, ROOT) if copy.commands] == ["db"]


def test_ten_thousand_binds_are_no_matter() -> None:
    binds = tuple(Bind("web", "/srv/" + "a/" * 50 + str(number), "/x") for number in range(10_000))
    assert len(planned(*binds, owned=tuple(owned(bind.path) for bind in binds))) == 10_000
