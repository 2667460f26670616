"""How rules ask a command for its name, its options and their values."""

from __future__ import annotations

import pytest

from sealock import shell
from sealock.model.shell import Command, Word


def command(text: str) -> Command:
    return next(shell.parse(text).commands())


def shown(word: Word | str | None) -> str | None:
    return word.text if isinstance(word, Word) else word


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [("/usr/bin/curl -k a", "curl", ("-k", "a")), ("curl", "curl", ()), ("A=1", "", ())],
)
def test_a_command_has_a_name_and_arguments(text: str, name: str, arguments: tuple[str, ...]) -> None:
    assert (command(text).name, command(text).arguments) == (name, arguments)


@pytest.mark.parametrize(
    ("text", "names", "word"),
    [
        ("curl -k a", ("-k", "--insecure"), "-k"),
        ("curl -fsSLk a", ("-k", "--insecure"), "-fsSLk"),
        ("curl --insecure a", ("-k", "--insecure"), "--insecure"),
        ("curl --insecure=yes a", ("-k", "--insecure"), "--insecure=yes"),
        ("curl -o=x a", ("-o",), "-o=x"),
        ("apt -y -q install", ("-q",), "-q"),
        ("curl -- -k", ("-k",), None),
        ("curl --keep a", ("-k",), None),
        ("curl k a", ("-k",), None),
        ("-k a", ("-k",), None),
        ("tar -x a", ("--x",), None),
        ("gcc -static a", ("-static",), "-static"),
        ("gcc -s a", ("-static",), None),
        ("curl -a-b c", ("--",), None),
        ("go x-mod", ("x",), None),
        ("curl -xy a", ("xy",), None),
        ("curl insecure=1 a", ("insecure",), None),
    ],
)
def test_an_option_is_found_in_each_of_its_spellings(text: str, names: tuple[str, ...], word: str | None) -> None:
    assert shown(command(text).option(*names)) == word


@pytest.mark.parametrize(
    ("text", "names", "value"),
    [
        ("curl -o file a", ("-o", "--output"), "file"),
        ("curl -ofile a", ("-o", "--output"), "file"),
        ("curl --output file a", ("-o", "--output"), "file"),
        ("curl --output=file a", ("-o", "--output"), "file"),
        ("curl --output= a", ("-o", "--output"), ""),
        ("curl -s -o file a", ("-o",), "file"),
        ("curl -o", ("-o",), None),
        ("curl -o file -o other", ("-o",), "file"),
        ("curl --outputs file", ("--output",), None),
        ("curl -- -o file", ("-o",), None),
        ("curl a", ("-o", "--output"), None),
        ("curl ofile=x", ("o", "ofile"), None),
    ],
)
def test_the_value_of_an_option_is_the_next_word_or_joined(
    text: str, names: tuple[str, ...], value: str | None
) -> None:
    assert shown(command(text).value(*names)) == value


def test_a_script_gives_its_commands_and_pipelines_with_those_inside() -> None:
    script = shell.parse("a | b $(c | d); e && (f)")
    assert [each.name for each in script.commands()] == ["a", "b", "c", "d", "e", "", "f"]
    assert [[each.name for each in pipeline.commands] for pipeline in script.every_pipeline()] == [
        ["a", "b"],
        ["c", "d"],
        ["e"],
        [""],
        ["f"],
    ]
