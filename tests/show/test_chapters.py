"""The workshop: its order, its words, and the scenes on images with sealock's own registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sealock.errors import SealockError
from sealock.rules.catalog import every_rule
from sealock.show import scenes
from sealock.show.catalog import demonstrations
from sealock.show.chapters import CHAPTERS, Chapter, Scene
from sealock.show.client import Client
from sealock.show.registry import registry
from sealock.show.setting import Place
from support.simulators.engineclient import ClientStandIn

ORDER = [
    "namespaces", "cgroups", "users", "volumes", "networks", "capabilities", "seccomp", "privileged", "images", "digests",
    "content-trust", "scanning",
]  # fmt: skip


def test_the_order_is_that_of_the_fields_story() -> None:
    assert [chapter.name for chapter in CHAPTERS] == ORDER


@pytest.mark.parametrize("chapter", CHAPTERS, ids=ORDER)
def test_a_chapter_is_two_sentences_a_look_a_harm_and_where_to_read_more(chapter: Chapter) -> None:
    assert len(re.findall(r"[.](?: |$)", chapter.about)) == 2
    assert bool(chapter.rule) is not bool(chapter.scene)
    assert bool(chapter.rows) is bool(chapter.rule)
    assert not chapter.rule or chapter.rule in demonstrations()
    rules = {rule.id for rule in every_rule()}
    assert set(re.findall(r"\b[A-Z]\d{3}\b", chapter.more)) <= rules
    assert chapter.more


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Client:
    """A machine without docker-registry, whose client does nothing."""
    directory = ClientStandIn(tmp_path / "bin").directory
    monkeypatch.setenv("PATH", f"{directory}:{tmp_path}")
    # The stand-in's own script needs cat and sh.
    for name in ("cat", "sh"):
        (directory / name).symlink_to(f"/bin/{name}")
    return Client("docker")


def test_an_own_registry_takes_the_place_of_one_that_is_not_installed(own: Client) -> None:
    assert own.facts.kind == "docker"
    with registry() as server:
        assert server.program == "sealock's own registry"
        tested = scenes._push(f"{server.host}/app:1", "tested")  # noqa: SLF001  what the scenes push with
        other = scenes._push(f"{server.host}/app:1", "other")  # noqa: SLF001  as above
        assert tested != other
        for reference, digest in ((":1", other), (f"@{tested}", tested)):
            done = own.run(("sealock", "digest", "--no-policy", f"{server.host}/app{reference}"))
            assert (done.status, digest in done.output) == (0, True), done.output
        done = own.run(("sealock", "digest", "--no-policy", f"{server.host}/app:2"))
        assert done.status == 2


@pytest.mark.parametrize("name", ["digests", "content-trust"])
def test_the_scenes_go_as_described_on_the_own_registry(name: Scene, own: Client, tmp_path: Path) -> None:
    with scenes.scene(name, Place("abc123", str(tmp_path), "x"), own) as plan:
        for act, harmful in ((plan.before, True), (plan.after, False)):
            for command in (*(plan.make if harmful else ()), *act.make):
                if command.calls is not None:
                    command.calls()
                else:
                    done = own.run(command.words)
                    assert done.status == 0, done.output
            (harm,) = act.harm
            done = own.run(harm.words)
            assert (done.status == harm.status and harm.shows in done.output) is harmful, done.output
        assert plan.demonstration.refused in done.output


def test_a_chapter_without_a_scene_has_none(own: Client) -> None:
    with pytest.raises(SealockError, match="no scene"), scenes.scene("", Place("abc123", "", "x"), own):
        pass
