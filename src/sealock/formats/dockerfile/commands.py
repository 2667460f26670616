"""Parses RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL, with the scripts in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from sealock.formats.dockerfile.heredocs import parse_heredoc_start
from sealock.formats.dockerfile.lines import WHITESPACE, DockerfileSyntaxError, Offsets
from sealock.formats.dockerfile.mounts import parse_run_mount
from sealock.formats.dockerfile.scope import ParseState, RawInstruction, literal
from sealock.formats.dockerfile.words import parse_json_array
from sealock.model.build import BuildText, Cmd, Healthcheck, Heredoc, Instruction, Run, Shell
from sealock.model.durations import parse_duration
from sealock.model.shell import Script, Word
from sealock.shell import parse, parse_words, refusal

MAX_COMMANDS: Final = 30_000
"""Commands of one Dockerfile."""


def parse_run(raw: RawInstruction, state: ParseState) -> Instruction:
    """RUN."""
    raw.check_flags()
    network, security = raw.flag("network"), raw.flag("security")
    _check_choice(network, "network", ("default", "none", "host"))
    _check_choice(security, "security", ("sandbox", "insecure"))
    mounts = tuple(parse_run_mount(flag, state) for flag in raw.flags if flag.name == "mount") if raw.flags else ()
    words, script = _parse_script(raw, state)
    is_heredoc = raw.heredocs and parse_heredoc_start(raw.arguments) is not None
    return Run(
        **raw.common(),
        form="exec" if raw.array is not None else "heredoc" if is_heredoc else "shell",
        script=script,
        words=words,
        mounts=mounts,
        network=network,
        security=security,
        shell=state.shell,
    )


def parse_cmd(raw: RawInstruction, state: ParseState) -> Instruction:
    """CMD and ENTRYPOINT."""
    raw.check_flags()
    words, script = _parse_script(raw, state)
    line = None if raw.array is not None else raw.arguments
    return Cmd(**raw.common(), form="shell" if line is not None else "exec", words=words, script=script, line=line)


def parse_healthcheck(raw: RawInstruction, state: ParseState) -> Instruction:
    """HEALTHCHECK."""
    text, kind = raw.line.text, raw.arguments[: len(raw.arguments)].split(None, 1)
    if not kind:
        raise DockerfileSyntaxError(message="HEALTHCHECK needs CMD and a command, or NONE")
    name = kind[0].upper()
    if name == "NONE":
        if len(kind) > 1:
            raise DockerfileSyntaxError(message="HEALTHCHECK NONE takes no arguments")
        return Healthcheck(**raw.common(), disabled=True)
    if name != "CMD":
        raise DockerfileSyntaxError(message=f"HEALTHCHECK takes CMD or NONE, not {kind[0][:40]}")
    raw.check_flags()
    for flag in raw.flags:
        _check_duration(flag.name, flag.value)
    at = raw.start + len(kind[0])
    while at < len(text) and text[at] in WHITESPACE:
        at += 1
    raw.start = at
    raw.array = parse_json_array(text, at)
    if not raw.arguments or raw.array == []:
        raise DockerfileSyntaxError(message="HEALTHCHECK CMD needs a command")
    words, script = _parse_script(raw, state)
    line = None if raw.array is not None else raw.arguments
    return Healthcheck(
        **raw.common(),
        disabled=False,
        form="shell" if line is not None else "exec",
        words=words,
        script=script,
        line=line,
    )


def parse_shell(raw: RawInstruction, _state: ParseState) -> Instruction:
    """SHELL."""
    raw.check_flags()
    if not raw.array:
        message = "SHELL needs a JSON array" if raw.arguments else "SHELL needs at least one argument"
        raise DockerfileSyntaxError(message)
    return Shell(**raw.common(), words=tuple(literal(raw.line, token) for token in raw.array))


def _check_choice(value: BuildText | None, flag: str, allowed: tuple[str, ...]) -> None:
    if value is not None and value.text not in allowed:
        message = f"--{flag} must be one of {', '.join(allowed)}, not {value.text[:40]}"
        raise DockerfileSyntaxError(message, value.place)


def _check_duration(flag: str, value: BuildText | None) -> None:
    if value is None or not value.text:
        return
    if flag == "retries":
        if not re.fullmatch(r"\+?\d{1,9}", value.text):
            message = f"--retries must be a non-negative integer, not {value.text[:40]}"
            raise DockerfileSyntaxError(message, value.place)
    elif value.text != "0" and (duration := parse_duration(value.text)) != 0 and (duration is None or duration < 0.001):
        message = f"--{flag} must be a duration of at least 1ms such as 30s, not {value.text[:40]}"
        raise DockerfileSyntaxError(message, value.place)


def _parse_script(raw: RawInstruction, state: ParseState) -> tuple[tuple[BuildText, ...], Script]:
    """Parse the words of the exec form, and the script of any form."""
    line = raw.line
    if state.command_count > MAX_COMMANDS:
        raise DockerfileSyntaxError(message=f"not read: there are more than {MAX_COMMANDS} commands before it")
    words: tuple[BuildText, ...] = ()
    name = interpreter_name(state.shell)
    if raw.array is not None:
        words = tuple(literal(line, token) for token in raw.array)
        program = tuple(Word(text.text, text.place) for text in words)
        script = parse_words(program, line.place(raw.start, len(line.text)), text=state.text)
    elif raw.heredocs:
        script = _parse_heredoc_script(raw, state, name)
    else:
        script = parse(raw.arguments, line.offsets(raw.start, len(line.text)), shell=name)
    if script.unread and (reason := refusal(raw.arguments) or refusal(state.text[raw.place.start : raw.place.end])):
        state.errors.append(DockerfileSyntaxError(reason, raw.place))
    elif any(script.unread_within()):
        state.errors.append(DockerfileSyntaxError("its script is nested too deeply, and was not read whole", raw.place))
    state.command_count += sum(1 for _ in script.commands())
    if state.command_count >= MAX_COMMANDS:
        state.errors.append(
            DockerfileSyntaxError(f"there are more than {MAX_COMMANDS} commands; the rest was not read", raw.place)
        )
    return words, script


def interpreter_name(words: tuple[str, ...]) -> str:
    """The name of a script's interpreter: "bash" for /bin/bash, "powershell" for powershell.exe."""
    names = [word.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe") for word in words]
    if names[:1] == ["env"]:
        names = [name for name in names[1:] if not name.startswith("-") and "=" not in name]
    name = names[0] if names else "sh"
    return "powershell" if name == "pwsh" else "python" if name.startswith("python") else name


def _parse_heredoc_script(raw: RawInstruction, state: ParseState, name: str) -> Script:
    line, first = raw.line, raw.heredocs[0]
    if parse_heredoc_start(raw.arguments) is not None:
        body, offsets = heredoc_body(first, state.text)
        if body.startswith("#!"):
            name = interpreter_name(tuple(body[2:].partition("\n")[0].split()))
        return parse(body, offsets, shell=name)
    # BuildKit passes the line and all bodies to the shell as one text, as in the file.
    start, end = first.place.start - 1, raw.heredocs[-1].end
    head = line.offsets(raw.start, len(line.text))
    mapped = list(range(head, head + len(raw.arguments))) if isinstance(head, int) else head
    return parse(raw.arguments + state.text[start:end], [*mapped, *range(start, end)], shell=name)


def heredoc_body(heredoc: Heredoc, text: str) -> tuple[str, Offsets]:
    """The body of a here-document that is a script of its own, and its offsets."""
    start, end = heredoc.place.start, heredoc.place.end
    if not heredoc.strip_tabs:
        return text[start:end], start
    offsets: list[int] = []
    for line in re.finditer(r"^\t*([^\n]*\n?)", text[start:end], re.MULTILINE):
        offsets.extend(range(start + line.start(1), start + line.end(1)))
    return "".join(text[offset] for offset in offsets), offsets


PARSERS: Final[dict[str, Callable[[RawInstruction, ParseState], Instruction]]] = {
    "RUN": parse_run,
    "CMD": parse_cmd,
    "ENTRYPOINT": parse_cmd,
    "HEALTHCHECK": parse_healthcheck,
    "SHELL": parse_shell,
}
