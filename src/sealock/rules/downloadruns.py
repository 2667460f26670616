"""Follows what downloads print to the interpreter that runs it: through pipes, groups and substitutions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from sealock.model.shell import Command, Pipeline, Script, Word
from sealock.rules.downloads import DOWNLOADERS, INTERPRETERS, SHELLS, prints_download, prints_onward, program

_VALUED: Final = {"-o", "+o", "-O", "+O", "--rcfile", "--init-file", "-W", "-X", "-I", "-r", "--require"}
_INLINE: Final = {"python": "cm", "perl": "eEnp", "ruby": "enp", "node": "ep", "php": "rf", "lua": "e", "Rscript": "e"}
"""The short options that make an interpreter run something other than its standard input."""
_STDIN: Final = frozenset({"-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"})
_SOURCING: Final = frozenset({"source", "."})
_PRINTERS: Final = frozenset({"echo", "printf"})
"""They print their arguments, and read nothing."""
_FEEDING: Final = frozenset({"xargs", "parallel"})
"""They read their input and give it to commands as words, not as input."""
_SILENT: Final = frozenset({
    "wc", "cmp", "true", "false", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "md5sum", "b2sum",
    "shasum", "cksum", "gpgv", "cosign", "minisign", "install", "cp", "cpio", "unzip", "patch",
})  # fmt: skip
"""Programs that do not print what they read."""


class DownloadRun(NamedTuple):
    """A command that runs a download; `interpreter` is its name, "" where that is no plain word."""

    command: Command
    interpreter: str
    piped: bool


def stored_downloads(script: Script) -> frozenset[str]:
    """The words that stand for a variable with a download: `$script` after `script=$(curl …)`."""
    return frozenset(
        word
        for pipeline in script.every_pipeline()
        for command in pipeline.commands
        for assignment in command.assignments
        if assignment.value is not None and assignment.value.text.startswith(("$(", "`"))
        if "substitution" in _find_printed(command)
        for word in (f"${assignment.name}", f"${{{assignment.name}}}")
    )


def find_download_run(pipeline: Pipeline, stored: frozenset[str] = frozenset()) -> DownloadRun | None:
    """The first command of a pipeline that runs a download: `curl … | sh`, `sh -c "$(curl …)"`; None for none.

    `stored` are the words that `stored_downloads` found in the whole script.
    """
    streams = False
    for command in pipeline.commands:
        if streams and (interpreter := _interpreter(command)) is not None:
            return DownloadRun(command, program(interpreter), piped=True)
        if (command.nested or stored) and _runs_substituted(command, stored):
            return DownloadRun(command, command.name if command.name.isalnum() else "", piped=False)
        streams = passes_download(command, fed=streams) or (bool(stored) and _prints_stored(command, stored))
    return None


def passes_download(command: Command, *, fed: bool = False) -> bool:
    """Whether a command prints what was downloaded: by itself, or as it was `fed` it by a pipe.

    What is not known of a program counts as printed.
    """
    if not prints_onward(command.redirects):
        return False
    if command.name in DOWNLOADERS:
        return prints_download(command)
    printed = _find_printed(command)
    if command.name in _PRINTERS:
        return "substitution" in printed
    fed = _is_fed(command, printed, fed=fed)
    inner = tuple(_inner_scripts(command))
    if inner and command.name not in _FEEDING:
        return any(_passes(pipeline, fed=fed) for script in inner for pipeline in script.pipelines)
    return bool(command.words) and (fed or "process" in printed) and not _is_silent(command)


def _passes(pipeline: Pipeline, *, fed: bool = False) -> bool:
    streams = fed
    for command in pipeline.commands:
        streams = passes_download(command, fed=streams)
    return streams


def _inner_scripts(command: Command) -> Iterator[Script]:
    """The scripts that share the input and the output of the command."""
    for nested in command.nested:
        if nested.kind in {"wrapped", "subshell", "argument"}:
            yield nested.script


def _find_printed(command: Command) -> frozenset[str]:
    """The kinds of the command's substitutions that print a download: $(curl …) and <(curl …)."""
    return frozenset(
        nested.kind
        for nested in command.nested
        if nested.kind in {"substitution", "process"} and any(map(_passes, nested.script.pipelines))
    )


def _is_fed(command: Command, printed: frozenset[str], *, fed: bool) -> bool:
    """Whether the command's input is a download, after its redirections; `printed` is what `_find_printed` found."""
    for redirect in reversed(command.redirects):
        if redirect.fd not in {None, 0}:
            continue
        target = redirect.target.text if redirect.target is not None else ""
        if redirect.operator in {"<<<", "<<", "<<-"}:
            text = redirect.body if redirect.body is not None else target
            return "substitution" in printed and text.lstrip().startswith(("$(", "`"))
        if redirect.operator in {"<", "<&", "<>"}:
            if target.startswith("<("):
                return "process" in printed
            if target not in _STDIN and target != "0":
                return False
    return fed


