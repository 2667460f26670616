"""Cool-down: which digest is pinned, by what sealock has seen, by a log, and by the image's own date."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec import Struct

from sealock.cli.main import main
from sealock.errors import FormatError, TargetError, UsageError
from sealock.model.imagename import ImageName
from sealock.net.registry.client import Fetched, ReferenceClaim, Registry
from sealock.net.registry.requests import RegistryError
from sealock.pin import lockfile, texts
from sealock.pin.assessment import PinResult, evaluate
from sealock.pin.cooldown import CoolDown, CooledTexts, age_words, cool_down
from sealock.pin.resolver import Resolver
from sealock.pin.run import pin as pin_files
from sealock.pin.sightings import SeenDigests, Sighting, sight
from sealock.policy.minages import MinAges
from support.simulators.registry import registry

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")
KEY = "r.example.com/app:1"


class OneTag:
    """A registry with one repository, whose tag 1 has a digest."""

    def __init__(self, current: str, deleted: tuple[str, ...] = ()) -> None:
        self.current, self.deleted = current, deleted

    def claim(self, name: ImageName) -> ReferenceClaim:
        if name.digest in self.deleted:
            msg = "not found"
            raise RegistryError(msg, 404)
        return ReferenceClaim(name.digest or self.current, "application/vnd.oci.image.manifest.v1+json", 1)

    def manifest(self, _name: ImageName) -> Fetched:
        msg = "it is no index"
        raise TargetError(msg)


def days(number: float) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


def seen(*entries: tuple[str, float, float]) -> SeenDigests:
    """A record: digests, with the days since they were seen first and last."""
    return {KEY: tuple(Sighting(digest, days(first), days(last)) for digest, first, last in entries)}


class World(Struct, frozen=True):
    """What is known: the tag's digest, the record, the dates by the log and by the images, what was deleted."""

    current: str
    record: tuple[tuple[str, float, float], ...] = ()
    logged: Mapping[str, float] = {}
    served: Mapping[str, float] = {}
    created: Mapping[str, float] = {}
    deleted: tuple[str, ...] = ()
    locked: str = ""


def cooled(tmp_path: Path, pinned: str, world: World, *, check: bool = False) -> tuple[PinResult, CooledTexts]:
    """The result for `FROM r.example.com/app:1` with a least age of seven days."""
    (tmp_path / "Dockerfile").write_text(f"FROM {KEY}{f'@{pinned}' if pinned else ''}\n")
    resolver = Resolver(cast("Registry", cast("Any", OneTag(world.current, world.deleted))))
    evaluated = evaluate([texts.read(str(tmp_path / "Dockerfile"))], lambda _: True, resolver, check=check)

    def time(dates: Mapping[str, float], name: ImageName) -> datetime | None:
        return days(dates[name.digest]) if name.digest is not None and name.digest in dates else None

    cooling = CoolDown(
        MinAges(timedelta(days=7)),
        NOW,
        seen(*world.record),
        {KEY: world.locked} if world.locked else {},
        lambda name: time(world.logged, name),
        lambda name: time(world.created, name),
        lambda name: time(world.served, name),
    )
    made = cool_down(evaluated, cooling, resolver, check=check)
    ((_, (result,)),) = made.texts
    return result, made


