"""Expands ARG and ENV in words, and removes quotes and escapes, as BuildKit's shell lexer does."""

from __future__ import annotations

from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.patterns import replace_pattern, trim_pattern
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe

MAX_DEPTH: Final = 40
"""The nesting depth of `${a:-${b:-…}}`."""
MAX_LENGTH: Final = 65_536
"""A longer value becomes UNKNOWN, since each `ENV A=$A$A` doubles it."""
_SPECIAL: Final = "@*#?-$!0"


class VariableScope:
    """The variables that an instruction sees.

    `complete` if there are no others: before the first FROM, and in stages on scratch. Elsewhere another name may come
    from the base image.
    """

    __slots__ = ("complete", "names")

    def __init__(self, names: dict[str, Maybe[str]], *, complete: bool) -> None:
        self.names = names
        self.complete = complete

    def get(self, name: str) -> Maybe[str]:
        """The variable's value: UNSET if there is none, UNKNOWN if the base image decides."""
        value = self.names.get(name)
        if value is not None:
            return value
        return UNSET if self.complete or not name.isidentifier() else UNKNOWN


NO_VARIABLES: Final = VariableScope({}, complete=True)


def expand(word: str, scope: VariableScope, escape: str) -> Maybe[str]:
    """Expand a word; UNKNOWN if it depends on an unknown value, DockerfileSyntaxError if BuildKit rejects it."""
    if "$" not in word and "'" not in word and '"' not in word and escape not in word:
        return word
    return _WordLexer(word, scope, escape).read_until("", raw=False)


