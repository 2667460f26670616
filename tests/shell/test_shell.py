"""Shell scripts are parsed into commands, words and places."""

from __future__ import annotations

import pytest

from sealock import shell
from sealock.model.location import Place
from sealock.model.shell import Command, Pipeline, Script, Word


def sketch(script: Script) -> str:
    """A script in one line: joints and pipes as written, nested scripts in brackets behind their kind."""
    return " ".join(f"{sign(pipeline.joint)} {stages(pipeline)}".strip() for pipeline in script.pipelines)


def sign(joint: str) -> str:
    return {"\n": "NL"}.get(joint, joint)


def stages(pipeline: Pipeline) -> str:
    return ("! " if pipeline.negated else "") + " | ".join(part(command) for command in pipeline.commands)


def part(command: Command) -> str:
    parts = [
        f"{assignment.name}:={assignment.value.text if assignment.value else '?'}" for assignment in command.assignments
    ]
    parts += [word.text if word.literal else f"«{word.text}»" for word in command.words]
    parts += [
        f"{'' if redirect.fd is None else redirect.fd}{redirect.operator}{redirect.target.text if redirect.target else ''}"
        for redirect in command.redirects
    ]
    parts += [f"{nested.kind}[{sketch(nested.script)}]" for nested in command.nested]
    return " ".join(parts)


STRUCTURE = [
    ("a command", "apt-get install -y curl", "apt-get install -y curl"),
    ("lists", "a && b || c; d & e\nf", "a && b || c ; d & e NL f"),
    ("pipes", "a | b |& c", "a | b | c"),
    ("negation", "! a && b", "! a && b"),
    ("a pipe after a list belongs to its last command", "a && b 2>&1 | c >x || d", "a && b 2>&1 | c >x || d"),
    ("redirects of a list belong to its last command", "a && b >x", "a && b >x"),
    ("if", "if a; then b; elif c; then d; else e; fi", "a ; b ; c ; d ; e"),
    ("loops", "for i in 1 $(x); do a; done; while b; do c; done", "i:=? substitution[x] ; a ; b ; c"),
    ("case", "case $x in a|b) c;; *) d;; esac", "c ; d"),
    ("functions", "f() { a; }; f", "a ; f"),
    ("groups", "{ a; b; } && c", "a ; b && c"),
    ("a group in a pipe", "{ a; b; } | c", "subshell[a ; b] | c"),
    ("a loop in a pipe", "a | while read x; do b; done", "a | subshell[read x ; b]"),
    ("a group with a redirect", "{ a; } >x", ">x subshell[a]"),
    ("subshells", "(a && b) || c", "subshell[a && b] || c"),
    ("tests", "[ -f x ] && [[ $a == b ]] || test -e y", "[ -f x ] && [[ «$a» == b ]] || test -e y"),
    ("substitutions", 'a "$(b $(c))" `d`', "a «$(b $(c))» «`d`» substitution[b «$(c)» substitution[c]] substitution[d]"),
    ("process substitutions", "a <(b) >(c)", "a «<(b)» «>(c)» process[b] process[c]"),
    ("in expansions", "a ${x:-$(b)} $((1 + $(c)))", "a «${x:-$(b)}» «$((1 + $(c)))» substitution[b] substitution[c]"),
    ("assignments", "A=1 B= c; D=2; export E=3 F", "A:=1 B:= c ; D:=2 ; E:=3 export E=3 F"),
    ("assignments with substitutions", "A=$(b)", "A:=$(b) substitution[b]"),
    ("arrays", "A=(1 '2 3')", "A:=(1 '2 3')"),
    ("an exported array has no known value", "export A=(1 2)", "A:=(1 2) export «A=(1 2)»"),
    ("a comment in a pipe is no part of it", "a | # x\n b", "a | b"),
    ("nor is one in a pipe of a list", "a && b >f | # x\n c", "a && b >f | c"),
    ("what a loop as in C starts with runs", "for ((A=$(b);;)); do c; done", "substitution[b] ; c"),
    ("redirects", "a >b 2>>c <d &>e 2>&1 >&-", "a >b 2>>c <d &>e 2>&1 >&-"),
    ("words after a redirect", ">x a b", "a b >x"),
    ("a here-string", "a <<< 'b c'", "a <<<b c"),
    ("a here-document", "cat <<EOF\n$(a)\nEOF\nb", "cat <<EOF substitution[a] NL b"),
    ("backquotes in a here-document", "cat <<E\nx `a | b` y\n`c`\nE", "cat <<E substitution[a | b] substitution[c]"),
    ("escapes in such backquotes", "cat <<E\n`a \\`b c\\` \\\\x`\nE", "cat <<E substitution[a «`b c`» x substitution[b c]]"),
    ("escaped backquotes in a here-document", "cat <<E\n\\`a\\` `b`\nE", "cat <<E substitution[b]"),
    ("backquotes in a substitution of a here-document", "cat <<E\n$(a 'x`b`' `c`)\nE", "cat <<E substitution[a x`b` «`c`» substitution[c]]"),
    ("a substitution in backquotes of a here-document", "cat <<E\n`a $(b)`\nE", "cat <<E substitution[b] substitution[a «$(b)»]"),
    ("a single backquote and empty ones", "cat <<E\n`` x ` y\nE", "cat <<E"),
    ("backquotes in a here-document in quotes", "cat <<'E'\n`a`\nE", "cat <<E"),
    ("a comment in a pipeline", "a | # why\n b", "a | b"),
    ("comments after joints", "a &&\n# why\nb ||\n# else\nc", "a && b || c"),
    ("a comment in a group that is redirected", "{ # why\n a; } >x", ">x subshell[a]"),
    ("a comment in a loop of a pipeline", "for i in x; do # why\n b; done | c", "subshell[i:=? ; b] | c"),
    ("a descriptor that is no number that fits", "a 12345678901>x", "a >x"),
    ("a here-document in quotes", "cat <<'EOF'\n$(a)\nEOF\nb", "cat <<EOF NL b"),
    ("what follows a here-document on its line", "a <<E >x | b && c; d\n1\nE\ne", "a <<E >x | b && c ; d NL e"),
    ("a body loses the tabs of each line", 'sh <<-E\n\ta "x\n\ty"\n\tE', "sh <<-E argument[a x\ny]"),
    ("two here-documents on a line", "a <<A; b <<-B\n1\nA\n\t2\n\tB\nc", "a <<A ; b <<-B NL c"),
    ("a shift is no here-document", "echo $((1 << 2)); a", "echo «$((1 << 2))» ; a"),
    ("comments", "a # b\n# c\nd", "a NL d"),
    ("lines that go on", "a \\\n  b && \\\n c\\\nd", "a b && cd"),
    ("options of the shell", "set -eux -o pipefail; a", "set -eux -o pipefail ; a"),
    ("unset and declare", "unset A; declare -r B=1; local c=$d", "unset A ; B:=1 declare -r B=1 ; c:=$d local «c=$d»"),
]  # fmt: skip

