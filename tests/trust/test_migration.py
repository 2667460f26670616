"""Tags that content trust vouches for are signed again, those that moved are not, and every step is on record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealock.errors import TargetError
from sealock.model.location import Source
from sealock.model.trust import SignedRepository, SignedTag
from sealock.policy.settings import read
from sealock.trust.migration import Migration, MigrationRecord, MigrationStep, migrate
from support.cosignworld import World, world
from support.simulators.registry import Reply


@pytest.fixture
def here() -> Iterator[World]:
    with world() as one:
        yield one


def signed(here: World, tag: str, *, digest: str = "", length: int = 0) -> SignedTag:
    found = here.client.manifest(here.name(f"app:{tag}"))
    return SignedTag(tag, digest or found.digest, length or len(found.raw), "targets/releases")


def steps(here: World, *tags: SignedTag, record: MigrationRecord | None = None, **how: object) -> list[MigrationStep]:
    repository = SignedRepository(f"{here.server.host}/app", tags, ("ab" * 32,), "certificate")
    return list(migrate(here.name("app:1"), repository, Migration(here.client, here.key, **how), record))  # type: ignore[arg-type]  # a table's words


@pytest.mark.parametrize("form", ["bundle", "tag"])
def test_what_is_signed_verifies_and_is_signed_once(here: World, form: str) -> None:
    (first,) = steps(here, signed(here, "1"), form=form)
    assert (first.outcome, first.digest, first.verified_by) == ("signed", here.digest, "targets/releases")
    assert here.verify().state == "trusted"
    (second,) = steps(here, signed(here, "1"), form=form)
    assert second.outcome == "signed before"


def test_a_trial_changes_nothing(here: World, tmp_path: Path) -> None:
    record = MigrationRecord(str(tmp_path / "r.jsonl"))
    (step,) = steps(here, signed(here, "1"), record=record, trial=True)
    assert step.outcome == "would sign"
    assert here.verify().state == "untrusted"
    assert not (tmp_path / "r.jsonl").exists()


def test_a_tag_that_moved_is_not_signed_neither_as_it_was_nor_as_it_is(here: World) -> None:
    before = signed(here, "1")
    now = here.push("app:1")
    (step,) = steps(here, before)
    assert step.outcome == "moved"
    assert f"the registry gives {now} for the tag by now" in step.why
    assert here.verify(digest=before.digest).state == "untrusted"
    assert here.verify(digest=now).state == "untrusted"


@pytest.mark.parametrize(
    ("change", "outcome", "why"),
    [
        pytest.param("gone", "gone", "the registry no longer has this tag", id="a tag that is gone"),
        pytest.param("length", "failed", "bytes, and 7 were signed", id="a manifest of another length"),
        pytest.param("down", "failed", "", id="a registry that fails"),
    ],
)
def test_what_does_not_verify_is_not_signed(here: World, change: str, outcome: str, why: str) -> None:
    one = signed(here, "1")
    match change:
        case "gone":
            one = SignedTag("none", one.digest, one.length, one.role)
        case "length":
            one = SignedTag("1", one.digest, 7, one.role)
        case _:
            here.server.answers = lambda asked: Reply(403, b"") if asked.method == "HEAD" else None
    (step,) = steps(here, one)
    assert step.outcome == outcome
    assert why in step.why
    assert here.verify().state == "untrusted"


def test_patterns_choose_tags(here: World) -> None:
    here.push("app:2.0")
    here.push("app:2.1-rc")
    tags = [signed(here, one) for one in ("1", "2.0", "2.1-rc")]
    assert [step.tag for step in steps(here, *tags, tags=("2.*",), trial=True)] == ["2.0", "2.1-rc"]


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param(lambda line: line[:40], id="part of a line"),
        pytest.param(lambda line: line[:3], id="three characters"),
        pytest.param(lambda line: line[:-20] + b"\0" * 20, id="a line whose end is zeros"),
        pytest.param(lambda _: b"\0" * 512, id="a block of zeros"),
        pytest.param(lambda line: line[:40] + b"\xc3", id="half a character"),
    ],
)
def test_what_is_left_of_a_last_line_is_cut_off(here: World, tmp_path: Path, torn: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "r.jsonl"
    steps(here, signed(here, "1"), record=MigrationRecord(str(path)))
    whole = path.read_bytes()
    assert json.loads(whole)["outcome"] == "signed"
    path.write_bytes(whole + torn(whole))
    record = MigrationRecord(str(path))
    assert [step.tag for step in record.steps] == ["1"]
    steps(here, signed(here, "1"), record=record)
    assert [json.loads(line)["outcome"] for line in path.read_bytes().splitlines()] == ["signed", "signed before"]
    assert path.read_bytes().startswith(whole)


def test_a_last_line_without_its_end_is_kept(here: World, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    steps(here, signed(here, "1"), record=MigrationRecord(str(path)))
    path.write_bytes(path.read_bytes().rstrip())
    steps(here, signed(here, "1"), record=MigrationRecord(str(path)))
    assert [json.loads(line)["outcome"] for line in path.read_bytes().splitlines()] == ["signed", "signed before"]


def test_the_record_names_the_root_and_what_trust_in_it_rests_on(here: World) -> None:
    (step,) = steps(here, signed(here, "1"))
    assert (step.root, step.rests_on) == (("ab" * 32,), "certificate")


@pytest.mark.parametrize(
    ("policy", "outcome", "why"),
    [
        pytest.param('default = "refuse"', "refused", "no entry of the trust policy matches it", id="no entry"),
        pytest.param('[[trust.image]]\nmatch = ["*"]\nrefuse = "old"', "refused", "refuses it: old", id="refused"),
        pytest.param('mode = "warn"\ndefault = "refuse"', "signed", "", id="a policy that only warns"),
        pytest.param('[[trust.image]]\nmatch = ["*"]\ndigest = true', "signed", "", id="digests"),
    ],
)
def test_what_the_policy_refuses_is_not_signed(here: World, policy: str, outcome: str, why: str) -> None:
    trust = read(Source("sealock.toml", f"[trust]\n{policy}"), "").trust
    (step,) = steps(here, signed(here, "1"), policy=trust)
    assert step.outcome == outcome
    assert why in step.why
    assert here.verify().state == ("trusted" if outcome == "signed" else "untrusted")


@pytest.mark.parametrize("text", ["hello\n{}\n", "hello", '{"repository":"example.com/app"}', "{}"])
def test_a_record_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(TargetError, match=r"r\.jsonl:1 is not a line of a record"):
        MigrationRecord(str(tmp_path / "r.jsonl"))


def test_nothing_is_signed_without_a_record(here: World, tmp_path: Path) -> None:
    record = MigrationRecord(str(tmp_path / "r.jsonl"))
    (tmp_path / "r.jsonl").mkdir()
    here.push("app:2")
    with pytest.raises(TargetError, match="nothing more is signed"):
        steps(here, signed(here, "1"), signed(here, "2"), record=record)


def test_a_signed_platform_of_an_index_is_left_out_and_told_apart_from_a_tag_that_moved(here: World) -> None:
    image = here.server.add_image("app", config=b"{}")
    here.server.add_index("app", "1", images={"linux/amd64": image})
    (step,) = steps(here, SignedTag("1", image["digest"], image["size"], "targets"))
    assert step.outcome == "moved"
    assert "an index with that image for linux/amd64 in it" in step.why
    assert here.verify(digest=image["digest"]).state == "untrusted"


def test_a_record_that_cannot_be_read_or_is_elsewhere_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=f"the record {tmp_path} could not be read: Is a directory"):
        MigrationRecord(str(tmp_path))
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "r.jsonl").symlink_to(tmp_path / "r.jsonl")
    record = MigrationRecord(str(tmp_path / "here" / "r.jsonl"))
    with pytest.raises(TargetError, match="and was not written: name the record itself"):
        record.add(MigrationStep("app", "1", f"sha256:{'0' * 64}", "signed", "targets", "k"))
    assert not (tmp_path / "r.jsonl").exists()


def test_a_signature_that_does_not_verify_afterwards_is_no_success(here: World) -> None:
    signed_one = signed(here, "1")
    asked: list[str] = []

    def forget(request: Any) -> Reply | None:
        asked.append(request.path)
        return Reply(404, b"{}") if "/referrers/" in request.path or request.path.endswith(".sig") else None

    here.server.answers = forget
    (step,) = steps(here, signed_one, form="bundle")
    assert (step.outcome, step.why.partition(":")[0]) == ("failed", "the new signature does not verify")
    assert step.where