def _is_silent(command: Command) -> bool:
    """Whether a filter does not print what it reads: it unpacks, compares or counts it, or writes it to a file."""
    name = program(command)
    match name:
        case "tar" | "bsdtar":
            return not command.option("-O", "--to-stdout") and "O" not in "".join(command.arguments[:1])
        case "grep" | "egrep" | "fgrep":
            return command.option("-q", "--quiet", "--silent", "-c", "--count") is not None
        case "gpg" | "gpg2" | "sort":
            imports = command.option("--import", "--verify") if name != "sort" else None
            return bool(imports or command.option("-o", "--output"))
        case "openssl":
            return "-out" in command.arguments
        case "cat" | "tac" | "nl" | "zcat" | "bzcat" | "xzcat" | "zstdcat":
            files = [text for text in command.arguments if text == "-" or not text.startswith("-")]
            return bool(files) and not any(text in _STDIN or text.startswith(("<(", "$")) for text in files)
        case "dd":
            return any(text.startswith("of=") for text in command.arguments)
        case _:
            return name in _SILENT


def _interpreter(command: Command) -> Command | None:
    """The interpreter that runs the download on the command's input, also inside sudo, env or a subshell."""
    if command.name in _FEEDING or not _is_fed(command, frozenset(), fed=True):
        return None
    if _what_runs(command)[0] == "input":
        return command
    for script in _inner_scripts(command):
        for pipeline in script.pipelines:
            for part in pipeline.commands:
                if passes_download(part):
                    break  # a download of its own
                if (inner := _interpreter(part)) is not None:
                    return inner
                if not passes_download(part, fed=True):
                    break
    return None


def _what_runs(command: Command) -> tuple[Literal["input", "file", "text", ""], Word | None]:
    """What an interpreter runs: its standard input, a file or a text; "" for no interpreter, and for nothing."""
    name, words = program(command), iter(command.words[1:])
    if name in _SOURCING:
        word = next(words, None)
        return ("input" if word is not None and word.text in _STDIN else "file"), word
    if name not in INTERPRETERS:
        return "", None
    inline, is_text = _INLINE.get(name, ""), False
    for word in words:
        text = word.text
        short = text[1:] if text[:1] in {"-", "+"} and text[1:2] != "-" else ""
        if text in _VALUED and text[1:] not in {*inline}:
            next(words, None)
        elif is_text and not (name in SHELLS and (short or text == "--")):
            return ("input" if text == "-" else "text"), word
        elif text == "--" or (text == "-" and name in SHELLS):
            if not is_text:
                script = next(words, None)
                return ("input" if script is None or script.text in _STDIN else "file"), script
        elif text in _STDIN:
            return "input", None
        elif text[:1] not in {"-", "+"}:
            return "file", word
        elif text in {"--version", "--help"} or (name in SHELLS and "n" in short):
            return "", None
        elif name in SHELLS and "c" in short:
            is_text = True
        elif name in SHELLS and "s" in short and not is_text:
            return "input", None
        elif text in {"--eval", "--print"} or text.lower() in _TEXT_OPTIONS.get(name, ()) or {*inline} & {*short}:
            is_text = True
    return ("", None) if is_text else ("input", None)


_TEXT_OPTIONS: Final = {"pwsh": ("-c", "-command"), "powershell": ("-c", "-command")}


def _starts_with_substituted(command: Command) -> bool:
    """Whether an interactive shell first runs what a substitution prints: `bash --rcfile <(…) -i`."""
    if program(command) not in SHELLS or not command.option("-i"):
        return False
    start = command.value("--rcfile", "--init-file")
    return isinstance(start, Word) and start.text.startswith("<(")


def _prints_stored(command: Command, stored: frozenset[str]) -> bool:
    """Whether the command prints a variable with a download: `echo "$script"`, `cat <<< "$script"`."""
    if command.name in _PRINTERS:
        return prints_onward(command.redirects) and any(word.text in stored for word in command.words[1:])
    return command.name == "cat" and _takes_stored(command, stored)


def _takes_stored(command: Command, stored: frozenset[str]) -> bool:
    return any(
        redirect.operator == "<<<" and redirect.target is not None and redirect.target.text in stored
        for redirect in command.redirects
    )


def _runs_substituted(command: Command, stored: frozenset[str]) -> bool:
    """Whether the command runs text that a download prints: "$(curl …)", <(curl …), or a variable with one."""
    printed = _find_printed(command)
    words = command.words
    if (
        stored
        and any(word.text in stored for word in words[1:])
        and (
            command.name == "eval"
            or ((run := _what_runs(command))[0] == "text" and run[1] is not None and run[1].text in stored)
        )
    ):
        return True
    if stored and _takes_stored(command, stored) and _what_runs(command)[0] == "input":
        return True
    if not printed:
        return False
    if command.name == "eval" or (words and words[0].text.startswith(("$(", "`"))):
        return "substitution" in printed
    if "process" in printed and _starts_with_substituted(command):
        return True
    runs, word = _what_runs(command)
    if runs == "input" or word is None:
        return runs == "input" and _is_fed(command, printed, fed=False)
    if runs == "file":
        return "process" in printed and word.text.startswith("<(")
    return "substitution" in printed and word.text.startswith(("$(", "`"))