@pytest.mark.parametrize(
    ("pinned", "world", "state", "new", "words"),
    [
        pytest.param("", World(A), "young", "", "never seen before and without a date", id="nothing is known"),
        pytest.param("", World(A, created={A: 30}), "missing", A, "", id="first sight, and its own date is old"),
        pytest.param("", World(A, created={A: 3}), "young", "", "and of 2026-11-24", id="its own date is new"),
        pytest.param("", World(A, logged={A: 8}), "missing", A, "", id="a log took its signature in 8 days ago"),
        pytest.param(
            "", World(A, logged={A: 2}), "young", "", "first seen 2 days ago", id="a log took it in 2 days ago"
        ),
        pytest.param("", World(A, served={A: 8}), "missing", A, "", id="a service saw it 8 days ago"),
        pytest.param("", World(A, ((A, 1, 1),), served={A: 8}), "missing", A, "", id="a service saw it before we did"),
        pytest.param(
            "", World(A, served={A: 2}), "young", "", "first seen 2 days ago", id="a service saw it 2 days ago"
        ),
        pytest.param("", World(B, ((A, 30, 1),), served={B: -9}), "missing", A, "", id="a service's clock was wrong"),
        pytest.param("", World(A, ((A, 8, 8),)), "missing", A, "", id="seen 8 days ago"),
        pytest.param("", World(A, ((A, 7, 7),)), "missing", A, "", id="seen exactly 7 days ago"),
        pytest.param("", World(A, ((A, 6.99, 6.99),)), "young", "", "first seen 6 days ago", id="seen 6.99 days ago"),
        pytest.param("", World(A, ((A, -3, -3),)), "young", "", "", id="seen in the future: a clock was wrong"),
        pytest.param(
            "", World(B, ((A, 30, 1),), created={B: 300}), "missing", A, "", id="a backdated image under a known tag"
        ),
        pytest.param(
            "",
            World(B, ((A, 30, 28),), created={B: 300}),
            "young",
            "",
            "a later run",
            id="the one before was withdrawn",
        ),
        pytest.param(
            "", World(C, ((A, 60, 40), (B, 30, 1))), "missing", B, "skipped cccccccccccc", id="the newest that stayed"
        ),
        pytest.param(
            "", World(C, ((A, 60, 40), (B, 30, 1)), deleted=(B,)), "missing", A, "", id="the newest that still exists"
        ),
        pytest.param(A, World(A), "pinned", A, "", id="agrees with its tag: nothing is unpinned"),
        pytest.param(A, World(B, created={B: 300}), "waiting", A, "keeps its digest", id="the tag has moved just now"),
        pytest.param(A, World(B, ((A, 30, 9), (B, 8, 8))), "moved", B, "", id="the tag moved 8 days ago"),
        pytest.param(A, World(C, ((A, 60, 40), (B, 30, 1))), "moved", B, "skipped cccc", id="one between has the age"),
        pytest.param(B, World(C, ((A, 60, 40), (B, 6, 1))), "waiting", B, "", id="never back to an earlier one"),
        pytest.param(D, World(C, ((A, 60, 40),)), "waiting", D, "", id="nor from one that the record has not"),
        pytest.param(A, World(A, ((A, 60, 40), (B, 30, 1))), "pinned", A, "", id="the tag was moved back"),
        pytest.param(B, World(A, ((A, 60, 40), (B, 30, 1))), "moved", A, "", id="moved back: what it has counts"),
        pytest.param(A, World(B, deleted=(A,)), "gone", "", "no longer has it", id="deleted, and the new one is young"),
        pytest.param(A, World(C, ((B, 30, 1),), deleted=(A,)), "gone", B, "skipped", id="deleted, and one has the age"),
        pytest.param("", World(B, locked=A), "missing", A, "keeps", id="the lock file's digest stays"),
        pytest.param("", World(A, locked=A), "missing", A, "", id="the lock file agrees"),
        pytest.param("", World(B, ((B, 8, 8),), locked=A), "missing", B, "", id="the lock file's digest is replaced"),
    ],
)
def test_the_digest_that_is_pinned(
    *, tmp_path: Path, pinned: str, world: World, state: str, new: str, words: str
) -> None:
    result, made = cooled(tmp_path, pinned, world)
    assert (result.state, result.new) == (state, new), result.note
    assert words in result.note
    assert bool(made.warnings) == (bool(new) and new == A and world.created.get(A, 0) > 7)
    assert (result.skipped == world.current) == (new != world.current)


