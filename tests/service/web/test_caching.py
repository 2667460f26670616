"""How old a view may be: a hundred times as long as it took to make, and half a minute at most."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sealock.service.web.caching import ViewCache
from support.waiting import wait_until


class Kitchen:
    """A clock, and a view that takes some time and says how often it was made."""

    def __init__(self, takes: float) -> None:
        self.now, self.takes, self.made = 0.0, takes, 0
        self.cache = ViewCache(lambda: self.now)

    def make(self) -> int:
        self.now += self.takes
        self.made += 1
        return self.made

    def read(self, make: Callable[[], int] | None = None) -> int:
        view: int = self.cache.read("view", make or self.make)
        return view


@pytest.mark.parametrize(
    ("takes", "after", "shown", "made"),
    [
        (0.001, 0.05, 1, 1),  # quick: a hundred times as long as it took
        (0.001, 0.2, 2, 2),  # then it is made while the request waits
        (0.2, 15.0, 1, 1),
        (0.2, 25.0, 1, 2),  # slow: shown as it was, and made behind the request
        (0.2, 700.0, 2, 2),  # too old to be shown
        (5.0, 29.0, 1, 1),
        (5.0, 31.0, 1, 2),  # half a minute at most
    ],
)
def test_a_view_is_made_again_once_it_is_old(takes: float, after: float, shown: int, made: int) -> None:
    kitchen = Kitchen(takes)
    assert kitchen.read() == 1
    kitchen.now += after
    assert kitchen.read() == shown
    wait_until(lambda: kitchen.made == made)


def test_what_somebody_changed_is_made_again_at_once() -> None:
    kitchen = Kitchen(5.0)
    kitchen.read()
    kitchen.cache.forget()
    assert kitchen.read() == 2


def test_a_view_that_cannot_be_made_again_is_shown_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    kitchen = Kitchen(1.0)
    kitchen.read()
    kitchen.now += 60

    def broken() -> int:
        message = "no database"
        raise OSError(message)

    assert kitchen.read(broken) == 1
    wait_until(lambda: "no database" in caplog.text)
    wait_until(lambda: kitchen.read() == 1 and kitchen.made == 2)
