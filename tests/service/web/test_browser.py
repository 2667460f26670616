"""Pages in a real Chromium: axe finds nothing, nothing is wider than a phone, and the keyboard is enough."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from support.browser import PROGRAM, Browser, browser
from support.servicepages import HOSTILE_REPOSITORY, LOADED, PASSWORD, ServiceWorld, digest, world
from support.waiting import wait_until

AXE = Path(__file__).parents[3] / ".peers/npm/node_modules/axe-core/axe.min.js"
pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(PROGRAM is None or not AXE.exists(), reason="no Chromium, or no axe-core in .peers"),
]
PLACES = (
    "/", "/images", f"/repository?name={quote(HOSTILE_REPOSITORY)}", f"/image/{digest('shop:2')}", f"/advisory/{LOADED}",
    "/hosts", "/host?name=host-a.example", "/search?words=lib", "/events", "/silence", f"/acknowledge?rule={LOADED}",
    "/acknowledgements", "/administration", "/administration/webhooks", "/administration/registries",
    "/administration/people", "/administration/audit", "/account", "/nothing",
)  # fmt: skip
_RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
_CHECK = f"""axe.run(document, {{runOnly: {_RULES}, resultTypes: ['violations']}}).then(result =>
result.violations.map(found => found.id + ': ' + found.nodes.map(node => node.html + ' ' + node.failureSummary).join('; ')))"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceWorld]:
    with world(tmp_path_factory.mktemp("browser")) as started:
        yield started


@pytest.fixture(scope="module")
def page() -> Iterator[Browser]:
    with browser() as started:
        yield started


DARK = ("/", PLACES[3], PLACES[4], "/host?name=host-a.example", "/silence", "/administration/webhooks")
"""Pages that together have every colour."""


def checked(page: Browser, url: str, *, dark: bool = True) -> list[str]:
    """What axe finds at 1280 pixels, and at 360 in the `dark`, and what is wider than its window."""
    page.open(url)
    page.run(AXE.read_text(encoding="utf-8"))
    wrong: list[str] = []
    page.run("for (const part of document.querySelectorAll('details')) part.open = true")
    for width in (1280, 360):
        page.look(width, dark=width == 360)
        if width == 1280 or dark:
            wrong += page.run(_CHECK)
        if page.run("document.documentElement.scrollWidth") > width:
            wrong.append(f"{url} is wider than {width}")
    return wrong


def test_axe_finds_nothing_on_any_page(made: ServiceWorld, page: Browser) -> None:
    page.ask("Page.setBypassCSP", enabled=True)  # axe is a script, and pages run none
    try:
        assert not checked(page, f"{made.url}/login")
        page.cookie(made.url, "sealock_session", made.session())
        for path in PLACES:
            assert not checked(page, made.url + path, dark=path in DARK), path
    finally:
        page.ask("Page.setBypassCSP", enabled=False)


def test_axe_finds_nothing_on_the_first_screen(tmp_path: Path, page: Browser) -> None:
    with world(tmp_path, filled=False) as empty:
        page.ask("Page.setBypassCSP", enabled=True)
        page.cookie(empty.url, "sealock_session", empty.session())
        assert not checked(page, f"{empty.url}/")


def test_the_keyboard_is_enough(made: ServiceWorld, page: Browser) -> None:
    """Log in, skip to the content, and reach the first thing to do, without a pointer."""
    page.ask("Network.clearBrowserCookies")
    made.session("keys", "admin")
    page.look(1280)
    page.open(f"{made.url}/login?next=/")
    page.run("document.getElementById('name').focus()")
    page.ask("Input.insertText", text="keys")
    page.press("Tab", 9)
    page.ask("Input.insertText", text=PASSWORD)
    page.press("Tab", 9)
    assert page.run("document.activeElement.tagName") == "BUTTON"
    page.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    wait_until(
        lambda: page.run("location.pathname + document.readyState") == "/complete",
        why=lambda: str(page.run("document.body.innerText")),
    )
    page.press("Tab", 9)
    assert page.run("document.activeElement.textContent") == "Skip to the content"
    page.ask("Input.dispatchKeyEvent", type="keyDown", key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
    seen = []
    for _ in range(8):
        page.press("Tab", 9)
        seen.append(page.run("document.activeElement.textContent"))
    assert LOADED in seen
