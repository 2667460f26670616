"""Properties of every text: bash's own words, no exceptions, and no wrong places."""

from __future__ import annotations

import shutil
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from sealock import shell
from sealock.formats.scripts import find_created_networks, find_run_commands
from sealock.model.location import Source
from sealock.model.shell import Script
from support.draws import draws

BASH = shutil.which("bash") or "/bin/bash"
CHARS = st.sampled_from("ab 0-_=:/.,;&|<>()#!*?[]{}~$`\"'\\\té€\n")
PIECES = st.one_of(
    st.text("abc019-_=:/.,+@%^", min_size=1, max_size=5),
    st.text(CHARS, max_size=6).map(lambda text: "'" + text.replace("'", "") + "'"),
    st.text(CHARS, max_size=6).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`") + '"'
    ),
    st.text(st.sampled_from('ab \\nté€"xy'), max_size=4).map(
        lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    ),
    st.sampled_from(
        ["\\ ", "\\'", '\\"', "\\\\", "\\$", "\\;", "\\a", "\\&", "\\\n", "'\\n'", '"\\n"', '"\\a\\"b"', '"a\\\nb"']
    ),
    st.sampled_from(["$'\\n'", "$'a\\tb'", "$'\\x41'", "$'\\''", "$'\\u00e9'", "$'\\101\\\\'", "$'\\q'", "$'\\e'"]),
)
WORDS = st.lists(st.lists(PIECES, min_size=1, max_size=5).map("".join), min_size=1, max_size=6)


@given(WORDS)
@draws(120)
def test_words_are_those_of_bash(words: list[str]) -> None:
    line = "printf '%s\\0' " + " ".join([*words, "end"])
    # Safe to run: printf is a builtin, and its words hold nothing but quoted text, escapes and plain letters.
    bash = subprocess.run(
        [BASH, "-c", "set -f; " + line],
        capture_output=True,
        check=True,
        env={"LC_ALL": "C.UTF-8", "PATH": "/nonexistent"},
    )
    script = shell.parse(line)
    (command,) = script.pipelines[0].commands
    assert "\0".join([*command.arguments[1:], ""]).encode() == bash.stdout
    assert all(word.literal for word in command.words)
    assert not script.broken


TOKENS = st.sampled_from([
    "a", "docker", "run", "-v", "x:/y", "sudo", "sh", "-c", "'", '"', "\\", "\n", "\\\n", " ", "\t", ";", "&&", "||", "|", "&",
    "(", ")", "{", "}", "$(", "`", "${", "$", "$x", "<<", "<<-", "<<<", "EOF", "<", ">", "2>&1", "if", "then", "fi", "for", "do",
    "done", "case", "in", "esac", ";;", "function", "[[", "]]", "((", "))", "A=", "A=(", "+=", "#", "!", "eval", "find", "-exec",
    "env", "-S", "xargs", "é", "\U0001d11e", "\ud800", "\0", "```sh\n", "\t@", "$(X)", "$$", "ExecStart=", "[Service]\n", "- ", "run: |\n",
    "script:\n", "  ", "    ", "~~~\n", "> ", "$ ", "%i", "${{ x }}", "podman", "create", "network", "docker run ", "su", "cat",
])  # fmt: skip
MESS = st.one_of(
    st.lists(TOKENS, max_size=40).map("".join), st.lists(TOKENS, max_size=40).map(" ".join), st.text(max_size=60)
)
OFFSETS = st.booleans()


def check(script: Script, low: int, high: int) -> None:
    for place in script.broken:
        assert low <= place.start <= place.end <= high
    for pipeline in script.pipelines:
        assert pipeline.commands
        for command in pipeline.commands:
            assert low <= command.place.start <= command.place.end <= high
            for word in command.words:
                assert low <= word.place.start <= word.place.end <= high
            for nested in command.nested:
                check(nested.script, low, high)


@given(MESS, st.sampled_from(["sh", "bash"]), OFFSETS)
@draws(200)
def test_any_text_is_read_and_places_stay_in_it(text: str, name: str, spread: bool) -> None:  # noqa: FBT001  drawn
    if spread:
        check(shell.parse(text, [7 + 2 * index for index in range(len(text))], shell=name), 7, 7 + 2 * len(text))
    else:
        check(shell.parse(text, 7, shell=name), 7, 7 + len(text))


@given(MESS)
@draws(200)
def test_an_unquoted_word_is_at_its_place(text: str) -> None:
    for command in shell.parse(text).commands():
        for word in command.words:
            written = text[word.place.start : word.place.end]
            if word.literal and not any(mark in written for mark in "'\"\\$`"):
                assert written == word.text


@given(MESS, st.sampled_from(["a.sh", "Makefile", "README.md", "a.service", "ci.yml", ""]))
@draws(200)
def test_any_text_can_be_searched_for_run_lines(text: str, name: str) -> None:
    source = Source(name, text + "\ndocker")
    size = len(source.text)
    for run in find_run_commands(source):
        assert run.engine in {"docker", "podman", "nerdctl"}
        assert 0 <= run.place.start <= run.place.end <= size
        assert 0 < run.first <= len(run.command.words)
        for word in run.command.words:
            assert 0 <= word.place.start <= word.place.end <= size
    for _, place, _ in find_created_networks(source):
        assert 0 <= place.start <= place.end <= size


WIDE = st.sampled_from(
    ["{", "}", "$", "${", "[", "\U000d836f", "\U000958e3", "\u02ad", "\u0121", "é", "中", "a", "\n", '"']
)


@given(st.lists(WIDE, max_size=40).map("".join))
@draws(200)
def test_characters_of_every_plane_are_read(text: str) -> None:
    # The grammar's scanner ends the process where it is given characters that its tables do not hold.
    check(shell.parse(text), 0, len(text))


def test_a_wide_character_within_braces_is_read() -> None:
    text = "echo {\U000d836f\u0121 x} '\U000958e3'"
    (command,) = shell.parse(text).commands()
    assert command.words[-1].text == "\U000958e3"
