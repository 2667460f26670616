"""Commands that JSON, YAML and TOML hold as arrays: which are found, with the place of each argument, and their changes."""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sealock import formats
from sealock.errors import FormatError
from sealock.formats import tomltree
from sealock.formats.jsontext import without_comments
from sealock.formats.scripts import find_run_commands
from sealock.formats.verification import is_same
from sealock.formats.yamltree import Mapping, Scalar, Sequence, YamlNode
from sealock.model.absent import UNSET
from sealock.model.change import Add, FieldChange, Remove, Set, changed
from sealock.model.container import Container, Mount
from sealock.model.location import Source
from support.draws import draws

FOUND = [
    ("a server of mcp.json", "mcp.json", '{"mcpServers": {"a": {"command": "docker", "args": ["run", "-i", "x:1"]}}}', [["-i", "x:1"]]),
    ("of VS Code, with comments and a comma too many", ".vscode/mcp.json", '// a\n{"servers": {"a": {"type": "stdio", "command": "docker", /* b */ "args": ["run", "-i", "x",],},},}', [["-i", "x"]]),
    ("the arguments before the program", "a.json", '{"args": ["run", "-i", "x"], "command": "docker"}', [["-i", "x"]]),
    ("the program with its path and ending", "a.json", '{"command": "C:\\\\bin\\\\docker.exe", "args": ["run", "-i", "x"]}', [["-i", "x"]]),
    ("another program beside it", "a.json", '{"runtime": "", "exec": "node", "command": "docker", "args": ["run", "x"]}', [["x"]]),
    ("the program with its verb", "a.json", '{"command": "docker run", "args": ["-i", "x"]}', [["-i", "x"]]),
    ("the whole command as one array", "a.json", '{"command": ["docker", "container", "run", "-i", "x"]}', [["-i", "x"]]),
    ("the same behind sudo", "a.json", '["sudo", "-E", "podman", "run", "-i", "x"]', [["-i", "x"]]),
    ("global options before the verb", "a.json", '{"command": "docker", "args": ["-H", "tcp://a", "run", "x"]}', [["x"]]),
    ("escapes", "a.json", '{"command": "dock\\u0065r", "args": ["run", "-e", "A=\\"b\\"", "x"]}', []),
    ("escapes in an argument", "a.json", '{"command": "docker", "args": ["run", "-e", "A=\\"b\\"", "x"]}', [["-e", 'A="b"', "x"]]),
    ("several servers", "a.json", '{"a": {"command": "docker", "args": ["run", "x"]}, "b": {"command": "podman", "args": ["run", "y"]}}', [["x"], ["y"]]),
    ("another verb", "a.json", '{"command": "docker", "args": ["compose", "up"]}', []),
    ("another program", "a.json", '{"command": "npx", "args": ["run", "docker"]}', []),
    ("an array with other values", "a.json", '{"command": "docker", "args": ["run", {"a": 1}]}', []),
    ("YAML with dashes", "goose.yaml", "cmd: docker\nargs:\n- run\n- -i\n- x\n", [["-i", "x"]]),
    ("YAML in brackets", "a.yml", "a: {command: docker, args: [run, -i, x]}\n", [["-i", "x"]]),
    ("a command in YAML", "a.yml", "a:\n- command: [docker, run, -i, x]\n", [["-i", "x"]]),
    ("a table of TOML", "config.toml", '[mcp_servers.a]\ncommand = "docker"\nargs = ["run",\n  "-i", # b\n  \'x\',\n]\n', [["-i", "x"]]),
    ("an inline table of TOML", "config.toml", 'a.b = { command = "docker", args = ["run", "-i", "x"] }\n', [["-i", "x"]]),
    ("two tables of TOML are apart", "a.toml", '[a]\ncommand = "docker"\n[b]\nargs = ["run", "-i", "x"]\n', []),
    ("the command of Docker's own image", "compose.yaml", "services: {a: {image: docker:cli, command: run -i x}}\n", [["-i", "x"]]),
    ("the same as an array", "compose.yaml", "services:\n  a:\n    image: docker.io/library/docker:27-cli\n    command:\n      - run\n      - -i\n      - x\n", [["-i", "x"]]),
    ("the same in quotes", "compose.yaml", "services:\n  a:\n    image: docker\n    command: 'run -i x'\n", [["-i", "x"]]),
    ("the same with the entrypoint named", "compose.yaml", "services:\n  a:\n    image: docker:cli\n    entrypoint: docker\n    command: [run, -i, x]\n", [["-i", "x"]]),
    ("an entrypoint as an array", "compose.yaml", "services:\n  a:\n    image: a:1\n    entrypoint: [docker]\n    command: run -i x\n", [["-i", "x"]]),
    ("another entrypoint", "compose.yaml", "services:\n  a:\n    image: docker:cli\n    entrypoint: sh\n    command: run -i x\n", []),
    ("another image", "compose.yaml", "services:\n  a:\n    image: a/docker:cli\n    command: run -i x\n", []),
    ("another command of Docker's image", "compose.yaml", "services:\n  a:\n    image: docker:cli\n    command: sh -c 'run -i x'\n", []),
    ("the arguments of a pod's container", "pod.yaml", "spec:\n  containers:\n  - image: docker:cli\n    args: [run, -i, x]\n", [["-i", "x"]]),
    ("its command as an array", "pod.yaml", "spec:\n  containers:\n  - image: a:1\n    command: [docker]\n    args: [run, -i, x]\n", [["-i", "x"]]),
    ("an entrypoint that has the verb", "compose.yaml", "services:\n  a:\n    image: a:1\n    entrypoint: [docker, run]\n    command: [-i, x]\n", [["-i", "x"]]),
    ("it with a string", "compose.yaml", "services:\n  a:\n    image: a:1\n    entrypoint: [docker, run]\n    command: -i x\n", [["-i", "x"]]),
    ("it behind what it is given", "pod.yaml", "spec:\n  containers:\n  - args: [-i, x]\n    command: [sudo, docker, run]\n", [["-i", "x"]]),
    ("it with nothing to it", "pod.yaml", "spec:\n  containers:\n  - args: []\n    command: [docker, run, -i, x]\n", [["-i", "x"]]),
    ("it of another program", "pod.yaml", "spec:\n  containers:\n  - args: [docker, run, -i, x]\n    command: [sh, -c]\n", [["-i", "x"]]),
    ("a script in JSON is still read", "package.json", '{"scripts": {"a": "docker run -i x"}}', [["-i", "x"]]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), [pytest.param(*row, id=sentence) for sentence, *row in FOUND])
