"""What a person reads while a demonstration runs: its commands, what they print, the fix, and how it went."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sealock.cli.showing import TerminalScreen
from sealock.show.client import Done
from sealock.show.performance import Outcome, Result
from sealock.show.plan import Command

DIFF = ("-docker run --privileged a", "+docker run a", " unchanged")
LS = Command(("docker", "exec", "a", "ls"), "harm")
OWN = Command(("sealock", "check", "a"), "harm")


def many(lines: int) -> Done:
    return Done(0, "".join(f"{line}\n" for line in range(1, lines + 1)))


def rows(first: int, last: int) -> str:
    return "".join(f"    {line}\n" for line in range(first, last + 1))


@pytest.mark.parametrize(
    ("shows", "printed"),
    [
        pytest.param(
            lambda screen: screen.harmed(), "✖ The harm is done.\n\n", id="the harm is marked as the worst is"
        ),
        pytest.param(lambda screen: screen.outcome(Outcome("shown")), "", id="nothing where all went as planned"),
        pytest.param(
            lambda screen: screen.outcome(Outcome("stopped", "no network")),
            "✔ This engine already stops it: no network.\n",
            id="the engine stops it",
        ),
        pytest.param(
            lambda screen: screen.outcome(Outcome("unlike", "it ran")),
            "! It did not happen as described: it ran.\n",
            id="it went otherwise",
        ),
        pytest.param(
            lambda screen: screen.outcome(Outcome("untried", "no image")),
            "? It could not be tried: no image.\n",
            id="it could not be tried",
        ),
        pytest.param(lambda screen: screen.command(LS), "  $ docker exec a ls\n", id="a command"),
        pytest.param(lambda screen: screen.command(Command(("docker", "rm", "a"), "remove")), "", id="no removal"),
        pytest.param(
            lambda screen: screen.output(LS, Done(0, "etc\n\x1b[2J\n")), "    etc\n    \\e[2J\n", id="its output"
        ),
        pytest.param(
            lambda screen: screen.output(Command(("docker", "run", "a")), many(2)), "", id="no id of a container"
        ),
        pytest.param(lambda screen: screen.output(LS, many(8)), rows(1, 8), id="as many lines as are shown"),
        pytest.param(lambda screen: screen.output(LS, many(9)), f"{rows(1, 8)}    … 1 more line\n", id="one more"),
        pytest.param(lambda screen: screen.output(LS, many(11)), f"{rows(1, 8)}    … 3 more lines\n", id="three more"),
        pytest.param(lambda screen: screen.output(OWN, many(24)), rows(1, 24), id="more of what sealock prints"),
        pytest.param(
            lambda screen: screen.output(OWN, many(25)), f"{rows(1, 24)}    … 1 more line\n", id="not all of it"
        ),
        pytest.param(lambda screen: screen.fixed(), "The remedy\n", id="a remedy that changes no text"),
        pytest.param(lambda screen: screen.gap(), "\n", id="a gap"),
    ],
)
def test_what_happens_is_shown(
    shows: Callable[[TerminalScreen], None], printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shows(TerminalScreen(80, colour=False, unicode=True))
    assert capsys.readouterr().out == printed


def test_the_fix_is_shown_as_a_diff(capsys: pytest.CaptureFixture[str]) -> None:
    screen = TerminalScreen(80, colour=False, unicode=True)
    screen.diff = DIFF
    screen.fixed()
    head, *lines, gap = capsys.readouterr().out.splitlines()
    assert (head, gap) == ("The fix", "")
    assert [line.split() for line in lines] == [
        ["-", "docker", "run", "--privileged", "a"],
        ["+", "docker", "run", "a"],
        ["unchanged"],
    ]


@pytest.mark.parametrize(
    ("result", "ink"),
    [("shown", "1;31"), ("stopped", "32"), ("unlike", "1;31"), ("untried", "1;31")],
    ids=[
        "the harm is red",
        "what the engine stops is green",
        "what went otherwise is red",
        "what was not tried is red",
    ],
)
def test_the_colour_says_whether_all_is_well(result: Result, ink: str, capsys: pytest.CaptureFixture[str]) -> None:
    screen = TerminalScreen(80, colour=True, unicode=True)
    screen.outcome(Outcome(result, "why")) if result != "shown" else screen.harmed()
    printed = capsys.readouterr().out
    assert f"\x1b[{ink}m" in printed