class _WordLexer:
    __slots__ = ("depth", "escape", "pos", "raw", "scope", "text")

    def __init__(self, text: str, scope: VariableScope, escape: str) -> None:
        self.text = text
        self.scope = scope
        self.escape = escape
        self.pos = 0
        self.depth = 0

    def read_until(self, stop: str, *, raw: bool) -> Maybe[str]:
        """Read up to the stop character, or to the end for ""; `raw` keeps the escapes of patterns."""
        text, escape = self.text, self.escape
        parts: list[str] = []
        known = True
        while self.pos < len(text):
            char = text[self.pos]
            if char == stop:
                self.pos += 1
                return _join(parts, known=known)
            if char == "'":
                parts.append(self.single_quoted())
            elif char == '"' or char == "$":  # noqa: PLR1714  this runs for every character
                value = self.double_quoted(raw=raw) if char == '"' else self.parameter(raw=raw)
                if isinstance(value, Absent):
                    known = False
                else:
                    parts.append(value)
            elif char == escape:
                parts.append(text[self.pos + (0 if raw else 1) : self.pos + 2])
                self.pos += 2
            else:
                parts.append(char)
                self.pos += 1
        if stop:
            raise DockerfileSyntaxError(message=f"{stop} is missing in a variable")
        return _join(parts, known=known)

    def single_quoted(self) -> str:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            raise DockerfileSyntaxError(message="a single quote is not closed")
        value = self.text[self.pos + 1 : end]
        self.pos = end + 1
        return value

    def double_quoted(self, *, raw: bool) -> Maybe[str]:
        text = self.text
        parts: list[str] = []
        known = True
        self.pos += 1
        while self.pos < len(text):
            char = text[self.pos]
            if char == '"':
                self.pos += 1
                return _join(parts, known=known)
            if char == "$":
                value = self.parameter(raw=raw)
                if isinstance(value, Absent):
                    known = False
                else:
                    parts.append(value)
                continue
            self.pos += 1
            if char == self.escape:
                after = text[self.pos : self.pos + 1]
                if raw:
                    parts.append(char)
                if after and (after in '"$' or after == self.escape):
                    char = after
                    self.pos += 1
            parts.append(char)
        raise DockerfileSyntaxError(message="a double quote is not closed")

    def parameter(self, *, raw: bool = False) -> Maybe[str]:
        """Read a parameter expansion."""
        text = self.text
        self.pos += 1
        if text[self.pos : self.pos + 1] != "{":
            name = self._read_name()
            return _empty_if_unset(self.scope.get(name)) if name else "$"
        self.pos += 1
        if text[self.pos : self.pos + 1] in {"", "{", "}", ":"}:
            message = "a variable's } is missing" if self.pos >= len(text) else "the substitution has no name"
            raise DockerfileSyntaxError(message)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise DockerfileSyntaxError(message=f"variables are nested more than {MAX_DEPTH} deep")
        name = self._read_name()
        value = self._expand_modifier(name, raw=raw)
        self.depth -= 1
        return value

    def _expand_modifier(self, name: str, *, raw: bool) -> Maybe[str]:
        value = self.scope.get(name)
        modifier = self._next_char()
        if modifier == "}":
            return _empty_if_unset(value)
        colon = modifier == ":"
        if colon:
            modifier = self._next_char()
        if modifier == "/" and not colon:
            return self._replace(value)
        if not modifier or modifier not in "+-?#%":
            message = f"unknown modifier {':' if colon else ''}{modifier} in a variable" if modifier else "} is missing"
            raise DockerfileSyntaxError(message)
        word = self.read_until("}", raw=raw or modifier in "#%")
        if modifier in "#%":
            return self._trim(value, word, modifier)
        empty = value is UNSET or (colon and value == "")
        if modifier == "-":
            # As for an ARG with a default, assume that the build does not set it.
            return word if empty or value is UNKNOWN else value
        if modifier == "+":
            return UNKNOWN if value is UNKNOWN else "" if empty else word
        if empty:
            raise DockerfileSyntaxError(message=f"{name}: {word if isinstance(word, str) and word else 'must be set'}")
        return value

    @staticmethod
    def _trim(value: Maybe[str], word: Maybe[str], modifier: str) -> Maybe[str]:
        if isinstance(word, Absent) or value is UNKNOWN:
            return UNKNOWN
        greedy = word.startswith(modifier)
        return trim_pattern(_text(value), word[1:] if greedy else word, at_end=modifier == "%", longest=greedy)

    def _replace(self, value: Maybe[str]) -> Maybe[str]:
        every = self.text.startswith("/", self.pos)
        self.pos += every
        pattern = self.read_until("/", raw=True)
        new = self.read_until("}", raw=True)
        if isinstance(pattern, Absent) or isinstance(new, Absent) or value is UNKNOWN:
            return UNKNOWN
        return replace_pattern(_text(value), pattern, new, every=every)

    def _next_char(self) -> str:
        self.pos += 1
        return self.text[self.pos - 1 : self.pos]

    def _read_name(self) -> str:
        text, start = self.text, self.pos
        first = text[start : start + 1]
        end = start
        if first.isdigit():
            while end < len(text) and text[end].isdigit():
                end += 1
        elif first and first in _SPECIAL:
            end = start + 1
        else:
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
        self.pos = end
        return text[start:end]


def _join(parts: list[str], *, known: bool) -> Maybe[str]:
    if not known:
        return UNKNOWN
    value = "".join(parts)
    return value if len(value) <= MAX_LENGTH else UNKNOWN


def _empty_if_unset(value: Maybe[str]) -> Maybe[str]:
    return "" if value is UNSET else value


def _text(value: Maybe[str]) -> str:
    return value if isinstance(value, str) else ""


def word_spans(text: str) -> list[tuple[int, int]]:
    """The start and end of words between unquoted white space; none if the lexer rejects the text.

    BuildKit looks for here-documents in this way: the backslash escapes, whatever the escape directive says.
    """
    reader = _WordLexer(text, NO_VARIABLES, "\\")
    spans: list[tuple[int, int]] = []
    start = -1
    try:
        while reader.pos < len(text):
            char = text[reader.pos]
            if char.isspace():
                if start >= 0:
                    spans.append((start, reader.pos))
                start = -1
                reader.pos += 1
                continue
            if start < 0:
                start = reader.pos
            if char == "'":
                reader.single_quoted()
            elif char == '"':
                reader.double_quoted(raw=True)
            elif char == "$":
                reader.parameter()
            else:
                reader.pos += 2 if char == "\\" else 1
    except DockerfileSyntaxError:
        return []
    if start >= 0:
        spans.append((start, len(text)))
    return spans
