"""`sealock lsp` as an editor sees it: a client starts it as a process and talks through standard input and output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from signal import SIGINT
from typing import Any

import pytest

from support.commandline import sealock
from support.languageclient import LanguageClient, marked

DOCKERFILE = "FROM debian:12\nMAINTAINER me\nUSER 1000\n"
COMPOSE = "services:\n  web:\n    image: nginx:1.27\n    privileged: true\n"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageClient]:
    with LanguageClient(tmp_path_factory.mktemp("workspace")) as client:
        yield client


def finding(diagnostics: list[dict[str, Any]], rule: str) -> dict[str, Any]:
    (diagnostic,) = [diagnostic for diagnostic in diagnostics if diagnostic.get("code") == rule]
    return diagnostic


def rules(diagnostics: list[dict[str, Any]]) -> set[str]:
    return {str(diagnostic.get("code")) for diagnostic in diagnostics}


def errors(diagnostics: list[dict[str, Any]]) -> list[str]:
    return [diagnostic["message"] for diagnostic in diagnostics if "code" not in diagnostic]


def uri(folder: Path, name: str, text: str | None = None) -> str:
    """The URI of a file, which need not be on disk."""
    if text is not None:
        (folder / name).write_text(text)
    return (folder / name).as_uri()


@pytest.mark.parametrize(
    ("name", "text", "rule", "words"),
    [
        pytest.param("Dockerfile", DOCKERFILE, "B140", "MAINTAINER", id="a Dockerfile"),
        pytest.param("web.Dockerfile", DOCKERFILE, "B140", "MAINTAINER", id="a Dockerfile with another name"),
        pytest.param("compose.yaml", COMPOSE, "C001", "privileged: true", id="a compose file"),
        pytest.param("run.sh", "#!/bin/sh\ndocker run --privileged alpine\n", "C001", "--privileged", id="a script"),
        pytest.param("README.md", "# A\n\n```sh\ndocker run --privileged alpine\n```\n", "C001", "--privileged", id="Markdown"),
        pytest.param("pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - name: a\n      image: a\n      securityContext:\n        privileged: true\n", "C001", "privileged: true", id="a Kubernetes manifest"),
        pytest.param("daemon.json", '{"icc": true, "storage-driver": "overlay"}\n', "E006", '"overlay"', id="daemon.json"),
        pytest.param("Dockerfile", "# 😀\nFROM debian:12\nRUN echo 😀 '😀' && sudo ls\n", "B040", "sudo", id="emoji before the fault, which count twice"),
        pytest.param("Dockerfile", "FROM debian:12\r\nMAINTAINER me\r\nRUN sudo ls\r\n", "B040", "sudo", id="lines that end as on Windows"),
        pytest.param("a b/100%/Dockerfile", DOCKERFILE, "B140", "MAINTAINER", id="a path that its URI escapes"),
        pytest.param("Dockerfile", "\ufeffFROM debian:12\nMAINTAINER me\n", "B140", "MAINTAINER", id="a byte order mark"),
    ],
)  # fmt: skip
def test_a_fault_is_marked_where_it_stands(  # noqa: PLR0917  a table's columns
    client: LanguageClient, tmp_path: Path, name: str, text: str, rule: str, words: str
) -> None:
    assert marked(text, finding(client.open(uri(tmp_path, name), text), rule)) == words


def test_a_diagnostic_has_severity_rule_link_and_tag(client: LanguageClient, tmp_path: Path) -> None:
    diagnostics = client.open(uri(tmp_path, "Dockerfile"), DOCKERFILE)
    assert finding(diagnostics, "B140") == {
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 10}},
        "severity": 4,
        "code": "B140",
        "codeDescription": {"href": "https://docs.docker.com/reference/build-checks/maintainer-deprecated/"},
        "source": "sealock",
        "message": "MAINTAINER is deprecated: uses MAINTAINER instead of a label",
        "tags": [2],
    }


@pytest.mark.parametrize(
    ("rule", "severity"),
    [
        pytest.param("C001", 1, id="critical is an error"),
        pytest.param("C011", 1, id="high and above are errors"),
        pytest.param("C028", 2, id="medium is a warning"),
        pytest.param("C081", 3, id="low is information"),
    ],
)
def test_severities_are_those_of_the_editor(client: LanguageClient, tmp_path: Path, rule: str, severity: int) -> None:
    text = f"{COMPOSE}    volumes: [/var/run/docker.sock:/var/run/docker.sock]\n"
    assert finding(client.open(uri(tmp_path, "compose.yaml"), text), rule)["severity"] == severity


def test_the_text_in_the_editor_counts_and_not_the_file(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile", "FROM scratch\n")
    assert "B140" in rules(client.open(document, DOCKERFILE))
    assert "B140" not in rules(client.change(document, "FROM debian:12\nUSER 1000\n"))


@pytest.mark.parametrize(
    ("name", "text", "rule", "line", "character"),
    [
        pytest.param("Dockerfile", DOCKERFILE, "B140", 1, 3, id="in a Dockerfile"),
        pytest.param("compose.yaml", COMPOSE, "C001", 3, 8, id="in a compose file"),
        pytest.param("Dockerfile", "FROM debian:12\nRUN echo 😀 && sudo ls\n", "B040", 1, 16, id="behind an emoji"),
        pytest.param("Dockerfile", "FROM debian:12\r\nMAINTAINER me\r\n", "B140", 1, 3, id="with line ends of Windows"),
        pytest.param("run.sh", "docker run --privileged alpine\n", "C001", 0, 14, id="in a script"),
    ],
)
def test_a_quick_fix_removes_its_finding(  # noqa: PLR0917  a table's columns
    client: LanguageClient, tmp_path: Path, name: str, text: str, rule: str, line: int, character: int
) -> None:
    document = uri(tmp_path, name)
    before = client.open(document, text)
    (action,) = [
        action for action in client.actions(document, line, character, ["quickfix"]) if action["title"].startswith(rule)
    ]
    assert action["kind"] == "quickfix"
    assert action["diagnostics"] == [finding(before, rule)]
    assert rules(client.change(document, client.apply(document, action))) & {rule} == set()


def test_a_safe_fix_is_preferred_and_an_unsafe_one_says_so(client: LanguageClient, tmp_path: Path) -> None:
    safe, unsafe = uri(tmp_path, "Dockerfile"), uri(tmp_path, "compose.yaml")
    client.open(safe, DOCKERFILE)
    client.open(unsafe, COMPOSE)
    (action,) = client.actions(safe, 1, 3, ["quickfix"])
    assert (action["title"], action["isPreferred"]) == ("B140: Use LABEL org.opencontainers.image.authors=…", True)
    (action,) = [action for action in client.actions(unsafe, 3, 8) if action["title"].startswith("C001")]
    assert action["title"].endswith(" (unsafe: review the change)")
    assert "isPreferred" not in action


def test_all_safe_fixes_at_once_are_those_of_fix(client: LanguageClient, tmp_path: Path) -> None:
    text = "FROM debian:12\nMAINTAINER me\nRUN apt-get update && apt-get install -y curl # 😀\nENV A 1\nUSER 1000\n"
    document = uri(tmp_path, "Dockerfile", text)
    client.open(document, text)
    (action,) = client.actions(document, 0, 0, ["source.fixAll"])
    assert action["kind"] == "source.fixAll.sealock"
    assert sealock("check", "--fix", "Dockerfile", cwd=tmp_path, environment={"SEALOCK_OFFLINE": "1"}).returncode < 2
    fixed = (tmp_path / "Dockerfile").read_text()
    assert client.apply(document, action) == fixed != text


def test_moving_the_cursor_asks_for_no_fix_of_the_whole_text(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile")
    client.open(document, DOCKERFILE)
    place = {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 0}}
    context = {"diagnostics": [], "triggerKind": 2}
    answer = client.ask("textDocument/codeAction", textDocument={"uri": document}, range=place, context=context)
    assert [action["kind"] for action in answer["result"]] == ["quickfix"]


def test_hover_shows_the_manual_page_of_what_is_marked_there(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile")
    client.open(document, DOCKERFILE)
    page = (Path(__file__).parents[2] / "docs" / "rules" / "B140.md").read_text()
    assert client.hover(document, 1, 3) == page
    assert client.hover(document, 2, 1) == ""


@pytest.mark.parametrize(
    ("name", "text", "message", "words"),
    [
        pytest.param(
            "Dockerfile", "FROM debian:12\nFOO bar\n", "Unknown instruction FOO.", "FOO", id="an unknown instruction"
        ),
        pytest.param("compose.yaml", "services: [\n", "", "", id="YAML that does not end"),
        pytest.param("daemon.json", '{"icc": true\n', "", "", id="JSON that does not end"),
        pytest.param(
            "Dockerfile",
            "FROM a\0b\n",
            "This text contains a NUL character and is not checked.",
            "FROM a\0b",
            id="a NUL character",
        ),
        pytest.param(
            "Dockerfile", "# sealock: ignore[B140]\nFROM debian:12\n", "", "", id="an ignore without a reason"
        ),
    ],
)
def test_what_cannot_be_read_is_an_error_at_its_place(  # noqa: PLR0917  a table's columns
    client: LanguageClient, tmp_path: Path, name: str, text: str, message: str, words: str
) -> None:
    diagnostics = [found for found in client.open(uri(tmp_path, name), text) if "code" not in found]
    assert diagnostics
    assert all(diagnostic["severity"] == 1 for diagnostic in diagnostics)
    if message:
        (diagnostic,) = diagnostics
        assert (diagnostic["message"], marked(text, diagnostic)) == (message, words)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        pytest.param(
            "Jenkinsfile",
            "pipeline { agent { docker { image 'a' } } }\n",
            "Containers that Jenkins runs a pipeline in are not checked.",
            id="a Jenkinsfile",
        ),
        pytest.param("notes.yaml", "a: 1\n", None, id="any other text has no diagnostics"),
    ],
)
def test_what_is_recognised_and_not_checked_is_named(
    client: LanguageClient, tmp_path: Path, name: str, text: str, message: str | None
) -> None:
    diagnostics = client.open(uri(tmp_path, name), text)
    assert [(found["message"], found["severity"]) for found in diagnostics] == ([(message, 3)] if message else [])


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param('skip = ["B140"]\n', id="a rule that it skips"),
        pytest.param(
            '[[ignore]]\nrule = "B140"\nfiles = ["app/Dockerfile"]\nreason = "later"\n', id="a finding that it ignores"
        ),
        pytest.param('exclude = ["app/**"]\n', id="a path that it excludes"),
    ],
)
def test_the_policy_of_the_project_applies(client: LanguageClient, tmp_path: Path, policy: str) -> None:
    (tmp_path / "app").mkdir()
    document = uri(tmp_path / "app", "Dockerfile")
    assert "B140" in rules(client.open(document, DOCKERFILE))
    (tmp_path / "sealock.toml").write_text(policy)
    client.notify("textDocument/didSave", textDocument={"uri": document})
    assert "B140" not in rules(client.publish(document))


def test_a_policy_that_cannot_be_read_is_an_error(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "sealock.toml").write_text('fail-on = "often"\n')
    (diagnostic,) = client.open(uri(tmp_path, "Dockerfile"), DOCKERFILE)
    assert diagnostic["message"].startswith(f"{tmp_path}/sealock.toml:1: fail-on should be one of ")
    assert "often" in diagnostic["message"]


def test_a_fault_of_another_file_has_its_place(client: LanguageClient, tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("services:\n  base:\n    image: a\n    ports: {a: [\n")
    text = "services:\n  web:\n    extends: {file: base.yaml, service: base}\n"
    diagnostics = client.open(uri(tmp_path, "compose.yaml"), text)
    assert f"{tmp_path}/base.yaml:4: services.web.ports must be a list." in errors(diagnostics)


def test_an_ignore_in_the_text_applies_and_an_unused_one_is_reported(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile")
    ignored = "FROM debian:12\n# sealock: ignore[B140] our tools read it\nMAINTAINER me\nUSER 1000\n"
    assert "B140" not in rules(client.open(document, ignored))
    assert "I001" in rules(client.change(document, ignored.replace("MAINTAINER me\n", "")))


def test_a_document_that_is_closed_has_no_diagnostics(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile")
    assert client.open(document, DOCKERFILE)
    assert client.close(document) == []
    assert client.hover(document, 1, 3) == ""
    assert client.actions(document, 1, 3) == []


def test_a_new_document_without_a_file_is_read_by_its_language(client: LanguageClient) -> None:
    assert "B140" in rules(client.open("untitled:Untitled-1", "MAINTAINER me\nFROM a\nMAINTAINER me\n", "dockerfile"))
    assert "C001" in rules(client.open("untitled:Untitled-2", COMPOSE))


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param("file:///a%00b/Dockerfile", id="a NUL in its path"),
        pytest.param("file:///%ff%fe/Dockerfile", id="a path that is not UTF-8"),
        pytest.param("file://elsewhere/Dockerfile", id="a path on another machine"),
        pytest.param("file:///proc/self/mem/Dockerfile", id="a directory that is none"),
        pytest.param("git:/Dockerfile?ref", id="another scheme"),
    ],
)
def test_a_document_may_have_an_odd_uri(client: LanguageClient, odd: str) -> None:
    assert "B140" in rules(client.open(odd, DOCKERFILE, "dockerfile"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{nonsense", id="no JSON"),
        pytest.param(b"[]", id="no message"),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":7}}',
            id="a document that is a number",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///x","version":1},"contentChanges":[{"text":"a"}]}}',
            id="a change of what is not open",
        ),
        pytest.param(
            b'{"jsonrpc":"2.0","method":"textDocument/didSave","params":{"textDocument":{"uri":"file:///x"}}}',
            id="a save of what is not open",
        ),
    ],
)
def test_the_server_outlives_a_message_that_is_not_valid(client: LanguageClient, tmp_path: Path, body: bytes) -> None:
    client.write(body)
    assert "B140" in rules(client.open(uri(tmp_path, "Dockerfile"), DOCKERFILE))


def test_lone_surrogates_are_text_that_keeps_its_places(client: LanguageClient, tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN echo '\ud83d \udc00' && sudo ls\n"
    place = finding(client.open(uri(tmp_path, "Dockerfile"), text), "B040")["range"]
    assert [place[side]["character"] for side in ("start", "end")] == [18, 22]


def test_of_many_changes_the_last_one_counts(client: LanguageClient, tmp_path: Path) -> None:
    document = uri(tmp_path, "Dockerfile")
    client.open(document, DOCKERFILE)
    for number in range(50):
        client.type(document, f"{DOCKERFILE}LABEL a={number}\n")
    assert "B140" not in rules(client.change(document, "FROM debian:12\n"))


def test_a_slow_document_does_not_block_others_and_shows_at_most_a_thousand_findings(
    client: LanguageClient, tmp_path: Path
) -> None:
    slow = uri(tmp_path, "slow.Dockerfile")
    client.show(slow, "FROM debian:12\n" + "RUN sudo apt-get update && curl http://example.com/a | sh\n" * 1000)
    # Waiting for these drops all that come before them: the slow ones would be missing below.
    assert "B140" in rules(client.open(uri(tmp_path, "Dockerfile"), DOCKERFILE))
    *shown, last = client.publish(slow)
    assert len(shown) == 1000
    assert max(diagnostic["severity"] for diagnostic in shown) < 3
    assert last["message"].endswith(" findings more, which sealock check shows.")


def test_positions_are_in_the_units_that_the_client_prefers(tmp_path: Path) -> None:
    text = "FROM debian:12\nRUN echo 😀 && sudo ls\n"
    with LanguageClient(tmp_path, {"general": {"positionEncodings": ["utf-8", "utf-16"]}}) as client:
        assert client.initialized["capabilities"]["positionEncoding"] == "utf-8"
        place = finding(client.open(uri(tmp_path, "Dockerfile"), text), "B040")["range"]
    assert place == {"start": {"line": 1, "character": 17}, "end": {"line": 1, "character": 21}}


def test_an_edit_is_for_a_version_where_the_client_knows_versions(tmp_path: Path) -> None:
    with LanguageClient(tmp_path, {"workspace": {"workspaceEdit": {"documentChanges": True}}}) as client:
        document = uri(tmp_path, "Dockerfile")
        client.open(document, DOCKERFILE)
        client.change(document, f"{DOCKERFILE}\n")
        (action,) = client.actions(document, 1, 3, ["quickfix"])
        (change,) = action["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": document, "version": 2}
        assert "LABEL" in client.apply(document, action)


def test_nothing_outside_of_the_workspace_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret.env").write_text("PASSWORD=hunter2\n")
    folder = tmp_path / "project"
    folder.mkdir()
    text = "services:\n  web:\n    image: a\n    env_file: ../secret.env\n"
    with LanguageClient(folder) as client:
        diagnostics = client.open(uri(folder, "compose.yaml"), text)
    assert any("secret.env" in message and "outside" in message for message in errors(diagnostics))
    assert "hunter2" not in json.dumps(diagnostics)


def test_the_server_ends_as_the_client_asks_and_prints_nothing(tmp_path: Path) -> None:
    with LanguageClient(tmp_path) as client:
        client.open(uri(tmp_path, "Dockerfile"), DOCKERFILE)
        assert client.leave() == (0, "")


def test_ctrl_c_ends_the_server(tmp_path: Path) -> None:
    with LanguageClient(tmp_path) as client:
        assert client.interrupt() == -SIGINT


def test_without_the_extra_the_command_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.partition(".")[0] in {"pygls", "lsprotocol"}]:
        monkeypatch.delitem(sys.modules, module)
    for module in [name for name in sys.modules if name.startswith("sealock.editor.")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "lsprotocol", None)
    monkeypatch.setitem(sys.modules, "pygls", None)
    ran = sealock("lsp", cwd=tmp_path, environment={})
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "sealock: the language server needs a library: install sealock[editor]\n"
