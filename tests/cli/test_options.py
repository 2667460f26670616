"""Command lines are read as the rows say, and what is wrong with one is said in a line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import pytest

from sealock.cli.parsers import parse
from sealock.cli.parsers import parser as full_parser
from sealock.errors import UsageError

RUN: dict[str, Any] = {
    "explain": False, "dry_run": False, "purpose": None, "workspace": ".", "allow_host": [], "time_limit": None,
    "writable": [], "profile": None, "accept": [], "client": None, "policy": None, "no_policy": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "stored"),
    [
        pytest.param("run alpine", {"line": ["alpine"]}, id="no own option"),
        pytest.param("run --explain --dry-run -it --rm alpine --explain", {"explain": True, "dry_run": True, "line": ["-it", "--rm", "alpine", "--explain"]}, id="own options come first"),
        pytest.param("run --with podman alpine", {"client": "podman", "line": ["alpine"]}, id="a value in the next word"),
        pytest.param("run --with=podman alpine", {"client": "podman", "line": ["alpine"]}, id="a value in the same word"),
        pytest.param("run --no-policy --policy a.toml --with docker -- alpine", {"no_policy": True, "policy": "a.toml", "client": "docker", "line": ["--", "alpine"]}, id="several"),
        pytest.param(
            "run --for agent --workspace w --allow-host a --allow-host b:1 --time-limit 3m --writable .git --writable=x alpine",
            {"purpose": "agent", "workspace": "w", "allow_host": ["a", "b:1"], "time_limit": "3m", "writable": [".git", "x"], "line": ["alpine"]},
            id="for an agent",
        ),
        pytest.param("run --profile p.json --accept image alpine --with podman", {"profile": "p.json", "accept": ["image"], "line": ["alpine", "--with", "podman"]}, id="with a profile"),
        pytest.param("run --rm -h web alpine", {"line": ["--rm", "-h", "web", "alpine"]}, id="-h is a host name where it is not first"),
    ],
)  # fmt: skip
def test_own_options_of_run_come_first_and_the_rest_is_the_clients(line: str, stored: dict[str, Any]) -> None:
    assert vars(parse(line.split())) == RUN | {"command": "run"} | stored


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        pytest.param("check a --only C001 b --only C002", "targets", ["a", "b"], id="options and targets mix"),
        pytest.param("check a --only C001 b --only C002", "only", ["C001", "C002"], id="and repeat"),
        pytest.param("check -- -a --b - c", "targets", ["./-a", "./--b", "-", "./c"[2:]], id="after -- all are targets"),
        pytest.param("check --", "targets", [], id="none after --"),
        pytest.param("learn p.json --for 10m -- docker run -it alpine -- x", "line", ["docker", "run", "-it", "alpine", "--", "x"], id="a line after --"),
        pytest.param("learn p.json --for 10m -- docker run alpine", "seconds", None, id="options before --"),
        pytest.param("profile trial p.json -- docker run alpine", "line", ["docker", "run", "alpine"], id="a verb with a line"),
        pytest.param("profile trial p.json -- docker run alpine", "verb", "trial", id="and its verb"),
        pytest.param("trust verify --key k.pub a:1 b:2", "references", ["a:1", "b:2"], id="a verb"),
        pytest.param("userns plan --root /x", "verb", "plan", id="a verb of userns"),
    ],
)  # fmt: skip
def test_a_line_is_read(line: str, name: str, value: object) -> None:
    arguments = vars(parse(line.split()))
    assert arguments.get(name) == value, arguments


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("scan x", "there is no command 'scan'; did you mean check?"),
        ("fix x", "there is no command 'fix'; did you mean check --fix?"),
        ("version", "there is no command 'version'; did you mean --version?"),
        ("sign x", "there is no command 'sign'; did you mean trust?"),
        ("explain C001", "there is no command 'explain'; did you mean rules?"),
        ("pull", "there is no command 'pull'; did you mean db?"),
        ("chekc x", "there is no command 'chekc'; did you mean check or cache?"),
        ("zzzzzz", "there is no command 'zzzzzz': `sealock help` lists them"),
    ],
)
def test_a_command_that_is_none_is_an_error_with_what_was_likely_meant(line: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(line.split())
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("check --onyl C001 x", "sealock check: unrecognized arguments: --onyl; did you mean --only or --color?"),
        ("check x --fail-on hihg", "sealock check: argument --fail-on: invalid choice: 'hihg'; did you mean high?"),
        ("check x --fail-on zzz", "sealock check: argument --fail-on: invalid choice: 'zzz': choose from info, low, medium, high, critical"),
        ("trust sign --kye a b", "sealock trust: unrecognized arguments: --kye b; did you mean --key?"),
        ("guard proxy --polcy=x", "sealock guard: unrecognized arguments: --polcy=x; did you mean --policy?"),
        ("profile show x --formt json", "sealock profile: unrecognized arguments: --formt json"),
        ("check x --zzzzzzzzz=1", "sealock check: unrecognized arguments: --zzzzzzzzz=1"),
        ("check x --zzzzzzzzz --baselnie=x", "sealock check: unrecognized arguments: --zzzzzzzzz --baselnie=x; did you mean --baseline or --write-baseline or --engine?"),
        ("guard explain - --bod", "sealock guard: unrecognized arguments: --bod; did you mean --body or --uid or --gid?"),
        ("profile check x --acc y", "sealock profile: unrecognized arguments: --acc y; did you mean --accept?"),
        ("trust verify --ke=k x", "sealock trust: unrecognized arguments: --ke=k; did you mean --key or --revoked or --help?"),
        ("userns plan --ro=/", "sealock userns: unrecognized arguments: --ro=/; did you mean --root or --user?"),
        ("check --form=json x", "sealock check: unrecognized arguments: --form=json; did you mean --format or --platform or --color?"),
        ("--vers", "sealock: the following arguments are required: COMMAND"),
        ("run --with podman", "sealock run: names no image"),
        ("run", "sealock run: names no image"),
        ("cache prune --max-size 12X", "sealock cache: argument --max-size: '12X' is not a size: write 500M or 20G"),
        ("cache prune --max-size K", "sealock cache: argument --max-size: 'K' is not a size: write 500M or 20G"),
        ("cache prune --max-size 0", "sealock cache: argument --max-size: '0' is not a size: write 500M or 20G"),
        ("cache prune --max-size ²M", "sealock cache: argument --max-size: '²M' is not a size: write 500M or 20G"),
        ("cache prune --max-size 1048576T", "sealock cache: argument --max-size: '1048576T' is not a size: write 500M or 20G"),
        ("sbom x --max-entries 0", "sealock sbom: argument --max-entries: '0' is not a number from 1 on"),
        ("sbom x --max-entries ²", "sealock sbom: argument --max-entries: '²' is not a number from 1 on"),
        ("sbom x --max-entries 1152921504606846976", "sealock sbom: argument --max-entries: '1152921504606846976' is not a number from 1 on"),
        ("sbom x --max-depth -1", "sealock sbom: argument --max-depth: '-1' is not a number from 1 on"),
    ],
)  # fmt: skip
def test_an_error_of_the_arguments_is_one_line_that_says_what_was_meant(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as raised:
        parse(line.split())
    assert raised.value.code == 2
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", f"{message}\n`{message.partition(':')[0]} --help` lists the options.\n")


def commands_with_verbs() -> list[tuple[str, list[str]]]:
    """Every command, and every verb of one, that needs a verb, with its verbs."""
    found = []

    def look(parser: ArgumentParser) -> None:
        for action in parser._actions:  # noqa: SLF001  argparse has no other way
            if action.metavar == "VERB" and action.required:
                found.append((parser.prog, list(action.choices or ())))
            for below in action.choices.values() if isinstance(action.choices, dict) else ():
                look(below)

    look(full_parser())
    return found


@pytest.mark.parametrize(("prog", "verbs"), commands_with_verbs())
def test_a_command_without_its_verb_names_its_verbs(
    prog: str, verbs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for words in ("", " no-verb"):
        with pytest.raises(SystemExit):
            parse(f"{prog}{words}".split()[1:])
        error = capsys.readouterr().err
        assert error.endswith(f"\n`{prog} --help` lists the verbs.\n")
        assert ", ".join(verbs) in error or "REPO" in error


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1), ("500M", 500 << 20), ("2k", 2048), ("20GiB", 20 << 30), ("3mb", 3 << 20), (" 1T ", 1 << 40),
        ("1048575T", 1048575 << 40), ("1152921504606846975", (1 << 60) - 1),
    ],
)  # fmt: skip
def test_a_size_is_a_number_of_bytes(text: str, number: int) -> None:
    assert parse(["cache", "prune", "--max-size", text]).max_size == number


def test_the_limits_of_a_command_become_those_of_reading() -> None:
    from sealock.cli.limits import limits  # noqa: PLC0415  used here alone

    words = ["sbom", "x", "--max-layer-size", "10", "--max-file-size", "20", "--max-entries", "30", "--max-depth", "40"]
    assert limits(parse(words)) == {
        "layer": 10, "calm": 10, "total": 30, "file": 20, "entries": 30, "depth": 40,
    }  # fmt: skip
    assert limits(parse(["sbom", "x"])) == {}