@pytest.mark.parametrize(
    ("pinned", "world", "state"),
    [
        pytest.param(A, World(A, ((A, 8, 8),)), "pinned", id="old enough"),
        pytest.param(A, World(A, created={A: 30}), "pinned", id="by its own date, at first sight"),
        pytest.param(A, World(A), "young", id="nothing says how old it is"),
        pytest.param(B, World(B, ((A, 30, 1),), created={B: 300}), "young", id="a new pin of a known tag, backdated"),
        pytest.param(A, World(B, ((A, 30, 1),)), "waiting", id="the pin is old, and the tag moved"),
        pytest.param(D, World(B, ((A, 30, 1),)), "young", id="a pin that the tag never had"),
        pytest.param("", World(A, ((A, 1, 1),)), "young", id="not pinned, and too new to be"),
    ],
)
def test_a_check_reports_pins_that_are_too_new(tmp_path: Path, pinned: str, world: World, state: str) -> None:
    result, _ = cooled(tmp_path, pinned, world, check=True)
    assert result.state == state, result.note


def test_the_record_continues_until_the_age_is_reached_and_is_then_still(tmp_path: Path) -> None:
    _, made = cooled(tmp_path, "", World(A, ((A, 5, 3),)))
    assert made.seen == seen((A, 5, 0))
    _, made = cooled(tmp_path, "", World(A, ((A, 9, 1),)))
    assert made.seen == seen((A, 9, 1))
    _, made = cooled(tmp_path, A, World(B))
    assert made.seen == seen((A, 0, 0), (B, 0, 0))


def test_a_digest_counts_as_seen_under_any_tag_of_its_repository(tmp_path: Path) -> None:
    record = {"r.example.com/app:1.2": (Sighting(A, days(20), days(20)),)}
    other = {"r.example.com/other:1": (Sighting(A, days(20), days(20)),)}
    for known, state in ((record, "missing"), (other, "young")):
        (tmp_path / "Dockerfile").write_text(f"FROM {KEY}\n")
        resolver = Resolver(cast("Registry", cast("Any", OneTag(A))))
        evaluated = evaluate([texts.read(str(tmp_path / "Dockerfile"))], lambda _: True, resolver, check=False)
        made = cool_down(evaluated, CoolDown(MinAges(timedelta(days=7)), NOW, known), resolver, check=False)
        assert made.texts[0][1][0].state == state


def test_the_record_of_a_tag_is_bounded_and_keeps_its_beginning() -> None:
    record: tuple[Sighting, ...] = ()
    for number in range(200):
        record = sight(record, f"sha256:{number:064x}", "", days(200 - number), timedelta(days=7))
    assert record[0].digest == f"sha256:{0:064x}"
    assert record[-1].digest == f"sha256:{199:064x}"
    assert len(record) <= 33


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.5, "less than an hour"),
        (1, "1 hour"),
        (23, "23 hours"),
        (24, "1 day"),
        (25, "25 hours"),
        (47.9, "47 hours"),
        (48, "2 days"),
        (71, "2 days"),
        (168, "7 days"),
    ],
)
def test_an_age_in_words(hours: float, words: str) -> None:
    assert age_words(timedelta(hours=hours)) == words


@pytest.mark.parametrize(
    ("before", "after", "stays", "words"),
    [
        pytest.param(("amd64",), ("amd64", "arm64"), True, "the tag has linux/arm64 more", id="it gained a platform"),
        pytest.param(("arm64",), ("amd64", "arm64"), True, "the tag has linux/amd64 more", id="at its beginning"),
        pytest.param(("amd64", "arm64"), ("amd64",), False, "", id="it lost a platform"),
        pytest.param(("amd64", "arm64"), ("amd64", "arm64-new"), False, "", id="a platform has another image"),
        pytest.param(("amd64",), ("amd64-new", "arm64"), False, "", id="it gained one, and another changed"),
    ],
)
def test_a_pin_stays_while_the_index_only_gains_platforms(
    *, tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...], stays: bool, words: str
) -> None:
    with registry() as server:
        images = {
            name: server.add_image("app", config=b'{"made":"%s"}' % name.encode())
            for name in ("amd64", "arm64", "amd64-new", "arm64-new")
        }

        def index(*names: str) -> Mapping[str, dict[str, Any]]:
            return {f"linux/{name.partition('-')[0]}": images[name] for name in names}

        old = server.add_index("app", images=index(*before))["digest"]
        new = server.add_index("app", "1", images=index(*after))["digest"]
        text = f"FROM {server.host}/app:1@{old}\n"
        (tmp_path / "Dockerfile").write_text(text)
        (file,) = pin_files(str(tmp_path), write=True, policy_file="")
        assert file.results[0].note == (words or "the tag has another digest")
        assert (tmp_path / "Dockerfile").read_text() == (text if stays else text.replace(old, new))