NESTED = [
    ("sh -c", "sh -c 'a | b'", "sh -c a | b argument[a | b]"),
    ("combined options", "bash -euxo pipefail -c 'a'; bash -lc a", "bash -euxo pipefail -c a argument[a] ; bash -lc a argument[a]"),
    ("a script's name is no text", "sh -x a.sh -c b", "sh -x a.sh -c b"),
    ("escapes in the text", r'sh -c "a \"b c\" \$d $e"', 'sh -c «a "b c" $d $e» argument[a b c «$d» «$e»]'),
    ("substitutions are read once", 'sh -c "$(a)"', "sh -c «$(a)» substitution[a] argument[«$(a)»]"),
    ("a here-document of another descriptor", "bash 3<<E\na\nE", "bash 3<<E"),
    ("a here-document through cat for another program", "cat <<E | python\na\nE", "cat <<E | python"),
    ("a here-document through cat with options", "cat -n <<E | sh\na\nE", "cat -n <<E | sh"),
    ("wrappers without a command", "watch; watch -n 1; env -S; parallel ::: a; sh -c; eval", "watch ; watch -n 1 ; env -S ; parallel ::: a ; sh -c ; eval"),
    ("an option with a file before -c", "bash --rcfile x -c a", "bash --rcfile x -c a argument[a]"),
    ("eval", "eval 'a b' c", "eval a b c argument[a b c]"),
    ("su", "su - me -c 'a; b'", "su - me -c a; b argument[a ; b]"),
    ("a here-document for a shell", "sh <<E\na \\$b\nE", "sh <<E argument[a «$b»]"),
    ("a here-document through cat", "cat <<E | bash -s\na\nE", "cat <<E | bash -s argument[a]"),
    ("a here-string for a shell", "bash <<< 'a; b'", "bash <<<a; b argument[a ; b]"),
    ("a here-document for a script is data", "sh x.sh <<E\na\nE", "sh x.sh <<E"),
    ("sudo", "sudo -u me -E A=b a -u", "sudo -u me -E A=b a -u wrapped[a -u]"),
    ("sudo without a command", "sudo -l; sudo", "sudo -l ; sudo"),
    ("env", "env -i -u X A=b a", "env -i -u X A=b a wrapped[a]"),
    ("env -S", "env -S 'a b' c", "env -S a b c wrapped[a b c]"),
    ("wrappers of wrappers", "exec nice -n 5 timeout -k 1 10 a", "exec nice -n 5 timeout -k 1 10 a wrapped[nice -n 5 timeout -k 1 10 a wrapped[timeout -k 1 10 a wrapped[a]]]"),
    ("gosu, chroot, setpriv", "gosu me a; chroot /x b; setpriv --reuid 1 c", "gosu me a wrapped[a] ; chroot /x b wrapped[b] ; setpriv --reuid 1 c wrapped[c]"),
    ("command -v asks only", "command -v a; command a", "command -v a ; command a wrapped[a]"),
    ("xargs", "a | xargs -n 1 -0 b -c", 'a | xargs -n 1 -0 b -c wrapped[b -c «"$@"»]'),
    ("watch and parallel with a text", "watch 'a b'; parallel 'a {}' ::: b; parallel a {} ::: b", "watch a b argument[a b] ; parallel a {} ::: b argument[a {}] ; parallel a {} ::: b wrapped[a «{}»]"),
    ("xargs sh -c", "xargs -I {} sh -c 'a {}'", "xargs -I {} sh -c a {} wrapped[sh -c «a {}» argument[a {}]]"),
    ("xargs with a sign of its own", "xargs -I % a -%- 'b %' {}; xargs -i a {}; xargs -i@ a {} @; xargs --replace=x a x; xargs -I", "xargs -I % a -%- b % {} wrapped[a «-%-» «b %» {}] ; xargs -i a {} wrapped[a «{}»] ; xargs -i@ a {} @ wrapped[a {} «@»] ; xargs --replace=x a x wrapped[a «x»] ; xargs -I"),
    ("xargs without a sign", "xargs -n 1 a {x}; xargs a", 'xargs -n 1 a {x} wrapped[a «{x}»] ; xargs a wrapped[a «"$@"»]'),
    ("busybox", "busybox sh -c a", "busybox sh -c a wrapped[sh -c a argument[a]]"),
    ("find -exec", r"find . -exec a {} \; -execdir b {} +", "find . -exec a {} ; -execdir b {} + wrapped[a «{}»] wrapped[b «{}»]"),
    ("time", "time -p a", "time -p a wrapped[a]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*row[1:], id=row[0]) for row in STRUCTURE + NESTED])
def test_a_script_is_read(text: str, expected: str) -> None:
    script = shell.parse(text, shell="bash")  # noqa: S604  the shell that it is read for
    assert sketch(script) == expected
    assert not script.broken


@pytest.mark.parametrize(
    ("text", "value", "literal"),
    [
        ("plain", "plain", True),
        ("'a b'", "a b", True),
        ('"a b"', "a b", True),
        ("a'b'\"c\"d", "abcd", True),
        (r"a\ b\'\\", r"a b'\\"[:-1], True),
        (r'"a\"b\\c\d\$"', r'a"b\c\d$', True),
        (r"'a\b'", r"a\b", True),
        (r"$'a\n\t\x41\u00e9\101\'b'", "a\n\tAéA'b", True),
        (r"$'\cA\x4g\08\q'", "\x01\x04g\x008\\q", True),
        (r"$'\c'", r"\c", True),
        (r"$'\xg\U110000'", r"\xg\U110000", True),
        ('$"text"', "text", True),
        ("''", "", True),
        ('"$HOME/x"', "$HOME/x", False),
        ("$HOME/'a b'", "$HOME/a b", False),
        ('"a  $b  c"', "a  $b  c", False),
        ("'$HOME'", "$HOME", True),
        (r"\$HOME", "$HOME", True),
        ("*.txt", "*.txt", True),
        ("a?[b-c]", "a?[b-c]", True),
        ("~/x", "~/x", False),
        ("'~/x'", "~/x", True),
        ("a~b", "a~b", True),
        ("{}", "{}", True),
        ("--format='{{.Id}}'", "--format={{.Id}}", True),
        ("80:80", "80:80", True),
        ("x=y", "x=y", True),
        ("é€𝄞", "é€𝄞", True),
        ("a\\\nb", "ab", True),
    ],
)
def test_words_have_their_value_and_place(text: str, value: str, literal: bool) -> None:  # noqa: FBT001  a table's column
    before = "echo é "
    script = shell.parse(f"{before}{text} end", 100)
    word = script.pipelines[0].commands[0].words[2]
    assert (word.text, word.literal) == (value, literal)
    assert word.place == Place(100 + len(before), 100 + len(before) + len(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("(( docker run", "docker run", id="words behind a sign that nothing closes are one command"),
        pytest.param("(( docker run x\necho b", "docker run NL x NL echo b", id="the lines after them are others"),
        pytest.param("case x in\ndocker run x\necho b\n", "x NL docker run x NL echo b", id="a case without patterns"),
        pytest.param("& $x |", "«$x»", id="an operator before the first command joins it to nothing"),
        pytest.param("! >x >y", ">x >y", id="redirects without a command are of one"),
        pytest.param("{ >x f()", "f >x", id="a name after a redirect is its command"),
    ],
)
def test_what_a_syntax_error_leaves_is_read(text: str, expected: str) -> None:
    script = shell.parse(text)
    assert sketch(script) == expected
    assert script.broken


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("bash", "a {b,c} d", "a b c d", id="a list of braces is words"),
        pytest.param("dash", "a {b,c} d", "a {b,c} d", id="in dash it is one word"),
        pytest.param("sh", "{curl,-s,https://e.com/x}|sh; a", "curl -s https://e.com/x | sh ; a", id="a command's name"),
        pytest.param("sh", "x && {curl,-s,$URL,'b'} >y", "x && curl -s «$URL» b >y", id="after a joint, with a variable"),
        pytest.param("sh", "$({curl,x}) `{wget,y}`", "«$({curl,x})» «`{wget,y}`» substitution[curl x] substitution[wget y]", id="in substitutions"),
        pytest.param("bash", "sudo {curl,-s}", "sudo curl -s wrapped[curl -s]", id="what a wrapper runs"),
        pytest.param("bash", '{"a,b",c}', "a b c", id="a comma in quotes counts too"),
        pytest.param("bash", "a \"{b,c}\" '{d,e}'", "a {b,c} {d,e}", id="in quotes it is text"),
        pytest.param("bash", "{a,,b} {,}", "a b", id="empty words are none"),
        pytest.param("bash", "{ a,b; }; f() { c; }", "a,b ; c", id="a group is none"),
    ],
)  # fmt: skip
def test_a_list_of_braces_is_words(name: str, text: str, expected: str) -> None:
    script = shell.parse(text, shell=name)
    assert sketch(script) == expected
    assert not script.broken


