"""Regular expressions of modules: each is valid, and compiled by its first use, not by an import."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sealock
from sealock.patterns import compile_lazily

_PROGRAM = """
import gc, sys
from sealock.patterns import _LazyPattern
from sealock.modules import within
import sealock
within(sealock, without={"__main__", "lsp", "editor", "migrations"})
made = [var for var in gc.get_objects() if isinstance(var, _LazyPattern)]
print(len(made), *(var.pattern for var in made if "_compiled" in vars(var)))
for var in made:
    try:
        var.groups
    except Exception as error:
        print("not valid:", var.pattern, error)
"""


def test_a_lazy_pattern_does_what_the_compiled_one_does() -> None:
    lazy, compiled = (make(r"(?P<word>[a-z]+)-(\d+)?", re.IGNORECASE) for make in (compile_lazily, re.compile))
    text = "Ab-12, cd-"
    for name in ("match", "search", "fullmatch", "findall", "split"):
        for _ in range(2):  # the second use takes another way
            assert str(getattr(lazy, name)(text)) == str(getattr(compiled, name)(text)), name
    assert lazy.sub(r"\g<word>", text) == "Ab, cd"
    assert [match["word"] for match in lazy.finditer(text)] == ["Ab", "cd"]
    assert lazy.match(text, 7) is not None
    assert (lazy.pattern, lazy.groups, lazy.groupindex) == (compiled.pattern, 2, {"word": 1})
    assert compile_lazily(rb"\d+").findall(b"1 a 22") == [b"1", b"22"]


def test_a_source_that_is_not_valid_is_an_error_at_each_use() -> None:
    pattern = compile_lazily("(")
    for _ in range(2):
        with pytest.raises(re.error, match="unterminated subpattern"):
            pattern.match("")


def test_importing_compiles_no_pattern_and_each_one_is_valid() -> None:
    # Coverage would hold objects of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    output = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, env=environment
    ).stdout
    number, *rest = output.split("\n", 1)[0].split(" ")
    assert int(number) > 300
    assert not rest
    assert "not valid" not in output


def test_no_module_compiles_a_pattern_as_it_is_imported() -> None:
    package = Path(sealock.__file__).parent
    found = [
        f"{path.relative_to(package)}:{call.lineno}"
        for path in sorted(package.rglob("*.py"))
        for call in _calls_on_import(ast.parse(path.read_text(encoding="utf-8")))
        if ast.unparse(call.func) == "re.compile"
    ]
    assert not found, "use sealock.patterns.compile_lazily for the constants of a module"


def _calls_on_import(node: ast.AST) -> list[ast.Call]:
    calls = [node] if isinstance(node, ast.Call) else []
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            calls += _calls_on_import(child)
    return calls
