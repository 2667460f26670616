"""Turns the grammar's tree into pipelines: compound commands flattened, redirects at the commands they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct
from tree_sitter import Node

from sealock.formats.shell.bounds import refusal
from sealock.formats.shell.commands import CommandReader
from sealock.formats.shell.masks import mask_escapes, mask_heredocs, separate_terminators
from sealock.formats.shell.nested import add_piped_input
from sealock.formats.shell.text import WORDS
from sealock.model.shell import Assignment, Command, Joint, Nested, Pipeline, Script

MAX_DEPTH: Final = 48
"""How deep commands may stand in one another."""
MAX_LEVELS: Final = 20
"""How often a script may stand in a script's words."""
MAX_COMMANDS: Final = 30_000
"""How many commands of one text are read, at most."""
_JOINTS: Final[dict[str, Joint]] = {
    ";": ";", "&": "&", "\n": "\n", ";;": ";", ";&": ";", ";;&": ";", "&&": "&&", "||": "||",
}  # fmt: skip
_BRANCHES: Final = frozenset({
    "if_statement", "while_statement", "for_statement", "c_style_for_statement", "case_statement",
    "function_definition",
})  # fmt: skip
_CLAUSES: Final = frozenset({"elif_clause", "else_clause", "do_group", "case_item"})
_ENDS: Final = frozenset({"done", "fi", "esac", "}"})
_REDIRECTS: Final = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect"})
_DELIMITER: Final = "END_OF_HERE_DOCUMENT"
_WHOLE: Final = _BRANCHES | {"subshell", "compound_statement", "list", "ERROR"} | _CLAUSES
"""What is one command to a pipeline, though many are in it."""


class _Rest(Struct, frozen=True):
    """What follows a statement and belongs to its last command: redirects, and the parts of a pipeline after it.

    `last` are the redirects of the last of these parts.
    """

    redirects: tuple[Node, ...] = ()
    parts: tuple[Node, ...] = ()
    last: tuple[Node, ...] = ()


_NOTHING: Final = _Rest()


