"""Evidence about images is answered from what was stored, and what is missing or old is no answer."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from sealock.errors import UsageError
from sealock.guard import imageevidence
from sealock.guard.decision.exchange import Evidence, ImageAnswer, ImageQuestion, NoAnswer
from sealock.guard.imageevidence import StoredEvidence, StoredImage, digest_of
from support.commandline import sealock
from support.scriptedengine import answer, scripted

DIGEST = "sha256:" + "a" * 64
KNOWN = {"RepoDigests": [f"other/web@sha256:{'b' * 64}", f"nginx@{DIGEST}", "broken"]}
STORED = StoredImage(DIGEST, "nginx", datetime.now(UTC), "", ("CVE-2026-1",))

DIGESTS = [
    ("nginx", KNOWN, DIGEST), ("docker.io/library/nginx:1.27", KNOWN, DIGEST), (f"nginx@{DIGEST}", None, DIGEST),
    ("nginx", {"RepoDigests": [f"example.com/library/nginx@{DIGEST}"]}, ""),
    ("nginx", {"RepoDigests": [f"other/nginx@{DIGEST}"]}, ""), ("nginx", {"RepoDigests": None}, ""),
    ("nginx", {"RepoDigests": [None, 7, f"nginx@{DIGEST}"]}, DIGEST), ("nginx", {"RepoDigests": ["nginx:1"]}, ""),
    (f"nginx@{DIGEST}", {"RepoDigests": [f"nginx@sha256:{'b' * 64}"]}, DIGEST),
    ("web", KNOWN, ""), ("nginx", None, ""), ("nginx", {}, ""), ("Not/A/Name", KNOWN, ""),
]  # fmt: skip


@pytest.mark.parametrize(("image", "known", "digest"), DIGESTS)
def test_the_digest_is_that_of_the_engine_s_repository(image: str, known: dict[str, Any] | None, digest: str) -> None:
    assert digest_of(image, known) == digest


ANSWERS: list[tuple[tuple[Evidence, ...], StoredImage | None, ImageAnswer | str]] = [
    (("digest",), None, ImageAnswer(DIGEST)),
    (("trust", "vulnerabilities"), STORED, ImageAnswer(DIGEST, "", ("CVE-2026-1",))),
    (("trust",), replace(STORED, distrusted="unsigned"), ImageAnswer(DIGEST, "unsigned", ("CVE-2026-1",))),
    (("trust",), None, "nothing is known"),
    (("trust",), replace(STORED, distrusted=None), "was not evaluated"),
    (("vulnerabilities",), replace(STORED, exploited=None), "were not looked up"),
    (("trust",), replace(STORED, at=datetime.now(UTC) - timedelta(hours=25)), "not of the last 24 hours"),
    (("trust",), replace(STORED, at=datetime.now(UTC) + timedelta(hours=1)), "not of the last 24 hours"),
]


@pytest.mark.parametrize(("needs", "stored", "expected"), ANSWERS)
def test_what_is_known_is_answered(
    needs: tuple[Evidence, ...], stored: StoredImage | None, expected: ImageAnswer | str, tmp_path: Path
) -> None:
    store = StoredEvidence(str(tmp_path))
    if stored is not None:
        store.store(stored)
    given = store.answer(ImageQuestion("nginx", needs), KNOWN)
    if isinstance(expected, str):
        assert isinstance(given, NoAnswer)
        assert expected in given.why
        assert "sealock guard evidence nginx" in given.remedy
    else:
        assert given == expected


@pytest.mark.parametrize("text", ["", "{", "[]", '{"digest": "x"}'])
def test_a_file_that_is_damaged_is_no_answer(text: str, tmp_path: Path) -> None:
    store = StoredEvidence(str(tmp_path))
    store.store(STORED)
    (tmp_path / "evidence" / f"{'a' * 64}.json").write_text(text)
    assert isinstance(store.answer(ImageQuestion("nginx", ("trust",)), KNOWN), NoAnswer)


@pytest.mark.parametrize(
    ("age", "known"),
    [
        pytest.param(timedelta(hours=24), True, id="a day old"),
        pytest.param(timedelta(hours=24, seconds=1), False, id="a second older"),
        pytest.param(-timedelta(minutes=5), True, id="of a clock that is a little ahead"),
        pytest.param(-timedelta(minutes=5, seconds=1), False, id="of one that is further ahead"),
    ],
)
def test_evidence_counts_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, age: timedelta, *, known: bool
) -> None:
    now = datetime(2026, 6, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(imageevidence, "datetime", SimpleNamespace(now=now.astimezone))
    store = StoredEvidence(str(tmp_path))
    store.store(replace(STORED, at=now - age))
    given = store.answer(ImageQuestion("nginx", ("trust",)), KNOWN)
    assert isinstance(given, ImageAnswer) is known


def test_evidence_is_stored_again_and_for_other_images(tmp_path: Path) -> None:
    store = StoredEvidence(str(tmp_path))
    store.store(STORED)
    store.store(replace(STORED, distrusted="unsigned"))
    store.store(replace(STORED, digest=f"sha256:{'b' * 64}", image="other/web"))
    assert store.answer(ImageQuestion("nginx", ("trust",)), KNOWN) == ImageAnswer(DIGEST, "unsigned", ("CVE-2026-1",))
    assert store.answer(ImageQuestion("other/web", ("trust",)), KNOWN) == ImageAnswer(
        f"sha256:{'b' * 64}", "", ("CVE-2026-1",)
    )
    assert sorted(path.name for path in (tmp_path / "evidence").iterdir()) == [f"{'a' * 64}.json", f"{'b' * 64}.json"]


@pytest.mark.parametrize(
    ("needs", "stored", "expected"),
    [
        (("trust", "vulnerabilities"), replace(STORED, exploited=None), "were not looked up"),
        (("trust", "vulnerabilities"), replace(STORED, distrusted=None), "was not evaluated"),
        (("trust",), replace(STORED, exploited=None), ImageAnswer(DIGEST, "", ())),
        (("vulnerabilities",), replace(STORED, distrusted=None), ImageAnswer(DIGEST, "", ("CVE-2026-1",))),
        (("digest", "trust"), STORED, ImageAnswer(DIGEST, "", ("CVE-2026-1",))),
        (("digest", "trust"), replace(STORED, distrusted=None), "was not evaluated"),
    ],
)
def test_only_what_is_asked_for_must_be_known(
    needs: tuple[Evidence, ...], stored: StoredImage, expected: ImageAnswer | str, tmp_path: Path
) -> None:
    store = StoredEvidence(str(tmp_path))
    store.store(stored)
    given = store.answer(ImageQuestion("nginx", needs), KNOWN)
    if isinstance(expected, str):
        assert isinstance(given, NoAnswer)
        assert expected in given.why
    else:
        assert given == expected


@pytest.mark.parametrize("needs", [("digest",), ("trust",), ("digest", "trust")])
def test_an_image_without_a_digest_has_no_answer(needs: tuple[Evidence, ...], tmp_path: Path) -> None:
    store = StoredEvidence(str(tmp_path))
    store.store(replace(STORED, digest=""))
    given = store.answer(ImageQuestion("web", needs), KNOWN)
    assert isinstance(given, NoAnswer)
    assert given.why == "nothing is known about web"


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "evidence").touch()
    with pytest.raises(UsageError, match=r"evidence/a{64}\.json cannot be written: File exists; run this as root"):
        StoredEvidence(str(tmp_path)).store(STORED)


def test_what_could_not_be_found_out_is_named_and_no_answer(tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text("")
    with scripted(tmp_path / "e.sock") as engine:
        engine.replies |= {
            "GET /_ping": answer(b"OK", 200, "Api-Version: 1.45"),
            "GET /images/nginx/json": answer(KNOWN),
            "GET /images/built/json": answer({"RepoDigests": []}),
        }
        words = ("--engine", str(engine.path), "--state", str(tmp_path), "--cache-dir", str(tmp_path / "cache"))
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = sealock(
            "guard", "evidence", "nginx", "built", "gone", "A B", *words, cwd=tmp_path, environment=environment
        )
    assert done.returncode == 2
    assert DIGEST in done.stdout
    for message in (
        "the policy has no [trust] table",
        "vulnerabilities: ",
        "built has no digest",
        "does not have gone",
        "no name",
    ):
        assert message in done.stderr, message
    given = StoredEvidence(str(tmp_path)).answer(ImageQuestion("nginx", ("trust",)), KNOWN)
    assert isinstance(given, NoAnswer)
