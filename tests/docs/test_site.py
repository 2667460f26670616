"""The documentation site: built strictly, complete, and needing nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sealock.scan.manual import pages

pytestmark = pytest.mark.untraced

ROOT = Path(__file__).parents[2]
LOADED = re.compile(r"""(?:src=|<link[^>]*href=|url\(|@import\s|fetch\(|importScripts\()["']?(?:https?:)?//[^"')\s]+""")
"""What a browser loads by itself, from elsewhere."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words: list[str | Path] = [
        "-b",
        "html",
        "-W",
        "--keep-going",
        "-n",
        "-q",
        ROOT / "docs",
        folder / "site",
        "-d",
        folder / "trees",
    ]
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_every_page_is_there_and_the_search_knows_it(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    written = [path for path in (ROOT / "docs").rglob("*.md") if path.name != "README.md"]
    assert len(written) > 300
    for path in written:
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        assert (site / f"{name}.html").exists(), name
        assert f'"{name}"' in index, name
    assert all(page.id in index for page in pages())


def test_every_page_but_those_of_the_rules_is_in_the_navigation(site: Path) -> None:
    navigation = (site / "genindex.html").read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.md"):
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        if not name.startswith("rules/") or name == "rules/README":
            assert f'href="{name}.html"' in navigation or name == "index", name


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    files = [path for path in site.rglob("*") if path.suffix in {".html", ".css", ".js"}]
    assert len(files) > 300
    for path in files:
        assert not LOADED.search(path.read_text(encoding="utf-8")), path


def test_each_page_can_be_used_by_keyboard_and_screen_reader(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<pre>" not in text, path
        assert '<div class="table-wrapper' not in text, path
        assert '<th class="head"><p></p></th>' not in text, path
        assert text.count("<aside") == len(re.findall(r"<aside [^>]*aria-label=", text)), path
        assert len(re.findall(r"<h1\b", text)) == 1, path


def test_the_order_is_start_how_to_reference_explanation(site: Path) -> None:
    captions = re.findall(r'<span class="caption-text">(.+?)</span>', (site / "index.html").read_text(encoding="utf-8"))
    assert captions == ["Start", "How to", "Reference", "Explanation"]
