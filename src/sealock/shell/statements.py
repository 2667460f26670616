"""Turns the grammar's tree into pipelines: flattens compound commands, attaches redirects to their commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from tree_sitter import Node

from sealock.model.location import Place
from sealock.model.shell import Assignment, Command, Joint, Nested, Pipeline, Script
from sealock.patterns import compile_lazily
from sealock.shell.commands import CommandReader
from sealock.shell.grammar import refusal
from sealock.shell.masks import mask_braces, mask_defaults, mask_escapes, mask_heredocs, separate_terminators
from sealock.shell.nested import add_piped_input
from sealock.shell.text import WORDS
from sealock.shell.words import IN_HEREDOC, ShellValue, map_offsets

MAX_DEPTH: Final = 48
"""The nesting depth of commands."""
MAX_LEVELS: Final = 20
"""The nesting depth of scripts in words (`sh -c`)."""
MAX_COMMANDS: Final = 30_000
"""Commands of one text."""
_MOST_UNREAD: Final = 100
"""Places that a script names as unread."""
_JOINTS: Final[dict[str, Joint]] = {
    ";": ";", "&": "&", "\n": "\n", ";;": ";", ";&": ";", ";;&": ";", "&&": "&&", "||": "||",
}  # fmt: skip
_BRANCHES: Final = frozenset({
    "if_statement", "while_statement", "for_statement", "c_style_for_statement", "case_statement",
    "function_definition",
})  # fmt: skip
_CLAUSES: Final = frozenset({"elif_clause", "else_clause", "do_group", "case_item"})
_TERMINATORS: Final = frozenset({"done", "fi", "esac", "}"})
_REDIRECTS: Final = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_DELIMITER: Final = "END_OF_HERE_DOCUMENT"
_BACKQUOTED: Final = compile_lazily(r"(?s)\\.|`((?:[^`\\]|\\.)*)`")
_COMPOUND: Final = _BRANCHES | {"subshell", "compound_statement", "list", "ERROR"} | _CLAUSES
"""Nodes that are one command of a pipeline and contain others."""


class _Trailing(Struct, frozen=True):
    """What follows a statement and belongs to its last command: redirects, and the further parts of a pipeline.

    `last` holds the redirects of the last of these parts.
    """

    redirects: tuple[Node, ...] = ()
    parts: tuple[Node, ...] = ()
    last: tuple[Node, ...] = ()


_NO_TRAILING: Final = _Trailing()


class StatementReader(CommandReader):
    """Reads scripts from a text."""

    __slots__ = ()

    def read(self) -> Script:
        """Parse the whole text."""
        if not self.text or self.text.isspace():
            return Script((), self.shell)
        masked = self._masked()
        root = self.tree(masked)
        broken = self.broken_places(root)
        repaired = None
        if broken and (separated := separate_terminators(masked)) != masked:
            root = repaired = self.tree(separated)
        out: list[Pipeline] = []
        self._compound_list([root] if root.is_error else root.children, out, "", 0, guarded=False)
        script = Script(tuple(out), self.shell)
        # The grammar takes a terminator without its opening word for a command.
        if repaired is not None and not any(command.name in _TERMINATORS for command in script.commands()):
            broken = self.broken_places(repaired)
        return Script(script.pipelines, self.shell, broken, _first(self.too_deep))

    def comments(self) -> tuple[Place, ...]:
        """The places of all comments, in order."""
        places: list[Place] = []
        pending = [self.tree(self._masked())]
        while pending:
            node = pending.pop()
            if node.type == "comment":
                places.append(self.place(*self.span(node)))
            else:
                pending.extend(reversed(node.children))
        return tuple(places)

    def _masked(self) -> str:
        masked = self.text
        if "<<" in masked:
            masked, self.heredocs = mask_heredocs(masked)
        if "${" in masked:
            masked = mask_defaults(masked)
        if "{" in masked and "," in masked:
            masked = mask_braces(masked)
        return mask_escapes(masked) if "\\" in masked else masked

    def read_nodes(self, nodes: Sequence[Node], depth: int) -> Script:
        """Read the statements of a subshell or substitution."""
        if depth > MAX_DEPTH:
            unread = (self.place(self.span(nodes[0])[0], self.span(nodes[-1])[1]),) if nodes else ()
            return Script((), self.shell, (), unread)
        out: list[Pipeline] = []
        self._compound_list(nodes, out, "", depth, guarded=False)
        return Script(tuple(out), self.shell)

    def parse_nested(self, text: str, offsets: Sequence[int] | int, shell: str) -> Script:
        """Parse a script inside this one: the argument of `sh -c`, or without a `shell` that of `eval`."""
        shell = shell or self.shell
        inner = StatementReader(text, offsets, shell, self.file)
        inner.level, inner.visited, inner.count = self.level + 1, self.visited, self.count
        if self.level >= MAX_LEVELS or refusal(text):
            return Script((), shell, (), (inner.place(0, len(text)),))
        script = inner.read()
        self.count = inner.count
        return script

    def add_heredoc_substitutions(self, text: str, offsets: Sequence[int], nested: list[Nested], depth: int) -> None:
        """Add the substitutions in a here-document, parsed as a here-document of its own."""
        before, after = ": <<" + _DELIMITER + "\n", _DELIMITER + "\n"
        if not offsets or depth > MAX_DEPTH or _DELIMITER in text:
            return
        around = [*([offsets[0]] * len(before)), *offsets, *([offsets[-1]] * len(after))]
        inner = StatementReader(before + text + after, around, self.shell, self.file)
        inner.level, inner.visited, inner.count = self.level, self.visited, self.count
        root = inner.tree(inner.text)
        inner.add_substitutions(root, nested, depth)
        self.count = inner.count
        if "`" in text:
            self._add_backquoted(text, offsets, _without_substitutions(root, inner.text)[len(before) :], nested)

    def _add_backquoted(self, text: str, offsets: Sequence[int], outside: str, nested: list[Nested]) -> None:
        """Add the commands in backquotes, which the grammar takes for text in a here-document."""
        for match in _BACKQUOTED.finditer(outside):
            if match[1] and offsets[match.start()] not in self.visited:
                self.visited.add(offsets[match.start()])
                value = ShellValue()
                value.add_quoted(text, *match.span(1), IN_HEREDOC)
                script = self.parse_nested(value.text, map_offsets(value.offsets, offsets), self.shell)
                nested.append(Nested("substitution", script))

    def _compound_list(
        self, nodes: Iterable[Node], out: list[Pipeline], joint: Joint, depth: int, *, guarded: bool
    ) -> Joint:
        """Read a list of statements and the operators between them; return the operator after the last."""
        stray: list[Node] = []
        for node in nodes:
            kind = node.type
            if kind in WORDS or kind == "command_name" or kind in _REDIRECTS:
                stray.append(node)  # only after a syntax error
                continue
            if stray:
                out.append(Pipeline((self.command(stray, depth),), joint, guarded=guarded))
                stray, joint = [], "\n"
            if kind in _JOINTS:
                joint = _JOINTS[kind] if out else joint
            elif kind in _CLAUSES:
                joint = self._compound_list(node.children, out, joint, depth + 1, guarded=True)
            elif node.is_named and kind != "comment":
                before = len(out)
                self._statement(node, out, joint, depth, guarded=guarded)
                joint = "\n" if len(out) > before else joint
        if stray:
            out.append(Pipeline((self.command(stray, depth),), joint, guarded=guarded))
            joint = "\n"
        return joint

    def _statement(  # noqa: PLR0913  a statement's surroundings
        self,
        node: Node,
        out: list[Pipeline],
        joint: Joint,
        depth: int,
        *,
        guarded: bool,
        trailing: _Trailing = _NO_TRAILING,
    ) -> None:
        """Read one statement of any kind; `trailing` goes to the last command in it."""
        if depth > MAX_DEPTH or self.count >= MAX_COMMANDS:
            self.too_deep.append(self.place(*self.span(node)))
            return
        kind = node.type
        body, outer = _hoist_list(node, trailing)
        if body is not None:
            self._and_or_list(body, out, joint, depth, guarded=guarded, trailing=outer)
            return
        if trailing is _NO_TRAILING:
            if kind in _BRANCHES:
                self._compound(node, out, joint, depth)
                return
            if kind in _COMPOUND and kind != "subshell" and not _arithmetic(node):
                self._compound_list(node.children, out, joint, depth + 1, guarded=guarded)
                return
        commands: list[Command] = []
        negated = self._pipeline_part(node, commands, depth, trailing.redirects)
        for index, part in enumerate(trailing.parts, 1):
            self._pipeline_part(part, commands, depth, trailing.last if index == len(trailing.parts) else ())
        if len(commands) > 1:
            add_piped_input(commands, self, self.shell)
        out.append(Pipeline(tuple(commands), joint, negated, guarded))

    def _and_or_list(  # noqa: PLR0913  as _statement
        self, node: Node, out: list[Pipeline], joint: Joint, depth: int, *, guarded: bool, trailing: _Trailing
    ) -> None:
        """Read a && b || c. The tree nests to the left once per operator, too deep for recursion."""
        parts: list[tuple[Node, _Trailing]] = []
        body: Node | None = node
        while body is not None:
            children = body.children
            parts += ((child, trailing if child.is_named else _NO_TRAILING) for child in reversed(children[1:]))
            node, trailing = children[0], _NO_TRAILING
            body, trailing = _hoist_list(node, trailing)
        parts.append((node, _NO_TRAILING))
        for part, own in reversed(parts):
            if part.type in _JOINTS:
                joint = _JOINTS[part.type]
            elif part.is_named and part.type != "comment":
                self._statement(part, out, joint, depth + 1, guarded=guarded, trailing=own)

    def _compound(self, node: Node, out: list[Pipeline], joint: Joint, depth: int) -> None:
        """Read a branch, loop or function: first its head (a loop's variable, a case's word), then its body."""
        heads = WORDS | {"variable_assignment"} if node.type == "c_style_for_statement" else WORDS
        head: list[Node] = []
        body: list[Node] = []
        for child in node.children:
            (head if child.type in heads else body).append(child)
        if node.type != "function_definition":
            command = self._head(node, head, depth)
            if command.assignments or command.nested:
                out.append(Pipeline((command,), joint, guarded=True))
                joint = ";"
        if node.type == "case_statement":
            for item in body:
                if item.type == "case_item":
                    self._compound_list(_after_pattern(item), out, joint, depth + 1, guarded=True)
                    joint = ";"
            return
        self._compound_list(body, out, joint, depth + 1, guarded=True)

    def _head(self, node: Node, head: Sequence[Node], depth: int) -> Command:
        nested: list[Nested] = []
        assignments: list[Assignment] = []
        words = tuple(self.word([child]) for child in head if child.type != "variable_name")
        for child in head:
            if child.type == "variable_name":
                place = self.place(*self.span(child))
                assignments.append(Assignment(self.slice(child), None, place, words))
            self.add_substitutions(child, nested, depth)
        return Command((), self.place(*self.span(node)), tuple(assignments), (), tuple(nested))

    def _pipeline_part(self, node: Node, commands: list[Command], depth: int, redirects: Sequence[Node] = ()) -> bool:
        """Read one part of a pipeline; return whether it is negated."""
        kind = node.type
        if depth > MAX_DEPTH or self.count >= MAX_COMMANDS:
            self.too_deep.append(self.place(*self.span(node)))
            return False
        self.count += 1
        if kind == "pipeline":
            parts = [child for child in node.children if child.is_named and child.type != "comment"]
            negated = False
            for index, part in enumerate(parts):
                own = redirects if index == len(parts) - 1 else ()
                negated = self._pipeline_part(part, commands, depth + 1, own) or negated
            return negated
        if kind == "negated_command":
            for child in node.children:
                if child.is_named:
                    self._pipeline_part(child, commands, depth + 1, redirects)
            return True
        if kind == "redirected_statement":
            return self._redirected(node, commands, depth, redirects)
        if kind in _COMPOUND:
            commands.append(self._group(node, depth, redirects))
        elif kind == "test_command":
            commands.append(self.command([*_leaves(node), *redirects], depth))
        elif kind in _REDIRECTS or kind.startswith("variable_assignment"):
            commands.append(self.command([node, *redirects], depth))
        else:
            commands.append(self.command([*node.children, *redirects], depth))
        return False

    def _redirected(self, node: Node, commands: list[Command], depth: int, redirects: Sequence[Node]) -> bool:
        body, own = _split_redirects(node)
        negated = False
        if body is None:
            commands.append(self.command([*own, *redirects], depth))
        else:
            negated = self._pipeline_part(body, commands, depth + 1, (*own, *redirects))
        return negated

    def _group(self, node: Node, depth: int, redirects: Sequence[Node]) -> Command:
        """Read a subshell or compound command inside a pipeline as a command without words."""
        nested: list[Nested] = []
        if _arithmetic(node):
            self.add_substitutions(node, nested, depth)
        elif node.type in _BRANCHES:
            out: list[Pipeline] = []
            self._compound(node, out, "", depth + 1)
            nested.append(Nested("subshell", Script(tuple(out), self.shell)))
        else:
            nested.append(Nested("subshell", self.read_nodes(node.children, depth + 1)))
        around = self.command(redirects, depth)
        return Command((), self.place(*self.span(node)), (), around.redirects, (*nested, *around.nested))


def _without_substitutions(root: Node, text: str) -> str:
    """The text with blanks in place of each $(…)."""
    characters = list(text)
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "command_substitution":
            characters[node.start_byte : node.end_byte] = " " * (node.end_byte - node.start_byte)
        else:
            pending.extend(node.children)
    return "".join(characters)


def _first(unread: list[Place]) -> tuple[Place, ...]:
    """The first places, of which the last extends to the end of all."""
    if len(unread) <= _MOST_UNREAD:
        return tuple(unread)
    last = replace(unread[_MOST_UNREAD - 1], end=max(place.end for place in unread))
    return (*unread[: _MOST_UNREAD - 1], last)


def _hoist_list(node: Node, outer: _Trailing) -> tuple[Node | None, _Trailing]:
    """Find the list that the grammar nests below redirects and pipes, and what trails its last command.

    The grammar reads a && b >x | c as (a && b >x) | c; a shell reads a && (b >x | c).
    """
    # Collect all three in reverse, since outer nodes stand further right.
    redirects, parts, last = [*reversed(outer.redirects)], [*reversed(outer.parts)], outer.last
    while True:
        kind = node.type
        if kind == "redirected_statement":
            body, own = _split_redirects(node)
            if body is None:
                break
            redirects += reversed(own)
            node = body
        elif kind == "pipeline":
            inner = [child for child in node.children if child.is_named and child.type != "comment"]
            if not inner:
                break
            if not parts:
                last = tuple(reversed(redirects))
            redirects = []
            parts += reversed(inner[1:])
            node = inner[0]
        else:
            break
    trailing = (
        _Trailing(tuple(reversed(redirects)), tuple(reversed(parts)), last) if redirects or parts else _NO_TRAILING
    )
    return (node if node.type == "list" else None), trailing


def _split_redirects(node: Node) -> tuple[Node | None, list[Node]]:
    """Split a redirected statement into the statement and its redirects."""
    own: list[Node] = []
    body: Node | None = None
    for child in node.children:
        if child.type in _REDIRECTS:
            own.append(child)
        elif body is None and child.is_named and child.type != "comment":
            body = child
    return body, own


def _arithmetic(node: Node) -> bool:
    """Whether a compound statement is ((…))."""
    return node.type == "compound_statement" and node.child_count > 0 and node.children[0].type == "(("


def _after_pattern(item: Node) -> list[Node]:
    """The statements of a case item."""
    children = item.children
    closing = next((index for index, child in enumerate(children) if child.type == ")"), -1)
    return children[closing + 1 :]


def _leaves(node: Node) -> list[Node]:
    """The words of a test in order, including operators and brackets."""
    leaves: list[Node] = []
    pending = [node]
    while pending:
        current = pending.pop()
        if current.type in WORDS or not current.child_count:
            leaves.append(current)
        else:
            pending.extend(reversed(current.children))
    return leaves