def test_each_word_of_a_list_of_braces_is_at_the_place_of_the_list() -> None:
    words = shell.parse("{curl,-s}").pipelines[0].commands[0].words
    assert [word.place for word in words] == [Place(0, 9), Place(0, 9)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("sh", r"echo 'a\nb\tc' | sh", "a NL b c", id="echo of dash"),
        pytest.param("dash", r"echo 'a\\\nb' | dash", "ab", id="an escaped backslash before a line feed"),
        pytest.param("bash", r"echo 'a\nb' | sh", "anb", id="echo of bash reads no escapes"),
        pytest.param("bash", r"echo -ne 'a\nb' | sh", "a NL b", id="unless it should"),
        pytest.param("sh", "echo 'a; b' c | sudo -E bash -s x", "a ; b c", id="sudo and several words"),
        pytest.param("sh", "echo '' a | sh", "a", id="an empty word"),
        pytest.param("sh", r"printf 'a\nb' | sh", "a NL b", id="printf"),
        pytest.param("sh", r"printf '%s\n' 'a b' c | sh", "a b NL c", id="lines of printf"),
        pytest.param("sh", r"printf '%s' 'a\nb' | sh", "anb", id="printf leaves %s as it is"),
        pytest.param("sh", r"printf '%b' 'a\nb' | sh", "a NL b", id="printf reads the escapes of %b"),
        pytest.param("sh", "cat <<E | env A=1 sh\na\nb\nE", "a NL b", id="a here-document through a wrapper"),
        pytest.param("sh", "printf 'a %s' b | sh", None, id="another format"),
        pytest.param("sh", "echo a >x | sh", None, id="what goes elsewhere"),
        pytest.param("sh", "echo a | sh <x", None, id="another input"),
        pytest.param("sh", "echo a | sh x", None, id="a script of its own"),
        pytest.param("sh", "echo a | xargs sh", None, id="words for xargs"),
        pytest.param("sh", "echo a | busybox sh", "a", id="BusyBox"),
        pytest.param("sh", "echo a | python", None, id="another program"),
        pytest.param("sh", "echo | sh; printf | sh; cat | sh", None, id="nothing is printed"),
    ],
)
def test_a_shell_runs_what_is_piped_into_it(name: str, text: str, expected: str | None) -> None:
    script = shell.parse(text, shell=name)
    scripts = [nested for command in script.commands() for nested in command.nested if nested.kind == "argument"]
    assert [sketch(nested.script) for nested in scripts] == ([] if expected is None else [expected])