def test_the_command_records_what_it_saw_and_pins_in_a_later_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with registry() as server:
        built = (datetime.now(UTC) - timedelta(days=1)).isoformat()
        image = server.add_image("app", "1", config=b'{"os":"linux","created":"%s"}' % built.encode())["digest"]
        text = f"FROM {server.host}/app:1\n"
        Path("Dockerfile").write_text(text)
        Path("sealock.toml").write_text('[pin]\nmin-age = "7d"\n')
        assert main(["pin", "Dockerfile"]) == 1
        told = capsys.readouterr().out
        assert "too new" in told
        assert "the least age is 7 days; a later run can pin it" in " ".join(told.split())
        assert Path("Dockerfile").read_text() == text
        lock = json.loads(Path("sealock.lock").read_text())
        (entry,) = lock["seen"][f"{server.host}/app:1"]
        assert entry["digest"] == image
        before = Path("sealock.lock").read_bytes()
        assert main(["pin", "--check", "Dockerfile"]) == 1
        assert main(["pin", "--diff", "Dockerfile"]) == 1
        assert Path("sealock.lock").read_bytes() == before
        assert main(["pin", "--min-age", "0", "--diff", "Dockerfile"]) == 1
        entry["first"] = (datetime.now(UTC) - timedelta(days=7, minutes=1)).isoformat()
        Path("sealock.lock").write_text(json.dumps(lock))
        assert main(["pin", "Dockerfile"]) == 0
        assert Path("Dockerfile").read_text() == f"FROM {server.host}/app:1@{image}\n"
        # The tag moves, and the pin waits.
        old = b'{"os":"linux","created":"2020-01-01T00:00:00Z"}'
        moved = server.add_image("app", "1", config=old)["digest"]
        capsys.readouterr()
        assert main(["pin", "Dockerfile", "--format", "json"]) == 0
        (reference,) = json.loads(capsys.readouterr().out)["references"]
        assert (reference["state"], reference["old"], reference["skipped"]) == ("waiting", image, moved)
        assert Path("Dockerfile").read_text() == f"FROM {server.host}/app:1@{image}\n"
        assert main(["pin", "--check", "Dockerfile"]) == 0


def test_an_age_by_the_images_own_date_is_taken_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with registry() as server:
        for name, date in (("old", "2020-01-01T00:00:00.123456789Z"), ("epoch", "1970-01-01T00:00:00Z"), ("odd", "x")):
            server.add_image(name, "1", config=b'{"os":"linux","created":"%s"}' % date.encode())
            Path(name).mkdir()
            Path(name, "Dockerfile").write_text(f"FROM {server.host}/{name}:1\n")
        assert main(["pin", "--min-age", "7d", "old"]) == 0
        assert "rests on the image's own date, 2020-01-01, which its builder can choose" in capsys.readouterr().err
        for name in ("epoch", "odd"):
            assert main(["pin", "--min-age", "7d", name]) == 1
            assert "without a date of its own" in " ".join(capsys.readouterr().out.split())


