"""`sealock pin`: what is asked of a registry, what is written, what is told, and the exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support import commandline, processenvironment
from support.simulators.registry import Asked, RegistrySimulator, Reply, registry

GONE = "sha256:" + "d" * 64
Sealock = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def server() -> Iterator[RegistrySimulator]:
    with registry() as one:
        for name in ("a", "b"):
            amd = one.add_image(name, config=b'{"os":"linux","architecture":"amd64"}')
            arm = one.add_image(name, "single", config=b'{"os":"linux","architecture":"arm64"}')
            one.add_index(name, "1", "latest", images={"linux/amd64": amd, "linux/arm64/v8": arm})
            one.add_index(name, "2", images={"linux/amd64": amd})
        yield one


@pytest.fixture
def sealock(tmp_path: Path) -> Sealock:
    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        own = {"COLUMNS": "100", **environment}
        return commandline.sealock(*words, cwd=tmp_path, environment=processenvironment.environment(tmp_path, **own))

    return run


def digest_of(server: RegistrySimulator, name: str, tag: str) -> str:
    raw = server.manifests[name][tag][1]
    return next(one for one, (_, other) in server.manifests[name].items() if other == raw and ":" in one)


def child_of(server: RegistrySimulator, name: str, tag: str, place: int) -> str:
    found: str = json.loads(server.manifests[name][tag][1])["manifests"][place]["digest"]
    return found


def asked(server: RegistrySimulator) -> list[str]:
    return [str(request) for request in server.asked if "/manifests/" in request.path]


def test_every_file_of_a_folder_is_pinned_and_a_second_run_changes_nothing(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    host = server.host
    (tmp_path / "Dockerfile").write_text(f"FROM {host}/a:1\nFROM {host}/b:2\n")
    (tmp_path / "compose.yaml").write_text(f"services:\n  web:\n    image: {host}/a  # comment\n")
    (tmp_path / "compose.override.yaml").write_text(f"services:\n  web:\n    image: {host}/a:1\n")
    (tmp_path / "pod.yaml").write_text(f"apiVersion: v1\nkind: Pod\nspec:\n  containers: [{{image: {host}/a:1}}]\n")
    (tmp_path / "run.sh").write_text(f"docker run --rm {host}/a:1 true\n")
    done = sealock("pin", ".")
    assert (done.returncode, done.stderr) == (0, "")
    one, two = digest_of(server, "a", "1"), digest_of(server, "b", "2")
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {host}/a:1@{one}\nFROM {host}/b:2@{two}\n"
    assert (tmp_path / "compose.yaml").read_text().endswith(f"image: {host}/a:latest@{one}  # comment\n")
    assert (tmp_path / "compose.override.yaml").read_text().endswith(f"image: {host}/a:1@{one}\n")
    assert (tmp_path / "pod.yaml").read_text().endswith(f"[{{image: {host}/a:1@{one}}}]\n")
    assert (tmp_path / "run.sh").read_text() == f"docker run --rm {host}/a:1@{one} true\n"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert sealock("pin", ".").returncode == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert sealock("pin", "--check", ".").returncode == 0


def test_each_image_is_asked_for_once_and_never_pulled(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("".join(f"FROM {server.host}/a:1 AS s{number}\n" for number in range(9)))
    assert sealock("pin", "--check", "Dockerfile").returncode == 1
    assert asked(server) == ["HEAD /v2/a/manifests/1"]


def test_a_check_tells_what_is_missing_what_disagrees_and_what_is_gone(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    host, new = server.host, digest_of(server, "a", "1")
    old = server.add_image("a", config=b'{"os":"linux","architecture":"amd64","created":"2020-01-01T00:00:00Z"}')[
        "digest"
    ]
    text = (
        f"FROM {host}/a:1\nFROM {host}/a:1@{old}\nFROM {host}/a:1@{GONE}\nFROM {host}/a:1@{new}\nFROM {host}/a@{GONE}\n"
    )
    (tmp_path / "Dockerfile").write_text(text)
    done = sealock("pin", "--check", "Dockerfile", "--format", "json")
    assert done.returncode == 1
    found = json.loads(done.stdout)["references"]
    assert [one["state"] for one in found] == ["missing", "moved", "gone", "pinned", "gone"]
    assert [one["line"] for one in found] == [1, 2, 3, 4, 5]
    assert found[0]["pinned"] == f"{host}/a:1@{new}"
    assert (found[1]["old"], found[1]["new"]) == (old, new)
    assert (tmp_path / "Dockerfile").read_text() == text
    told = sealock("pin", "--check", "Dockerfile").stdout.splitlines()
    assert [words in line for words, line in zip(("not pinned", "tag moved", "digest gone"), told, strict=False)] == [
        True
    ] * 3
    assert f"{old[7:19]} → {new[7:19]}" in told[1] or f"{old[7:19]} > {new[7:19]}" in told[1]


def test_a_tag_that_is_gone_is_told_and_its_digest_kept(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    text = f"FROM {server.host}/a:old@{digest_of(server, 'a', '1')}\n"
    (tmp_path / "Dockerfile").write_text(text)
    done = sealock("pin", "Dockerfile")
    assert done.returncode == 1
    assert "tag gone" in done.stdout
    assert (tmp_path / "Dockerfile").read_text() == text


def test_a_pin_to_one_platform_of_its_tag_agrees_with_it(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    text = f"FROM {server.host}/a:1@{child_of(server, 'a', '1', 1)}\n"
    (tmp_path / "Dockerfile").write_text(text)
    done = sealock("pin", "Dockerfile")
    assert done.returncode == 0
    assert "linux/arm64/v8 only" in done.stdout
    assert (tmp_path / "Dockerfile").read_text() == text


def test_the_digest_of_a_platform(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\nFROM {server.host}/a:single\n")
    assert sealock("pin", "--platform", "linux/arm64", "Dockerfile").returncode == 0
    arm = child_of(server, "a", "1", 1)
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {server.host}/a:1@{arm}\nFROM {server.host}/a:single@{arm}\n"
    done = sealock("pin", "--platform", "linux/s390x", "Dockerfile")
    assert done.returncode == 2
    assert "has no image for linux/s390x" in done.stdout
    assert "is only for linux/arm64" in done.stdout


@pytest.mark.parametrize("tag", ["nope", "broken"])
def test_where_one_image_fails_no_file_is_changed(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path, tag: str
) -> None:
    def answers(request: Asked) -> Reply | None:
        return Reply(403, b"no") if request.path.endswith("broken") else None

    server.answers = answers
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\n")
    (tmp_path / "run.sh").write_text(f"docker run {server.host}/b:{tag}\n")
    done = sealock("pin", ".")
    assert done.returncode == 2
    assert f"error: run.sh:1: {server.host}/b" in done.stdout
    assert "no file was changed" in done.stderr
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {server.host}/a:1\n"
    assert sealock("pin", ".", "--keep-going").returncode == 2
    assert digest_of(server, "a", "1") in (tmp_path / "Dockerfile").read_text()
    assert sealock("pin", "--check", ".", "--exclude", f"*/b:{tag}").returncode == 0


def test_a_registry_that_is_down_changes_nothing_and_is_told_once(sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM 127.0.0.1:1/a:1\nFROM 127.0.0.1:1/a:1 AS b\n")
    done = sealock("pin", "Dockerfile")
    assert done.returncode == 2
    assert done.stderr == ""
    *_, error, summary = done.stdout.splitlines()
    assert error.startswith("error: Dockerfile:1 and 1 more: http://127.0.0.1:1/")
    assert summary == "2 references; 2 failed."
    assert done.stdout.count("could not be reached") == 1
    assert (tmp_path / "Dockerfile").read_text() == "FROM 127.0.0.1:1/a:1\nFROM 127.0.0.1:1/a:1 AS b\n"


def test_a_registry_that_says_no_digest_is_not_believed(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    server.answers = lambda request: (
        Reply(200, b"<html>", {"Content-Type": "text/html", "Docker-Content-Digest": "sha256:\x1b[2J"})
        if "/manifests/" in request.path
        else None
    )
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\n")
    done = sealock("pin", "Dockerfile")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr + done.stdout
    assert (tmp_path / "Dockerfile").read_text() == f"FROM {server.host}/a:1\n"


def test_where_one_file_cannot_be_written_the_others_are_put_back(server: RegistrySimulator, tmp_path: Path) -> None:
    from sealock.errors import TargetError  # noqa: PLC0415  beside what it is raised by
    from sealock.pin.writer import write_all  # noqa: PLC0415  as above

    del server
    (tmp_path / "one").write_text("old 1")
    (tmp_path / "two").write_text("somebody else's")
    with pytest.raises(TargetError, match="no file was changed"):
        write_all([(str(tmp_path / "one"), "old 1", "new 1"), (str(tmp_path / "two"), "old 2", "new 2")])
    assert (tmp_path / "one").read_text() == "old 1"
    assert (tmp_path / "two").read_text() == "somebody else's"


def test_places_are_told_whole_where_no_terminal_is(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    folder = tmp_path / ("long-" * 20) / ("path-" * 20)
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {server.host}/a:1\n")
    told = sealock("pin", "--check", ".").stdout
    assert told.startswith(f"{folder.relative_to(tmp_path)}/Dockerfile:1  {server.host}/a:1  not pinned")


def test_a_diff_shows_and_does_not_write(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\nFROM x$TARGETARCH\n")
    done = sealock("pin", "--diff", "Dockerfile")
    assert done.returncode == 1
    assert f"+FROM {server.host}/a:1@{digest_of(server, 'a', '1')}\n" in done.stdout
    assert "Dockerfile:2: x$TARGETARCH is unchanged" in done.stderr
    assert (tmp_path / "Dockerfile").read_text().startswith(f"FROM {server.host}/a:1\n")
    assert sealock("pin", "Dockerfile", "--exclude", "x*").returncode == 0
    assert sealock("pin", "--diff", "Dockerfile", "--exclude", "x*").returncode == 0


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--only", "*/a"], ["a:1"]),
        (["--only", "*:2"], ["b:2"]),
        (["--exclude", "*/a", "--only", "*"], ["b:2"]),
        (["--exclude", "*"], []),
    ],
)
def test_images_are_chosen_by_pattern(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path, words: list[str], wanted: list[str]
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\nFROM {server.host}/b:2\n")
    done = sealock("pin", "--check", "Dockerfile", "--format", "json", *words)
    assert [load["written"].rpartition("/")[2] for load in json.loads(done.stdout)["references"]] == wanted


def test_what_the_policy_leaves_out_is_left_out(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text('exclude = ["old/"]\n')
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "Dockerfile").write_text(f"FROM {server.host}/gone:1\n")
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/a:1\n")
    assert sealock("pin", ".").returncode == 0
    assert sealock("pin", ".", "--no-policy").returncode == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--lock", "--diff", "."], "--diff shows changes of files"),
        (["--lock-file", "bad.lock", "."], "bad.lock is not a lock file"),
        (["--lock-file", "new.lock", "."], "version 7"),
    ],
)
def test_what_is_wrong_is_said(sealock: Sealock, tmp_path: Path, words: list[str], why: str) -> None:
    (tmp_path / "bad.lock").write_text('{"sealock": "one"}')
    (tmp_path / "new.lock").write_text('{"sealock": 7}')
    done = sealock("pin", *words)
    assert done.returncode == 2
    assert why in done.stderr


@pytest.mark.parametrize(
    ("words", "stream"),
    [
        pytest.param([], "stdout", id="a report has it"),
        pytest.param(["--check"], "stdout", id="so has that of a comparison"),
        pytest.param(["--quiet"], "stdout", id="also where it has only what is wrong"),
        pytest.param(["--format", "json"], "stdout", id="as JSON too"),
        pytest.param(["--diff", "--format", "json"], "stdout", id="with the changes as JSON"),
        pytest.param(["--output", "report"], "report", id="in the file that the report goes to"),
        pytest.param(["--diff"], "stderr", id="differences are no report"),
        pytest.param(["--lock"], "stderr", id="nor is a line on the lock file"),
        pytest.param(["--compose-override"], "stderr", id="nor is a compose file"),
    ],
)
@pytest.mark.parametrize(
    ("file", "error"),
    [
        pytest.param("nowhere", "nowhere could not be read", id="no file"),
        pytest.param("plain.txt", "plain.txt has nothing to pin", id="a file without images"),
        pytest.param("broken.yaml", "broken.yaml:3: this is not valid YAML", id="a file that cannot be read"),
        pytest.param("run.sh", "run.sh:1: http://127.0.0.1:1/", id="an image that cannot be resolved"),
    ],
)
def test_an_error_is_printed_once(  # noqa: PLR0917  as PLR0913
    sealock: Sealock, tmp_path: Path, words: list[str], stream: str, file: str, error: str
) -> None:
    (tmp_path / "plain.txt").write_text("hello\n")
    (tmp_path / "broken.yaml").write_text("services:\n  a:\n   image: *\n")
    (tmp_path / "run.sh").write_text("docker run 127.0.0.1:1/a:1\n")
    done = sealock("pin", file, *words)
    assert done.returncode == 2
    report = tmp_path / "report"
    texts = {"stdout": done.stdout, "stderr": done.stderr, "report": report.read_text() if report.exists() else ""}
    assert {where: text.count(error) for where, text in texts.items()} == {"stdout": 0, "stderr": 0, "report": 0} | {
        stream: 1
    }


def test_a_lock_file_holds_digests_and_the_files_stay(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    host, digest = server.host, digest_of(server, "a", "1")
    text = f"services:\n  web:\n    image: {host}/a\n  db:\n    image: {host}/b:2@{digest_of(server, 'b', '2')}\n"
    (tmp_path / "compose.yaml").write_text(text)
    (tmp_path / "Dockerfile").write_text(f"ARG V=1\nFROM {host}/a:${{V}}\nFROM {host}/b:${{V}}\n")
    assert sealock("pin", "--lock", "--check", ".").returncode == 1
    done = sealock("pin", "--lock", ".")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "compose.yaml").read_text() == text
    lock = json.loads((tmp_path / "sealock.lock").read_text())
    assert lock["files"] == {"Dockerfile": [f"{host}/a:1", f"{host}/b:1"], "compose.yaml": [f"{host}/a:latest"]}
    entry = lock["images"][f"{host}/a:latest"]
    assert entry["digest"] == digest
    assert entry["platforms"] == {
        "linux/amd64": child_of(server, "a", "1", 0),
        "linux/arm64/v8": child_of(server, "a", "1", 1),
    }
    before = (tmp_path / "sealock.lock").read_bytes()
    assert sealock("pin", "--lock", ".").returncode == 0
    assert (tmp_path / "sealock.lock").read_bytes() == before
    assert sealock("pin", "--lock", "--check", ".").returncode == 0
    printed = sealock("pin", "--compose-override", "compose.yaml").stdout
    assert (
        f"web:\n    image: {host}/a:latest@{digest}\n" in printed or f"web:\n    image: {host}/a@{digest}\n" in printed
    )


def test_an_override_names_services_of_compose_files_alone(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text(f"services:\n  web:\n    image: {server.host}/a:1\n")
    (tmp_path / "pod.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
        f"  - {{name: c, image: {server.host}/b:1}}\n"
    )
    (tmp_path / "Dockerfile").write_text(f"FROM {server.host}/b:2 AS base\n")
    done = sealock("pin", "--compose-override", "compose.yaml", "pod.yaml", "Dockerfile")
    assert done.stdout == f"services:\n  web:\n    image: {server.host}/a:1@{digest_of(server, 'a', '1')}\n"


def test_an_override_from_the_lock_asks_nobody(server: RegistrySimulator, sealock: Sealock, tmp_path: Path) -> None:
    host = server.host
    text = f"services:\n  web:\n    image: {host}/a:1\n  own:\n    build: {{additional_contexts: [x=docker-image://{host}/b:1]}}\n"
    (tmp_path / "compose.yaml").write_text(text)
    assert sealock("pin", "--lock", "compose.yaml").returncode == 0
    locked = digest_of(server, "a", "1")
    server.manifests["a"]["1"] = server.manifests["a"]["2"]
    before = len(server.asked)
    done = sealock("pin", "--lock", "--compose-override", "compose.yaml")
    assert done.returncode == 0
    assert done.stdout == f"services:\n  web:\n    image: {host}/a:1@{locked}\n"
    assert len(server.asked) == before
    (tmp_path / "compose.yaml").write_text(f"services: {{web: {{image: {host}/a:7}}}}\n")
    done = sealock("pin", "--lock", "--compose-override", "compose.yaml")
    assert done.returncode == 2
    assert "a:7 is not in the lock" in done.stderr


def test_a_lock_that_is_stale_or_points_at_what_is_gone_fails_its_check(
    server: RegistrySimulator, sealock: Sealock, tmp_path: Path
) -> None:
    host = server.host
    (tmp_path / "Dockerfile").write_text(f"FROM {host}/a:1\nFROM {host}/b:1\n")
    assert sealock("pin", "--lock", ".").returncode == 0
    server.manifests["a"]["1"] = server.manifests["a"]["2"]
    del server.manifests["b"][digest_of(server, "b", "latest")]
    server.manifests["b"]["1"] = server.manifests["b"]["2"]
    done = sealock("pin", "--lock", "--check", ".", "--format", "json")
    assert done.returncode == 1
    assert [load["state"] for load in json.loads(done.stdout)["faults"]] == ["moved", "gone"]
    (tmp_path / "Dockerfile").write_text(f"FROM {host}/a:2\n")
    assert "not locked" in sealock("pin", "--lock", "--check", ".").stdout
    assert sealock("pin", "--lock", ".").returncode == 0
    assert list(json.loads((tmp_path / "sealock.lock").read_text())["images"]) == [f"{host}/a:2"]


def test_a_file_cannot_make_it_ask_without_end(sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("".join(f"FROM 127.0.0.1:1/a:{number}\n" for number in range(5001)))
    done = sealock("pin", "--check", "Dockerfile")
    assert done.returncode == 2
    assert "the files name more than 5000 images" in done.stderr


def test_a_hostile_name_never_reaches_the_terminal(sealock: Sealock, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a\x1b[31mb:$X\x9b\n")
    done = sealock("pin", "Dockerfile")
    assert done.returncode in {1, 2}
    assert "\x1b" not in done.stdout + done.stderr
    assert "\x9b" not in done.stdout + done.stderr


def test_start_up_does_not_load_it() -> None:
    code = "import sys; from sealock.cli.main import main; main(['--version']); print([m for m in sys.modules if m.startswith('sealock.pin')])"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("policy", "status", "why"),
    [
        ('[[trust.image]]\nmatch = ["*/a"]\nrefuse = "it is ours no more"\n', 1, "it is ours no more"),
        ('[trust]\ndefault = "refuse"\n', 1, "the default is to refuse"),
        ('[[trust.image]]\nmatch = ["*/a"]\ncosign = { keys = ["cosign.pub"] }\n', 1, "cosign"),
        ('[[trust.image]]\nmatch = ["*/a"]\ndigest = true\n', 0, ""),
        ('[[trust.image]]\nmatch = ["*/b"]\nrefuse = "others"\n', 0, ""),
    ],
)
def test_what_the_trust_policy_refuses_is_not_written(
    *, server: RegistrySimulator, sealock: Sealock, tmp_path: Path, policy: str, status: int, why: str
) -> None:
    (tmp_path / "sealock.toml").write_text(policy)
    (tmp_path / "cosign.pub").write_text(PUBLIC)
    text = f"FROM {server.host}/a:1\n"
    (tmp_path / "Dockerfile").write_text(text)
    done = sealock("pin", "Dockerfile")
    assert done.returncode == status, done.stderr
    assert why in done.stdout.replace("\n  ", " ")
    assert ((tmp_path / "Dockerfile").read_text() == text) == bool(status)
    if status:
        locked = sealock("pin", "--lock", "Dockerfile")
        assert locked.returncode == 1
        assert "Dockerfile:1" in locked.stderr
        assert json.loads((tmp_path / "sealock.lock").read_text())["images"] == {}
    assert sealock("pin", "Dockerfile", "--no-policy").returncode == 0


PUBLIC = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""
