from __future__ import annotations

import pytest

from sealock.inventory.analyzer import AnalyzedFile, BrokenFileError
from sealock.inventory.erlang import Erlang
from sealock.model.inventory import Package

PLUG = "app/lib/plug-1.16.1/ebin/plug.app"


def read(path: str, text: str) -> list[Package]:
    return [fact for fact in Erlang().read(AnalyzedFile(path, text.encode())) if isinstance(fact, Package)]


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        (
            "usr/lib/erlang/lib/p1_tls-1.1.22/ebin/fast_tls.app",
            '{application,fast_tls,\n   [{description,"x"},\n {vsn,"1.1.22"},\n {modules,[]},\n {licenses,["Apache 2.0","MIT"]}]}.',
            [("hex", "fast_tls", "1.1.22", ("Apache 2.0", "MIT"))],
        ),
        (
            PLUG,
            '%% This is app, {application,no,\n{application, plug, [\n    {vsn, "1.16.1"}\n]}.',
            [("hex", "plug", "1.16.1", ())],
        ),
        ("a/ebin/X.app", "{application,'Elixir_X',[{vsn,\"1\"}]}.", [("hex", "elixir_x", "1", ())]),
        ("a/ebin/ssl.app", '{application,ssl,[{vsn,"11.0"}]}.', []),
        ("a/ebin/elixir.app", '{application,elixir,[{vsn,"1.18.3"}]}.', [("generic", "elixir", "1.18.3", ())]),
        ("usr/lib/erlang/releases/27/OTP_VERSION", "27.3.4.1**\n", [("generic", "erlang", "27.3.4.1", ())]),
        ("etc/OTP_VERSION", "27.3.4.1\n", []),
        ("Applications/plug.app", "no application of Erlang", []),
    ],
)
def test_applications_are_listed_as_they_are_named_on_hex(
    path: str, text: str, found: list[tuple[object, ...]]
) -> None:
    packages = read(path, text)
    assert [(package.type, package.name, package.version, package.licenses) for package in packages] == found


@pytest.mark.parametrize("text", ["", "{application,plug,[]}.", '{vsn,"1"}', '{application,plug,[{vsn,"'])
def test_a_file_without_a_name_or_version_is_an_error(text: str) -> None:
    with pytest.raises(BrokenFileError, match="names no application, or not its version"):
        read(PLUG, text)