class StatementReader(CommandReader):
    """A text in which scripts can be read."""

    __slots__ = ()

    def read(self) -> Script:
        """Read the whole text."""
        if not self.text or self.text.isspace():
            return Script((), self.shell)
        masked = self.text
        if "<<" in masked:
            masked, self.heredocs = mask_heredocs(masked)
        if "\\" in masked:
            masked = mask_escapes(masked)
        root = self.tree(masked)
        broken = self.broken(root)
        better = None
        if broken and (parted := separate_terminators(masked)) != masked:
            root = better = self.tree(parted)
        out: list[Pipeline] = []
        self._sequence([root] if root.is_error else root.children, out, "", 0, guarded=False)
        script = Script(tuple(out), self.shell)
        # The grammar takes an end without a beginning for a command.
        if better is not None and not any(command.name in _ENDS for command in script.commands()):
            broken = self.broken(better)
        return Script(script.pipelines, self.shell, (*broken, *self.deep[:100]))

    def inside(self, nodes: Sequence[Node], depth: int) -> Script:
        """Read the statements inside of a subshell or substitution."""
        if depth > MAX_DEPTH:
            return Script((), self.shell, (self.place(*self.span(nodes[0])),) if nodes else ())
        out: list[Pipeline] = []
        self._sequence(nodes, out, "", depth, guarded=False)
        return Script(tuple(out), self.shell)

    def script(self, text: str, offsets: Sequence[int] | int, shell: str) -> Script:
        """Read a text that is a part of this one: the argument of `sh -c`."""
        inner = StatementReader(text, offsets, shell, self.file)
        inner.level, inner.seen, inner.count = self.level + 1, self.seen, self.count
        if self.level >= MAX_LEVELS or refusal(text):
            return Script((), shell, (inner.place(0, len(text)),))
        script = inner.read()
        self.count = inner.count
        return script

    def expanded(self, text: str, offsets: Sequence[int], nested: list[Nested], depth: int) -> None:
        """Read the substitutions in a here-document, as one that stands by itself."""
        before, after = ": <<" + _DELIMITER + "\n", _DELIMITER + "\n"
        if not offsets or depth > MAX_DEPTH or _DELIMITER in text:
            return
        around = [*([offsets[0]] * len(before)), *offsets, *([offsets[-1]] * len(after))]
        inner = StatementReader(before + text + after, around, self.shell, self.file)
        inner.level, inner.seen, inner.count = self.level, self.seen, self.count
        inner.substitutions(inner.tree(inner.text), nested, depth)
        self.count = inner.count

    def _sequence(
        self, nodes: Iterable[Node], out: list[Pipeline], joint: Joint, depth: int, *, guarded: bool
    ) -> Joint:
        """Read statements that follow one another, with what stands between them; give what stands after the last."""
        loose: list[Node] = []
        for node in nodes:
            kind = node.type
            if kind in WORDS or kind == "command_name" or kind in _REDIRECTS:
                loose.append(node)  # only where the grammar lost its way
                continue
            if loose:
                out.append(Pipeline((self.command(loose, depth),), joint, guarded=guarded))
                loose, joint = [], "\n"
            if kind in _JOINTS:
                joint = _JOINTS[kind] if out else joint
            elif kind in _CLAUSES and depth < MAX_DEPTH:
                joint = self._sequence(node.children, out, joint, depth + 1, guarded=True)
            elif node.is_named and kind != "comment":
                before = len(out)
                self._statement(node, out, joint, depth, guarded=guarded)
                joint = "\n" if len(out) > before else joint
        if loose:
            out.append(Pipeline((self.command(loose, depth),), joint, guarded=guarded))
            joint = "\n"
        return joint

    def _statement(  # noqa: PLR0913  what stands around a statement
        self,
        node: Node,
        out: list[Pipeline],
        joint: Joint,
        depth: int,
        *,
        guarded: bool,
        rest: _Rest = _NOTHING,
    ) -> None:
        """Read one statement of any kind; what follows the whole goes to the last command in it."""
        if depth > MAX_DEPTH or self.count >= MAX_COMMANDS:
            self.deep.append(self.place(*self.span(node)))
            return
        kind = node.type
        body, wider = _hoisted(node, rest)
        if body is not None:
            self._list(body, out, joint, depth, guarded=guarded, rest=wider)
            return
        if rest is _NOTHING:
            if kind in _BRANCHES:
                self._branch(node, out, joint, depth)
                return
            if kind in _WHOLE and kind != "subshell" and not _arithmetic(node):
                self._sequence(node.children, out, joint, depth + 1, guarded=guarded)
                return
        commands: list[Command] = []
        negated = self._stage(node, commands, depth, rest.redirects)
        for index, part in enumerate(rest.parts, 1):
            self._stage(part, commands, depth, rest.last if index == len(rest.parts) else ())
        if len(commands) > 1:
            add_piped_input(commands, self)
        out.append(Pipeline(tuple(commands), joint, negated, guarded))

    def _list(  # noqa: PLR0913  as _statement
        self, node: Node, out: list[Pipeline], joint: Joint, depth: int, *, guarded: bool, rest: _Rest
    ) -> None:
        """Read a && b || c. The tree leans to the left, once for every operator, so that recursion would not do."""
        parts: list[tuple[Node, _Rest]] = []
        body: Node | None = node
        while body is not None:
            children = body.children
            parts += ((child, rest if child.is_named else _NOTHING) for child in reversed(children[1:]))
            node, rest = children[0], _NOTHING
            body, rest = _hoisted(node, rest)
        parts.append((node, _NOTHING))
        for part, mine in reversed(parts):
            if part.type in _JOINTS:
                joint = _JOINTS[part.type]
            elif part.is_named and part.type != "comment":
                self._statement(part, out, joint, depth + 1, guarded=guarded, rest=mine)

    def _branch(self, node: Node, out: list[Pipeline], joint: Joint, depth: int) -> None:
        """Read a branch, loop or function: first its head (a loop's variable, a case's word), then what is in it."""
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
                    self._sequence(_after_pattern(item), out, joint, depth + 1, guarded=True)
                    joint = ";"
            return
        self._sequence(body, out, joint, depth + 1, guarded=True)

    def _head(self, node: Node, head: Iterable[Node], depth: int) -> Command:
        nested: list[Nested] = []
        assignments: list[Assignment] = []
        for child in head:
            if child.type == "variable_name":
                place = self.place(*self.span(child))
                assignments.append(Assignment(self.slice(child), None, place))
            self.substitutions(child, nested, depth)
        return Command((), self.place(*self.span(node)), tuple(assignments), (), tuple(nested))

    def _stage(self, node: Node, commands: list[Command], depth: int, redirects: Sequence[Node] = ()) -> bool:
        """Read one part of a pipeline; tell if it is negated."""
        kind = node.type
        if depth > MAX_DEPTH or self.count >= MAX_COMMANDS:
            self.deep.append(self.place(*self.span(node)))
            return False
        self.count += 1
        if kind == "pipeline":
            parts = [child for child in node.children if child.is_named and child.type != "comment"]
            negated = False
            for index, part in enumerate(parts):
                mine = redirects if index == len(parts) - 1 else ()
                negated = self._stage(part, commands, depth + 1, mine) or negated
            return negated
        if kind == "negated_command":
            for child in node.children:
                if child.is_named:
                    self._stage(child, commands, depth + 1, redirects)
            return True
        if kind == "redirected_statement":
            return self._redirected(node, commands, depth, redirects)
        if kind in _WHOLE:
            commands.append(self._group(node, depth, redirects))
        elif kind == "test_command":
            commands.append(self.command([*_leaves(node), *redirects], depth))
        elif kind in _REDIRECTS or kind.startswith("variable_assignment"):
            commands.append(self.command([node, *redirects], depth))
        else:
            commands.append(self.command([*node.children, *redirects], depth))
        return False

    def _redirected(self, node: Node, commands: list[Command], depth: int, redirects: Sequence[Node]) -> bool:
        body, own = _parted(node)
        negated = False
        if body is None:
            commands.append(self.command([*own, *redirects], depth))
        else:
            negated = self._stage(body, commands, depth + 1, (*own, *redirects))
        return negated

    def _group(self, node: Node, depth: int, redirects: Sequence[Node]) -> Command:
        """Read a subshell, or a compound command that is one part of something: a command without words."""
        nested: list[Nested] = []
        if _arithmetic(node):
            self.substitutions(node, nested, depth)
        elif node.type in _BRANCHES:
            out: list[Pipeline] = []
            self._branch(node, out, "", depth + 1)
            nested.append(Nested("subshell", Script(tuple(out), self.shell)))
        else:
            nested.append(Nested("subshell", self.inside(node.children, depth + 1)))
        around = self.command(redirects, depth)
        return Command((), self.place(*self.span(node)), (), around.redirects, (*nested, *around.nested))


