"""Documentation is tested: what exists is described, and what is described exists."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sealock.model.location import Source
from sealock.policy import settings, trust
from sealock.scan.manual import pages

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "guide"


def test_the_generated_pages_are_up_to_date() -> None:
    result = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_every_setting_is_described_and_the_example_is_valid() -> None:
    text = (GUIDE / "policy.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    settings.read(Source("sealock.toml", example), "")
    known = set(re.findall(r'(?:take|strings)\(\s*"([a-z-]+)"', Path(settings.__file__).read_text(encoding="utf-8")))
    table = tomllib.loads(example)
    described = {
        *table,
        *table["registry"],
        *table["vulnerabilities"],
        *(key for ignore in table["ignore"] for key in ignore),
    }
    assert set(
        re.findall(r'take\(\s*"([a-z-]+)", (?:str|bool), ', Path(trust.__file__).read_text(encoding="utf-8"))
    ) <= set(re.findall(r"[a-z-]+", text))
    assert known <= described
    assert len(known) >= 9


def test_every_rule_that_the_guide_names_exists() -> None:
    known = {page.id for page in pages()}
    for page in [*GUIDE.glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]:
        named = set(re.findall(r"\b[BCFPI]\d{3}\b", page.read_text(encoding="utf-8")))
        assert named <= known, page


@pytest.mark.parametrize("page", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert target.startswith(("http://", "https://")) or (page.parent / target).exists(), target


def test_every_dependency_has_a_decision() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    decisions = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "decisions").glob("*.md"))
    for dependency in project["dependencies"]:
        name = re.match(r"[\w-]+", dependency)
        assert name is not None
        assert name[0].lower() in decisions.lower(), dependency


def test_the_project_speaks_of_itself_alone() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert len(listed) > 50
    for name in listed:
        text = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        for word in (
            b"python" + b"hosted",
            b"npm" + b"js.",
            b"deb.debian" + b".org",
            b"pypi" + b".org",
            b"ruby" + b"gems.org",
        ):
            assert word not in text, (name, word)


def test_every_page_of_the_guide_is_in_the_navigation_of_the_site_once() -> None:
    listed = re.findall(r"^guide/(\S+)$", (ROOT / "docs" / "index.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(page.stem for page in GUIDE.glob("*.md"))
