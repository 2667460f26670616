"""Applications of Erlang and Elixir as releases and installations have them, and the runtimes themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealock.inventory._data import word
from sealock.inventory.analyzer import AnalyzedFile, Analyzer, BrokenFileError, Fact, FilePatterns
from sealock.inventory.stanzas import text
from sealock.model.inventory import Package
from sealock.patterns import compile_lazily

_NAME: Final = compile_lazily(r"\{\s*application\s*,\s*(?:'([^'\s]{1,200})'|([a-z][\w@]{0,200}))\s*,")
_VERSION: Final = compile_lazily(r"\{\s*vsn\s*,\s*\"([^\"\s]{1,200})\"\s*\}")
_LICENCES: Final = compile_lazily(r"\{\s*licenses\s*,\s*\[([^\]]{0,1000})\]")
_TEXT: Final = compile_lazily(r"\"([^\"\n]{1,100})\"")
_COMMENT: Final = compile_lazily(r"(?m)^[ \t]*%.*$")
_OF_OTP: Final = frozenset({
    "asn1", "common_test", "compiler", "crypto", "debugger", "dialyzer", "diameter", "edoc", "eldap", "erl_docgen",
    "erl_interface", "erts", "et", "eunit", "ftp", "inets", "jinterface", "kernel", "megaco", "mnesia", "observer",
    "odbc", "os_mon", "parsetools", "public_key", "reltool", "runtime_tools", "sasl", "snmp", "ssh", "ssl", "stdlib",
    "syntax_tools", "tftp", "tools", "wx", "xmerl", "eex", "ex_unit", "iex", "logger", "mix",
})  # fmt: skip
"""What comes with Erlang/OTP (https://www.erlang.org/doc/applications) and with Elixir, and is not on Hex."""


class Erlang(Analyzer):
    """`NAME-VERSION/ebin/NAME.app`, a term that the application controller reads; OTP_VERSION of the runtime."""

    name = "erlang"
    placed = True
    patterns = FilePatterns(endings=(".app",), homes=("ebin",), names=("OTP_VERSION",), limit=1 << 20)

    def claims(self, path: str, /) -> bool:
        """Whether it is the resource file of an application that can be loaded, or names the runtime."""
        parts = path.split("/")
        return parts[-2:-1] == ["ebin"] or (parts[-1] == "OTP_VERSION" and parts[-3:-2] == ["releases"])

    def read(self, file: AnalyzedFile, /) -> Iterator[Fact]:
        """Yield the application, by its name on Hex."""
        if not self.claims(file.path):
            return
        content = text(file.data)
        if file.path.endswith("OTP_VERSION"):
            # Erlang marks a patched installation with asterisks.
            if version := word(content.strip().rstrip("*")):
                yield Package("generic", "erlang", version, file.path)
            return
        content = _COMMENT.sub("", content)
        named, version_ = _NAME.search(content), _VERSION.search(content)
        name = word(named[1] or named[2]) if named else ""
        if not name or version_ is None:
            message = "names no application, or not its version"
            raise BrokenFileError(message)
        if name in _OF_OTP:
            return
        listed = _LICENCES.search(content)
        yield Package(
            "generic" if name == "elixir" else "hex",
            name.lower(),
            word(version_[1]),
            file.path,
            licenses=tuple(map(word, _TEXT.findall(listed[1]))) if listed else (),
        )
