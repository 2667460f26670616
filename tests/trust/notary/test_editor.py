"""What changes of a repository's metadata leave: delegations, tags, and the keys that are still used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealock.errors import SigningError
from sealock.trust.notary.editor import Editor
from sealock.trust.notary.keys import canonical_id
from sealock.trust.notary.metadata import Delegation, NotaryKey, key_id
from sealock.trust.notary.privatekeys import generate
from support.notaryworld import world
from support.simulators.notary import NOW

A, B, C = (generate().public for _ in range(3))
NAMES = {key_id(key): name for key, name in ((A, "A"), (B, "B"), (C, "C"))}


@pytest.fixture(name="editor")
def make_editor(tmp_path: Path) -> Iterator[Editor]:
    with world(tmp_path / "docker" / "trust") as here:
        here.publish()
        yield Editor(here.repository().trusted(), NOW)


def shown(delegation: Delegation) -> tuple[str, str, int, tuple[str, ...]]:
    keys = "".join(NAMES[name] for name in delegation.role.keys)
    return delegation.name, keys, delegation.role.threshold, delegation.paths


Step = Callable[[Editor], object]
Row = tuple[str, str, int, tuple[str, ...]]


def add(name: str, keys: list[NotaryKey], paths: list[str], threshold: int = 1) -> Step:
    return lambda editor: editor.add_delegation(f"targets/{name}", keys, paths, threshold)


def remove(name: str, *keys: str) -> Step:
    return lambda editor: editor.remove_delegation(f"targets/{name}", keys)


DELEGATIONS: dict[str, tuple[list[Step], list[Row], str]] = {
    "one": ([add("a", [A], ["v"])], [("targets/a", "A", 1, ("v",))], "A"),
    "two": (
        [add("a", [A], ["v"]), add("b", [B], [""])],
        [("targets/a", "A", 1, ("v",)), ("targets/b", "B", 1, ("",))], "AB",
    ),
    "as many keys as must sign": ([add("a", [A, B], ["v"], 2)], [("targets/a", "AB", 2, ("v",))], "AB"),
    "a key and a path more": (
        [add("a", [A, B], ["v"], 2), add("a", [A, C], ["w", "v"], 1)], [("targets/a", "ABC", 2, ("v", "w"))], "ABC",
    ),
    "only a path more": ([add("a", [A], ["v"]), add("a", [], ["w"])], [("targets/a", "A", 1, ("v", "w"))], "A"),
    "the first one changed": (
        [add("a", [A], ["v"]), add("b", [B], ["v"]), add("a", [C], ["v"])],
        [("targets/b", "B", 1, ("v",)), ("targets/a", "AC", 1, ("v",))], "ABC",
    ),
    "one removed": (
        [add("a", [A, C], ["v"]), add("b", [B, C], ["v"]), remove("a")], [("targets/b", "BC", 1, ("v",))], "BC",
    ),
    "a key removed": (
        [add("a", [A, B, C], ["v"], 2), remove("a", key_id(B), "none")], [("targets/a", "AC", 2, ("v",))], "AC",
    ),
    "a key removed that another delegation has": (
        [add("a", [A, B], ["v"]), add("b", [B], ["v"]), remove("a", canonical_id(B))],
        [("targets/b", "B", 1, ("v",)), ("targets/a", "A", 1, ("v",))], "AB",
    ),
    "all removed": ([add("a", [A], ["v"]), remove("a")], [], ""),
}  # fmt: skip


@pytest.mark.parametrize(("steps", "left", "keys"), DELEGATIONS.values(), ids=DELEGATIONS)
def test_delegations_after_changes(editor: Editor, steps: list[Step], left: list[Row], keys: str) -> None:
    for step in steps:
        step(editor)
    targets = editor.targets("targets")
    assert [shown(each) for each in targets.delegations if each.name[-1] in "ab"] == left
    assert {NAMES[name] for name in targets.keys if name in NAMES} == set(keys)


REFUSED: dict[str, tuple[Step, str]] = {
    "no key": (add("a", [], ["v"]), "signatures by 1 of its keys, and has 0"),
    "nobody must sign": (add("a", [A], ["v"], 0), "signatures by 0 of its keys, and has 1"),
    "a key that must sign twice": (add("a", [A, A], ["v"], 2), "signatures by 2 of its keys, and has 1"),
    "less than": (add("a", [A], ["v", "<"]), "must not have <, > or &"),
    "greater than": (add("a", [A], [">"]), "must not have <, > or &"),
    "an ampersand": (add("a", [A], ["a&b"]), "must not have <, > or &"),
    "the other separator": (add("a", [A], ["\u2029"]), "must not have <, > or &"),
    "a name in capitals": (add("A", [A], [""]), "is not a delegation's name"),
    "a delegation below one that is not there": (add("a/b", [], [""]), "signatures by 1 of its keys, and has 0"),
    "a delegation that is not there": (remove("a"), "has no delegation targets/a"),
    "a tag of a delegation that is not there": (
        lambda editor: editor.add_tag("targets/a", "v1", editor.targets("targets").tags["v1"]), "has no delegation targets/a",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("step", "words"), REFUSED.values(), ids=REFUSED)
def test_a_change_that_would_leave_nothing_sound_is_refused(editor: Editor, step: Step, words: str) -> None:
    before = editor.targets("targets")
    with pytest.raises(SigningError, match=words):
        step(editor)
    assert editor.targets("targets") is before


def test_tags_are_added_and_removed_where_they_are_signed(editor: Editor) -> None:
    meta = editor.targets("targets").tags["v1"]
    editor.add_delegation("targets/a", [A], ["v"])
    editor.add_tag("targets/a", "v1", meta)
    editor.add_tag("targets/a", "v2", meta)
    editor.add_tag("targets", "other", meta)
    assert (editor.targets("targets/a").version, set(editor.targets("targets/a").tags)) == (0, {"v1", "v2"})
    assert editor.remove_tag("targets/a", "v1")
    assert not editor.remove_tag("targets/a", "v1")
    assert set(editor.targets("targets/a").tags) == {"v2"}
    assert {"v1", "other"} <= set(editor.targets("targets").tags)
    editor.remove_delegation("targets/a")
    assert editor.targets("targets/a").tags == {}
    editor.add_delegation("targets/a", [A], [])
    with pytest.raises(SigningError, match="may not sign v1: its paths are none"):
        editor.add_tag("targets/a", "v1", meta)


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_the_root_names_only_keys_that_roles_use(editor: Editor, role: str) -> None:
    before = editor.root
    editor.replace_keys(role, [A, B], 2)
    after = editor.root
    assert (after.roles[role].keys, after.roles[role].threshold) == ((key_id(A), key_id(B)), 2)
    assert {name: rule for name, rule in after.roles.items() if name != role} == {
        name: rule for name, rule in before.roles.items() if name != role
    }
    assert set(after.keys) == {name for rule in after.roles.values() for name in rule.keys}
    assert not set(before.roles[role].keys) & set(after.keys)
