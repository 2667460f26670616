from __future__ import annotations

from collections.abc import Iterator
from typing import get_type_hints

from msgspec.structs import asdict

from sealock.inventory.catalog import analyzers
from sealock.model.inventory import FileFact


def test_every_analyzer_is_found_once_by_name() -> None:
    names = [analyzer.name for analyzer in analyzers()]
    assert {"accounts", "alpm", "apk", "dpkg", "osrelease", "rpm"} <= set(names)
    assert names == sorted(set(names))


def test_every_analyzer_asks_for_something_within_bounds() -> None:
    for analyzer in analyzers():
        wanted = analyzer.patterns
        asks = any(value for field, value in asdict(wanted).items() if field != "limit")
        assert asks or analyzer.name == "secrets", analyzer.name  # which is given nearly all texts
        assert 0 < wanted.limit <= 512 << 20, analyzer.name
        assert all(path == path.strip("/") for path in wanted.paths + wanted.directories), analyzer.name
        assert type(analyzer).__doc__, analyzer.name


def test_an_analyzer_that_is_not_placed_goes_by_the_name_alone() -> None:
    directories = ("x", "var/lib/dpkg/info", "a/ebin", "a/specifications", "node_modules/x", "var/lib/pacman/local/x")
    for analyzer in analyzers():
        wanted = analyzer.patterns
        names = {*wanted.names, *(f"x{ending.rpartition('/')[2]}" for ending in wanted.endings), "status", "desc"}
        claims = [{analyzer.claims(f"{directory}/{name}") for directory in directories} for name in names]
        assert analyzer.placed == any(len(answers) > 1 for answers in claims), analyzer.name


def test_those_that_tell_of_files_alone_say_so_except_where_packages_hang_on_it() -> None:
    for analyzer in analyzers():
        tells_files_alone = get_type_hints(analyzer.read)["return"] == Iterator[FileFact]
        assert analyzer.finds_packages != tells_files_alone or analyzer.name in {"apk-repositories", "unread"}, (
            analyzer.name
        )
