"""A Makefile's run lines have the variables of the files that it includes, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealock.formats.scripts import find_run_commands, with_included
from sealock.model.location import Source
from sealock.scan.fix import fix
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.directory import DirectoryWindow
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, SkippedInput
from sealock.targets.resolve import resolve

LINES: list[tuple[str, dict[str, str], list[str]]] = [
    (
        "variables",
        {"Makefile": "include a.mk\nr:\n\tdocker run $(O) $(I)\n", "a.mk": "O = -v /a:/a\nI := x:1\n"},
        ["run -v /a:/a x:1"],
    ),
    (
        "the engine itself",
        {"Makefile": "include a.mk\nr:\n\t$(R) x:1\n", "a.mk": "R = $(E) run --rm\nE ?= podman\n"},
        ["run --rm x:1"],
    ),
    (
        "a function",
        {"Makefile": "include a.mk\nr:\n\t$(call up,x)\n", "a.mk": "up = docker run --privileged $(1)\n"},
        ["run --privileged $(call up,x)"],
    ),
    (
        "files that files include, by patterns and variables, each once",
        {
            "Makefile": "D = mk\ninclude $(D)/*.mk $(CURDIR)/mk/a.mk \\\n  ./b.mk # x\nr:\n\tdocker run $(A) $(B) x\n",
            "mk/a.mk": "A = -v /a:/a\ninclude mk/a.mk\n",
            "b.mk": "-include $(wildcard mk/?.inc)\nsinclude gone.mk\n",
            "mk/c.inc": "B = --rm\n",
            "mk/.hidden.mk": "A = -v /b:/b\n",
        },
        ["run -v /a:/a --rm x"],
    ),
    (
        "a second value is none",
        {"Makefile": "include a.mk\nA = b\nr:\n\tdocker run $(A)\n", "a.mk": "A = a\n"},
        ["run $(A)"],
    ),
    (
        "what is no directive",
        {"Makefile": "# include a.mk\nr:\n\tinclude a.mk\n\tdocker run $(A)\n", "a.mk": "A = a\n"},
        ["run $(A)"],
    ),
]


def written(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@pytest.mark.parametrize(("files", "expected"), [pytest.param(*row, id=sentence) for sentence, *row in LINES])
def test_recipes_use_what_is_included(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    directory = str(written(tmp_path, files))
    source = with_included(Source("Makefile", files["Makefile"]), DirectoryWindow(directory, directory))
    runs = find_run_commands(source)
    assert [" ".join((run.verb, *(word.text for word in run.arguments))) for run in runs] == expected


UNREAD: list[tuple[str, dict[str, str], str]] = [
    ("a file that is not there", {"Makefile": "include gone.mk\n"}, "gone.mk could not be read: No such file"),
    ("a name that a variable decides", {"Makefile": "include $(X)/a.mk\n"}, "$(X)/a.mk, whose name only make knows"),
    (
        "a name that a program decides",
        {"Makefile": "include $(shell ls *.mk)\n"},
        "$(shell ls *.mk), whose name only make knows",
    ),
    ("a pattern of directories", {"Makefile": "include */a.mk\n"}, "*/a.mk, whose name only make knows"),
    ("a file outside", {"Makefile": "include ../a.mk\n"}, "../a.mk is outside of the directory that was named"),
    (
        "too many files",
        {"Makefile": "include *.mk\n", **{f"{number:02}.mk": "" for number in range(51)}},
        "50.mk, after 50 files or 1000000 characters",
    ),
    (
        "a name that grows",
        {"Makefile": f"A = {'x' * 6000}\ninclude $(A)$(A)\n"},
        f"{'x' * 100}… (longer than 10000 characters)",
    ),
]


@pytest.mark.parametrize(("files", "why"), [pytest.param(*row, id=sentence) for sentence, *row in UNREAD])
def test_what_cannot_be_read_is_named_beside_run_lines(tmp_path: Path, files: dict[str, str], why: str) -> None:
    directory = written(tmp_path / "p", {**files, "Makefile": files["Makefile"] + "r:\n\tdocker run $(Y) x:1\n"})
    (named,) = resolve(str(directory / "Makefile"), Options())
    assert isinstance(named, FileInput)
    assert [form.reason.partition("it includes ")[2].startswith(why) for form in named.unevaluated] == [True]
    (directory / "Makefile").write_text(files["Makefile"], encoding="utf-8")
    assert list(resolve(str(directory), Options())) == []


IN_INCLUDED = {
    "a variable of the file that includes it": ({"Makefile": "R = docker run\ninclude a.mk\n", "a.mk": "r:\n\t$(R) --privileged x:1\n"}, ["line 2 of a.mk"]),
    "a variable of another file": ({"Makefile": "include a.mk b.mk\n", "a.mk": "r:\n\ttrue\ns:\n\t$(R) --privileged x:1\n", "b.mk": "R = docker run\n"}, ["line 4 of a.mk"]),
    "a function": ({"Makefile": "define up\ndocker run --privileged $(1)\nendef\ninclude a.mk\n", "a.mk": "r:\n\t$(call up,x:1)\n"}, []),
    "a line that is one by itself": ({"Makefile": "include a.mk\n", "a.mk": "r:\n\tdocker run --privileged $(X)\n"}, []),
    "too much to be read again": ({"Makefile": "include *.mk\n", **{f"{number}.mk": f"R = docker run\nr:\n\t$(R)\n{'#' * 60_000}" for number in range(6)}}, [f"line 1 of {number}.mk" for number in range(6)]),
}  # fmt: skip


@pytest.mark.parametrize(("files", "where"), IN_INCLUDED.values(), ids=IN_INCLUDED)
def test_run_lines_of_an_included_file_that_need_variables_are_named(
    tmp_path: Path, files: dict[str, str], where: list[str]
) -> None:
    written(tmp_path, files)
    read = [input_ for input_ in resolve(str(tmp_path), Options()) if input_.name == "Makefile"]
    reasons = [
        form.reason for input_ in read if isinstance(input_, FileInput | SkippedInput) for form in input_.unevaluated
    ]
    said = [reason.partition("are not checked: ")[2] for reason in reasons if "in what it includes" in reason]
    assert said == where


def test_a_file_that_may_be_missing_is_left_out_in_silence(tmp_path: Path) -> None:
    text = "-include gone.mk\nsinclude $(X).mk\nr:\n\tdocker run x:1\n"
    (named,) = resolve(str(written(tmp_path, {"Makefile": text}) / "Makefile"), Options())
    assert isinstance(named, FileInput)
    assert named.unevaluated == ()


def test_a_link_out_of_the_directory_is_not_read(tmp_path: Path) -> None:
    written(tmp_path, {"p/Makefile": "include a.mk\nr:\n\tdocker run $(A) x:1\n", "a.mk": "A = --privileged\n"})
    (tmp_path / "p" / "a.mk").symlink_to(tmp_path / "a.mk")
    report = check(str(tmp_path / "p" / "Makefile"), settings=Settings())
    assert "C001" not in {finding.rule for target in report.targets for finding in target.findings}


def test_a_walk_finds_and_changes_lines_whose_engine_is_included(tmp_path: Path) -> None:
    makefile = "include a.mk\nr:\n\t$(R) --privileged -v $(S):/s x:1\n"
    written(tmp_path, {"Makefile": makefile, "a.mk": "R = docker run --rm\nS = /var/run/docker.sock\n"})
    report = check(str(tmp_path), settings=Settings())
    assert {"C001", "C011"} <= {finding.rule for target in report.targets for finding in target.findings}
    fix(str(tmp_path), settings=Settings(), unsafe=True, write=True)
    assert "--privileged" not in (tmp_path / "Makefile").read_text()