def test_an_array_is_a_command(name: str, text: str, words: list[list[str]]) -> None:
    source = Source(name, text)
    found = find_run_commands(source)
    assert [[word.text for word in command.arguments] for command in found] == words
    for command in found:
        for word in command.arguments:
            excerpt = source.excerpt(word.place)
            assert excerpt in {word.text, f"'{word.text}'", json.dumps(word.text)}


def test_what_the_program_fills_in_is_not_resolved() -> None:
    text = '{"command": "docker", "args": ["run", "-v", "${workspaceFolder}:/w", "--user", "${input:user}", "x"]}'
    subject = formats.read("run", Source("mcp.json", text)).subjects[0]
    assert isinstance(subject.noun, Container)
    assert dict(subject.unresolved) == {"mounts": "${workspaceFolder}:/w", "user": "${input:user}"}


def test_a_bad_option_is_an_error_with_the_place_of_its_item() -> None:
    text = '{"command": "docker",\n "args": ["run", "--fly", "x"]}'
    (error,) = formats.read("run", Source("mcp.json", text)).errors
    assert (error.message, error.location.line, error.location.column) == ("unknown option: --fly", 2, 18)


LINES = '{\n  "command": "docker",\n  "args": [\n    "run",\n    "-i",\n@    "x:1"\n  ]\n}\n'
CHANGES = [
    ("an option is added behind the last", "mcp.json", LINES.replace("@", ""), Set("read_only", True), LINES.replace("@", '    "--read-only",\n')),
    ("with its value as an item", "mcp.json", LINES.replace("@", '    "-e",\n    "A",\n'), Add("cap_drop", "ALL"), LINES.replace("@", '    "-e",\n    "A",\n    "--cap-drop",\n    "ALL",\n')),
    ("or in the same item", "mcp.json", LINES.replace("@", '    "--env=A",\n'), Add("cap_drop", "ALL"), LINES.replace("@", '    "--env=A",\n    "--cap-drop=ALL",\n')),
    ("an item is removed with its line", "mcp.json", LINES.replace("@", '    "--privileged",\n'), Set("privileged", False), LINES.replace("@", "")),
    ("a comment behind it stays", "mcp.json", LINES.replace("@", '    "--privileged", // b\n'), Set("privileged", False), LINES.replace("@", "    // b\n")),
    ("an option and its value are removed", "mcp.json", LINES.replace("@", '    "--pid", "host",\n'), Set("pid", UNSET), LINES.replace("@", "")),
    ("on one line", "a.json", '{"command": "docker", "args": ["run", "--privileged", "-v", "/:/h", "x:1"]}', Set("privileged", False), '{"command": "docker", "args": ["run", "-v", "/:/h", "x:1"]}'),
    ("a value is changed in place", "a.json", '["docker", "run", "-p", "80:80", "x:1"]', Set("ports", ()), '["docker", "run", "x:1"]'),
    ("letters with their values say nothing of other options", "a.json", '["docker", "run", "-m1g", "-u1000", "--pid", "host", "x:1"]', Set("pids_limit", 100), '["docker", "run", "-m1g", "-u1000", "--pid", "host", "--pids-limit", "100", "x:1"]'),
    ("an option of the whole command", "a.json", '["docker", "run", "x:1"]', Set("memory", 1 << 29), '["docker", "run", "--memory", "512m", "x:1"]'),
    ("dashes of YAML", "a.yaml", "cmd: docker\nargs:\n  - run\n  - --privileged\n  - x:1\n", Set("privileged", False), "cmd: docker\nargs:\n  - run\n  - x:1\n"),
    ("a new item in YAML", "a.yaml", "cmd: docker\nargs:\n  - run\n  - x:1\n", Set("pids_limit", 100), 'cmd: docker\nargs:\n  - run\n  - --pids-limit\n  - "100"\n  - x:1\n'),
    ("brackets of YAML", "a.yaml", "{cmd: docker, args: [run, --pid, host, x:1]}\n", Set("pid", UNSET), "{cmd: docker, args: [run, x:1]}\n"),
    ("an option of what an entrypoint is given", "pod.yaml", "spec:\n  containers:\n  - args: [-i, x]\n    command: [docker, run]\n", Set("pids_limit", 100), 'spec:\n  containers:\n  - args: [-i, --pids-limit, "100", x]\n    command: [docker, run]\n'),
    ("TOML", "a.toml", 'command = "docker"\nargs = ["run", # a\n  "--privileged",\n  "x:1"]\n', Set("privileged", False), 'command = "docker"\nargs = ["run", # a\n  "x:1"]\n'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "wanted", "after"), [pytest.param(*row, id=sentence) for sentence, *row in CHANGES]
)
def test_a_change_is_written_into_the_array(name: str, text: str, wanted: FieldChange, after: str) -> None:
    for before in (text, after):
        document = formats.read("run", Source(name, before))
        assert formats.apply_edits(before, formats.edits(document, document.subjects[0], wanted)) == after


