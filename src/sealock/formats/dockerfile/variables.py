"""Puts ARG and ENV into words, and takes quotes and escapes off, as BuildKit's shell lexer does."""

from __future__ import annotations

from typing import Final

from sealock.formats.dockerfile.lines import DockerfileSyntaxError
from sealock.formats.dockerfile.patterns import replace_pattern, trim_pattern
from sealock.model.absent import UNKNOWN, UNSET, Absent, Maybe

MAX_DEPTH: Final = 40
"""`${a:-${b:-…}}` is followed this deep."""
MAX_LENGTH: Final = 65_536
"""A value that grows longer is called unknown, since `ENV A=$A$A` doubles it with every line."""
_SPECIAL: Final = "@*#?-$!0"


class VariableScope:
    """The variables that an instruction sees.

    `complete` says that no others exist: before the first FROM, and in stages on scratch. Elsewhere a name that is not
    here may come from the base image.
    """

    __slots__ = ("complete", "names")

    def __init__(self, names: dict[str, Maybe[str]], *, complete: bool) -> None:
        self.names = names
        self.complete = complete

    def get(self, name: str) -> Maybe[str]:
        """The variable's value, UNSET where there is none, UNKNOWN where nobody knows."""
        found = self.names.get(name)
        if found is not None:
            return found
        return UNSET if self.complete or not name.isidentifier() else UNKNOWN


NO_VARIABLES: Final = VariableScope({}, complete=True)


def expand(word: str, scope: VariableScope, escape: str) -> Maybe[str]:
    """The word's value, UNKNOWN where it hangs on what nobody knows; Broken where BuildKit refuses it."""
    if "$" not in word and "'" not in word and '"' not in word and escape not in word:
        return word
    return _Expansion(word, scope, escape).until("", raw=False)


class _Expansion:
    __slots__ = ("depth", "escape", "pos", "raw", "scope", "text")

    def __init__(self, text: str, scope: VariableScope, escape: str) -> None:
        self.text = text
        self.scope = scope
        self.escape = escape
        self.pos = 0
        self.depth = 0

    def until(self, stop: str, *, raw: bool) -> Maybe[str]:
        """Read up to the stop character, or to the end for ""; `raw` keeps escapes, as patterns want them."""
        text, escape = self.text, self.escape
        parts: list[str] = []
        known = True
        while self.pos < len(text):
            char = text[self.pos]
            if char == stop:
                self.pos += 1
                return _joined(parts, known=known)
            if char == "'":
                parts.append(self._single())
            elif char == '"' or char == "$":  # noqa: PLR1714  this runs for every character
                value = self._double(raw=raw) if char == '"' else self.dollar(raw=raw)
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
            message = f"{stop} is missing in a variable"
            raise DockerfileSyntaxError(message)
        return _joined(parts, known=known)

    def _single(self) -> str:
        end = self.text.find("'", self.pos + 1)
        if end < 0:
            message = "a single quote is not closed"
            raise DockerfileSyntaxError(message)
        value = self.text[self.pos + 1 : end]
        self.pos = end + 1
        return value

    def _double(self, *, raw: bool) -> Maybe[str]:
        text = self.text
        parts: list[str] = []
        known = True
        self.pos += 1
        while self.pos < len(text):
            char = text[self.pos]
            if char == '"':
                self.pos += 1
                return _joined(parts, known=known)
            if char == "$":
                value = self.dollar(raw=raw)
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
                elif not after:
                    continue
            parts.append(char)
        message = "a double quote is not closed"
        raise DockerfileSyntaxError(message)

    def dollar(self, *, raw: bool = False) -> Maybe[str]:
        """Read what starts with a dollar sign."""
        text = self.text
        self.pos += 1
        if text[self.pos : self.pos + 1] != "{":
            name = self._name()
            return _given(self.scope.get(name)) if name else "$"
        self.pos += 1
        if text[self.pos : self.pos + 1] in {"", "{", "}", ":"}:
            message = "a variable's } is missing" if self.pos >= len(text) else "the substitution has no name"
            raise DockerfileSyntaxError(message)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            message = f"variables are nested more than {MAX_DEPTH} deep"
            raise DockerfileSyntaxError(message)
        name = self._name()
        value = self._modified(name, raw=raw)
        self.depth -= 1
        return value

    def _modified(self, name: str, *, raw: bool) -> Maybe[str]:
        value = self.scope.get(name)
        sign = self._next()
        if sign == "}":
            return _given(value)
        colon = sign == ":"
        if colon:
            sign = self._next()
        if sign == "/" and not colon:
            return self._replaced(value)
        if not sign or sign not in "+-?#%":
            message = (
                f"the modifier {':' if colon else ''}{sign} in a variable is not known" if sign else "} is missing"
            )
            raise DockerfileSyntaxError(message)
        word = self.until("}", raw=raw or sign in "#%")
        if sign in "#%":
            return self._trimmed(value, word, sign)
        empty = value is UNSET or (colon and value == "")
        if sign == "-":
            # An ARG without a default that nobody sets takes this default, as one with a default takes its own.
            return word if empty or value is UNKNOWN else value
        if sign == "+":
            return UNKNOWN if value is UNKNOWN else "" if empty else word
        if empty:
            message = f"{name}: {word if isinstance(word, str) and word else 'must be set'}"
            raise DockerfileSyntaxError(message)
        return value

    @staticmethod
    def _trimmed(value: Maybe[str], word: Maybe[str], sign: str) -> Maybe[str]:
        if isinstance(word, Absent) or value is UNKNOWN:
            return UNKNOWN
        greedy = word.startswith(sign)
        return trim_pattern(_text(value), word[1:] if greedy else word, at_end=sign == "%", longest=greedy)

    def _replaced(self, value: Maybe[str]) -> Maybe[str]:
        every = self.text.startswith("/", self.pos)
        self.pos += every
        pattern = self.until("/", raw=True)
        new = self.until("}", raw=True)
        if isinstance(pattern, Absent) or isinstance(new, Absent) or value is UNKNOWN:
            return UNKNOWN
        return replace_pattern(_text(value), pattern, new, every=every)

    def _next(self) -> str:
        self.pos += 1
        return self.text[self.pos - 1 : self.pos]

    def _name(self) -> str:
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


def _joined(parts: list[str], *, known: bool) -> Maybe[str]:
    if not known:
        return UNKNOWN
    value = "".join(parts)
    return value if len(value) <= MAX_LENGTH else UNKNOWN


def _given(value: Maybe[str]) -> Maybe[str]:
    return "" if value is UNSET else value


def _text(value: Maybe[str]) -> str:
    return value if isinstance(value, str) else ""


def word_spans(text: str) -> list[tuple[int, int]]:
    """The stretches between white space outside of quotes; none where the lexer refuses the text.

    This is how BuildKit looks for here-documents: with the backslash as escape, whatever the directive says.
    """
    reader = _Expansion(text, NO_VARIABLES, "\\")
    found: list[tuple[int, int]] = []
    start = -1
    try:
        while reader.pos < len(text):
            char = text[reader.pos]
            if char.isspace():
                if start >= 0:
                    found.append((start, reader.pos))
                start = -1
                reader.pos += 1
                continue
            if start < 0:
                start = reader.pos
            if char == "'":
                reader._single()  # noqa: SLF001  the same module
            elif char == '"':
                reader._double(raw=True)  # noqa: SLF001  the same module
            elif char == "$":
                reader.dollar()
            else:
                reader.pos += 2 if char == "\\" else 1
    except DockerfileSyntaxError:
        return []
    if start >= 0:
        found.append((start, len(text)))
    return found