@pytest.mark.parametrize(
    "text", [r"echo 'x\ncurl y' | sh", r"echo x '; curl' | sh", r"printf '%s\n' x curl | sh", "printf 'x;curl' | sh"]
)
def test_a_piped_command_is_where_it_is_printed(text: str) -> None:
    script = shell.parse(text, 10)
    curl = next(command for command in script.commands() if command.name == "curl")
    assert curl.words[0].place == Place(10 + text.index("curl"), 14 + text.index("curl"))


@pytest.mark.parametrize(("name", "literal"), [("sh", True), ("dash", True), ("bash", False)])
def test_braces_expand_only_in_bash(name: str, literal: bool) -> None:  # noqa: FBT001  a table's column
    words = shell.parse("echo y{a,b} x{1..3}", shell=name).pipelines[0].commands[0].words
    assert [word.literal for word in words] == [True, literal, literal]
    assert words[1].text == "y{a,b}"


@pytest.mark.parametrize(
    ("text", "literal"),
    [("{1..3}", False), ("x{a,b}", False), ("{a}", True), ("}a,b{", True), ("{ab..", True), ("a,b..", True)],
)
def test_braces_expand_where_they_hold_a_list_or_a_range(text: str, literal: bool) -> None:  # noqa: FBT001  a table's column
    words = shell.parse(f"echo {text}", shell="bash").pipelines[0].commands[0].words  # noqa: S604  the shell that it is read for
    assert words[1].literal is literal


