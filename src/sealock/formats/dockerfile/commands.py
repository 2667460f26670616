"""Reads what runs: RUN, CMD, ENTRYPOINT, HEALTHCHECK and SHELL, with the script inside."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from sealock.formats.dockerfile.heredocs import parse_heredoc_start
from sealock.formats.dockerfile.lines import WHITESPACE, DockerfileSyntaxError, Offsets
from sealock.formats.dockerfile.mounts import parse_run_mount
from sealock.formats.dockerfile.scope import ParseState, RawInstruction, literal
from sealock.formats.dockerfile.words import parse_json_array
from sealock.formats.shell import parse, parse_words, refusal
from sealock.model.build import BuildText, Cmd, Healthcheck, Heredoc, Instruction, Run, Shell
from sealock.model.shell import Script, Word

MAX_COMMANDS: Final = 30_000
"""How many commands of one Dockerfile are read, at most."""
_DURATION: Final = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*"
)


def parse_run(parts: RawInstruction, ground: ParseState) -> Instruction:
    """RUN."""
    parts.check_flags()
    network, security = parts.flag("network"), parts.flag("security")
    _one_of(network, "network", ("default", "none", "host"))
    _one_of(security, "security", ("sandbox", "insecure"))
    mounts = tuple(parse_run_mount(flag, ground) for flag in parts.flags if flag.name == "mount") if parts.flags else ()
    words, script = _what_runs(parts, ground)
    simple = parts.heredocs and parse_heredoc_start(parts.rest) is not None
    return Run(
        **_typed(parts),
        form="exec" if parts.array is not None else "heredoc" if simple else "shell",
        script=script,
        words=words,
        mounts=mounts,
        network=network,
        security=security,
        shell=ground.shell,
    )


def parse_cmd(parts: RawInstruction, ground: ParseState) -> Instruction:
    """CMD and ENTRYPOINT."""
    parts.check_flags()
    words, script = _what_runs(parts, ground)
    line = None if parts.array is not None else parts.rest
    return Cmd(**_typed(parts), form="shell" if line is not None else "exec", words=words, script=script, line=line)


def parse_healthcheck(parts: RawInstruction, ground: ParseState) -> Instruction:
    """HEALTHCHECK."""
    text, kind = parts.line.text, parts.rest[: len(parts.rest)].split(None, 1)
    if not kind:
        message = "HEALTHCHECK needs CMD and a command, or NONE"
        raise DockerfileSyntaxError(message)
    name = kind[0].upper()
    if name == "NONE":
        if len(kind) > 1:
            message = "HEALTHCHECK NONE takes no arguments"
            raise DockerfileSyntaxError(message)
        return Healthcheck(**_typed(parts), disabled=True)
    if name != "CMD":
        message = f"HEALTHCHECK takes CMD or NONE, not {kind[0][:40]}"
        raise DockerfileSyntaxError(message)
    parts.check_flags()
    for flag in parts.flags:
        _check_time(flag.name, flag.value)
    at = parts.start + len(kind[0])
    while at < len(text) and text[at] in WHITESPACE:
        at += 1
    parts.start = at
    parts.array = parse_json_array(text, at)
    if not parts.rest or parts.array == []:
        message = "HEALTHCHECK CMD needs a command"
        raise DockerfileSyntaxError(message)
    words, script = _what_runs(parts, ground)
    line = None if parts.array is not None else parts.rest
    return Healthcheck(
        **_typed(parts),
        disabled=False,
        form="shell" if line is not None else "exec",
        words=words,
        script=script,
        line=line,
    )


def parse_shell(parts: RawInstruction, _ground: ParseState) -> Instruction:
    """SHELL."""
    parts.check_flags()
    if not parts.array:
        message = "SHELL needs its words as a JSON array" if parts.rest else "SHELL needs at least one argument"
        raise DockerfileSyntaxError(message)
    return Shell(**_typed(parts), words=tuple(literal(parts.line, token) for token in parts.array))


def _typed(parts: RawInstruction) -> Any:  # noqa: ANN401  keyword arguments of every type
    return parts.common()


def _one_of(text: BuildText | None, flag: str, allowed: tuple[str, ...]) -> None:
    if text is not None and text.text not in allowed:
        message = f"--{flag} is one of {', '.join(allowed)}, not {text.text[:40]}"
        raise DockerfileSyntaxError(message, text.place)


def _check_time(flag: str, value: BuildText | None) -> None:
    if value is None or not value.text:
        return
    if flag == "retries":
        if not re.fullmatch(r"\+?\d{1,9}", value.text):
            message = f"--retries is a whole number from 0 on, not {value.text[:40]}"
            raise DockerfileSyntaxError(message, value.place)
    elif value.text != "0" and (time := parse_duration(value.text)) != 0 and (time is None or time < 0.001):
        message = f"--{flag} is a time of at least 1ms such as 30s, not {value.text[:40]}"
        raise DockerfileSyntaxError(message, value.place)


_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float | None:
    """A duration as Go writes it ("1m30s"), in seconds; None where it is none."""
    if len(text) > 100 or not _DURATION.fullmatch(text):
        return 0.0 if text == "0" else None
    found = re.findall(r"([\d.]+)([a-zµμ]+)", text)
    total = sum(float(number) * _UNITS[unit] for number, unit in found)
    return -total if text[0] == "-" else total


def _what_runs(parts: RawInstruction, ground: ParseState) -> tuple[tuple[BuildText, ...], Script]:
    """The words of the exec form, and the script of any form."""
    line = parts.line
    if ground.commands > MAX_COMMANDS:
        message = f"there are more than {MAX_COMMANDS} commands before this one, and it was not read"
        raise DockerfileSyntaxError(message)
    if parts.array is not None:
        words = tuple(literal(line, token) for token in parts.array)
        program = tuple(Word(text.text, text.place) for text in words)
        return words, parse_words(program, line.place(parts.start, len(line.text)))
    name = interpreter_name(ground.shell)
    if parts.heredocs:
        script = _with_heredocs(parts, ground, name)
    else:
        script = parse(parts.rest, line.offsets(parts.start, len(line.text)), shell=name)
    if script.broken and (why := refusal(parts.rest) or refusal(ground.text[parts.place.start : parts.place.end])):
        ground.errors.append(DockerfileSyntaxError(why, parts.place))
    ground.commands += sum(1 for _ in script.commands())
    if ground.commands >= MAX_COMMANDS:
        ground.errors.append(
            DockerfileSyntaxError(f"there are more than {MAX_COMMANDS} commands; the rest was not read", parts.place)
        )
    return (), script


def interpreter_name(words: tuple[str, ...]) -> str:
    """The name of the program that reads a script: "bash" for /bin/bash, "powershell" for powershell.exe."""
    names = [word.replace("\\", "/").rpartition("/")[2].lower().removesuffix(".exe") for word in words]
    if names[:1] == ["env"]:
        names = [name for name in names[1:] if not name.startswith("-") and "=" not in name]
    name = names[0] if names else "sh"
    return "powershell" if name == "pwsh" else "python" if name.startswith("python") else name


def _with_heredocs(parts: RawInstruction, ground: ParseState, name: str) -> Script:
    line, first = parts.line, parts.heredocs[0]
    if parse_heredoc_start(parts.rest) is not None:
        body, offsets = _body(first, ground.text)
        if body.startswith("#!"):
            name = interpreter_name(tuple(body[2:].partition("\n")[0].split()))
        return parse(body, offsets, shell=name)
    # BuildKit hands the line and all bodies to the shell as one text, which is how they stand in the file.
    start, end = first.place.start - 1, parts.heredocs[-1].end
    head = line.offsets(parts.start, len(line.text))
    mapped = list(range(head, head + len(parts.rest))) if isinstance(head, int) else head
    return parse(parts.rest + ground.text[start:end], [*mapped, *range(start, end)], shell=name)


def _body(heredoc: Heredoc, text: str) -> tuple[str, Offsets]:
    """A here-document's body as a script of its own, and its offsets."""
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
