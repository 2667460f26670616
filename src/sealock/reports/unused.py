"""Renders the packages of an image that a profile never saw in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from sealock.model.unused import UnusedPackages
from sealock.reports.page import Page
from sealock.text import count, format_size, line


def as_json(unused: UnusedPackages) -> str:
    """The same as JSON, with sizes in bytes."""
    plain: dict[str, Any] = msgspec.to_builtins(unused)
    plain["saved"] = {
        "size": sum(package.size for package in unused.unused),
        "vulnerabilities": sum(package.vulnerabilities for package in unused.unused) if unused.matched else None,
    }
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode() + "\n"


def render(unused: UnusedPackages, *, width: int = 80, colour: bool = False, unicode: bool = True) -> str:
    """A page for a terminal: what could go, the largest first, and what that rests on."""
    return "".join(f"{row}\n" for row in _rows(unused, Page(width, colour=colour, unicode=unicode)))


def _rows(unused: UnusedPackages, page: Page) -> Iterator[str]:
    yield page.headline(line(unused.target), f"{unused.used} of {count(unused.packages, 'package')} in use")
    size = format_size(sum(package.size for package in unused.unused))
    flaws = sum(package.vulnerabilities for package in unused.unused)
    saved = f"{size} and {_flaws(flaws)}" if unused.matched else size
    yield from page.hanging(
        f"The profile never saw {count(len(unused.unused), 'package')} in use, and none in use depends on them. "
        f"Without them the image has {saved} less.",
        2,
    )
    yield from page.hanging(f"The profile was learned from: {line(unused.exercise)}", 2)
    for gap in unused.gaps:
        yield from page.hanging(f"It is incomplete: {line(gap)}", 2, "magenta")
    if not unused.matched:
        yield from page.hanging(
            "Not all packages could be checked for vulnerabilities: see `sealock db update`.", 2, "magenta"
        )
    if unused.unused:
        yield ""
        rows = [
            (
                line(f"{package.name} {package.version}"),
                package.type,
                format_size(package.size),
                _flaws(package.vulnerabilities) if package.vulnerabilities else "",
            )
            for package in unused.unused
        ]
        yield from page.table(rows, right=(2, 3))


def _flaws(number: int) -> str:
    return count(number, "vulnerability", "vulnerabilities")