def test_offsets_lead_back_to_the_file() -> None:
    file = 'RUN apt-get update && \\\n    # why\n    sh -c "curl \\"x y\\""\n'
    kept = [index for index in range(4, len(file) - 1) if not 23 <= index - 1 < 34 and index not in {22, 23}]
    text = "".join(file[index] for index in kept)
    script = shell.parse(text, kept)
    places = {
        word.text: file[word.place.start : word.place.end] for command in script.commands() for word in command.words
    }
    assert places["apt-get"] == "apt-get"
    assert places["curl"] == "curl"
    assert places["x y"] == 'x y\\"'[:-2] or places["x y"].strip('\\"') == "x y"


def test_places_name_their_file() -> None:
    script = shell.parse("sh -c 'a b'", file="other.sh")
    assert {word.place.file for command in script.commands() for word in command.words} == {"other.sh"}


@pytest.mark.parametrize("name", ["powershell", "cmd", "python", "/usr/bin/perl", "pwsh.exe"])
def test_texts_for_other_shells_are_not_read(name: str) -> None:
    script = shell.parse("Get-Item | sh", shell=name)
    assert script.pipelines == ()
    assert script.shell == name.rpartition("/")[2].removesuffix(".exe")


@pytest.mark.parametrize("name", ["/bin/bash", "dash", "/bin/ash", "zsh", "C:\\x\\bash.exe"])
def test_a_shell_may_be_a_path(name: str) -> None:
    assert sketch(shell.parse("a", shell=name)) == "a"


