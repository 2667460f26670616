"""Parses simple commands: words, assignments, redirects, and nested scripts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tree_sitter import Node

from sealock.model.location import Place
from sealock.model.shell import Assignment, Command, Nested, NestedKind, Redirect, Script, Word
from sealock.patterns import compile_lazily
from sealock.shell.masks import MaskedHeredoc
from sealock.shell.nested import add_nested
from sealock.shell.text import NO_BRACES, WORDS, ShellText
from sealock.shell.words import IN_HEREDOC, ShellValue, map_offsets

_SPECIAL: Final = frozenset("\\~{")
"""Characters that make an unquoted word differ from its value."""
_SUBSTITUTIONS: Final[dict[str, NestedKind]] = {
    "command_substitution": "substitution",
    "process_substitution": "process",
}
_FILE_DESCRIPTOR: Final = compile_lazily(r"(?:^|[\s;&|(])\{[A-Za-z_]\w*\}$")
"""A variable before a redirect, which gets the number of the file: `{log}>file`."""
_LIST: Final = compile_lazily(r"\{[^{},]*,[^{}]*\}")
"""A word that is a list of braces as a whole, of which bash makes words."""
_DECLARING: Final = frozenset({"export", "readonly", "declare", "local", "typeset"})


class CommandReader(ShellText):
    """Reads simple commands from a text. `visited` holds the offsets of the substitutions that it has read."""

    __slots__ = ("count", "heredocs", "level", "too_deep", "visited")

    def __init__(self, text: str, base: Sequence[int] | int, shell: str, file: str) -> None:
        super().__init__(text, base, shell, file)
        self.level = 0
        self.count = 0
        self.heredocs: dict[int, MaskedHeredoc] = {}
        self.too_deep: list[Place] = []
        """Places that are nested too deeply to be read."""
        self.visited: set[int] = set()

    @abstractmethod
    def read_nodes(self, nodes: Sequence[Node], depth: int) -> Script:
        """Read the statements of a subshell or substitution."""

    @abstractmethod
    def parse_nested(self, text: str, offsets: Sequence[int] | int, shell: str) -> Script:
        """Parse a script inside this one: the argument of `sh -c`, or without a `shell` that of `eval`."""

    @abstractmethod
    def add_heredoc_substitutions(self, text: str, offsets: Sequence[int], nested: list[Nested], depth: int) -> None:
        """Add the substitutions in a here-document."""

    def command(self, nodes: Iterable[Node], depth: int) -> Command:
        """Read a simple command from its nodes."""
        builder = _CommandBuilder(self, depth)
        for node in nodes:
            builder.add(node)
        return add_nested(builder.build(), self)

    def add_substitutions(self, node: Node, nested: list[Nested], depth: int) -> None:
        """Add the scripts of $(…), `…`, <(…) and >(…) below a node."""
        pending = [node]
        while pending:
            current = pending.pop()
            kind = _SUBSTITUTIONS.get(current.type)
            if kind is None:
                pending.extend(reversed(current.children))
                continue
            place = self.place(*self.span(current))
            if place.start in self.visited:
                continue
            self.visited.add(place.start)
            nested.append(Nested(kind, self.read_nodes(current.children, depth + 1)))

    def assignment(self, node: Node) -> Assignment:
        """Read NAME=value."""
        start, end = self.span(node)
        name = self.text[start:end].partition("=")[0]
        value: Word | None = None
        items: list[Word] = []
        children = node.children
        last = children[-1] if len(children) > 2 else None
        if last is None:
            value = Word("", self.place(end, end))
        elif last.type == "array":
            value = Word(self.slice(last), self.place(*self.span(last)), literal=False)
            items = self._items(last)
        else:
            value = self.word([last])
        return Assignment(name.rstrip("+"), value, self.place(start, end), tuple(items), name.endswith("+"))

    def _items(self, array: Node) -> list[Word]:
        """The elements of an array, of which the grammar splits one at an escaped line feed."""
        groups: list[list[Node]] = []
        last_end = -1
        for child in array.children:
            if child.type not in WORDS:
                continue
            start, end = self.span(child)
            if groups and _is_continuation(self.text, last_end, start):
                groups[-1].append(child)
            else:
                groups.append([child])
            last_end = end
        return list(map(self.word, groups))


class _CommandBuilder:
    """Builds a command from its nodes."""

    __slots__ = (
        "adjacent",
        "assignments",
        "depth",
        "end",
        "last_end",
        "nested",
        "redirects",
        "source",
        "start",
        "words",
    )

    def __init__(self, source: CommandReader, depth: int) -> None:
        self.source = source
        self.depth = depth
        self.words: list[Word] = []
        self.assignments: list[Assignment] = []
        self.redirects: list[Redirect] = []
        self.nested: list[Nested] = []
        self.adjacent: list[Node] = []
        self.start = self.end = -1
        self.last_end = -1
        """The end of the previous word; -1 if that cannot continue."""

    def add(self, node: Node) -> None:
        """Add one node."""
        kind = node.type
        if kind == "command_name" and node.child_count == 1:
            node = node.children[0]
            kind = node.type
        source = self.source
        start, end = source.span(node)
        if kind == "word" and start != self.last_end and start > 0 and source.text[start - 1] != "\n":
            value = source.text[start:end]
            if value and _SPECIAL.isdisjoint(value):  # most words are
                if len(self.adjacent) > 1:
                    self._join()
                self.adjacent = [node]
                self.last_end = end
                self.words.append(Word(value, source.place(start, end)))
                self.start = start if self.start < 0 else min(start, self.start)
                self.end = max(self.end, end)
                return
        if kind == "comment":
            return
        if start == end and kind != "file_redirect":
            return
        if kind in WORDS or kind == "command_name":
            self._word(node, kind, start, end)
            self.last_end = end
        else:
            before = self.last_end
            self._join()
            if kind == "variable_assignment":
                self.assignments.append(source.assignment(node))
                if self.words:
                    self.words.append(source.word([node]))
                source.add_substitutions(node, self.nested, self.depth)
            elif kind == "variable_assignments":
                for child in node.children:
                    self.add(child)
            elif kind.endswith("_redirect"):
                self._redirect(node, follows=before == start)
            else:
                self._other(node, start, end)
        if self.start < 0 or start < self.start:
            self.start = start
        self.end = max(self.end, end)

    def _word(self, node: Node, kind: str, start: int, end: int) -> None:
        source = self.source
        value = source.text[start:end]
        if self.last_end >= 0 and (start == self.last_end or _is_continuation(source.text, self.last_end, start)):
            self.adjacent.append(node)
        else:
            self._join()
            self.adjacent.append(node)
            if kind in {"word", "number"} and _SPECIAL.isdisjoint(value):
                self.words.append(Word(value, source.place(start, end)))
            else:
                self.words.append(source.word(self.adjacent))
        if kind not in {"word", "raw_string"}:
            source.add_substitutions(node, self.nested, self.depth)

    def _join(self) -> None:
        """Join adjacent nodes into one word, since the grammar splits a word at an escaped line feed."""
        if len(self.adjacent) > 1:
            self.words[-1] = self.source.word(self.adjacent)
        self.adjacent = []
        self.last_end = -1

    def _other(self, node: Node, start: int, end: int) -> None:
        """Add what the grammar does not allow in a command: errors, and the tokens in them."""
        source = self.source
        if node.type == "subshell" or node.is_error:
            self.nested.append(Nested("subshell", source.read_nodes(node.children, self.depth + 1)))
        else:
            source.add_substitutions(node, self.nested, self.depth)
        self.words.append(Word(source.text[start:end], source.place(start, end), not node.children))

    def _redirect(self, node: Node, *, follows: bool) -> None:
        """Add a redirect that may follow a word; words that the grammar wrongly attaches to it go to the command."""
        source = self.source
        start = node.start_byte
        if follows and _FILE_DESCRIPTOR.search(source.text[max(start - 100, 0) : start]):
            del self.words[-1]
        operator, fd, target, body = "", None, None, None
        heredoc: MaskedHeredoc | None = None
        extra: list[Node] = []
        for child in node.children:
            kind = child.type
            if kind == "file_descriptor":
                digits = source.slice(child)
                fd = int(digits) if digits.isdecimal() and len(digits) < 10 else None
            elif kind in WORDS and operator:
                if target is None:
                    target = source.word([child])
                    source.add_substitutions(child, self.nested, self.depth)
                else:
                    extra.append(child)
            elif not child.is_named and not operator:
                start, end = source.span(child)
                operator = source.text[start:end]
                heredoc = source.heredocs.get(start)
        if heredoc is not None and target is not None:
            operator, body = "<<-" if heredoc.strip_tabs else "<<", self._read_heredoc(heredoc, target)
            target = Word(heredoc.delimiter, target.place, heredoc.expands)
        if operator.endswith("&-"):
            operator, target = operator[:-1], Word("-", source.place(*source.span(node)))
        self.redirects.append(Redirect(operator, target, fd, body))
        for child in extra:
            self.add(child)

    def _read_heredoc(self, heredoc: MaskedHeredoc, delimiter: Word) -> str:
        """The text of a here-document; its value and offsets are stored as the delimiter's value."""
        source = self.source
        text = source.text
        body, value = ShellValue(), ShellValue()
        for start, end in heredoc.lines(text):
            body.add_raw(text, start, end)
            if heredoc.expands:
                value.add_quoted(text, start, end, IN_HEREDOC)
        source.values[delimiter.place.start] = value if heredoc.expands else body
        written = body.text
        if heredoc.expands and ("$(" in written or "`" in written):
            source.add_heredoc_substitutions(written, map_offsets(body.offsets, source.base), self.nested, self.depth)
        return written

    def _expanded(self, words: Sequence[Word]) -> list[Word]:
        """The words, with those of each list of braces: {curl,-s} becomes `curl -s`, as bash has it.

        A command cannot otherwise begin with such a list, and on several distributions sh is bash, so that this holds
        for the first word in every shell.
        """
        out: list[Word] = []
        for index, word in enumerate(words):
            value = self.source.values.get(word.place.start)
            if (
                value is not None
                and value.has_braces
                and _LIST.fullmatch(word.text)
                and (not index or self.source.shell not in NO_BRACES)
            ):
                out += _elements(word)
            else:
                out.append(word)
        return out

    def build(self) -> Command:
        """Finish the command."""
        self._join()
        words = self.words
        if any(word.text[:1] == "{" for word in words):
            words = self._expanded(words)
        if words and words[0].text in _DECLARING:
            known = {assignment.place.start for assignment in self.assignments}
            for word in words[1:]:
                name, equals, value = word.text.partition("=")
                if equals and word.place.start not in known and name.isidentifier():
                    place = word.place
                    inner = Word(value, self.source.within(word, len(name) + 1), word.literal)
                    self.assignments.append(Assignment(name, inner, place))
        place = self.source.place(self.start, self.end) if self.start >= 0 else self.source.place(0, 0)
        return Command(tuple(words), place, tuple(self.assignments), tuple(self.redirects), tuple(self.nested))


def _elements(word: Word) -> Iterator[Word]:
    """The words of a list of braces, each at the place of the list: a blank beside one of them would end the list."""
    for piece in word.text[1:-1].split(","):
        if piece:
            yield Word(piece, word.place, "$" not in piece and "`" not in piece)


def _is_continuation(text: str, last: int, start: int) -> bool:
    """Whether only escaped line feeds stand between two offsets."""
    return 0 < start - last <= 200 and text[last:start] == "\\\n" * ((start - last) // 2)
