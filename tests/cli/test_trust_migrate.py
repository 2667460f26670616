"""`sealock trust migrate`: what is told, what is signed, and when it is no success."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealock.cli.main import main
from sealock.reports.trust import BASES
from sealock.trust.cosign.keys import write_public
from sealock.trust.cosign.privatekeys import write_private
from sealock.trust.migration import MigrationRecord
from sealock.trust.notary.metadata import key_id
from sealock.trust.notary.privatekeys import generate
from sealock.trust.notary.signer import certify
from support.cosignworld import World, stretched_cheaply, world
from support.simulators.notary import NOW, Author, notary

Migrate = Callable[..., int]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setattr("sealock.trust.cosign.privatekeys._stretched", stretched_cheaply)
    monkeypatch.setenv("COSIGN_PASSWORD", "a secret passphrase")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    with world() as one:
        Path("k.key").write_bytes(write_private(one.key, "a secret passphrase"))
        Path("k.pub").write_bytes(write_public(one.key.public))
        yield one


@pytest.fixture
def author(here: World) -> Iterator[Author]:
    with notary() as server:
        one = Author(server, f"{here.server.host}/app")
        one.tags["1"] = here.digest, len(here.client.manifest(here.name()).raw)
        one.publish()
        yield one


@pytest.fixture
def migrate(here: World, author: Author) -> Migrate:
    def run(*words: str, repository: str = "app", trusted: tuple[str, ...] = ("--no-policy", "--first-use")) -> int:
        server = ("--server", author.server.address)
        return main(
            ["trust", "migrate", f"{here.server.host}/{repository}", "--key", "k.key", *server, *trusted, *words]
        )

    return run


def test_what_is_signed_is_told_and_on_record(
    here: World, migrate: Migrate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate("--dry-run") == 0
    assert "1 of 1 tag can be signed" in capsys.readouterr().out
    assert here.verify().state == "untrusted"
    assert migrate() == 0
    assert "1 of 1 tag is signed" in capsys.readouterr().out
    assert here.verify().state == "trusted"
    (line,) = Path("migration.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["outcome"] == "signed"
    assert migrate("--format", "json") == 0
    assert json.loads(capsys.readouterr().out)["steps"][0]["outcome"] == "signed before"


def root_of(author: Author) -> str:
    return key_id(author.certificates[0])


POLICY = """
[trust]
default = "refuse"
[[trust.image]]
match = ["{host}/*"]
notary = {{ {notary} }}
"""


def write_policy(here: World, notary: str) -> None:
    Path("sealock.toml").write_text(POLICY.format(host=here.server.host, notary=notary), encoding="utf-8")


@pytest.mark.parametrize(
    ("notary", "words", "why"),
    [
        pytest.param(f'pins = ["{"ff" * 32}"]', (), "does not match the pin", id="another root than the policy pins"),
        pytest.param(f'pins = ["{"ff" * 32}"]', ("--first-use",), "does not match the pin", id="and first use does not help"),
        pytest.param('authority = "other.pem"', (), "does not match the pin", id="another authority than the policy's"),
        pytest.param("", ("--no-policy",), "nothing is pinned for", id="a root that nobody pinned"),
        pytest.param("", ("--no-policy", "--pin", "ff" * 32), "does not match the pin", id="another root than --pin"),
        pytest.param("", ("--no-policy", "--pin-authority", "other.pem"), "does not match the pin", id="another authority than the option's"),
        pytest.param(f'pins = ["{"ff" * 32}"]', ("--pin", "ee" * 32), "the trust policy pins the root", id="a pin beside the policy's"),
    ],
)  # fmt: skip
def test_nothing_is_signed_under_a_root_that_is_not_pinned(
    here: World, migrate: Migrate, capsys: pytest.CaptureFixture[str], *, notary: str, words: tuple[str, ...], why: str
) -> None:
    Path("other.pem").write_bytes(certify(generate(), "other", NOW).public)
    write_policy(here, notary or "first-use = true")
    assert migrate(trusted=words) == 2
    assert why in capsys.readouterr().err
    assert here.verify().state == "untrusted"
    assert not Path("migration.jsonl").exists()
    # Nor does the refused root count as one that was trusted before.
    assert migrate(trusted=("--no-policy",)) == 2


@pytest.mark.parametrize(
    ("notary", "words", "basis"),
    [
        pytest.param('pins = ["{root}"]', (), "certificate", id="the policy's pin"),
        pytest.param("", ("--no-policy", "--pin", "{root}"), "certificate", id="--pin"),
        pytest.param("", ("--no-policy", "--first-use"), "first use", id="--first-use"),
        pytest.param("first-use = true", (), "first use", id="a policy that allows first use"),
    ],
)
def test_the_output_and_the_record_name_the_root_and_its_basis(
    here: World, author: Author, migrate: Migrate, capsys: pytest.CaptureFixture[str],
    *, notary: str, words: tuple[str, ...], basis: str,
) -> None:  # fmt: skip
    root = root_of(author)
    write_policy(here, notary.format(root=root) or "first-use = true")
    assert migrate(trusted=tuple(word.format(root=root) for word in words)) == 0
    assert capsys.readouterr().out.startswith(f"root {root}: {BASES[basis]}\n")
    (step,) = MigrationRecord("migration.jsonl").steps
    assert (step.outcome, step.root, step.rests_on) == ("signed", (root,), basis)
    # From then on the root follows from one that was trusted here.
    assert migrate("--format", "json", trusted=("--no-policy",)) == 0
    table = json.loads(capsys.readouterr().out)
    assert (table["root"], table["rests_on"]) == ([root], "earlier use")


def test_tags_that_nobody_signed_are_no_success(
    here: World, migrate: Migrate, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate("--tags", "2*") == 1
    assert "none of 1 signed tag of" in capsys.readouterr().err
    assert here.verify().state == "untrusted"


def test_a_tag_that_moved_is_left_out(here: World, migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    signed, moved = here.digest, here.push("app:1")
    assert migrate() == 1
    assert f"the registry gives {moved}" in " ".join(capsys.readouterr().out.split())
    assert {here.verify(digest=one).state for one in (signed, moved)} == {"untrusted"}


def test_a_record_that_cannot_be_written_ends_the_run(migrate: Migrate, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate("--record", "no/such/folder.jsonl") == 2
    assert "could not be written, so nothing more is signed" in capsys.readouterr().err


def test_a_repository_without_trust_gets_no_signature(
    here: World, migrate: Migrate, capsys: pytest.CaptureFixture[str]
) -> None:
    here.push("other:1")
    before = len(here.server.manifests["other"])
    assert migrate(repository="other") == 2
    assert "so nothing is signed" in capsys.readouterr().err
    assert len(here.server.manifests["other"]) == before


def test_the_passphrase_is_never_told(
    migrate: Migrate, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COSIGN_PASSWORD", "another secret")
    assert migrate() == 2
    told = capsys.readouterr()
    assert "k.key" in told.err
    assert "another secret" not in told.out + told.err
