"""What instructions are read on: the variables in sight, the shell in force, the names of stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError, LogicalLine
from sealock.formats.dockerfile.variables import VariableScope, expand
from sealock.formats.dockerfile.words import RawFlag, Token
from sealock.model.absent import UNKNOWN, Maybe
from sealock.model.build import BuildText, Flag, Heredoc
from sealock.model.location import Place

DEFAULT_SHELL: Final = ("/bin/sh", "-c")
MAX_EXPANDED: Final = 4_000_000
"""Characters that the values of a file may have in all; a variable may stand for 64 KiB each time that it is named."""
FLAGS: Final[dict[str, dict[str, str]]] = {
    "RUN": {"mount": "many", "network": "text", "security": "text", "device": "many"},
    "COPY": dict.fromkeys(("from", "chown", "chmod"), "text") | {"link": "bool", "parents": "bool", "exclude": "many"},
    "ADD": dict.fromkeys(("chown", "chmod", "checksum"), "text")
    | dict.fromkeys(("link", "keep-git-dir", "unpack"), "bool")
    | {"exclude": "many"},
    "FROM": {"platform": "text"},
    "HEALTHCHECK": dict.fromkeys(("interval", "timeout", "start-period", "start-interval", "retries"), "text"),
}
"""Which flags an instruction has, and whether each is a switch, takes a value, or takes one each time it stands."""


class ParseState:
    """The ground that a stage's instructions stand on; it changes as they are read."""

    __slots__ = ("bases", "commands", "errors", "escape", "expanded_to", "names", "scope", "shell", "text")

    def __init__(self, text: str, escape: str, scope: VariableScope) -> None:
        self.text = text
        self.escape = escape
        self.scope = scope
        self.shell: tuple[str, ...] = DEFAULT_SHELL
        self.names: dict[str, int] = {}
        """Every stage of the file that has a name, also those further down, by it in lower case."""
        self.bases: dict[str, int] = {}
        """The stages above that a FROM may name."""
        self.errors: list[DockerfileSyntaxError] = []
        self.commands = 0
        """How many commands were read so far, in all instructions."""
        self.expanded_to = 0
        """How many characters all values have so far."""

    def value(self, raw: str, place: Place) -> Maybe[str]:
        """A word's value; what BuildKit refuses is noted as a problem."""
        try:
            value = expand(raw, self.scope, self.escape)
        except DockerfileSyntaxError as broken:
            self.errors.append(DockerfileSyntaxError(broken.message, place))
            return UNKNOWN
        self.expanded_to += len(value) if isinstance(value, str) else 0
        return value if self.expanded_to <= MAX_EXPANDED else UNKNOWN

    def expanded(self, line: LogicalLine, start: int, end: int) -> BuildText:
        """The words at text[start:end], with variables put in."""
        raw = line.text[start:end]
        place = line.place(start, end)
        return BuildText(raw, self.value(raw, place), place)


def literal(line: LogicalLine, token: Token) -> BuildText:
    """A word in which no variable means anything to BuildKit."""
    return BuildText(line.text[token.start : token.end], token.text, line.place(token.start, token.end))


class RawInstruction:
    """An instruction taken apart as far as all of them are alike: keyword, flags, and where its arguments start."""

    __slots__ = ("array", "flags", "heredocs", "keyword", "line", "onbuild", "place", "start")

    def __init__(self, line: LogicalLine, keyword: str, flags: Iterable[RawFlag], start: int) -> None:
        self.line = line
        self.keyword = keyword.upper()
        self.start = start
        self.array: list[Token] | None = None
        self.heredocs: tuple[Heredoc, ...] = ()
        self.onbuild = False
        self.place = line.place(0, len(line.text))
        self.flags = tuple(_flag(line, flag) for flag in flags)

    @property
    def rest(self) -> str:
        """The arguments, as one text."""
        return self.line.text[self.start :]

    def common(self) -> dict[str, object]:
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
        """Refuse flags that the instruction does not have, has twice, or has with the wrong kind of value."""
        known = FLAGS.get(self.keyword, {})
        seen = set()
        for flag in self.flags:
            kind = known.get(flag.name)
            if kind is None:
                message = f"{self.keyword} has no flag --{flag.name}"
                raise DockerfileSyntaxError(message, flag.place)
            if flag.name in seen and kind != "many":
                message = f"the flag --{flag.name} stands twice"
                raise DockerfileSyntaxError(message, flag.place)
            seen.add(flag.name)
            value = flag.value.text if flag.value else None
            if kind == "bool" and value is not None and value.lower() not in {"true", "false"}:
                message = f"the flag --{flag.name} is true or false"
                raise DockerfileSyntaxError(message, flag.place)
            if kind != "bool" and value is None:
                message = f"the flag --{flag.name} needs a value"
                raise DockerfileSyntaxError(message, flag.place)

    def flag(self, name: str) -> BuildText | None:
        """The value of the first flag of that name."""
        return next((flag.value for flag in self.flags if flag.name == name), None)

    def expanded_flag(self, name: str, ground: ParseState) -> BuildText | None:
        """The value of a flag, with variables put in."""
        text = self.flag(name)
        if text is None or "$" not in text.raw:
            return text
        return BuildText(text.raw, ground.value(text.text, text.place), text.place)


def _flag(line: LogicalLine, flag: RawFlag) -> Flag:
    place = line.place(flag.start, flag.end)
    if flag.value is None:
        return Flag(flag.name, None, place)
    start = line.text.index("=", flag.start) + 1
    return Flag(flag.name, BuildText(line.text[start : flag.end], flag.value, line.place(start, flag.end)), place)
