"""The state of the parser between instructions: variables, shell, stage names; and the parts of a raw instruction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError, LogicalLine
from sealock.formats.dockerfile.variables import VariableScope, expand
from sealock.formats.dockerfile.words import RawFlag, Token
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.build import BuildText, Flag, Heredoc
from sealock.model.location import Place

DEFAULT_SHELL: Final = ("/bin/sh", "-c")
MAX_EXPANDED: Final = 200_000
"""Characters that variables may add to all values of a file, since each use may expand to 64 KiB."""
FLAGS: Final[dict[str, dict[str, str]]] = {
    "RUN": {"mount": "many", "network": "text", "security": "text", "device": "many"},
    "COPY": dict.fromkeys(("from", "chown", "chmod"), "text") | {"link": "bool", "parents": "bool", "exclude": "many"},
    "ADD": dict.fromkeys(("chown", "chmod", "checksum"), "text")
    | dict.fromkeys(("link", "keep-git-dir", "unpack"), "bool")
    | {"exclude": "many"},
    "FROM": {"platform": "text"},
    "HEALTHCHECK": dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), "text"),
}
"""The flags of each instruction: boolean, with a value, or repeatable with a value."""


class ParseState:
    """What the parser knows when it reads an instruction of a stage."""

    __slots__ = (
        "command_count",
        "errors",
        "escape",
        "expanded_length",
        "named_stages",
        "scope",
        "shell",
        "stage_names",
        "text",
    )

    def __init__(self, text: str, escape: str, scope: VariableScope) -> None:
        self.text = text
        self.escape = escape
        self.scope = scope
        self.shell: tuple[str, ...] = DEFAULT_SHELL
        self.stage_names: dict[str, int] = {}
        """The index of every named stage of the file, by its name in lower case."""
        self.named_stages: dict[str, int] = {}
        """The index of each stage so far that FROM may name."""
        self.errors: list[DockerfileSyntaxError] = []
        self.command_count = 0
        """Commands in all instructions so far."""
        self.expanded_length = 0
        """Characters that variables added so far."""

    def value(self, raw: str, place: Place) -> Maybe[str]:
        """Expand a word; record an error if BuildKit rejects it."""
        try:
            value = expand(raw, self.scope, self.escape)
        except DockerfileSyntaxError as broken:
            self.errors.append(DockerfileSyntaxError(broken.message, place))
            return UNKNOWN
        self.expanded_length += max(0, len(value) - len(raw)) if isinstance(value, str) else 0
        return value if self.expanded_length <= MAX_EXPANDED else UNKNOWN

    def expanded(self, line: LogicalLine, start: int, end: int) -> BuildText:
        """The words at text[start:end], with variables expanded."""
        raw = line.text[start:end]
        place = line.place(start, end)
        return BuildText(raw, self.value(raw, place), place)


def literal(line: LogicalLine, token: Token) -> BuildText:
    """A word in which BuildKit expands no variables."""
    return BuildText(line.text[token.start : token.end], token.text, line.place(token.start, token.end))


class RawInstruction:
    """The parts that all instructions share: keyword, flags, and the start of the arguments."""

    __slots__ = ("array", "flags", "heredocs", "keyword", "line", "onbuild", "place", "start")

    def __init__(self, line: LogicalLine, keyword: str, flags: Iterable[RawFlag], start: int) -> None:
        self.line = line
        self.keyword = keyword.upper()
        self.start = start
        self.array: list[Token] | None = None
        self.heredocs: tuple[Heredoc, ...] = ()
        self.onbuild = False
        self.place = line.place(0, len(line.text))
        self.flags = tuple(_parse_flag(line, flag) for flag in flags)

    @property
    def arguments(self) -> str:
        """The arguments, as one text."""
        return self.line.text[self.start :]

    def common(self) -> dict[str, Any]:
        """The fields that every Instruction has."""
        line = self.line
        end = self.heredocs[-1].end if self.heredocs else self.place.end
        return {
            "keyword": self.keyword,
            "place": Place(self.place.start, end),
            "keyword_place": line.place(0, len(self.keyword)),
            "flags": self.flags,
            "heredocs": self.heredocs,
            "onbuild": self.onbuild,
        }

    def check_flags(self) -> None:
        """Reject unknown and duplicate flags, and flags with the wrong kind of value."""
        known = FLAGS.get(self.keyword, {})
        names = set()
        for flag in self.flags:
            kind = known.get(flag.name)
            if kind is None:
                raise DockerfileSyntaxError(message=f"{self.keyword} has no flag --{flag.name}", place=flag.place)
            if flag.name in names and kind != "many":
                raise DockerfileSyntaxError(message=f"duplicate flag --{flag.name}", place=flag.place)
            names.add(flag.name)
            value = flag.value.text if flag.value else None
            if kind == "bool" and value is not None and value.lower() not in {"true", "false"}:
                raise DockerfileSyntaxError(message=f"the flag --{flag.name} must be true or false", place=flag.place)
            if kind != "bool" and value is None:
                raise DockerfileSyntaxError(message=f"the flag --{flag.name} needs a value", place=flag.place)

    def flag(self, name: str) -> BuildText | None:
        """The value of the first flag of that name."""
        return next((flag.value for flag in self.flags if flag.name == name), None)

    def expanded_flag(self, name: str, state: ParseState) -> BuildText | None:
        """The value of a flag, with variables expanded."""
        text = self.flag(name)
        if text is None or "$" not in text.raw:
            return text
        return BuildText(text.raw, state.value(text.text, text.place), text.place)


def _parse_flag(line: LogicalLine, flag: RawFlag) -> Flag:
    place = line.place(flag.start, flag.end)
    if flag.value is None:
        return Flag(flag.name, None, place)
    start = line.text.index("=", flag.start) + 1
    return Flag(flag.name, BuildText(line.text[start : flag.end], flag.value, line.place(start, flag.end)), place)
