"""A profile fits on one screen, shows nothing raw, and its difference names what is more and less."""

from __future__ import annotations

import unicodedata

import pytest

from sealock.model.profile import PHASES, ArchitectureCalls, ContactedAddress, LearningRun, Profile
from sealock.reports.profile import grown, render_difference, render_profile
from sealock.text import width
from support.profiles import web

EVIL = "\x1b[31m\u202e\n\tx" + "ẅ" * 400
HOSTILE = web(
    image=EVIL,
    runs=(LearningRun((EVIL,), EVIL, EVIL, EVIL, EVIL, EVIL, (), (EVIL,) * 20),) * 30,
    contacted=(ContactedAddress("tcp", EVIL, 1, EVIL),) * 30,
    executed=(f"/{EVIL}",) * 50,
    written=(f"/{EVIL}",) * 50,
)


def test_it_shows_what_it_may_uses_and_lost() -> None:
    shown = render_profile(web(), "web.profile.json")
    for part in (
        "web.profile.json · web:1 aaaaaaaaaaaa",
        "curl http://127.0.0.1/; docker 26.1.5; runc 1.1.15; kernel",
        "✔ start  ✔ traffic  ✔ reload  ✔ health check  ✔ exec  ✔ stop",
        "System calls  301       4         297",
        "Capabilities  3         1         2",
        "Capabilities  CHOWN; taken away: SETGID, SETUID",
        "2 more that its files could call: fork, mkdir",
        "tcp 80, tcp [::1]:443",
        "tcp 10.0.0.2:5432 (db), unix /run/s",
        "60 MiB, 9 processes, 0.40 CPUs",
        "✔ Complete: it met every phase, and the watcher lost nothing.",
    ):
        assert part in shown, part
    assert len(shown.splitlines()) <= 24


def test_incomplete_profile_says_why() -> None:
    shown = render_profile(web(runs=(LearningRun(phases=PHASES[:-1], lost=("3 files",)),), excluded=()), "p")
    assert "Incomplete:\n  it never met the phase 'stop'\n  the watcher lost 3 files\n" in shown


def test_a_phase_that_was_met_counts_though_it_need_not_be() -> None:
    assert render_profile(web(excluded=PHASES), "p") == render_profile(web(excluded=()), "p")
    unmet = web(runs=(LearningRun(phases=PHASES[:-1]),), excluded=PHASES)
    assert f"- {PHASES[-1]}\n" in render_profile(unmet, "p")


@pytest.mark.parametrize("columns", [40, 80, 120])
@pytest.mark.parametrize("profile", [web(), HOSTILE, Profile("")])
@pytest.mark.parametrize("unicode", [True, False])
def test_no_line_is_wider_than_the_terminal_or_raw(columns: int, profile: Profile, *, unicode: bool) -> None:
    for text in (
        render_profile(profile, EVIL, width=columns, unicode=unicode),
        render_difference(web(), profile, width=columns, unicode=unicode),
    ):
        assert [line for line in text.splitlines() if width(line) > columns] == []
        assert {unicodedata.category(character) for character in text if character != "\n"}.isdisjoint({"Cc", "Cf"})
        assert len(text.splitlines()) <= 150


def test_difference_names_what_is_more_and_less() -> None:
    new = web(syscalls=(ArchitectureCalls("x86_64", ("accept4", "clone", "ptrace", "read")),), capabilities=())
    assert render_difference(web(), new) == (
        "System calls    + ptrace\n                - socket\nCapabilities    - CHOWN\n"
    )
    assert grown(web(), new)
    assert not grown(web(), web(capabilities=()))
    assert render_difference(web(), web()) == "Both use the same.\n"
