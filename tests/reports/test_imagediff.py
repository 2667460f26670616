"""The reports on the differences between two images: order, escapes, width, bounds, and the schema of the JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from sealock.model.finding import InputError, Severity, Skipped
from sealock.model.imagediff import (
    ComparedImage,
    FileChanges,
    FindingChanges,
    ImageDiff,
    PackageChange,
    ValueChange,
)
from sealock.model.inventory import FileFact
from sealock.model.location import Location
from sealock.reports.imagediff import DiffFormat, render
from sealock.text import width
from support.madefindings import finding, vulnerable

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/diff.schema.json").read_text(encoding="utf-8"))
BAD = "\x1b[31m|`x`\n\u202e<b>&#9;\x9b\x00漢字"
"""What would colour a terminal, end a cell, a line or a tag, or turn the direction of reading."""
FORMATS = get_args(DiffFormat)


def changes(word: str = "x", **more: Any) -> ImageDiff:
    """One of each change, with this word in every text that an image chooses."""
    fields: dict[str, Any] = {
        "properties": (ValueChange("base", "", f"debian {word}", None),),
        "packages": (
            PackageChange("deb", f"bash{word}", (f"1{word}",), (f"2{word}",)),
            PackageChange("npm", f"a{word}", (), ("1",)),
        ),
        "vulnerabilities": FindingChanges(
            (vulnerable(f"CVE-1{word}", f"curl{word}", severity=5), vulnerable("CVE-2", "curl", severity=2)),
            (vulnerable("CVE-3", "wget"),),
            (vulnerable("CVE-4", "wget"),),
        ),
        "findings": FindingChanges((finding("F001", f"setuid bin/su{word}"),)),
        "files": FileChanges((FileFact("setuid", f"bin/su{word}", 0o104755, detail=word),)),
        "settings": (
            ValueChange("environment", f"A{word}", "", f"2{word}"),
            ValueChange("environment", "TOKEN", "abcd…", "abcd…"),
            ValueChange("port", "80/tcp", None, ""),
            ValueChange("volume", "/data", "", None),
        ),
        "uncompared": (f"could not compare layers: {word} does not describe this",),
        "errors": (InputError(f"could not read {word}", Location(f"app{word}.tar")),),
        "skipped": ((f"old{word}", Skipped("F001", f"image {word}", f"because {word}")),),
        "notes": (f"a note on {word}",),
    }
    old = ComparedImage(f"old{word}", (f"app:1{word}",), "sha256:0123456789abcdef", "", 3, 2, 2048)
    return ImageDiff(old=old, new=ComparedImage(f"new{word}"), **fields | more)


EMPTY = ImageDiff(old=ComparedImage("a"), new=ComparedImage("a"))


@pytest.mark.parametrize(
    "diff",
    [changes(), changes(BAD), changes(fail_on=Severity.LOW), EMPTY],
    ids=["with every change", "with hostile names", "with a severity to fail on", "empty"],
)
def test_json_is_valid_by_its_schema(diff: ImageDiff) -> None:
    written = json.loads(render("json", diff))
    jsonschema.Draft202012Validator(SCHEMA).validate(written)
    assert written["status"] == diff.status


def test_the_schema_allows_nothing_that_it_does_not_name() -> None:
    written = json.loads(render("json", changes()))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid(written | {"more": 1})


@pytest.mark.parametrize("form", FORMATS)
def test_hostile_names_reach_no_terminal(form: DiffFormat) -> None:
    text = render(form, changes(BAD))
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "\u202e" not in text


def test_hostile_names_end_no_cell_and_open_no_tag_of_markdown() -> None:
    rows = [row for row in render("markdown", changes(BAD)).splitlines() if row.startswith("| ")]
    assert {row.count("|") for row in rows} <= {4, 5}
    assert all(row.endswith(" |") for row in rows)
    assert "<b>" not in "".join(rows).replace("\\<b\\>", "")


@pytest.mark.parametrize("columns", [40, 80, 100])
@pytest.mark.parametrize("word", ["x", BAD, "y" * 500], ids=["short names", "hostile names", "long names"])
def test_the_terminal_report_fits_its_width(columns: int, word: str) -> None:
    assert max(map(width, render("terminal", changes(word), width=columns).splitlines())) <= columns


TERMINAL = """\
── old → new ───────────────────────────────────────────────────────────────────
Old   old, 3 packages, 2 layers, 2 KiB, 0123456789ab
New   new, 0 packages

New vulnerabilities: 2
  critical  CVE-1  curl 1, no fix is known
  low       CVE-2  curl 1, no fix is known

New findings: 1
  high      F001  has setuid bin/su

New risky files: 1
  kind    file     detail
  setuid  /bin/su

Configuration: 4
  what               old    new
  environment A      ""     2
  environment TOKEN  abcd…  abcd… (another value)
  port 80/tcp        none   yes
  volume /data       yes    none

Image: 1
  what  old     new
  base  debian  none

Packages: 2
           package     old  new
  changed  bash (deb)  1    2
  added    a (npm)          1

Vulnerabilities that are gone: 1
  high      CVE-3  wget 1, no fix is known

Not read or compared
  app.tar: Could not read.
  Could not compare layers:  does not describe this.

Note  1 check skipped on old (--format json lists them).
Note  A note on.
→ 2 new vulnerabilities, 1 gone vulnerability, 1 remaining vulnerability, 1 new
  finding, 1 package added, 1 package changed, 6 other differences; 3 new at or
  above low; not everything could be read or compared.
"""


def test_the_terminal_report_shows_what_matters_first() -> None:
    assert render("terminal", changes("", fail_on=Severity.LOW)) == TERMINAL


@pytest.mark.parametrize(("form", "rows"), [("terminal", 40), ("markdown", 100)])
def test_long_groups_are_cut_and_counted(form: DiffFormat, rows: int) -> None:
    packages = tuple(PackageChange("deb", f"p{number:04}", (), ("1",)) for number in range(1000))
    text = render(form, changes(packages=packages))
    assert text.count(" (deb)") == rows
    assert f"and {1000 - rows} more" in text


def test_of_many_findings_the_first_are_shown_and_all_are_counted() -> None:
    new = tuple(finding(f"F{number:03}", "x") for number in range(50))
    text = render("terminal", changes(findings=FindingChanges(new)))
    assert text.count("  F0") == 40
    assert "New findings: 50" in text
    assert "and 10 more" in text


def test_markdown_fits_a_comment_and_says_where_it_ends() -> None:
    new = tuple(finding(f"F{number:03}", "x" * 900) for number in range(100))
    settings = tuple(ValueChange("label", f"{number}", "<" * 300, ">" * 300) for number in range(100))
    text = render("markdown", changes(findings=FindingChanges(new), settings=settings))
    assert len(text) <= 60_100
    assert text.endswith("The report is longer than a comment may be; the other formats have all of it.\n")


def test_markdown_closes_the_table_that_it_cuts() -> None:
    settings = tuple(ValueChange("label", f"{number}", "<" * 300, ">" * 300) for number in range(100))
    text = render("markdown", changes(settings=settings))
    assert "longer than a comment" in text
    assert text.count("\n<details>") == text.count("\n</details>") > 0


@pytest.mark.parametrize("form", FORMATS)
def test_no_difference_is_said(form: DiffFormat) -> None:
    text = render(form, EMPTY)
    assert json.loads(text)["status"] == 0 if form == "json" else "o differences." in text
