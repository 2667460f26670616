"""What a walk did not look into, and what it recognised and could not read, is named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from sealock import formats
from sealock.model.document import Recognition
from sealock.scan.run import check
from sealock.scan.settings import Settings
from sealock.targets.fileinputs import Options
from sealock.targets.inputs import FileInput, SkippedInput, Unreadable
from sealock.targets.resolve import resolve

SETTINGS = Settings(only=("C001",))
STRICT = Settings(only=("C001",), fail_on_skipped=True)


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


WEB = "services:\n  web:\n    image: nginx\n"
UNREADABLE = [
    ("UTF-16 with a mark", "stack.yml", WEB.encode("utf-16"), "compose: not UTF-8 text"),
    ("UTF-16 without one", "stack.yml", WEB.encode("utf-16-le"), "compose: not UTF-8 text"),
    ("a script with a NUL byte", "up.sh", b"#!/bin/sh\n\0docker run x\n", "run: not UTF-8 text"),
    ("a NUL byte further on", "up.sh", b"docker run x\n" + b"#" * 5000 + b"\0", "run: line 2: it contains a NUL byte, so it is not text"),
    ("Latin-1", "up.sh", b"docker run x # \xe9\n", "run: line 1: not UTF-8 text (byte 0xe9)"),
    ("a large file", "up.txt", b"docker run x\n" + b"#" * (8 << 20), "run: is larger than 8 MiB, the limit for a text"),
    ("a unit that pulls an artifact", "m.artifact", b"[Artifact]\nArtifact=a/b:1\n", "quadlet: the artifacts that units of Quadlet pull are not checked"),
    ("UTF-16 with a mark, by another ending", "up.xyz", "docker run x\n".encode("utf-16"), "run: not UTF-8 text"),
    ("a lock file of Lua by its ending", "a-1.0-1.rockspec", b"package = 'a'\n", "lock file: no analyzer reads lock files of this name"),
    ("a lock file of OCaml by its ending", "a.opam.locked", b"depends: []\n", "lock file: no analyzer reads lock files of this name"),
    ("a lock file without an analyzer", "flake.lock", b"{}", "lock file: no analyzer reads lock files of this name"),
]  # fmt: skip


@pytest.mark.parametrize("name", ["readme.md", "up.sh", "compose.yaml"])
@pytest.mark.parametrize("targets", [(".",), ("{name}", "z.sh")], ids=["of a directory", "that was named"])
def test_a_file_that_sealock_fails_on_is_an_error_beside_the_findings_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, targets: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / name, b"docker run --privileged a")
    write(tmp_path / "z.sh", b"docker run --privileged b\n")

    def fail(path: str, text: str) -> Recognition:
        if path.endswith(name):
            raise IndexError
        return formats.recognize(path, text)

    monkeypatch.setattr("sealock.targets.fileinputs._recognize", fail)
    report = check(*(target.format(name=name) for target in targets), settings=SETTINGS)
    errors = [error for part in report.targets for error in part.errors]
    why = "internal error of sealock: IndexError() (for a traceback set SEALOCK_TRACEBACK=1)"
    assert [(error.location.file.removeprefix("./"), error.message) for error in errors] == [(name, why)]
    findings = [finding for part in report.targets for finding in part.findings]
    assert [finding.location.file.removeprefix("./") for finding in findings] == ["z.sh"]
    assert report.status == 2


@pytest.mark.parametrize(
    ("name", "data", "said"), [pytest.param(name, data, said, id=sense) for sense, name, data, said in UNREADABLE]
)
def test_what_is_recognised_and_cannot_be_read_is_named(tmp_path: Path, name: str, data: bytes, said: str) -> None:
    write(tmp_path / name, data)
    (input_,) = resolve(str(tmp_path), Options())
    assert isinstance(input_, SkippedInput)
    assert [f"{form.kind}: {form.reason}" for form in input_.unevaluated] == [said]
    (named,) = resolve(str(tmp_path / name), Options())
    assert isinstance(named, Unreadable)


EMPTY = [
    ("Dockerfile", "", "dockerfile"),
    ("Dockerfile.arm64", "# later\n", "dockerfile"),
    ("Containerfile", "\r\n\t\r\n# x\r\n", "dockerfile"),
    ("compose.yaml", "", "compose"),
    ("compose.extras.yaml", "# services:\n#   web: # x\n", "compose"),
]


@pytest.mark.parametrize(("name", "text", "kind"), EMPTY)
def test_a_file_without_content_is_named_in_a_walk(tmp_path: Path, name: str, text: str, kind: str) -> None:
    write(tmp_path / name, text.encode())
    (input_,) = resolve(str(tmp_path), Options())
    assert isinstance(input_, SkippedInput)
    assert [(form.kind, form.reason) for form in input_.unevaluated] == [(kind, "the file is empty")]
    # Where it is all that was asked for, nothing was evaluated.
    assert check(str(tmp_path), settings=SETTINGS).status == 2
    assert check(str(tmp_path / name), settings=SETTINGS).status == 2
    write(tmp_path / "a" / "Dockerfile", b"FROM scratch\n")
    assert check(str(tmp_path), settings=SETTINGS).status == 0


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yml", "daemon.json", "app.Containerfile"])
def test_a_link_or_pipe_of_a_known_name_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / name).symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "b" / name)
    inputs = list(resolve(str(tmp_path), Options()))
    assert [input_.unevaluated[0].reason for input_ in inputs if isinstance(input_, SkippedInput)] == [
        "a symbolic link, which is not followed in a directory",
        "not a regular file, which is not followed in a directory",
    ]


def test_what_is_passed_by_is_counted(tmp_path: Path) -> None:
    write(tmp_path / "Dockerfile", b"FROM scratch\n")
    for name in ("main.py", "logo.png", "a/data.csv", "node_modules/x/Dockerfile", ".git/config", "prog"):
        write(tmp_path / name, b"\x7fELF\0\0" if name == "prog" else b"x")
    (tmp_path / "link").symlink_to("/etc/passwd")
    report = check(str(tmp_path), settings=SETTINGS)
    names = {os.path.relpath(path, tmp_path) + "/" * path.endswith("/") for path in report.unexamined.paths}
    assert names == {"main.py", "logo.png", "a/data.csv", "node_modules/", "prog", "link"}
    assert (report.unexamined.files, report.unexamined.directories) == (5, 1)


@pytest.mark.parametrize(
    ("name", "text", "counted"),
    [
        ("user-data", b"#cloud-config\nruncmd:\n- [docker, run, --privileged, x]\n- docker run --rm x\n", True),
        ("BUILD", b'genrule(\n  cmd = "docker run --privileged x",\n)\n', True),
        ("main.tf", b'resource "x" "y" {\n  other = "x docker run --privileged x"\n}\n', True),
        ("other.tf", b'resource "x" "y" {\n  command = "docker run --privileged x"\n}\n', False),
        ("x.ini", b"job = docker run --privileged x\n", True),
        ("x.toml", b'job = """\ndocker run --privileged x\n"""\n', True),
        ("CMakeLists.txt", b"add_custom_target(x COMMAND docker run --privileged x)\n", True),
        ("a.adoc", b"----\ndocker run --privileged x\n----\n", False),
        ("a.adoc", b"Text\n\n docker run --privileged x\n", True),
        *(
            (f"a.{ending}", b"Text\n\n docker run --privileged x\n", True)
            for ending in ("TXT", "text", "asciidoc", "org")
        ),
        ("a.rst", b"Text\n\n docker run --privileged x\n", False),
        ("script", b"echo docker run --privileged x\n", True),
        ("script", b"#!/bin/sh\necho docker run --privileged x\n", False),
        ("a.other", b"#!/bin/sh\necho docker run --privileged x\n", False),
        ("a.bash", b"echo docker run --privileged x\n", False),
        ("justfile", b"a:\n  echo docker run --privileged x\n", False),
        ("a.py", b"x = 'docker run --privileged x'\n", True),
        ("a.yml", b"a: docker run --privileged x\n", True),
        ("a.txt", b"# docker run --privileged x\n", False),
        ("compose.yml", b"services:\n  a:\n    image: x\n    command: docker run --privileged x\n", False),
        ("compose.yaml", b"services: {a: {image: x, environment: {A: docker run --privileged x}}}\n", True),
        (
            "pod.yml",
            b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x\n    args: [docker run --privileged x]\n",
            False,
        ),
        (
            "pod.yml",
            b"apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: x\n    env: [{name: A, value: docker run x}]\n",
            True,
        ),
        ("pod.yml", b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a: docker run --privileged x\n", True),
        ("pod.yml", b"apiVersion: v1\nkind: ConfigMap\ndata:\n  a.sh: |\n    docker run --privileged x\n", False),
        ("tox.ini", b"# docker run --privileged x\n", False),
        ("tox.ini", b"docker is here, and nothing starts\n", False),
        ("a.sh", b"echo docker run --privileged x\n", False),
        ("README.md", b"docker can run it\n", False),
    ],
)
def test_a_text_that_seems_to_start_containers_and_is_not_read_is_counted(
    tmp_path: Path, name: str, text: bytes, *, counted: bool
) -> None:
    write(tmp_path / name, text)
    assert check(str(tmp_path), settings=SETTINGS).unexamined.files == counted


def test_a_script_that_leaves_the_engine_to_a_variable_is_found(tmp_path: Path) -> None:
    (tmp_path / "up").write_text("$CONTAINER_ENGINE run --privileged x\n", encoding="utf-8")
    (tmp_path / "b.sh").write_text("$UV run --with x y\n", encoding="utf-8")
    assert [(input_.name, input_.kind) for input_ in resolve(str(tmp_path), Options())] == [("up", "run")]


def test_a_compose_file_within_a_script_is_counted_in_a_walk_and_named_otherwise(tmp_path: Path) -> None:
    text = "docker run x\ncat > compose.yaml <<EOF\nservices:\n  a:\n    image: x\nEOF\n"
    (tmp_path / "up.sh").write_text(text, encoding="utf-8")
    counted: list[str] = []
    (walked,) = resolve(str(tmp_path), Options(unexamined=counted.append))
    (named,) = resolve(str(tmp_path / "up.sh"), Options())
    assert isinstance(walked, FileInput)
    assert isinstance(named, FileInput)
    assert (len(counted), walked.unevaluated) == (1, ())
    assert [form.reason for form in named.unevaluated] == [
        "compose files within other texts are not checked; save it as a file to check it"
    ]


UNKNOWN = [
    ("a variable of a script", "a.sh", "docker $A x\ndocker run y\ndocker ${B[@]}\n", ["1, 3"]),
    ("an array of PowerShell", "a.ps1", "docker run x\ndocker @a\n", ["2"]),
    ("a list of arguments of PowerShell", "a.ps1", "docker run x\nStart-Process docker -ArgumentList $a\n", ["2"]),
    ("a variable of a Makefile", "Makefile", "r:\n\tdocker $(A) x\n", ["2"]),
    ("many lines", "a.sh", "docker $A x\n" * 12, ["1, 2, 3, 4, 5, 6, 7, 8, 9, 10, …"]),
    ("what a caller passes on", "a.sh", 'docker "$@"\nf() { docker "${@:2}"; }\ndocker $1\ndocker run x\n', []),
    ("a known variable", "a.sh", "A=run\ndocker $A x\n", []),
]


@pytest.mark.parametrize(("name", "text", "lines"), [pytest.param(*row, id=sentence) for sentence, *row in UNKNOWN])
def test_a_command_that_only_a_variable_knows_is_named_with_its_line(
    tmp_path: Path, name: str, text: str, lines: list[str]
) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    (walked,) = resolve(str(tmp_path), Options())
    assert isinstance(walked, FileInput | SkippedInput)
    reasons = [form.reason.rpartition(" the engine does in ")[2] for form in walked.unevaluated]
    assert [reason.removeprefix("lines ").removeprefix("line ") for reason in reasons] == lines


def test_a_named_program_whose_commands_are_not_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text(
        'args := []string{"run"}\n// x\nexec.Command("docker", "run ", args...)\n', encoding="utf-8"
    )
    (named,) = resolve(str(tmp_path / "a.go"), Options())
    assert isinstance(named, FileInput)
    assert [form.reason for form in named.unevaluated] == [
        "none of the commands that it mentions could be read as a run line"
    ]


DECLARING = [
    ("package.json", '{"dependencies": {"a": "1"}}', "yarn.lock"),
    ("pyproject.toml", '[project]\ndependencies = ["a"]\n', "uv.lock"),
    ("Pipfile", '[packages]\na = "*"\n', "Pipfile.lock"),
    ("requirements.in", "a\n", "requirements.txt"),
    ("dev-requirements.in", "a\n", "dev-requirements.txt"),
    ("constraints.txt", "a==1\n", ""),
    ("setup.cfg", "[options]\ninstall_requires =\n  a\n", ""),
    ("Cargo.toml", '[workspace.dependencies]\na = "1"\n', "Cargo.lock"),
    ("composer.json", '{"require": {"a/b": "1"}}', "composer.lock"),
    ("Gemfile", 'gem "rails"\n', "Gemfile.lock"),
    ("x.gemspec", "s.add_dependency 'a'\n", "Gemfile.lock"),
    ("build.gradle", "dependencies {\n}\n", "gradle.lockfile"),
    ("libs.versions.toml", '[libraries]\na = "b:c:1"\n', "gradle.lockfile"),
    ("pubspec.yaml", "dependencies:\n  a: 1\n", "pubspec.lock"),
    ("Podfile", "pod 'A'\n", "Podfile.lock"),
    ("conanfile.txt", "[requires]\na/1\n", "conan.lock"),
    ("x.csproj", '<PackageReference Include="a"/>', "packages.lock.json"),
    ("deno.json", '{"imports": {"a": "npm:a"}}', "deno.lock"),
]


@pytest.mark.parametrize(("name", "text", "lock"), DECLARING)
def test_dependencies_without_a_lock_file_are_counted(tmp_path: Path, name: str, text: str, lock: str) -> None:
    def counted() -> list[str]:
        paths: list[str] = []
        list(resolve(str(tmp_path), Options(unexamined=paths.append)))
        return [path.rpartition("/")[2] for path in paths]

    (tmp_path / "a").mkdir()
    (tmp_path / "a" / name).write_text(text, encoding="utf-8")
    assert counted() == [name]
    (tmp_path / "a" / name).write_text("\n", encoding="utf-8")
    assert counted() == []
    (tmp_path / "a" / name).write_text(text, encoding="utf-8")
    for directory in (tmp_path, tmp_path / "a") if lock else ():
        (directory / lock).touch()  # the lock file of a workspace is above
        assert counted() == []
        (directory / lock).unlink()


def test_a_project_of_maven_is_a_lock_file_though_other_xml_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path / "pom.xml", b"<project></project>\n")
    write(tmp_path / "other.xml", b"docker run x\n")
    (input_,) = resolve(str(tmp_path), Options())
    assert isinstance(input_, FileInput)
    assert (Path(input_.path).name, input_.lock) == ("pom.xml", True)


def test_only_the_first_thousand_paths_are_kept(tmp_path: Path) -> None:
    for number in range(1100):
        write(tmp_path / f"{number}.py", b"")
    report = check(str(tmp_path), settings=SETTINGS)
    assert (report.unexamined.files, len(report.unexamined.paths)) == (1100, 1000)


JOB = b'task "x" {\n  driver = "docker"\n}\n'


@pytest.mark.parametrize(
    ("files", "settings", "status"),
    [
        pytest.param({"Dockerfile": b"FROM scratch\n", "web.nomad": JOB}, SETTINGS, 0, id="next to what is evaluated"),
        pytest.param({"Dockerfile": b"FROM scratch\n", "web.nomad": JOB}, STRICT, 2, id="by setting"),
        pytest.param({"Dockerfile": b"FROM scratch\n", "web.nomad": JOB, "sealock.toml": b"fail-on-skipped = true\n"}, SETTINGS, 2, id="by policy"),
        pytest.param({"Dockerfile": b"FROM scratch\n"}, STRICT, 0, id="with nothing skipped"),
        pytest.param({"web.nomad": JOB}, SETTINGS, 2, id="all that there is"),
        pytest.param({"README.md": b"Use docker run to start it.\n"}, SETTINGS, 0, id="nothing at all"),
    ],
)  # fmt: skip
def test_the_exit_status(tmp_path: Path, files: dict[str, bytes], settings: Settings, status: int) -> None:
    for name, data in files.items():
        write(tmp_path / name, data)
    assert check(str(tmp_path), settings=settings).status == status


MANIFEST = """apiVersion: apps/v1
kind: Deployment
metadata: {name: x}
spec: {template: {spec: {containers: [{name: c, image: a, securityContext: {privileged: true}}]}}}
"""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("deploy.yaml", MANIFEST, id="in YAML"),
        pytest.param("a/b/x.yml", "# shop\n---\napiVersion: v1\nkind: Service\n---\n" + MANIFEST, id="after another resource"),
        pytest.param("jar", MANIFEST, id="by a name that is an ending of binaries"),
        pytest.param("deploy.json", json.dumps(yaml.safe_load(MANIFEST)), id="in JSON"),
        pytest.param("list.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(MANIFEST)]}), id="in a list"),
        pytest.param("deploy.yaml", MANIFEST.replace("apiVersion", '"api\\x56ersion"'), id="with an escaped key"),
        pytest.param("deploy.yaml", MANIFEST.replace("kind:", "? kind\n:"), id="with an explicit key"),
        pytest.param("deploy.yaml", MANIFEST.replace("\n", "\r"), id="with line ends of old Macs"),
    ],
)  # fmt: skip
def test_a_manifest_of_any_name_is_checked(tmp_path: Path, name: str, text: str) -> None:
    write(tmp_path / name, text.encode())
    write(tmp_path / "service.yaml", b"apiVersion: v1\nkind: Service\nspec: {}\n")
    report = check(str(tmp_path), settings=SETTINGS)
    (target,) = report.targets
    assert (target.kind, target.skipped, target.errors) == ("kubernetes", (), ())
    assert [(finding.rule, finding.subject) for finding in target.findings] == [("C001", "container c of Deployment x")]


def test_a_text_without_a_run_line_is_no_target_of_a_walk(tmp_path: Path) -> None:
    write(tmp_path / "Dockerfile", b"FROM scratch\n")
    write(tmp_path / "README.md", b"Use docker run to start it.\n")
    assert [target.kind for target in check(str(tmp_path), settings=SETTINGS).targets] == ["dockerfile"]


def test_a_named_text_without_a_run_line_is_not_evaluated(tmp_path: Path) -> None:
    write(tmp_path / "up.sh", b"echo hello\n")
    report = check(str(tmp_path / "up.sh"), settings=SETTINGS)
    assert (report.evaluated, report.status) == (0, 0)


DROP_IN = "[Container]\nPodmanArgs=--privileged\n"


def test_a_drop_in_is_read_with_its_unit_and_else_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "web.container.d" / "a.conf", DROP_IN.encode())
    (target,) = check(str(tmp_path), settings=SETTINGS).targets
    assert target.target.endswith("a.conf")
    write(tmp_path / "web.container", b"[Container]\nImage=quay.io/a/b:1\n")
    (target,) = check(str(tmp_path), settings=SETTINGS).targets
    assert target.target.endswith("web.container")
    (finding,) = [finding for finding in target.findings if finding.rule == "C001"]
    assert finding.location.file.endswith("web.container.d/a.conf")
    write(tmp_path / "pod.d" / "a.conf", b"[Pod]\nVolume=/:/host\n")
    assert len(check(str(tmp_path), settings=SETTINGS).targets) == 2
    write(tmp_path / "x.pod", b"[Pod]\n")
    assert len(check(str(tmp_path), settings=SETTINGS).targets) == 2


@pytest.mark.parametrize(
    ("render", "read"),
    [pytest.param(False, [], id="without --render"), pytest.param(True, ["kustomization.yaml"], id="with it")],
)
def test_of_other_texts_only_what_is_rendered_is_read(tmp_path: Path, render: bool, read: list[str]) -> None:  # noqa: FBT001  a column
    for name in ("kustomization.yaml", "notes.txt"):
        write(tmp_path / name, b"\0\n")
    assert [Path(input_.target).name for input_ in resolve(str(tmp_path), Options(render=render))] == read