def _hoisted(node: Node, rest: _Rest) -> tuple[Node | None, _Rest]:
    """Find the list that the grammar puts below redirects and pipes, and what belongs to its last command.

    It reads a && b >x | c as (a && b >x) | c where a shell reads a && (b >x | c).
    """
    # All three from the end, since what is further out stands further on.
    redirects, parts, last = [*reversed(rest.redirects)], [*reversed(rest.parts)], rest.last
    while True:
        kind = node.type
        if kind == "redirected_statement":
            body, own = _parted(node)
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
    found = _Rest(tuple(reversed(redirects)), tuple(reversed(parts)), last) if redirects or parts else _NOTHING
    return (node if node.type == "list" else None), found


def _parted(node: Node) -> tuple[Node | None, list[Node]]:
    """Part a redirected statement into the statement and its redirects."""
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
    """The statements of a case's item."""
    children = item.children
    closing = next((index for index, child in enumerate(children) if child.type == ")"), -1)
    return children[closing + 1 :]


def _leaves(node: Node) -> list[Node]:
    """The words of a test, in order; its operators and brackets are words too."""
    found: list[Node] = []
    todo = [node]
    while todo:
        one = todo.pop()
        if one.type in WORDS or not one.child_count:
            found.append(one)
        else:
            todo.extend(reversed(one.children))
    return found