def test_a_lock_file_waits_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with registry() as server:
        first = server.add_image("app", "1", config=b'{"os":"linux","created":"2020-01-01T00:00:00Z"}')["digest"]
        Path("Dockerfile").write_text(f"FROM {server.host}/app:1\n")
        assert main(["pin", "--lock", "--min-age", "7d", "Dockerfile"]) == 0
        server.add_image("app", "1", config=b'{"os":"linux","created":"2020-01-02T00:00:00Z"}')
        assert main(["pin", "--lock", "--min-age", "7d", "Dockerfile"]) == 0
        lock = json.loads(Path("sealock.lock").read_text())
        assert lock["images"][f"{server.host}/app:1"]["digest"] == first
        assert [entry["digest"] == first for entry in lock["seen"][f"{server.host}/app:1"]] == [True, False]
        assert main(["pin", "--lock", "--check", "--min-age", "7d", "Dockerfile"]) == 0
        assert main(["pin", "--lock", "--check", "Dockerfile"]) == 1
        Path("sealock.lock").unlink()
        server.add_image("app", "1", config=b'{"os":"linux"}')
        capsys.readouterr()
        assert main(["pin", "--lock", "--min-age", "7d", "Dockerfile"]) == 1
        assert "is not in the lock: skipped" in capsys.readouterr().err
        assert main(["pin", "--lock", "--check", "--min-age", "7d", "Dockerfile"]) == 1
        assert "too new" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("seen_before", "words"),
    [
        (
            '{"r/a:1": [{"digest": "sha256:1", "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z"}]}',
            "seen",
        ),
        ('{"r/a:1": [{"digest": "x"}]}', "missing required field `first`"),
        ('{"r/a:1": [{"digest": "x", "first": "2026-01-01", "last": "2026-01-01T00:00:00Z"}]}', "RFC3339"),
        ('{"r/a:1": [{"digest": "x", "first": "2026-01-01T00:00:00", "last": ""}]}', "timezone"),
        ("[]", "Expected `object`"),
        (
            f'{{"{"a" * 300}": [{{"digest": "x", "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z"}}]}}',
            f"of '{'a' * 200}' is invalid",
        ),
        ('{"a": []}, "images": {"b": {"digest": "x"}}', "the digest of 'b' is invalid"),
        (f'{{}}, "images": {{"{"b" * 201}": {{"digest": "x"}}}}', f"the digest of '{'b' * 200}' is invalid"),
        (
            f'{{}}, "images": {{"b": {{"digest": "sha256:{"a" * 64}"}}, "c": {{"digest": "sha256:{"a" * 63}"}}}}',
            "the digest of 'c' is invalid",
        ),
        (
            f'{{}}, "images": {{"b": {{"digest": "sha256:{"a" * 64}", "platforms": {{"linux/arm64": "x"}}}}}}',
            "the digest of 'b' is invalid",
        ),
    ],
)
def test_a_record_that_is_not_one_is_an_error(tmp_path: Path, seen_before: str, words: str) -> None:
    path = tmp_path / "sealock.lock"
    path.write_text(f'{{"sealock": 1, "seen": {seen_before}}}')
    with pytest.raises(FormatError, match=words):
        lockfile.load(str(path))


def test_a_least_age_that_is_none_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pin", "--min-age", "soon", "."]) == 2
    assert "the least age 'soon' should be a number of hours, days or weeks" in capsys.readouterr().err


def test_the_function_waits_and_records_as_the_command_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with registry() as server:
        image = server.add_image("app", "1", config=b'{"os":"linux"}')["digest"]
        Path("Dockerfile").write_text(f"FROM {server.host}/app:1\n")
        (file,) = pin_files("Dockerfile", min_age="7d", policy_file="")
        assert (file.changed, file.results[0].state, Path("sealock.lock").exists()) == (False, "young", False)
        pin_files("Dockerfile", min_age="7d", policy_file="", write=True)
        assert image in Path("sealock.lock").read_text()
        (file,) = pin_files("Dockerfile", policy_file="")
        assert file.changed
        with pytest.raises(UsageError, match="the least age 'soon'"):
            pin_files("Dockerfile", min_age="soon", policy_file="")
