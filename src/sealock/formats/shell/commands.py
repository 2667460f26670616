"""Reads simple commands: words, assignments, redirects, and what is nested in them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final

from tree_sitter import Node

from sealock.formats.shell.masks import MaskedHeredoc
from sealock.formats.shell.nested import add_nested
from sealock.formats.shell.text import WORDS, ShellText
from sealock.formats.shell.words import IN_HEREDOC, ShellValue, map_offsets
from sealock.model.location import Place
from sealock.model.shell import Assignment, Command, Nested, Redirect, Script, Word

_SLOW: Final = frozenset("\\~{")
"""Marks that keep a bare word from being its own value."""
_SCRIPTS: Final = {"command_substitution": "substitution", "process_substitution": "process"}
_DECLARING: Final = frozenset({"export", "readonly", "declare", "local", "typeset"})


class CommandReader(ShellText):
    """A text in which simple commands can be read. `seen` are the substitutions that were read already, by offset."""

    __slots__ = ("count", "deep", "heredocs", "level", "seen")

    def __init__(self, text: str, base: Sequence[int] | int, shell: str, file: str) -> None:
        super().__init__(text, base, shell, file)
        self.level = 0
        self.count = 0
        self.heredocs: dict[int, MaskedHeredoc] = {}
        self.deep: list[Place] = []
        """What stands too deep in other commands to be read."""
        self.seen: set[int] = set()

    @abstractmethod
    def inside(self, nodes: Sequence[Node], depth: int) -> Script:
        """Read the statements inside of a subshell or substitution."""

    @abstractmethod
    def script(self, text: str, offsets: Sequence[int] | int, shell: str) -> Script:
        """Read a text that is a part of this one: the argument of `sh -c`."""

    @abstractmethod
    def expanded(self, text: str, offsets: Sequence[int], nested: list[Nested], depth: int) -> None:
        """Read the substitutions in a here-document."""

    def command(self, nodes: Iterable[Node], depth: int) -> Command:
        """Read a simple command from its parts."""
        draft = _Draft(self, depth)
        for node in nodes:
            draft.add(node)
        return add_nested(draft.finished(), self)

    def substitutions(self, node: Node, nested: list[Nested], depth: int) -> None:
        """Read the scripts of $(…), `…`, <(…) and >(…) below a node."""
        todo = [node]
        while todo:
            one = todo.pop()
            kind = _SCRIPTS.get(one.type)
            if kind is None:
                todo.extend(reversed(one.children))
                continue
            place = self.place(*self.span(one))
            if place.start in self.seen:
                continue
            self.seen.add(place.start)
            nested.append(
                Nested("process" if kind == "process" else "substitution", self.inside(one.children, depth + 1))
            )

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
            items = [self.word([child]) for child in last.children if child.type in WORDS]
        else:
            value = self.word([last])
        return Assignment(name.rstrip("+"), value, self.place(start, end), tuple(items), name.endswith("+"))


class _Draft:
    """A command that is being read."""

    __slots__ = ("assignments", "depth", "end", "last", "nested", "redirects", "source", "start", "touching", "words")

    def __init__(self, source: CommandReader, depth: int) -> None:
        self.source = source
        self.depth = depth
        self.words: list[Word] = []
        self.assignments: list[Assignment] = []
        self.redirects: list[Redirect] = []
        self.nested: list[Nested] = []
        self.touching: list[Node] = []
        self.start = self.end = -1
        self.last = -1
        """Where the word before ended; -1 where none may be continued."""

    def add(self, node: Node) -> None:
        """Take in one part."""
        kind = node.type
        if kind == "command_name" and node.child_count == 1:
            node = node.children[0]
            kind = node.type
        source = self.source
        start, end = source.span(node)
        if kind == "word" and start != self.last and start > 0 and source.text[start - 1] != "\n":
            value = source.text[start:end]
            if value and _SLOW.isdisjoint(value):  # what most words are
                if len(self.touching) > 1:
                    self._join()
                self.touching = [node]
                self.last = end
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
            self.last = end
        else:
            self._join()
            if kind == "variable_assignment":
                self.assignments.append(source.assignment(node))
                if self.words:
                    self.words.append(source.word([node]))
                source.substitutions(node, self.nested, self.depth)
            elif kind == "variable_assignments":
                for child in node.children:
                    self.add(child)
            elif kind.endswith("_redirect"):
                self._redirect(node)
            else:
                self._other(node, start, end)
        if self.start < 0 or start < self.start:
            self.start = start
        self.end = max(self.end, end)

    def _word(self, node: Node, kind: str, start: int, end: int) -> None:
        source = self.source
        value = source.text[start:end]
        if self.last >= 0 and (start == self.last or _continued(source.text, self.last, start)):
            self.touching.append(node)
        else:
            self._join()
            self.touching.append(node)
            if kind in {"word", "number"} and _SLOW.isdisjoint(value):
                self.words.append(Word(value, source.place(start, end)))
            else:
                self.words.append(source.word(self.touching))
        if kind not in {"word", "raw_string"}:
            source.substitutions(node, self.nested, self.depth)

    def _join(self) -> None:
        """Make one word of the nodes that touched each other, as a line end in a word divides it for the grammar."""
        if len(self.touching) > 1:
            self.words[-1] = self.source.word(self.touching)
        self.touching = []
        self.last = -1

    def _other(self, node: Node, start: int, end: int) -> None:
        """Take in what the grammar does not mean to be in a command: errors, and marks such as ( in them."""
        source = self.source
        if node.type == "subshell" or node.is_error:
            self.nested.append(Nested("subshell", source.inside(node.children, self.depth + 1)))
        else:
            source.substitutions(node, self.nested, self.depth)
        self.words.append(Word(source.text[start:end], source.place(start, end), not node.children))

    def _redirect(self, node: Node) -> None:
        """Take in a redirection; what the grammar counts to it but is the command's goes to the words."""
        source = self.source
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
                    source.substitutions(child, self.nested, self.depth)
                else:
                    extra.append(child)
            elif not child.is_named and not operator:
                start, end = source.span(child)
                operator = source.text[start:end]
                heredoc = source.heredocs.get(start)
        if heredoc is not None and target is not None:
            operator, body = "<<-" if heredoc.tabs else "<<", self._document(heredoc, target)
            target = Word(heredoc.delimiter, target.place, heredoc.expands)
        if operator.endswith("&-"):
            operator, target = operator[:-1], Word("-", source.place(*source.span(node)))
        self.redirects.append(Redirect(operator, target, fd, body))
        for child in extra:
            self.add(child)

    def _document(self, heredoc: MaskedHeredoc, delimiter: Word) -> str:
        """A here-document's text; what a shell makes of it is kept with its offsets, as the delimiter's value."""
        source = self.source
        text = source.text
        body, value = ShellValue(), ShellValue()
        for start, end in heredoc.lines(text):
            body.raw(text, start, end)
            if heredoc.expands:
                value.quoted(text, start, end, IN_HEREDOC)
        source.values[delimiter.place.start] = value if heredoc.expands else body
        written = body.text
        if heredoc.expands and ("$(" in written or "`" in written):
            source.expanded(written, map_offsets(body.offsets, source.base), self.nested, self.depth)
        return written

    def finished(self) -> Command:
        """The command."""
        self._join()
        words = self.words
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


def _continued(text: str, last: int, start: int) -> bool:
    """Whether nothing but escaped line ends is between two offsets."""
    return 0 < start - last <= 200 and text[last:start] == "\\\n" * ((start - last) // 2)
