"""Every command line of README and guide is one that sealock takes, and is run: here, live with an engine, or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.cli.parsers import parser
from support.cosignworld import stretched_cheaply
from support.guidecommands import NEEDS, ROOT, GuideCommand, commands, need, wants_engine, words_of
from support.guideplace import make_place, run, served
from support.simulators.registry import RegistrySimulator

COMMANDS = list(commands())
HERE = [command for command in COMMANDS if need(command) is None and not wants_engine(command)]


@pytest.fixture(scope="module")
def server() -> Iterator[RegistrySimulator]:
    with served() as made:
        yield made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_place(tmp_path_factory.mktemp("guide"))


@pytest.mark.repeats
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.where)
def test_a_command_line_is_one_that_sealock_takes(command: GuideCommand) -> None:
    for words in words_of(command):
        if words[0] in {"run", "harden"}:
            continue  # they take docker's own options, which another parser reads
        words = words[: words.index("--")] if "--" in words else words  # noqa: PLW2901  so are the words after it
        parser().parse_args([word.replace("6c1f…", "0" * 64) for word in words])


@pytest.mark.parametrize("page", dict.fromkeys(command.page for command in HERE))
def test_the_command_lines_of_a_page_run_in_order(
    page: str, place: Path, server: RegistrySimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line may use what one before it wrote."""
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    for command in (command for command in HERE if command.page == page):
        assert command.text.startswith("sealock "), "only sealock's own commands are run here: give a reason in NEEDS"
        run(command, place, server, {})


def test_what_is_not_run_has_a_test_of_its_own() -> None:
    used = {reason for command in COMMANDS if (reason := need(command)) is not None}
    assert used == set(NEEDS.values()), "a reason that nothing needs any more"
    for reason in used:
        text = (ROOT / reason.test).read_text(encoding="utf-8")
        assert "def test_" in text or reason.test == ".ci/run", reason


def test_enough_is_run() -> None:
    engine = [command for command in COMMANDS if need(command) is None and wants_engine(command)]
    assert len(HERE) >= 45
    assert len(engine) >= 20
    assert main(["--version"]) == 0
