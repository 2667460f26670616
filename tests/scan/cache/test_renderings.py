"""A rendered SBOM comes from the cache, and is the text that rendering would give."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from sealock.model.inventory import FileFact, Inventory, Package
from sealock.reports import sbom
from sealock.scan.cache import code, renderings
from sealock.scan.cache.directory import CacheDirectory
from sealock.scan.cache.renderings import render_with_cache
from support.importclosure import imported, is_in
from support.madeinventories import inventory

INVENTORY = inventory(
    Package("deb", "bash", "5.2-1", "var/lib/dpkg/status", licenses=("GPL-3.0-or-later",)),
    Package("npm", "lodash", "4.17.21", "app/package.json"),
    files=(FileFact("setuid", "usr/bin/su", mode=0o4755, layer=0),),
)
STYLES: Final[dict[str, dict[str, Any]]] = {
    "narrow": {"width": 40, "colour": False, "unicode": True},
    "wide": {"width": 100, "colour": True, "unicode": False},
}


@pytest.mark.parametrize(
    ("form", "style"),
    [("cyclonedx", {}), ("spdx", {}), ("json", {}), ("table", STYLES["narrow"]), ("table", STYLES["wide"])],
)
def test_the_text_is_the_rendered_one_each_time(form: sbom.SbomFormat, style: dict[str, Any], tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    rendered = sbom.render(form, INVENTORY, **style)
    assert render_with_cache(form, INVENTORY, cache, **style) == rendered
    assert render_with_cache(form, INVENTORY, cache, **style) == rendered
    assert len(CacheDirectory(cache).entries()) == 1
    assert render_with_cache(form, INVENTORY, "", **style) == rendered


def test_each_format_style_and_inventory_has_its_own_text(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache")
    other = replace(INVENTORY, packages=INVENTORY.packages[:1])
    forms: list[sbom.SbomFormat] = ["cyclonedx", "spdx", "json"]
    texts = {render_with_cache(form, listed, cache) for form in forms for listed in (INVENTORY, other)}
    texts |= {render_with_cache("table", INVENTORY, cache, **style) for style in STYLES.values()}
    assert len(texts) == len(CacheDirectory(cache).entries()) == 8


def test_a_known_text_is_not_rendered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = str(tmp_path / "cache")
    rendered = render_with_cache("json", INVENTORY, cache)
    calls: list[str] = []

    def render(form: str, _inventory: Inventory) -> str:
        calls.append(form)
        return "new"

    monkeypatch.setattr(sbom, "render", render)
    assert render_with_cache("json", INVENTORY, cache) == rendered
    assert calls == []
    for entry in CacheDirectory(cache).entries():
        path = Path(cache, entry.name)
        path.write_bytes(path.read_bytes()[:-1])
    assert render_with_cache("json", INVENTORY, cache) == "new"
    monkeypatch.setattr(renderings, "renderer_fingerprint", lambda: "other code")
    assert render_with_cache("json", INVENTORY, cache) == "new"
    assert calls == ["json", "json"]


def test_nothing_is_kept_of_names_that_are_not_unicode_or_without_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = str(tmp_path / "cache")
    odd = replace(INVENTORY, files=(FileFact("setuid", "opt/t\udcffol", mode=0o4755, layer=0),))
    assert render_with_cache("json", odd, cache) == sbom.render("json", odd)
    monkeypatch.setattr(renderings, "renderer_fingerprint", lambda: "")
    assert render_with_cache("json", INVENTORY, cache) == sbom.render("json", INVENTORY)
    assert CacheDirectory(cache).entries() == []


def test_all_that_renders_is_in_the_fingerprint() -> None:
    root = Path(code.__file__).parents[2]
    seen = imported(root, (root / "reports" / "sbom").glob("*.py"))
    assert [path for path in seen if not any(is_in(path, root / part) for part in code.RENDERERS)] == []
    assert root / "model" / "purl.py" in seen