def words(*texts: str) -> tuple[Word, ...]:
    """Words as they stand in a JSON list without blanks."""
    words, at = [], 1
    for text in texts:
        words.append(Word(text, Place(at, at + len(text) + 2)))
        at += len(text) + 3
    return tuple(words)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("nginx", "-g", "daemon off;"), "nginx -g daemon off;"),
        (("sh", "-c", "a && b"), "sh -c a && b argument[a && b]"),
        (("/bin/sh", "-c", "$x"), "/bin/sh -c $x argument[«$x»]"),
        (("tini", "--", "sh", "-c", "a"), "tini -- sh -c a wrapped[sh -c a argument[a]]"),
        ((), ""),
    ],
)
def test_exec_forms_are_read(texts: tuple[str, ...], expected: str) -> None:
    assert sketch(shell.parse_words(words(*texts), Place(0, 99))) == expected


def test_exec_forms_with_escapes_have_exact_places_where_the_text_is_known() -> None:
    text = r'["sh", "-c", "echo \"\u00e9 x\" && curl"]'
    given = (Word("sh", Place(1, 5)), Word("-c", Place(7, 11)), Word('echo "é x" && curl', Place(13, len(text) - 1)))
    script = shell.parse_words(given, Place(0, len(text)), text=text)
    curl = list(script.commands())[-1].words[0]
    assert text[curl.place.start : curl.place.end] == "curl"


@pytest.mark.parametrize(
    "text",
    [
        "if a; then b",
        "a && ",
        "a 'b",
        'a "b',
        "a $(b",
        "a `b",
        "a <<E",
        "(a",
        "a )",
        "case x in",
        "for",
        "}",
        "a ${b",
        "\x00",
        "\ud800",
    ],
)
def test_broken_text_gives_what_can_be_read(text: str) -> None:
    script = shell.parse("first; " + text)
    assert next(iter(script.commands())).words[0].text == "first"
    assert all(0 <= place.start <= place.end <= len(text) + 7 for place in script.broken)


def test_what_the_grammar_cannot_read_is_reported() -> None:
    assert shell.parse("a; if b; then (c").broken
    assert not shell.parse("a; if b; then c; fi").broken


def test_nesting_is_bounded() -> None:
    text = "a"
    for _ in range(8):
        text = "sh -c " + "'" + text.replace("'", "'\\''") + "'"
    assert sum(command.name == "sh" for command in shell.parse(text).commands()) == 8
    deep = shell.parse("eval " * 40 + "a")
    assert any(nested.script.unread for command in deep.commands() for nested in command.nested)


def test_redirects_in_a_long_list_stay_with_their_commands() -> None:
    script = shell.parse(" && ".join(f"a{index} >f{index} | b" for index in range(300)))
    assert len(script.pipelines) == 300
    assert all(part(pipeline.commands[0]) == f"a{index} >f{index}" for index, pipeline in enumerate(script.pipelines))


def test_too_deep_nesting_is_reported() -> None:
    assert shell.parse("if a; then " * 100 + "b" + "; fi" * 100).unread
    assert not shell.parse("if a; then " * 10 + "b" + "; fi" * 10).unread


@pytest.mark.parametrize(("depth", "whole"), [(24, True), (25, False)])
def test_so_many_branches_may_lie_in_one_another(depth: int, whole: bool) -> None:  # noqa: FBT001  a table's column
    script = shell.parse("if a; then b; else\n" * depth + "docker run x\n" + "fi\n" * depth)
    assert ("docker" in {command.name for command in script.commands()}, not script.unread) == (whole, whole)


