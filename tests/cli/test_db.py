from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from support import feedmirror
from support.simulators.feeds import Oddity, serving
from support.simulators.registry import RegistrySimulator, registry


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path / "db"))
    return tmp_path / "db"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return feedmirror.mirror(tmp_path / "mirror")


def test_without_a_database_status_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "status"]) == 2
    assert "there is no advisory database yet; `sealock db update` builds one" in capsys.readouterr().err


def test_status_sees_a_single_wrong_bit(mirror: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "update", "--from", str(mirror), "--only", "kev", "--quiet"]) == 0
    data = bytearray((place / "advisories.db").read_bytes())
    data[-1] ^= 1
    (place / "advisories.db").write_bytes(data)
    assert main(["db", "status"]) == 2
    assert "is damaged" in capsys.readouterr().err


def test_update_then_status_then_clear(mirror: Path, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "update", "--from", str(mirror)]) == 0
    told = capsys.readouterr().out
    assert "osv/Debian" in told
    assert "2 records" in told
    assert "osv/NuGet" not in told
    assert main(["db", "update", "--from", str(mirror)]) == 0
    assert capsys.readouterr().out == "19 feeds unchanged\n"
    assert main(["db", "status"]) == 0
    out = capsys.readouterr().out
    # A long path is broken where the line ends.
    assert f"Advisorydatabase{place}/advisories.db," in "".join(out.split())
    told = " ".join(out.split())
    assert "just now" in told
    assert "days old (2026-06-01)" in told
    assert main(["db", "clear"]) == 0
    assert capsys.readouterr().out == "the advisory database was removed\n"
    assert main(["db", "clear", "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_json_has_every_figure(mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "update.json"
    words = [
        "db",
        "update",
        "--from",
        str(mirror),
        "--only",
        "osv/Debian",
        "kev",
        "--format",
        "json",
        "--output",
        str(output),
    ]
    assert main(words) == 0
    assert capsys.readouterr().out == ""
    feeds = {load["feed"]: load for load in json.loads(output.read_text())["feeds"]}
    assert set(feeds) == {"osv/Debian", "kev"}
    assert (feeds["osv/Debian"]["outcome"], feeds["osv/Debian"]["records"], feeds["osv/Debian"]["withdrawn"]) == (
        "updated",
        2,
        1,
    )
    assert main(["db", "status", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["size"] > 10_000
    assert {one["feed"]: one["date"] for one in told["feeds"]} == {
        "kev": "2026-06-01T16:45:47Z",
        "osv/Debian": "2026-05-01T10:00:00Z",
    }


def test_whole_families_are_named_by_their_first_word(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "update", "--from", str(mirror), "--only", "wolfi", "kev", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["db", "update", "--from", str(mirror), "--only", "alpine-secdb/v3.20"]) == 0
    assert capsys.readouterr().out == "alpine-secdb/v3.20  updated  7 records\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["update", "--from", "nowhere"], "nowhere is not a directory"),
        (["update", "--only", "osv/Moon"], "osv/Moon is not a feed"),
        (["status", "--only", "kev"], "are for `db update`"),
        (["clear", "--from", "."], "are for `db update`"),
        (["update", "--from", "ftp://example.org"], "is not an address of the form"),
    ],
)
def test_words_that_do_not_fit(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", *words]) == 2
    assert why in capsys.readouterr().err


def test_what_a_mirror_lacks_is_an_error_only_where_it_was_named(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "update", "--from", str(mirror), "--only", "osv/NuGet", "kev"]) == 2
    assert f"{mirror} does not have osv/NuGet" in capsys.readouterr().err
    assert main(["db", "update", "--from", str(mirror.parent)]) == 2
    assert "does not have any feed" in capsys.readouterr().err


def test_a_feed_that_fails_is_named_and_the_others_are_updated(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(mirror) as publisher:
        words = ["db", "update", "--from", publisher.url, "--only", "osv/PyPI", "kev"]
        assert main(words) == 0
        publisher.oddities["osv/PyPI/all.zip"] = Oddity(body=b"<html>\x1b[2J", kind="text/html")
        assert main(words) == 2
        told = capsys.readouterr()
    assert "feed osv/PyPI: " in told.err
    assert "answers with an HTML page" in told.err
    assert "the former data stays" in told.err
    assert "1 feed failed: osv/PyPI" in told.out
    assert "1 feed unchanged" in told.out


def test_records_that_are_broken_are_counted_and_named(mirror: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {one.name: one.read_bytes() for one in (feedmirror.VECTORS / "osv/PyPI").iterdir()}
    (mirror / "osv/PyPI/all.zip").write_bytes(feedmirror.zipped({**files, "bad\x1b[2J.json": b"{"}))
    assert main(["db", "update", "--from", str(mirror), "--only", "osv/PyPI"]) == 0
    told = capsys.readouterr()
    assert "feed osv/PyPI: 1 of its records could not be read, such as bad\\e[2J.json" in told.err
    assert main(["db", "status"]) == 0
    assert "osv/PyPI: 1 record; bad\\e[2J.json" in capsys.readouterr().out


@pytest.fixture
def shelf() -> Iterator[RegistrySimulator]:
    with registry() as one:
        yield one


def test_push_prints_the_pin_and_pull_takes_it(
    mirror: Path, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    shelf: RegistrySimulator,
) -> None:  # fmt: skip
    tmp_path = place.parent
    main(["db", "update", "--from", str(mirror), "--only", "osv/Debian", "kev", "-q"])
    assert main(["db", "push", f"{shelf.host}/team/advisories:1", "-q"]) == 0
    pin, said = capsys.readouterr().out.splitlines()
    assert pin.startswith(f"{shelf.host}/team/advisories:1@sha256:")
    assert re.fullmatch(r"pushed: 2 feeds, \d records, [\d.]+ KiB", said)
    monkeypatch.setenv("SEALOCK_DB_DIR", str(tmp_path / "other"))
    assert main(["db", "pull", pin, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["reference"], told["outcome"], told["database"]) == (pin, "pulled", str(tmp_path / "other"))
    assert [one["feed"] for one in told["feeds"]] == ["kev", "osv/Debian"]
    assert (tmp_path / "other/advisories.db").read_bytes() == (place / "advisories.db").read_bytes()
    assert main(["db", "pull", pin]) == 0
    assert "unchanged: 2 feeds" in capsys.readouterr().out


def test_what_a_registry_lacks_or_is_no_database_is_an_error(
    shelf: RegistrySimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "pull", f"{shelf.host}/none"]) == 2
    assert "none:latest does not exist" in capsys.readouterr().err
    shelf.add_image("app", "1", config=b"{}")
    assert main(["db", "pull", f"{shelf.host}/app:1"]) == 2
    assert "it is not an advisory database but an image" in capsys.readouterr().err
    assert main(["db", "push", f"{shelf.host}/app:1"]) == 2
    assert "there is no advisory database yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["push"], "`db push` needs a REF"),
        (["pull"], "`db pull` needs a REF"),
        (["status", "example.com/x"], "`db status` takes no REF"),
        (["pull", "example.com/X"], "is not a repository's name"),
        (["push", "example.com/x@sha256:" + "a" * 64], "a push computes the digest"),
        (["pull", "example.com/x", "--from", "."], "are for `db update`"),
    ],
)
def test_references_that_do_not_fit(words: list[str], why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", *words]) == 2
    assert why in capsys.readouterr().err
