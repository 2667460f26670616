"""Advice for people fits its width and shows nothing raw; for programs it follows its schema."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import jsonschema
import pytest
from msgspec.structs import replace

from sealock.model.advice import Base, BaseAdvice, BaseFit, Musl, Share
from sealock.reports.bases import render
from sealock.text import width
from support.baseadvice import GLIBC, SHELL, advise, dpkg, dynamic

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schema/advice.schema.json").read_text(encoding="utf-8"))
EVIL = "\x1b[31m\u202e\n\tx" + "ẅ" * 40


@pytest.fixture(scope="module")
def advice(tmp_path_factory: pytest.TempPathFactory) -> BaseAdvice:
    files: dict[str, bytes | str] = {
        **GLIBC, **dpkg(("big", "libc6"), ("libc6", ""), big="usr/bin/big", libc6="lib/libc.so.6"),
        "usr/bin/big": dynamic() + b"x" * 5000, "bin/sh": SHELL, "run": "#!/bin/sh\nexec /app\n",
        "app": dynamic("libnone.so", symbols=("backtrace@GLIBC_2.2.5",)),
    }  # fmt: skip
    return advise(tmp_path_factory.mktemp("image"), files, {"usr/bin/big": b"y" * 10}, config={"Cmd": ["/run"]})


def hostile(advice: BaseAdvice) -> BaseAdvice:
    surface = advice.surface
    return replace(
        advice,
        names=(EVIL,),
        base=Base(EVIL, EVIL, 3, (EVIL,)),
        musl=(Musl(EVIL, "breaks", (EVIL,) * 9, EVIL, 0, (EVIL,), EVIL),) * 9,
        surface=replace(surface, owners=(Share(EVIL, 9, 1, 0, True, EVIL),) * 20, setuid=(EVIL,) * 30),
        unknown=(EVIL,) * 20,
        start=replace(advice.start, unknown=(EVIL,), words=(EVIL,)),
        results=tuple(replace(result, reasons=(EVIL,)) for result in advice.results),
    )


def test_it_tells_what_counts(advice: BaseAdvice) -> None:
    told = render("terminal", advice, width=100)
    for part in (
        "Starts            /run → /bin/sh → /app", "backtrace@GLIBC_2.2.5", "Would a smaller base work?", "libnone.so",
        "Layers: 2", "Later layers hide", "Shells", "Largest packages", "Unknown",
    ):  # fmt: skip
        assert part in told, part
    assert told.rstrip().splitlines()[-1].startswith("→ ")


@pytest.mark.parametrize(
    ("layers", "says", "row"),
    [
        (0, (), "Built on          debian:12\n"),
        (1, (), "Built on          debian:12, the first layer\n"),
        (2, (), "Built on          debian:12, the first 2 layers\n"),
        (2, ("a label: debian:12", "a label: twice"), "Built on          debian:12, the first 2 layers (by a label)\n"),
    ],
)
def test_the_base_comes_with_its_layers_and_who_names_it(
    advice: BaseAdvice, layers: int, says: tuple[str, ...], row: str
) -> None:
    named = replace(advice, base=replace(advice.base, name="debian:12", layers=layers, says=says))
    assert row in render("terminal", named, width=100)


ONCE = "Start it there once before you rely on it."
BEST: list[tuple[list[BaseFit], int, str]] = [
    ([BaseFit("keep", "unknown", "unsure", ())], 0, "Name the start command: --start COMMAND."),
    ([BaseFit("keep", "yes", "sure", ())], 0, "Keep this base."),
    ([BaseFit("keep", "yes", "sure", ()), BaseFit("alpine", "work", "sure", ())], 0, "Keep this base. With some work it could be alpine (musl)."),
    ([BaseFit("keep", "yes", "sure", ()), BaseFit("alpine", "work", "sure", ()), BaseFit("slim", "no", "sure", ()), BaseFit("static", "work", "sure", ())], 0,
     "Keep this base. With some work it could be alpine (musl) or scratch or static."),
    ([BaseFit("slim", "yes", "sure", (), image="debian:12-slim")], 700, "Move to a slim variant (debian:12-slim); 700 B less."),
    ([BaseFit("slim", "yes", "sure", (), size=100)], 700, "Move to a slim variant: about 100 B instead of 4.9 KiB."),
    ([BaseFit("slim", "yes", "sure", (), size=9000)], 700, "Move to a slim variant; 700 B less."),
    ([BaseFit("slim", "yes", "sure", (), size=5000)], 700, "Move to a slim variant; 700 B less."),
    ([BaseFit("static", "yes", "sure", (), image="scratch", size=100)], 700, "Move to scratch or static: about 100 B instead of 4.9 KiB."),
    ([BaseFit("distroless", "yes", "sure", (), image="scratch", size=100)], 700, "Move to a root of only the files that it needs: about 100 B instead of 4.9 KiB."),
    ([BaseFit("distroless", "yes", "sure", (), image="gcr.io/distroless/base")], 700, "Move to distroless (glibc) (gcr.io/distroless/base)."),
    ([BaseFit("alpine", "yes", "likely", (), image="alpine:3")], 0, f"It is likely that alpine (musl) (alpine:3) is enough. {ONCE}"),
    ([BaseFit("slim", "yes", "unsure", (), size=100)], 0, f"It is possible, and not sure, that a slim variant is enough: about 100 B instead of 4.9 KiB. {ONCE}"),
]  # fmt: skip


@pytest.mark.parametrize(("results", "spare", "words"), BEST)
def test_the_last_line_says_what_to_do(advice: BaseAdvice, results: list[BaseFit], spare: int, words: str) -> None:
    made = replace(
        advice,
        results=tuple(results),
        best=results[0].base,
        surface=replace(advice.surface, size=5000),
        need=replace(advice.need, spare=spare),
    )
    assert render("terminal", made, width=400).rstrip().splitlines()[-1] == f"→ {words}"


@pytest.mark.parametrize("columns", [40, 80, 100, 120])
@pytest.mark.parametrize("bad", [False, True])
def test_no_line_is_wider_than_the_terminal(advice: BaseAdvice, columns: int, *, bad: bool) -> None:
    told = render("terminal", hostile(advice) if bad else advice, width=columns)
    assert [line for line in told.splitlines() if width(line) > columns] == []


def test_without_unicode_it_is_ascii(advice: BaseAdvice) -> None:
    assert render("terminal", advice, unicode=False).isascii()


@pytest.mark.parametrize("form", ["terminal", "json"])
def test_nothing_raw_reaches_a_terminal(advice: BaseAdvice, form: str) -> None:
    told = render(form, hostile(advice))  # type: ignore[arg-type]  # one of the two
    assert {one for one in told if unicodedata.category(one) in {"Cc", "Cf", "Cs"}} <= {"\n"}


@pytest.mark.parametrize("bad", [False, True])
def test_json_follows_its_schema(advice: BaseAdvice, *, bad: bool) -> None:
    told = json.loads(render("json", hostile(advice) if bad else advice))
    jsonschema.validate(told, SCHEMA)
    assert told["advice"]["surface"]["tools"]["shells"] == ["bin/sh"]
    assert told["advice"]["closure"]["missing"] == [{"path": "app", "library": "libnone.so"}]


def test_json_of_an_image_of_nothing_follows_its_schema(tmp_path: Path) -> None:
    jsonschema.validate(json.loads(render("json", advise(tmp_path, {}))), SCHEMA)