@pytest.mark.untraced
@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000,
        "$(" * 10_000,
        '"$(' * 6_000,
        "{ " * 10_000,
        "sudo " * 6_000,
        "a && " * 20_000 + "b",
        "a | " * 10_000 + "b",
        "a\\\n" * 10_000,
        "if a; then " * 4_000,
        "x=" * 20_000,
        "'" * 19_999,
        "`" * 19_999,
        "<<A " * 10_000,
        "a <<E\n" * 4_000,
        "{" * 20_000 + "a,b" + "}" * 20_000,
        "a 'b c' \"d $e\" >f && " * 6_000 + "g",
        "\\" * 19_999,
        "! " * 10_000,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_long_texts_are_read_in_time(text: str) -> None:
    for command in shell.parse(text, shell="bash").commands():  # noqa: S604  the shell that it is read for
        assert command.place.start <= command.place.end


@pytest.mark.parametrize(
    "text",
    [
        "for a in b; do for c in d; do e; done done\nf",
        "for a in b\ndo if c; then d; fi done",
        "if a; then for c in d; do e; done else f; fi",
        "for a in b; do case x in y) z;; esac done",
        "{ { a; } }",
        "if a; then (b) else (c) fi && (d)",
        "while (a) do (b) done; for c in d; do ( e ) done; case f in g) (h) esac",
        "for a in b; do if c; then if d; then e; fi fi done",
        "for a in b; do echo 'x; done done'; { c; } done",
    ],
)
def test_terminators_need_no_semicolon_between_them(text: str) -> None:
    assert not shell.parse(text).broken


@pytest.mark.parametrize(
    "default",
    ["http://a/?b=c&d=e", "a;b", "a|b", "(a", "a)", "a<b>", "a&$B", "a && b"],
)
def test_operators_in_the_default_of_a_variable_are_a_part_of_it(default: str) -> None:
    script = shell.parse(f'curl -o x ${{URL:-{default}}} | sh; echo "${{A-{default}}}"')
    assert not script.broken
    assert [command.name for command in script.commands()] == ["curl", "sh", "echo"]
    first = next(iter(script.commands()))
    assert first.words[3].text == f"${{URL:-{default}}}"


@pytest.mark.parametrize(
    "text", ["echo $(a) fi done (", "for a in b; do echo done done", "if a; then b; fi fi", "for a in b; do c; done fi"]
)
def test_a_terminator_without_its_opening_word_is_broken(text: str) -> None:
    assert shell.parse(text).broken


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a|" * 30_000, "500 pipes"),
        ("a |\n" * 30_000, "500 pipes"),
        ("a=(" * 30_000, "1000 arrays"),
        ("<<<" * 30_000, "1000 here-strings"),
        ("a\n" * 600_000, "1000000 characters"),
        ("@(" * 100_000 + ")" * 100_000, "2000 open brackets"),
        ("case a in (" * 16_000, "2000 open brackets"),
        ("f() { " * 16_000, "2000 open brackets"),
        ("a[" * 16_000 + "]" * 16_000, "2000 open brackets"),
        ("cat <<A\n$(" * 16_000, "2000 open brackets"),
    ],
)
def test_a_text_that_is_slow_to_parse_is_refused(text: str, words: str) -> None:
    script = shell.parse(text)
    assert script.unread
    assert not script.pipelines
    assert words in shell.refusal(text)


def test_a_long_script_is_read_up_to_a_limit() -> None:
    script = shell.parse("a;" * 40_000)
    assert sum(1 for _ in script.commands()) == 30_000
    assert script.unread
    assert not shell.refusal("case $x in a|b|c) d | e;; esac\n" * 5_000)
    assert not shell.refusal("f() { a[1]=(2) $(b ${c}); }\n" * 900)
    assert not shell.parse("$(" * 40 + "a" + ")" * 40).unread


def test_a_script_that_was_parsed_before_keeps_its_own_places() -> None:
    """Results are kept: the same text may stand elsewhere, be continued elsewhere, or belong to another shell."""
    for offsets in (0, 10, [0, 1, 2, 3], [0, 1, 2, 9], [5, 6, 8, 9], 0):
        for name in ("sh", "bash"):
            script = shell.parse("a  b", offsets, shell=name)
            (command,) = script.commands()
            at = offsets if isinstance(offsets, list) else [offsets, 0, 0, offsets + 3]
            assert [(word.place.start, word.place.end) for word in command.words] == [
                (at[0], at[0] + 1),
                (at[3], at[3] + 1),
            ]
            assert script.shell == name
