"""`sealock diff` on made images: every kind of target, vulnerabilities, masked secrets, exit status."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sealock.cli.main import main
from support.madedatabases import database
from support.madeimages import Layout, config, docker_save, info, spread, tar, write
from support.simulators.registry import registry

OS = b"ID=debian\nVERSION_ID=12\n"
SECRET = "hunter2-and-more-of-it"


def status_file(*packages: tuple[str, str]) -> bytes:
    stanza = "Package: {}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {}\n"
    return "\n".join(stanza.format(*package) for package in packages).encode()


def layer(*packages: tuple[str, str], more: tuple[Any, ...] = ()) -> bytes:
    return tar(info("etc/os-release", OS), info("var/lib/dpkg/status", status_file(*packages)), *more)


METADATA = b"Metadata-Version: 2.1\nName: Jinja2\nVersion: 2.11.0\n"
LANGUAGES = (
    info("app/jinja2-2.11.0.dist-info/METADATA", METADATA),
    info("app/node_modules/@a/b/package.json", b'{"name": "@a/b", "version": "1.0.0"}'),
)
OLD = layer(("bash", "1:5.2-1"), ("curl", "7.1-1"), more=LANGUAGES)
NEW = layer(("bash", "1:5.2-1"), ("curl", "7.2-1"), ("nmap", "1"), more=(info("bin/x", b"x", mode=0o4755),))


def record(name: str, package: str, ecosystem: str = "Debian:12", **event: str) -> dict[str, Any]:
    events = [{"introduced": "0"}, *([event] if event else [])]
    affected = {
        "package": {"ecosystem": ecosystem, "name": package},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    severity = [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]
    return {"id": name, "modified": "2026-11-20T00:00:00Z", "affected": [affected], "severity": severity}


RECORDS = {
    "Debian": [record("CVE-1", "curl", fixed="7.2-1"), record("CVE-2", "nmap"), record("CVE-3", "bash")],
    "PyPI": [record("PYSEC-1", "other", "PyPI")],
    "npm": [record("GHSA-1", "other", "npm")],
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> str:
    return database(tmp_path_factory.mktemp("database"), RECORDS)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, built: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEALOCK_DB_DIR", built)
    return tmp_path


def image(name: str, *layers: bytes, **settings: Any) -> str:
    layout = Layout()
    configuration = config(*layers, config=settings)
    members = layout.index(layout.image(*((plain, plain) for plain in layers), configuration=configuration))
    return write(Path(name), members)


def compared(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = main(["diff", "--format", "json", "--no-policy", *words])
    written: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert written["status"] == status
    return status, written


def test_each_kind_of_change_is_in_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    old = image("old.tar", OLD, User="app", Env=["A=1", f"DB_PASSWORD={SECRET}"])
    new = image("new.tar", OLD, NEW, User="app", Env=["A=2", f"DB_PASSWORD={SECRET}!"], ExposedPorts={"80/tcp": {}})
    status, made = compared(capsys, old, new)
    assert status == 0
    packages = {change["name"]: (change["change"], change["old"], change["new"]) for change in made["packages"]}
    assert packages == {"curl": ("changed", ["7.1-1"], ["7.2-1"]), "nmap": ("added", [], ["1"])}
    named = {key: [entry["rule"] for entry in entries] for key, entries in made["vulnerabilities"].items()}
    assert named == {"new": ["CVE-2"], "gone": ["CVE-1"], "remaining": ["CVE-3"]}
    assert "F001" in [entry["rule"] for entry in made["findings"]["new"]]
    assert [(file["path"], file["mode"]) for file in made["files"]["new"]] == [("bin/x", "4755")]
    values = {(change["field"], change["name"]): change["new"] for change in made["configuration"]}
    assert values == {("environment", "A"): "2", ("environment", "DB_PASSWORD"): "hunt…", ("port", "80/tcp"): ""}
    assert {change["field"] for change in made["properties"]} == {"layers", "size"}
    assert SECRET not in json.dumps(made)


@pytest.mark.parametrize("form", ["terminal", "markdown"])
def test_the_reports_for_people_name_them_too(capsys: pytest.CaptureFixture[str], form: str) -> None:
    old, new = image("old.tar", OLD, Env=[f"DB_PASSWORD={SECRET}"]), image("new.tar", NEW, Env=["DB_PASSWORD="])
    assert main(["diff", old, new, "--format", form, "--no-policy"]) == 0
    text = capsys.readouterr().out
    for word in ("CVE-2", "CVE-1", "F001", "7.2-1", "nmap", "/bin/x"):
        assert word in text
    assert SECRET not in text


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--fail-on-new", "high"], 1),
        (["--fail-on-new", "high", "--no-vulnerabilities"], 0),
        (["--fail-on-new", "medium", "--no-vulnerabilities"], 1),
        ([], 0),
    ],
    ids=[
        "a new critical vulnerability fails from high up",
        "it does not where vulnerabilities are left out",
        "a new setuid program fails from medium up",
        "nothing fails without a severity",
    ],
)
def test_fail_on_new(capsys: pytest.CaptureFixture[str], words: list[str], status: int) -> None:
    assert compared(capsys, image("old.tar", OLD), image("new.tar", NEW), *words)[0] == status


def test_a_policy_that_reports_only_the_gravest_hides_nothing_that_should_fail(place: Path) -> None:
    (place / "sealock.toml").write_text('min-severity = "critical"\nfail-on = "critical"\n', encoding="utf-8")
    words = ["diff", image("old.tar", OLD), image("new.tar", NEW), "--no-vulnerabilities"]
    assert main([*words, "--fail-on-new", "medium"]) == 1


def test_an_image_does_not_differ_from_itself_in_whatever_shape(capsys: pytest.CaptureFixture[str]) -> None:
    members = docker_save(OLD)
    archive, layout = write(Path("image.tar"), members), Layout()
    directory = spread(
        Path("layout"), layout.index(layout.image((OLD, OLD), configuration=config(OLD)))
    )  # the same image as an OCI layout
    for new in (archive, "./image.tar", directory):
        status, made = compared(capsys, archive, new, "--fail-on-new", "info")
        changed = [made[key] for key in ("properties", "packages", "configuration")]
        assert (status, changed, made["files"]) == (0, [[], [], []], {"new": [], "gone": []})
        assert [made[key][state] for key in ("vulnerabilities", "findings") for state in ("new", "gone")] == [[]] * 4


@pytest.mark.parametrize("form", ["json", "cyclonedx", "spdx"])
@pytest.mark.parametrize("bill_is_old", [True, False], ids=["the SBOM is old", "the SBOM is new"])
def test_an_sbom_has_the_packages_and_vulnerabilities_of_its_image(
    capsys: pytest.CaptureFixture[str],
    form: str,
    bill_is_old: bool,  # noqa: FBT001  a row
) -> None:
    path = image("app.tar", OLD, NEW, User="app")
    main(["sbom", path, "--format", form, "--output", "bill.json", "--quiet"])
    status, made = compared(capsys, *(("bill.json", path) if bill_is_old else (path, "bill.json")))
    assert (made["packages"], made["properties"], made["configuration"]) == ([], [], [])
    assert [made[key][state] for key in ("vulnerabilities", "findings") for state in ("new", "gone")] == [[]] * 4
    assert [entry["rule"] for entry in made["vulnerabilities"]["remaining"]] == ["CVE-2", "CVE-3"]
    assert (made["old"]["packages"], made["new"]["packages"]) == (5, 5)
    assert "could not compare the configuration: bill.json does not describe this" in made["uncompared"]
    assert status == 2


def test_a_root_file_system_is_compared_and_not_walked(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    for name, version in (("a", "5.1"), ("b", "5.2")):
        spread(place / name, {"var/lib/dpkg/status": status_file(("bash", version)), "etc/os-release": OS})
    status, made = compared(capsys, "a", "rootfs:b")
    assert [(change["name"], change["old"], change["new"]) for change in made["packages"]] == [
        ("bash", ["5.1"], ["5.2"])
    ]
    assert (status, made["uncompared"]) == (0, [])


def test_two_tags_of_a_registry_are_compared(capsys: pytest.CaptureFixture[str], place: Path) -> None:
    with registry() as server:
        for tag, plain in (("1", OLD), ("2", NEW)):
            server.add_image("app", tag, config=config(plain), layers=[gzip.compress(plain, mtime=0)])
        (place / "sealock.toml").write_text(f'[registry]\ninsecure = ["{server.host}"]\n', encoding="utf-8")
        words = [f"{server.host}/app:1", f"image:{server.host}/app:2", "--format", "json", "--fail-on-new", "high"]
        assert main(["diff", *words]) == 1
        made = json.loads(capsys.readouterr().out)
        # A tag against a digest of its repository, as a pin has it.
        pinned = f"{server.host}/app:2@{made['old']['manifest']}"
        assert main(["diff", pinned, f"{server.host}/app:2", "--format", "json"]) == 0
        second = json.loads(capsys.readouterr().out)
    assert [entry["rule"] for entry in made["vulnerabilities"]["new"]] == ["CVE-2"]
    assert made["uncompared"] == []
    assert [entry["rule"] for entry in second["vulnerabilities"]["new"]] == ["CVE-2"]


REFUSED = {
    "what is no image": ("Dockerfile", "Dockerfile is no image and no SBOM"),
    "what is not there": ("gone.tar", "gone.tar: no such file or directory"),
    "what is broken": ("broken.tar", "broken.tar"),
    "a process": ("pid:1", "pid:1 is no image and no SBOM"),
    "all containers": ("container:*", "container:* names no single container"),
    "the machine": ("host", "host is no image and no SBOM"),
}


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("first", [True, False], ids=["as the old one", "as the new one"])
def test_it_is_refused_by_name(capsys: pytest.CaptureFixture[str], place: Path, what: str, first: bool) -> None:  # noqa: FBT001  a row
    target, message = REFUSED[what]
    (place / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    (place / "broken.tar").write_bytes(b"\x1f\x8b\x08")
    path = image("old.tar", OLD)
    assert main(["diff", *((target, path) if first else (path, target))]) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert output.out == ""


def test_what_could_not_be_read_is_named_and_the_rest_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    members = docker_save(OLD)
    name = next(name for name in members if name.endswith("layer.tar"))
    path = write(Path("wrong.tar"), members | {name: NEW})
    status, made = compared(capsys, image("old.tar", OLD), path)
    assert status == 2
    assert any("digest" in error["message"] for error in made["errors"])
    assert "nmap" in [change["name"] for change in made["packages"]]


def test_without_a_database_the_vulnerabilities_are_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALOCK_DB_DIR", "/nonexistent/sealock")
    old, new = image("old.tar", OLD), image("new.tar", NEW)
    status, made = compared(capsys, old, new)
    assert status == 2
    assert all("--no-vulnerabilities" in error["message"] for error in made["errors"])
    status, made = compared(capsys, old, new, "--no-vulnerabilities")
    assert (status, made["errors"]) == (0, [])
    assert "known vulnerabilities were not compared (--no-vulnerabilities)" in made["notes"]


def test_an_archive_of_several_images_is_an_error_that_names_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    layout = Layout()
    images = (layout.image((plain, plain), configuration=config(plain)) for plain in (OLD, NEW))
    path = write(Path("two.tar"), layout.index(*images))
    status, made = compared(capsys, path, image("old.tar", OLD))
    assert status == 2
    assert "it holds 2 images, of which only the first is compared" in made["errors"][0]["message"]


def test_the_report_is_written_to_a_file_and_what_is_missing_to_standard_error(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    path = image("app.tar", OLD)
    main(["sbom", path, "--format", "cyclonedx", "--output", "bill.json", "--quiet"])
    assert main(["diff", "bill.json", path, "-o", "diff.txt"]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert "Could not compare layers: bill.json does not describe this." in output.err
    assert "No differences" in (place / "diff.txt").read_text(encoding="utf-8")