REFUSED = [
    ("a letter among others", '["docker", "run", "-it", "x"]', Set("tty", UNSET), "combines several options"),
    ("a value that the program fills in", '["docker", "run", "--pid=${A}", "x"]', Set("pid", UNSET), "has an expansion"),
    ("a network that no command creates", '["docker", "run", "x"]', Set("networks", ()), ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted", "message"), [pytest.param(*row, id=name) for name, *row in REFUSED if row[2]])  # fmt: skip
def test_what_cannot_be_changed_is_refused(text: str, wanted: FieldChange, message: str) -> None:
    document = formats.read("run", Source("a.json", text))
    with pytest.raises(FormatError, match=message):
        formats.edits(document, document.subjects[0], wanted)


OPTIONS = [["--privileged"], ["-v", "/:/host"], ["--pid=host"], ["--pid", "host"], ["-e", "A=b c"], ["--cap-add", "SYS_ADMIN"], ["--network", "host"], ["--memory=1g"], ["--label", 'a="b"'], ["-i"], ["--init"]]  # fmt: skip
ANY: list[FieldChange] = [
    Set("privileged", False), Set("mounts", ()), Set("pid", UNSET), Add("cap_drop", "ALL"), Remove("cap_add", "SYS_ADMIN"), Set("read_only", True),
    Set("memory", 1 << 28), Set("user", "1:2"), Add("mounts", Mount("tmpfs", None, "/t")), Set("network_mode", UNSET), Set("init", UNSET),
]  # fmt: skip


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, str]:
    """A configuration that holds one command, in one of the formats, and its name."""
    options = [word for words in draw(st.lists(st.sampled_from(OPTIONS), max_size=6)) for word in words]
    arguments = ["run", *options, "x:1", *draw(st.lists(st.sampled_from(["a", "-v", "b c"]), max_size=2))]
    shape = draw(st.sampled_from(["json", "lines", "comments", "yaml", "flow", "toml"]))
    data = {"command": "docker", "args": arguments}
    match shape:
        case "json":
            return "a.json", json.dumps({"mcpServers": {"a": data}})
        case "lines":
            return "a.json", json.dumps({"mcpServers": {"a": data}}, indent=2 if draw(st.booleans()) else "\t")
        case "comments":
            text = json.dumps(data, indent=2).replace('",\n', '", // why\n').replace("[\n", "[\n    /* all */\n")
            return "a.jsonc", text
        case "toml":
            gap = draw(st.sampled_from([", ", ",\n  ", ", # why\n  "]))
            return "a.toml", f'[s.a]\ncommand = "docker"\nargs = [{gap.join(map(json.dumps, arguments))}]\n'
        case _:
            return "a.yaml", yaml.safe_dump(data, default_flow_style=shape == "flow")


def plain(name: str, text: str) -> list[str]:
    """The arguments as the format's own parser reads them."""
    if name.endswith(".toml"):
        data = tomllib.loads(text)
    else:
        data = yaml.safe_load(text) if name.endswith(".yaml") else json.loads(without_comments(text))
    while "args" not in data:
        data = next(iter(data.values()))
    return [str(item) for item in data["args"]]


@draws(150)
@given(configurations(), st.sampled_from(ANY))
def test_a_change_is_the_same_for_every_parser(named: tuple[str, str], wanted: FieldChange) -> None:
    name, text = named
    document = formats.read("run", Source(name, text))
    assert [word.text for word in find_run_commands(document.source)[0].command.words[1:]] == plain(name, text)
    noun = document.subjects[0].noun
    assert isinstance(noun, Container)
    try:
        planned = formats.edits(document, document.subjects[0], wanted)
    except FormatError:
        return
    after = formats.apply_edits(text, planned)
    again = formats.read("run", Source(name, after))
    assert isinstance(again.subjects[0].noun, Container)
    assert is_same(again.subjects[0].noun, changed(noun, wanted))
    assert [word.text for word in find_run_commands(again.source)[0].command.words[1:]] == plain(name, after)
    assert after.count("why") == text.count("why") or name.endswith(".yaml")


PIECES = ["{", "}", "[", "]", ",", ":", '"command"', '"args"', '"docker"', '"run"', '"--privileged"', '"x"', "//", "/*", "*/", "\n", " ", "#", "=", "'", '"', "\\", "command", "args", "docker", "run", "- ", "é", "\t", '"""', "[a]\n"]  # fmt: skip


@draws(200)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join), st.sampled_from(["a.json", "a.yaml", "a.toml"]), st.sampled_from(ANY))  # fmt: skip
def test_no_text_makes_reading_or_changing_raise(text: str, name: str, wanted: FieldChange) -> None:
    document = formats.read("run", Source(name, text))
    for subject in document.subjects:
        for place in subject.where.values():
            assert place.start <= place.end <= len(text)
        if isinstance(subject.noun, Container):
            try:
                formats.edits(document, subject, wanted)
            except FormatError:
                continue


VALUES = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_characters="\x7f", exclude_categories=("Cc", "Cs")), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b-c"]), inner, max_size=2),
    max_leaves=8,
)


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", # c\n ".join(map(as_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def value_of(node: YamlNode) -> object:
    if isinstance(node, Mapping):
        return {key.text: value_of(value) for key, value in node.entries if isinstance(key, Scalar)}
    if isinstance(node, Sequence):
        return [value_of(item) for item in node.items]
    return node.text if isinstance(node, Scalar) else None


@draws(150)
@given(st.dictionaries(st.sampled_from(["x", "y-z", "args"]), VALUES, max_size=3))
def test_toml_is_what_tomllib_reads(table: dict[str, object]) -> None:
    text = "# a\n[t]\n" + "".join(f"{key} = {as_toml(value)}\n" for key, value in table.items())
    assert tomllib.loads(text)["t"] == table
    assert value_of(tomltree.parse(text)) == {"": {}, "t": table}
